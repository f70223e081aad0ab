//! Sizes, colours and type sizes of all figures. Lengths are in figure units, which are the pixels
//! of a PNG.

use plotters::style::RGBAColor;

/// The width of a figure.
pub(crate) const WIDTH: u32 = 1600;
/// The height of a figure.
pub(crate) const HEIGHT: u32 = 1000;
/// The margin of a figure.
pub(crate) const MARGIN: f64 = 32.0;

/// Type sizes in figure units per em.
pub(crate) const TITLE: f64 = 34.0;
pub(crate) const AXIS_NAME: f64 = 27.0;
pub(crate) const TICK: f64 = 25.0;
pub(crate) const LEGEND: f64 = 23.0;
pub(crate) const LABEL: f64 = 24.0;
pub(crate) const FOOTNOTE: f64 = 20.0;
/// The distance between baselines, in ems.
pub(crate) const LEADING: f64 = 1.3;

/// The width at which the labels of points and legend entries are cut.
pub(crate) const LABEL_WIDTH: f64 = 460.0;

/// Line widths.
pub(crate) const HAIRLINE: f64 = 1.0;
pub(crate) const AXIS_LINE: f64 = 2.0;
pub(crate) const DATA_LINE: f64 = 3.5;
/// The lengths of dashes and of the gaps between them.
pub(crate) const DASH: f64 = 13.0;
pub(crate) const GAP: f64 = 9.0;
/// The radius of a trial's mark.
pub(crate) const TRIAL_RADIUS: f64 = 2.8;
/// The radius of the mark of a point on the front.
pub(crate) const FRONT_RADIUS: f64 = 4.5;

const fn grey(level: u8) -> RGBAColor {
    RGBAColor(level, level, level, 1.0)
}

pub(crate) const INK: RGBAColor = grey(0x14);
pub(crate) const SOFT_INK: RGBAColor = grey(0x50);
pub(crate) const LEADER: RGBAColor = grey(0x80);
pub(crate) const GRID: RGBAColor = grey(0xE9);
/// The lines of hatched areas.
pub(crate) const HATCH: RGBAColor = grey(0x9C);
/// The background of a phase in which a figure's quantity is not what a search improves.
pub(crate) const SHADE: RGBAColor = RGBAColor(0x14, 0x14, 0x14, 0.07);
pub(crate) const LIGHT_TRIAL: RGBAColor = grey(0xC6);
pub(crate) const DARK_TRIAL: RGBAColor = grey(0x96);
pub(crate) const THIRD_TRIAL: RGBAColor = grey(0x70);
pub(crate) const PAPER: RGBAColor = grey(0xFF);
/// The background of text that covers data.
pub(crate) const VEIL: RGBAColor = RGBAColor(0xFF, 0xFF, 0xFF, 0.86);
/// The only colour that is not grey, for the result of a search. It prints as a dark grey.
pub(crate) const ACCENT: RGBAColor = RGBAColor(0xC2, 0x3B, 0x0E, 1.0);
