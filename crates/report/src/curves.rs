//! Curves in plots stacked over a common axis, such as the loss and accuracy of a training run.

use crate::axis::Axis;
use crate::canvas::Shape;
use crate::error::ReportError;
use crate::frame::{self, Frame, Page, StackedPlot};
use crate::geometry::Position;
use crate::legend::{self, Entry, LINE_SAMPLE};
use crate::line_style;
use crate::paint::{self, Format};

/// One line of a plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name in the legend. Curves with the same name look the same in all plots.
    pub label: String,
    /// The points `(x, y)` in order of `x`, in the units of the axes.
    pub points: Vec<(f64, f64)>,
}

/// One of the stacked plots.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// The name of the y axis with its unit.
    pub y_name: String,
    /// The curves. The last is drawn on top.
    pub curves: Vec<Curve>,
}

/// Plots stacked over a common x axis, which begins at 0 and has whole numbers, such as epochs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CurvesFigure {
    /// The title, cut after two lines.
    pub title: String,
    /// Where the data comes from, cut after three lines.
    pub footnote: String,
    /// The name of the x axis.
    pub x_name: String,
    /// The plots from top to bottom.
    pub plots: Vec<Plot>,
}

/// The number of markers on a curve.
const MARKERS: usize = 6;
/// The smallest range of a y axis, as a share of its largest value.
const MIN_SPREAD: f64 = 0.01;

/// Draws stacked plots of curves, as an SVG or a PNG. A plot without points says that there is
/// nothing to show.
///
/// # Errors
///
/// [`ReportError::NotPlottable`] if a number is infinite or NaN, or an `x` is negative or not
/// greater than the one before it.
pub fn draw_curves(figure: &CurvesFigure, format: Format) -> Result<Vec<u8>, ReportError> {
    check(figure)?;
    let curves = figure.plots.iter().flat_map(|plot| &plot.curves);
    let labels = legend::distinct(curves.map(|curve| &curve.label));
    let entry = |(index, label): (usize, &&str)| Entry {
        label: (*label).to_owned(),
        sample: line_style::of(index).sample(),
        sample_width: LINE_SAMPLE,
    };
    let page = Page {
        title: &figure.title,
        footnote: &figure.footnote,
        legend: labels.iter().enumerate().map(entry).collect(),
    };
    let points = |plot: &Plot| -> Vec<(f64, f64)> {
        plot.curves.iter().flat_map(|curve| curve.points.clone()).collect()
    };
    let last = figure.plots.iter().flat_map(points).map(|(x, _)| x).fold(0.0, f64::max);
    let y_axis = |plot: &Plot| {
        let values: Vec<f64> = points(plot).into_iter().map(|(_, y)| y).collect();
        let largest = values.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
        Axis::around(&values, (f64::NEG_INFINITY, f64::INFINITY), (MIN_SPREAD * largest).max(1e-9))
    };
    let share = 1.0 / figure.plots.len() as f64;
    let stacked = |plot| StackedPlot { y: y_axis(plot), y_name: &plot.y_name, share };
    let plots = figure.plots.iter().map(stacked).collect();
    let (frames, mut shapes) =
        frame::draw_stacked(page, &figure.x_name, &Axis::counts(last), plots);
    for (plot, frame) in figure.plots.iter().zip(&frames) {
        let mut marks = Vec::new();
        for curve in &plot.curves {
            let index = labels.iter().position(|label| *label == curve.label).unwrap_or_default();
            let points: Vec<Position> =
                curve.points.iter().map(|&(x, y)| frame.position(x, y)).collect();
            marks.extend(markers(index, labels.len(), &points));
            shapes.push(line_style::of(index).line(points));
        }
        shapes.extend(marks);
        if points(plot).is_empty() {
            shapes.extend(notice(frame));
        }
    }
    paint::render(&shapes, format)
}

fn notice(frame: &Frame) -> [Shape; 2] {
    frame::notice(frame, "nothing to show")
}

/// Markers at some of the points, and always at the last. Each curve has them at different points.
fn markers(index: usize, lines: usize, points: &[Position]) -> Vec<Shape> {
    let every = points.len().div_ceil(MARKERS).max(1);
    let shift = every * index / lines;
    let last = points.len().saturating_sub(1);
    let marked = |at: &usize| *at == last || at % every == shift;
    let chosen = (0..points.len()).filter(marked);
    chosen.flat_map(|at| line_style::of(index).marker(points[at])).collect()
}

fn check(figure: &CurvesFigure) -> Result<(), ReportError> {
    for (index, plot) in figure.plots.iter().enumerate() {
        for (line, curve) in plot.curves.iter().enumerate() {
            let mut before = -f64::MIN_POSITIVE;
            for (number, &(x, y)) in curve.points.iter().enumerate() {
                let place =
                    |axis| format!("{axis} of plots[{index}].curves[{line}].points[{number}]");
                if !y.is_finite() {
                    let (place, expected) = (place("y"), "a finite number");
                    return Err(ReportError::NotPlottable { place, found: y, expected });
                }
                // Written so that NaN fails as well.
                if !(x > before && x.is_finite()) {
                    let expected =
                        "a finite number, 0 or more, and greater than that of the point before";
                    return Err(ReportError::NotPlottable {
                        place: place("x"),
                        found: x,
                        expected,
                    });
                }
                before = x;
            }
        }
    }
    Ok(())
}
