//! The photos of a split.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::ClassFolder;
use super::entries::files_below;
use crate::error::{DataError, Skipped};
use crate::image::{Image, hash};
use crate::sources::photo_file::{self, PhotoFiles};
use crate::store::{ImageStore, Sample};

/// A split whose decoded images take more is decoded again whenever an image is asked for.
const MAX_BYTES_IN_MEMORY: usize = 1 << 30;
/// A split may have so many photos in a hundred that do not decode. They are left out.
const MAX_SKIPPED_PERCENT: usize = 1;

/// The photos of a split that decode, and those that do not.
#[derive(Debug)]
pub(super) struct Photos {
    pub(super) store: Arc<dyn ImageStore>,
    pub(super) samples: Vec<Sample>,
    pub(super) skipped: Vec<Skipped>,
}

/// What became of a file.
enum File {
    Decoded {
        path: PathBuf,
        label: u32,
        hash: u64,
        /// `None` if the split is too large to keep its images in memory.
        image: Option<Image>,
    },
    Undecodable(Skipped),
    /// No photo at all.
    Other(PathBuf),
}

impl Photos {
    /// Decodes every file of the class folders once, so that broken ones are known before work
    /// starts. Files that are no photos are added to `others`.
    pub(super) fn read(
        split: &Path,
        classes: &[ClassFolder],
        others: &mut Vec<PathBuf>,
    ) -> Result<Self, DataError> {
        let mut files = Vec::new();
        for class in classes {
            let mut of_class = Vec::new();
            files_below(&class.folder, &mut of_class, others)?;
            of_class.sort();
            files.extend(of_class.into_iter().map(|path| (path, class.label)));
        }
        let bytes =
            files.par_iter().map(|(path, _)| photo_file::decoded_bytes(path)).sum::<usize>();
        let in_memory = bytes <= MAX_BYTES_IN_MEMORY;
        let read: Vec<File> =
            files.into_par_iter().map(|(path, label)| File::read(path, label, in_memory)).collect();

        let (mut images, mut paths) = (Vec::new(), Vec::new());
        let (mut samples, mut skipped) = (Vec::new(), Vec::new());
        for file in read {
            match file {
                File::Decoded { path, label, hash, image } => {
                    samples.push(Sample { index: samples.len(), label, hash });
                    match image {
                        Some(image) => images.push(image),
                        None => paths.push(path),
                    }
                }
                File::Undecodable(file) => skipped.push(file),
                File::Other(path) => others.push(path),
            }
        }
        let photos = samples.len() + skipped.len();
        if skipped.len() * 100 > photos * MAX_SKIPPED_PERCENT {
            let path = split.to_owned();
            return Err(DataError::TooManySkipped { path, skipped, images: photos });
        }
        let store: Arc<dyn ImageStore> =
            if in_memory { Arc::new(images) } else { Arc::new(PhotoFiles(paths)) };
        Ok(Self { store, samples, skipped })
    }
}

impl File {
    fn read(path: PathBuf, label: u32, keep_image: bool) -> Self {
        let bytes = match photo_file::read(&path) {
            Ok(bytes) => bytes,
            Err(unreadable) => return Self::Undecodable(unreadable),
        };
        match photo_file::decode(&path, &bytes) {
            Ok(image) => {
                let image = keep_image.then_some(image);
                Self::Decoded { path, label, hash: hash(&bytes), image }
            }
            Err(broken) if broken.is_photo => Self::Undecodable(broken.file),
            Err(_) => Self::Other(path),
        }
    }
}
