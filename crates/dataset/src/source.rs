//! Where images come from, as text.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::DataError;
use crate::shapes::Shapes;

/// A data set: `shapes`, `cifar10:DIR`, `folder:DIR` or `mnist:DIR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Procedural images: `shapes` or `shapes:classes=20,size=64`.
    Shapes(Shapes),
    /// The official binary version: `data_batch_1.bin` to `5`, `test_batch.bin`, in the folder or in
    /// `cifar-10-batches-bin` below it.
    Cifar10(PathBuf),
    /// JPEG and PNG files: `train/<class>/*` to train on and `val/<class>/*` to test on.
    Folder(PathBuf),
    /// idx files as MNIST and Fashion-MNIST have them: `train-images-idx3-ubyte` and so on.
    Mnist(PathBuf),
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
                let allowed = "shapes, cifar10:DIR, folder:DIR, mnist:DIR";
                Err(DataError::setting("data", text, allowed))
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
