//! Images to train and evaluate on.
//!
//! [`Source`] says where they come from, [`Dataset::load`] reads them and cuts the hold-out from the
//! training data, [`batches`] augments and normalises them beside training.

#![warn(clippy::unwrap_used)]

mod augment;
mod batches;
mod cifar10;
mod error;
mod fetch;
mod folder;
mod image;
mod load;
mod mnist;
mod random;
mod resample;
mod samples;
mod shapes;
mod source;

pub use augment::{Augment, Crop, Cutout, Flip};
pub use batches::{Batch, BatchSettings, Batches, Order, batches};
pub use error::{DataError, FetchError, Skipped};
pub use fetch::{Archive, Fetched, fetch};
pub use image::Image;
pub use load::{Dataset, HoldOut};
pub use samples::{Normalisation, Samples};
pub use shapes::Shapes;
pub use source::Source;
