//! Reads a source of whichever kind.

use super::source::Source;
use super::{cifar10, folder, mnist, shapes};
use crate::error::DataError;
use crate::store::SourceData;

/// Both splits of a source. Parallel work is done by the pool that the caller is installed in.
pub(crate) fn read(source: &Source) -> Result<SourceData, DataError> {
    match source {
        Source::Shapes(shapes) => shapes::read(shapes),
        Source::Cifar10(folder) => cifar10::read(folder),
        Source::Folder(folder) => folder::read(folder),
        Source::Mnist(folder) => mnist::read(folder),
    }
}
