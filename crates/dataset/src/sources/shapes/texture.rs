//! Textures: patterns of two colours.

use std::f32::consts::TAU;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texture {
    Plain,
    Stripes,
    Checks,
    Dots,
    Rings,
    Waves,
    Fade,
    Grid,
}

impl Texture {
    pub(super) const ALL: [Self; 8] = [
        Self::Plain,
        Self::Stripes,
        Self::Checks,
        Self::Dots,
        Self::Rings,
        Self::Waves,
        Self::Fade,
        Self::Grid,
    ];

    /// How much of the second colour a point has, from 0 to 1. The point is in periods of the
    /// texture.
    pub(super) fn share(self, x: f32, y: f32) -> f32 {
        let wave = |phase: f32| 0.5 + 0.5 * (TAU * phase).sin();
        // The wave with steep flanks.
        let band = |phase: f32| (2.5 * (wave(phase) - 0.5) + 0.5).clamp(0.0, 1.0);
        match self {
            Self::Plain => 0.0,
            Self::Stripes => band(x),
            Self::Checks => {
                let (x, y) = (band(x), band(y));
                x + y - 2.0 * x * y
            }
            Self::Dots => (4.0 * (wave(x) * wave(y) - 0.45)).clamp(0.0, 1.0),
            Self::Rings => band(x.hypot(y)),
            Self::Waves => band(x + 0.35 * (TAU * 0.7 * y).sin()),
            Self::Fade => (0.5 + 0.35 * x).clamp(0.0, 1.0),
            Self::Grid => band(x).max(band(y)),
        }
    }
}
