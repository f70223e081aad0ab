//! Stub. 
pub use crate::ops::*;
