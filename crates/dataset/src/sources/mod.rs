//! The kinds of sources: each reads or draws its images, and brings a store to keep them in.

mod cifar10;
mod folder;
mod idx_file;
mod mnist;
mod photo_file;
mod read;
mod shapes;
mod source;

pub(crate) use cifar10::ARCHIVE_FOLDER;
pub(crate) use read::read;
pub use shapes::Shapes;
pub use source::Source;
