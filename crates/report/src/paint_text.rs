//! Text on plotters' backends, and the backends' finer units.

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, FontTransform, TextStyle};

use crate::canvas::{Text, Turn};
use crate::geometry::Position;
use crate::text::{self, CAP_HEIGHT_EM, FAMILY, Weight};

/// The number of backend pixels per figure unit. plotters rounds to whole pixels and antialiases
/// few edges, so an SVG gets finer coordinates from this, and a PNG is averaged down from it.
pub(crate) const DETAIL: u32 = 3;

pub(crate) type Area<B> = DrawingArea<B, Shift>;
pub(crate) type Painted<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// The position of the text's baseline at its anchor, moved down by `ems`.
fn baseline(text: &Text, ems: f64) -> (i32, i32) {
    let down = (CAP_HEIGHT_EM / 2.0 + ems) * text.em;
    let (x, y) = text.at;
    match text.turn {
        Turn::Level => fine_position(&(x, y + down)),
        Turn::Upwards => fine_position(&(x + down, y)),
    }
}

pub(crate) fn svg_text(text: &Text, area: &Area<SVGBackend<'_>>) -> Painted<SVGBackend<'static>> {
    // plotters-svg divides the size by 1.24 for `font-size`, and moves `Top` down by 0.76em.
    let size = 1.24 * text.em * f64::from(DETAIL);
    let at = baseline(text, -0.76);
    let weight = match text.weight {
        Weight::Regular => FontStyle::Normal,
        Weight::Bold => FontStyle::Bold,
    };
    let font = FontDesc::new(FontFamily::Name(FAMILY), size, weight);
    let font = match text.turn {
        Turn::Level => font,
        Turn::Upwards => font.transform(FontTransform::Rotate270),
    };
    let pos = Pos::new(text.anchor, VPos::Top);
    let style = TextStyle { font, color: text.ink.to_backend_color(), pos };
    // XML does not allow these characters.
    let unprintable = |c: char| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    area.draw_text(&text.text.replace(unprintable, " "), &style, at)
}

/// Draws text itself, since plotters leaves out the side bearings of glyphs on bitmaps.
pub(crate) fn bitmap_text(
    text: &Text,
    area: &Area<BitMapBackend<'_>>,
) -> Painted<BitMapBackend<'static>> {
    let em = text.em * f64::from(DETAIL);
    let width = text::width(&text.text, em, text.weight);
    let start = match text.anchor {
        HPos::Left => 0.0,
        HPos::Center => -width / 2.0,
        HPos::Right => -width,
    } as i32;
    let origin = baseline(text, 0.0);
    for glyph in text::outlines(&text.text, em, text.weight) {
        let corner = glyph.px_bounds().min;
        let mut painted = Ok(());
        glyph.draw(|column, row, coverage| {
            let along = start + corner.x as i32 + column as i32;
            let down = corner.y as i32 + row as i32;
            let pixel = match text.turn {
                Turn::Level => (origin.0 + along, origin.1 + down),
                Turn::Upwards => (origin.0 + down, origin.1 - along),
            };
            if painted.is_ok() {
                painted = area.draw_pixel(pixel, &text.ink.mix(f64::from(coverage)));
            }
        });
        painted?;
    }
    Ok(())
}

pub(crate) fn fine(length: f64) -> i32 {
    (length * f64::from(DETAIL)).round() as i32
}

pub(crate) fn fine_position((x, y): &Position) -> (i32, i32) {
    (fine(*x), fine(*y))
}
