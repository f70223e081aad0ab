//! Drawing a comparison figure.

use super::figure::{ComparisonFigure, ComparisonLine, ComparisonPoint, check};
use super::lines;
use crate::axis::Axis;
use crate::error::ReportError;
use crate::frame::{self, Surroundings};
use crate::legend::{Entry, LINE_SAMPLE};
use crate::line_style;
use crate::paint::{self, Format};

/// The axis of trials begins at these shares of the longest and of the shortest line's trials,
/// whichever is less.
const FROM_LONGEST: f64 = 0.01;
const FROM_SHORTEST: f64 = 0.1;
/// Bands may leave the axis of values up to so many times the first trial shown.
const RUN_IN: f64 = 2.0;

/// Draws how a quantity improves with the number of trials, as an SVG or a PNG. The axis of trials
/// is logarithmic and begins at about 1 % of them. A figure without points says that no trial met
/// the target.
///
/// # Errors
///
/// [`ReportError::NotPlottable`] if a value is out of its quantity's range, or a point's trials are
/// 0 or not more than those of the point before.
pub fn draw_comparison(figure: &ComparisonFigure, format: Format) -> Result<Vec<u8>, ReportError> {
    check(figure)?;
    let x = trials_axis(figure);
    let y = figure.quantity.axis(&shown_values(figure, x.low));
    let ends = lines::end_labels(figure);
    let around = Surroundings {
        title: &figure.title,
        footnote: &figure.footnote,
        x_name: "trials (logarithmic scale)",
        y_name: &figure.quantity.axis_name(&y),
        legend: legend(figure),
        headroom: 0.0,
        side_room: lines::side_room(&ends),
    };
    let (frame, mut shapes) = frame::draw(around, x, y);
    shapes.extend(lines::draw(figure, &ends, &frame));
    if figure.lines.iter().all(|line| line.points.is_empty()) {
        shapes.extend(frame::notice(&frame, "no trial met the target"));
    }
    paint::render(&shapes, format)
}

/// An axis from 1, 2 or 5 times a power of ten to the end of the longest line.
fn trials_axis(figure: &ComparisonFigure) -> Axis {
    let ends = figure.lines.iter().filter_map(|line| line.points.last());
    let ends: Vec<f64> = ends.map(|point| point.trials as f64).collect();
    let longest = ends.iter().copied().fold(2.0, f64::max);
    let shortest = ends.iter().copied().fold(longest, f64::min);
    let wanted = (longest * FROM_LONGEST).min(shortest * FROM_SHORTEST).max(1.0);
    let decade = 10f64.powf(wanted.log10().floor());
    let digit = [5.0, 2.0].into_iter().find(|digit| digit * decade <= wanted).unwrap_or(1.0);
    Axis::logarithmic(digit * decade, longest).of_counts()
}

/// The values that the axis must include, from trial `first` on.
fn shown_values(figure: &ComparisonFigure, first: f64) -> Vec<f64> {
    let points = figure.lines.iter().flat_map(|line| &line.points);
    let of = |point: &ComparisonPoint| match point.trials as f64 {
        trials if trials < first => [None; 3],
        trials if trials < RUN_IN * first => [Some(point.middle), None, None],
        _ => [Some(point.middle), point.low, point.high],
    };
    points.flat_map(of).flatten().collect()
}

fn legend(figure: &ComparisonFigure) -> Vec<Entry> {
    let entry = |(index, line): (usize, &ComparisonLine)| {
        let seeds = if line.seeds == 1 { "seed" } else { "seeds" };
        let label = format!("{}, {} {seeds}", line.label, line.seeds);
        let style = line_style::of(index);
        let sample = if lines::has_band(line) { style.sample_on_band() } else { style.sample() };
        Entry { label, sample_width: LINE_SAMPLE, sample }
    };
    let mut entries: Vec<Entry> = figure.lines.iter().enumerate().map(entry).collect();
    if let Some(first) = figure.lines.iter().position(lines::has_band) {
        let label = "25th to 75th percentile over seeds".to_owned();
        let sample = line_style::of(first).band_sample();
        entries.push(Entry { label, sample_width: LINE_SAMPLE, sample });
    }
    entries
}
