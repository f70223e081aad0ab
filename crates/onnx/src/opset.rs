//! The versions of ONNX in which files are written.

use crate::export::OnnxError;

/// The version of the ONNX operators, from 13 to 21.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opset(u8);

impl Opset {
    /// The oldest version, of ONNX 1.8.
    pub const MIN: Self = Self(13);
    /// The newest version, of ONNX 1.16.
    pub const MAX: Self = Self(21);
    /// The version that is written by default, of ONNX 1.12.
    pub const DEFAULT: Self = Self(17);

    /// # Errors
    /// [`OnnxError::Opset`] for a version out of range.
    pub fn new(version: u8) -> Result<Self, OnnxError> {
        let opset = Self(version);
        match (Self::MIN..=Self::MAX).contains(&opset) {
            true => Ok(opset),
            false => Err(OnnxError::Opset { version }),
        }
    }

    /// The number of the version.
    pub fn version(self) -> u8 {
        self.0
    }

    /// Whether it has the operator `HardSwish`.
    pub(crate) fn has_hard_swish(self) -> bool {
        self.0 >= 14
    }

    /// The version of the ONNX messages of the first ONNX release with this version of the
    /// operators (<https://github.com/onnx/onnx/blob/main/docs/Versioning.md>).
    pub(crate) fn ir_version(self) -> i64 {
        match self.0 {
            ..=14 => 7,
            15..=18 => 8,
            19..=20 => 9,
            21.. => 10,
        }
    }
}

impl Default for Opset {
    fn default() -> Self {
        Self::DEFAULT
    }
}
