//! Shapes to SVG and PNG through plotters' backends.

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, DashedPathElement, PathElement, Polygon};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, FontTransform, TextStyle};

use crate::canvas::{Shape, Text, Turn};
use crate::error::ReportError;
use crate::geometry::Position;
use crate::text::{self, CAP_HEIGHT_EM, FAMILY, Weight};
use crate::theme::{HEIGHT, WIDTH};

/// File format of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Scalable, with text as text.
    Svg,
    /// 1600 x 1000 pixels, 8-bit RGB.
    Png,
}

/// Backend pixels a figure unit. plotters places on whole pixels and smooths few edges: an SVG
/// gets finer coordinates from this, a PNG is averaged down from it.
const DETAIL: u32 = 3;

/// The bytes of a file in `format`.
pub(crate) fn render(shapes: &[Shape], format: Format) -> Result<Vec<u8>, ReportError> {
    match format {
        Format::Svg => svg(shapes),
        Format::Png => png(shapes),
    }
}

fn svg(shapes: &[Shape]) -> Result<Vec<u8>, ReportError> {
    let fine = (WIDTH * DETAIL, HEIGHT * DETAIL);
    let mut document = String::new();
    paint(shapes, SVGBackend::with_string(&mut document, fine), svg_text)?;
    // The view box keeps the fine units; the picture is shown at the figure's size.
    let fine_size = format!("width=\"{}\" height=\"{}\"", fine.0, fine.1);
    Ok(document.replacen(&fine_size, &format!("width=\"{WIDTH}\" height=\"{HEIGHT}\""), 1).into())
}

fn png(shapes: &[Shape]) -> Result<Vec<u8>, ReportError> {
    let (width, height) = (WIDTH * DETAIL, HEIGHT * DETAIL);
    let mut fine = vec![0xFF; (width * height * 3) as usize];
    paint(shapes, BitMapBackend::with_buffer(&mut fine, (width, height)), bitmap_text)?;

    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&averaged(&fine))?;
    writer.finish()?;
    Ok(file)
}

/// The mean of each square of `DETAIL` x `DETAIL` pixels. RGB, `[height, width, 3]`.
fn averaged(fine: &[u8]) -> Vec<u8> {
    let (detail, width) = (DETAIL as usize, WIDTH as usize);
    let fine_row = width * detail * 3;
    let mut coarse = Vec::with_capacity(fine.len() / (detail * detail));
    for band in fine.chunks_exact(fine_row * detail) {
        for x in 0..width {
            for channel in 0..3 {
                let square = (0..detail).flat_map(|row| {
                    let start = row * fine_row + x * detail * 3 + channel;
                    (0..detail).map(move |column| start + column * 3)
                });
                let sum: u32 = square.map(|index| u32::from(band[index])).sum();
                let pixels = DETAIL * DETAIL;
                coarse.push(((sum + pixels / 2) / pixels) as u8);
            }
        }
    }
    coarse
}

type Area<B> = DrawingArea<B, Shift>;
type Painted<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

fn paint<B>(
    shapes: &[Shape],
    backend: B,
    paint_text: impl Fn(&Text, &Area<B>) -> Painted<B>,
) -> Result<(), ReportError>
where
    B: DrawingBackend,
    B::ErrorType: 'static,
{
    let failed = |error: DrawingAreaErrorKind<B::ErrorType>| ReportError::Drawing(error.into());
    let area = backend.into_drawing_area();
    for shape in shapes {
        paint_shape(shape, &area, &paint_text).map_err(failed)?;
    }
    area.present().map_err(failed)
}

fn paint_shape<B: DrawingBackend>(
    shape: &Shape,
    area: &Area<B>,
    paint_text: &impl Fn(&Text, &Area<B>) -> Painted<B>,
) -> Painted<B> {
    match shape {
        Shape::Line { points, width, stroke, ink } => {
            let style = ink.stroke_width(fine(*width).unsigned_abs());
            let points: Vec<_> = points.iter().map(fine_position).collect();
            match stroke.dashes() {
                None => area.draw(&PathElement::new(points, style)),
                Some((dash, gap)) => {
                    area.draw(&DashedPathElement::new(points, fine(dash), fine(gap), style))
                }
            }
        }
        Shape::Polygon { corners, ink } => {
            let corners: Vec<_> = corners.iter().map(fine_position).collect();
            area.draw(&Polygon::new(corners, ink.filled()))
        }
        Shape::Disc { centre, radius, ink } => {
            area.draw(&Circle::new(fine_position(centre), fine(*radius), ink.filled()))
        }
        Shape::Text(text) => paint_text(text, area),
    }
}

/// Where the text's baseline meets its anchor's middle line, moved down by `ems` more.
fn baseline(text: &Text, ems: f64) -> (i32, i32) {
    let down = (CAP_HEIGHT_EM / 2.0 + ems) * text.em;
    let (x, y) = text.at;
    match text.turn {
        Turn::Level => fine_position(&(x, y + down)),
        Turn::Upwards => fine_position(&(x + down, y)),
    }
}

fn svg_text(text: &Text, area: &Area<SVGBackend<'_>>) -> Painted<SVGBackend<'static>> {
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
    // XML allows none of these, and no font shows them.
    let unprintable = |c: char| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    area.draw_text(&text.text.replace(unprintable, " "), &style, at)
}

/// plotters' own text on bitmaps leaves out the side bearings of glyphs.
fn bitmap_text(text: &Text, area: &Area<BitMapBackend<'_>>) -> Painted<BitMapBackend<'static>> {
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

fn fine(length: f64) -> i32 {
    (length * f64::from(DETAIL)).round() as i32
}

fn fine_position((x, y): &Position) -> (i32, i32) {
    (fine(*x), fine(*y))
}
