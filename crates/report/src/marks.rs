//! The marks of points, which differ in shape and darkness.

use std::f64::consts::TAU;

use plotters::style::RGBAColor;

use crate::canvas::Shape;
use crate::geometry::{Position, Rect};
use crate::theme::{
    ACCENT, AXIS_LINE, DARK_TRIAL, FRONT_RADIUS, INK, LIGHT_TRIAL, PAPER, TRIAL_RADIUS,
};

/// A mark of fixed size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Glyph {
    /// Light disc.
    LightTrial,
    /// Darker triangle.
    DarkTrial,
    /// Small upright cross, as dark as [`Glyph::DarkTrial`].
    CrossTrial,
    /// Black disc.
    Front,
    /// Large star in the accent colour.
    Star,
    /// Black diamond.
    Diamond,
    /// Hollow square.
    Square,
    /// Hollow disc, at a measured latency.
    Measured,
    /// Vertical tick, at a predicted latency.
    Predicted,
    /// Disc in a ring.
    Seed,
    /// Black triangle.
    Triangle,
    /// Hollow disc, larger than [`Glyph::Measured`].
    Ring,
    /// Black square.
    Box,
    /// Hollow triangle on its tip.
    HollowTriangle,
    /// Two crossed lines.
    Cross,
    /// Hollow diamond.
    HollowDiamond,
}

/// The width of a hollow mark's rim.
const RIM: f64 = 3.0;

impl Glyph {
    /// The radius of a circle around the mark.
    pub(crate) fn radius(self) -> f64 {
        match self {
            Glyph::LightTrial => TRIAL_RADIUS,
            Glyph::DarkTrial => TRIAL_RADIUS + 0.8,
            Glyph::CrossTrial => TRIAL_RADIUS + 0.6,
            Glyph::Front => FRONT_RADIUS,
            Glyph::Star => 20.0,
            Glyph::Diamond => 13.0,
            Glyph::Square => 13.0,
            Glyph::Measured => 8.0,
            Glyph::Predicted => 9.0,
            Glyph::Seed | Glyph::Triangle | Glyph::HollowTriangle | Glyph::HollowDiamond => 13.0,
            Glyph::Ring => 11.0,
            Glyph::Box | Glyph::Cross => 12.0,
        }
    }

    /// The mark at `centre`.
    pub(crate) fn shapes(self, centre: Position) -> Vec<Shape> {
        let radius = self.radius();
        let disc = |radius, ink| Shape::Disc { centre, radius, ink };
        let polygon = |corners, ink| Shape::Polygon { corners, ink };
        match self {
            Glyph::LightTrial => vec![disc(radius, LIGHT_TRIAL)],
            Glyph::DarkTrial => vec![polygon(regular(centre, radius, 3), DARK_TRIAL)],
            Glyph::CrossTrial => {
                let (x, y) = centre;
                [vec![(x - radius, y), (x + radius, y)], vec![(x, y - radius), (x, y + radius)]]
                    .map(|arm| Shape::line(arm, AXIS_LINE, DARK_TRIAL))
                    .into()
            }
            Glyph::Front => vec![disc(radius, INK)],
            Glyph::Star => vec![
                polygon(star(centre, radius + 2.0), PAPER),
                polygon(star(centre, radius), INK),
                polygon(star(centre, radius - 4.5), ACCENT),
            ],
            Glyph::Diamond => vec![
                polygon(regular(centre, radius + 2.0, 4), PAPER),
                polygon(regular(centre, radius, 4), INK),
            ],
            Glyph::Square => {
                let side = radius * 2f64.sqrt();
                vec![square(centre, side, INK), square(centre, side - 2.0 * RIM, PAPER)]
            }
            Glyph::Measured => vec![disc(radius, INK), disc(radius - RIM, PAPER)],
            Glyph::Predicted => {
                let (top, bottom) = ((centre.0, centre.1 - radius), (centre.0, centre.1 + radius));
                vec![Shape::line(vec![top, bottom], RIM, INK)]
            }
            Glyph::Seed => vec![
                disc(radius + 2.0, PAPER),
                disc(radius, INK),
                disc(radius - RIM, PAPER),
                disc(FRONT_RADIUS + 0.5, INK),
            ],
            Glyph::Triangle => vec![
                polygon(regular(centre, radius + 4.0, 3), PAPER),
                polygon(regular(centre, radius, 3), INK),
            ],
            Glyph::Ring => {
                vec![disc(radius + 2.0, PAPER), disc(radius, INK), disc(radius - RIM, PAPER)]
            }
            Glyph::Box => {
                let side = radius * 2f64.sqrt();
                vec![square(centre, side + 4.0, PAPER), square(centre, side, INK)]
            }
            Glyph::HollowTriangle => {
                let triangle = |radius: f64| regular(centre, -radius, 3);
                vec![
                    polygon(triangle(radius + 4.0), PAPER),
                    polygon(triangle(radius), INK),
                    polygon(triangle(radius - 2.0 * RIM), PAPER),
                ]
            }
            Glyph::Cross => {
                let arm = radius / 2f64.sqrt();
                let arms = |width, ink| {
                    [-arm, arm].map(|rise| {
                        let ends = [(-arm, rise), (arm, -rise)];
                        let ends = ends.map(|(x, y)| (centre.0 + x, centre.1 + y)).to_vec();
                        Shape::line(ends, width, ink)
                    })
                };
                [arms(RIM + 6.0, PAPER), arms(RIM + 1.5, INK)].concat()
            }
            Glyph::HollowDiamond => vec![
                polygon(regular(centre, radius + 2.0, 4), PAPER),
                polygon(regular(centre, radius, 4), INK),
                polygon(regular(centre, radius - RIM * 2f64.sqrt(), 4), PAPER),
            ],
        }
    }
}

fn square(centre: Position, side: f64, ink: RGBAColor) -> Shape {
    Shape::rect(&Rect::around(centre, side, side), ink)
}

/// A regular polygon with a corner at the top, or at the bottom where `radius` is negative.
pub(crate) fn regular(centre: Position, radius: f64, corners: u32) -> Vec<Position> {
    (0..corners)
        .map(|corner| polar(centre, radius, f64::from(corner) / f64::from(corners)))
        .collect()
}

/// A five-pointed star.
fn star(centre: Position, radius: f64) -> Vec<Position> {
    (0..10)
        .map(|corner| {
            let radius = if corner % 2 == 0 { radius } else { 0.45 * radius };
            polar(centre, radius, f64::from(corner) / 10.0)
        })
        .collect()
}

/// The point at `radius` from the centre, and at `turn` clockwise from the top. A `turn` of 1 is
/// the full circle.
fn polar(centre: Position, radius: f64, turn: f64) -> Position {
    let (sin, cos) = (turn * TAU).sin_cos();
    (centre.0 + radius * sin, centre.1 - radius * cos)
}
