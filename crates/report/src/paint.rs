//! Painting shapes as SVG or PNG with plotters' backends.

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::drawing::{DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, DashedPathElement, PathElement, Polygon};
use plotters::style::Color;

use crate::canvas::{Shape, Text};
use crate::error::ReportError;
use crate::paint_text::{Area, DETAIL, Painted, bitmap_text, fine, fine_position, svg_text};
use crate::theme::{HEIGHT, WIDTH};

/// The file format of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// SVG, with text as text.
    Svg,
    /// PNG of 1600 x 1000 pixels, 8-bit RGB.
    Png,
}

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

/// The mean of each square of `DETAIL` x `DETAIL` RGB pixels. Images are `[height, width, 3]`.
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
