#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used)]

mod augment;
mod batches;
mod class_order;
mod error;
mod fetch;
mod image;
mod load;
mod random;
mod remark;
mod resample;
mod samples;
mod sources;
mod store;

pub use augment::{Augment, Crop, Cutout, Flip};
pub use batches::{Batch, BatchSettings, Batches, Order, batches};
pub use error::{DataError, FetchError, Skipped};
pub use fetch::{Archive, Fetched, fetch};
pub use image::Image;
pub use load::{Dataset, HoldOut};
pub use remark::Remark;
pub use samples::Samples;
pub use sources::{Shapes, Source};
pub use store::Normalisation;
