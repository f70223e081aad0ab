//! Procedural images: textured forms in front of a busy background. No files are needed.
//!
//! A class is a form; with more than 12 classes a form with a texture, and with more than 96 a form
//! with a texture and a range of hues. Everything else is random: position, size, rotation,
//! colours, contrast, lighting, noise, and the textured background with smaller forms on it. Most
//! images have a texture that is usual for their class, and most a hue that is. Small networks
//! learn such hints first, as they do on photos; `hints=50` makes them rarer and learning slower.

mod drawn;
mod form;
mod paint;
mod spec;
mod texture;

pub(super) use drawn::read;
pub use spec::Shapes;
