//! Where images come from, as text.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::shapes::Shapes;
use crate::error::DataError;

/// Where the images of a data set come from. As text: `shapes`, `cifar10:DIR`, `folder:DIR` or
/// `mnist:DIR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Procedural images, which need no files: `shapes`, or with options
    /// `shapes:classes=20,size=64`.
    Shapes(Shapes),
    /// The official binary version of CIFAR-10: `data_batch_1.bin` to `data_batch_5.bin` and
    /// `test_batch.bin`, in this folder or in a folder `cifar-10-batches-bin` below it.
    Cifar10(PathBuf),
    /// JPEG, PNG, WebP, BMP and PNM files of any size, each class in its folder: `train/<class>/*`
    /// to train on and `val/<class>/*` (or `valid`, `validation`, `test`) to test on. Without such a
    /// folder, or with `<class>/*` alone, a fifth of the photos becomes the test images, chosen by a
    /// hash of each photo.
    Folder(PathBuf),
    /// The idx files of MNIST or Fashion-MNIST: `train-images-idx3-ubyte`,
    /// `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, also named `train-images.idx3-ubyte`
    /// and so on, also gzipped.
    Mnist(PathBuf),
}

impl Source {
    /// The word before the colon of each kind of source.
    pub const KINDS: [&str; 4] = ["shapes", "cifar10", "folder", "mnist"];

    /// The source that the names in a folder suggest, which is one of photos unless there are files of
    /// CIFAR-10 or MNIST.
    pub fn suggested_by(folder: &Path) -> Self {
        let has = |name: &str| folder.join(name).exists();
        let folder = folder.to_path_buf();
        match () {
            () if has("cifar-10-batches-bin") || has("data_batch_1.bin") => Self::Cifar10(folder),
            () if has("train-images-idx3-ubyte") || has("train-images-idx3-ubyte.gz") => {
                Self::Mnist(folder)
            }
            () => Self::Folder(folder),
        }
    }
}

impl FromStr for Source {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let folder = || match rest {
            "" => Err(DataError::setting("data", text, format!("{kind}:DIR"))),
            folder => Ok(PathBuf::from(folder)),
        };
        match kind {
            "shapes" => Ok(Self::Shapes(rest.parse()?)),
            "cifar10" => Ok(Self::Cifar10(folder()?)),
            "folder" => Ok(Self::Folder(folder()?)),
            "mnist" => Ok(Self::Mnist(folder()?)),
            _ => {
                let expected = "shapes, cifar10:DIR, folder:DIR, mnist:DIR";
                Err(DataError::setting("data", text, expected))
            }
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shapes(shapes) => write!(f, "shapes:{shapes}"),
            Self::Cifar10(folder) => write!(f, "cifar10:{}", folder.display()),
            Self::Folder(folder) => write!(f, "folder:{}", folder.display()),
            Self::Mnist(folder) => write!(f, "mnist:{}", folder.display()),
        }
    }
}
