//! What is worth knowing about how a data set was read.

use std::fmt;
use std::path::PathBuf;

use crate::error::Skipped;

/// So many names are listed; the others are counted.
const MAX_NAMED: usize = 5;

/// Something that is worth knowing about how a data set was read. Displayed as one sentence, or as a
/// sentence and a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Files among the photos that are no photos, such as `Thumbs.db`, were left out.
    OtherFiles {
        /// The number of files.
        count: usize,
        /// Their different names, sorted.
        names: Vec<String>,
    },
    /// The named folder has nothing but this folder, which was read in its place.
    InnerFolder(PathBuf),
    /// There is no `val`, so the test images are those of this folder.
    TestFolder(PathBuf),
    /// There is no folder of test images, so some of the training images are the test images.
    TestCut {
        /// The number of test images.
        test: usize,
        /// The number of all images.
        images: usize,
    },
    /// Folders that are not part of a split were not read.
    FoldersNotRead(Vec<PathBuf>),
    /// Photos that are in no class folder were left out.
    LoosePhotos {
        /// The folder with the photos.
        folder: PathBuf,
        /// The number of photos.
        count: usize,
    },
    /// Photos that cannot be decoded were left out.
    Undecodable(Vec<Skipped>),
    /// Some classes have no test images.
    NoTestImages(Vec<String>),
    /// All images are of one class.
    OneClass(String),
}

impl Remark {
    /// Whether images were left out that the user may want, or accuracies will say less than they
    /// seem to. Other remarks only say how the data set was understood.
    pub fn is_warning(&self) -> bool {
        match self {
            Self::OtherFiles { .. }
            | Self::InnerFolder(_)
            | Self::TestFolder(_)
            | Self::TestCut { .. }
            | Self::FoldersNotRead(_) => false,
            Self::LoosePhotos { .. }
            | Self::Undecodable(_)
            | Self::NoTestImages(_)
            | Self::OneClass(_) => true,
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherFiles { count, names } => {
                let files = plural(*count, "file that is no photo", "files that are no photos");
                write!(f, "left out {count} {files}: {}", listed(names))
            }
            Self::InnerFolder(folder) => write!(f, "reading the photos in {}", folder.display()),
            Self::TestFolder(folder) => {
                write!(f, "no val: the test images are those in {}", folder.display())
            }
            Self::TestCut { test, images } => write!(
                f,
                "no val: {test} of {images} photos, about a fifth by their hash, are the test images"
            ),
            Self::FoldersNotRead(folders) => {
                let folders: Vec<String> =
                    folders.iter().map(|folder| folder.display().to_string()).collect();
                write!(f, "not read: {}", listed(&folders))
            }
            Self::LoosePhotos { folder, count } => {
                let (photos, are) =
                    (plural(*count, "photo", "photos"), plural(*count, "is", "are"));
                write!(
                    f,
                    "{count} {photos} in {} {are} in no class folder and left out",
                    folder.display()
                )
            }
            Self::Undecodable(skipped) => {
                let count = skipped.len();
                let (photos, are) = (plural(count, "photo", "photos"), plural(count, "is", "are"));
                write!(f, "{count} {photos} cannot be decoded and {are} left out:")?;
                write_lines(f, skipped)
            }
            Self::NoTestImages(classes) => {
                let of = plural(classes.len(), "this class", "these classes");
                write!(f, "no test images of {of}: {}", listed(classes))
            }
            Self::OneClass(class) => {
                write!(f, "all photos are of one class, {class}: every network is right about them")
            }
        }
    }
}

/// Files with what is wrong with them, one a line.
pub(crate) fn write_lines(f: &mut fmt::Formatter<'_>, skipped: &[Skipped]) -> fmt::Result {
    for file in skipped.iter().take(MAX_NAMED) {
        write!(f, "\n  {file}")?;
    }
    match skipped.len().saturating_sub(MAX_NAMED) {
        0 => Ok(()),
        more => write!(f, "\n  and {more} more"),
    }
}

fn listed(names: &[String]) -> String {
    let named = names.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MAX_NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn plural(count: usize, one: &'static str, more: &'static str) -> &'static str {
    if count == 1 { one } else { more }
}
