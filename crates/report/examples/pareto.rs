//! A Pareto figure from ten points, as SVG and PNG:
//!
//!     cargo run -p report --example pareto -- pareto.svg

use std::error::Error;
use std::path::Path;

use report::{
    Format, Mark, MarkKind, ParetoFigure, Point, TrialGroup, draw_pareto, write_atomically,
};

/// Latency in milliseconds and top-1 accuracy of ten networks, made up.
const POINTS: [(f64, f64); 10] = [
    (4.1, 0.512),
    (5.0, 0.561),
    (6.2, 0.548),
    (7.4, 0.602),
    (8.8, 0.591),
    (10.1, 0.627),
    (12.0, 0.619),
    (14.7, 0.648),
    (18.3, 0.640),
    (22.9, 0.661),
];
const TARGET_MS: f64 = 15.0;

fn main() -> Result<(), Box<dyn Error>> {
    let out = std::env::args().nth(1).ok_or("usage: pareto OUT.svg")?;
    let points = POINTS.map(|(latency_ms, accuracy)| Point { latency_ms, accuracy });
    // They are sorted by latency: a point is on the front if no faster one is as accurate.
    let mut front: Vec<Point> = Vec::new();
    for point in points {
        if front.last().is_none_or(|last| point.accuracy > last.accuracy) {
            front.push(point);
        }
    }
    let best = front.iter().rfind(|point| point.latency_ms <= TARGET_MS);
    let mark = |&point: &Point| {
        let label = format!("best: {:.1} %, {} ms", 100.0 * point.accuracy, point.latency_ms);
        Mark { point, label, kind: MarkKind::Best }
    };
    let figure = ParetoFigure {
        title: "Accuracy and latency of ten networks".into(),
        footnote: "Accuracies and latencies are made up.".into(),
        trials: vec![TrialGroup { label: "networks".into(), points: points.to_vec() }],
        marks: best.map(mark).into_iter().collect(),
        front,
        targets_ms: vec![TARGET_MS],
        ..ParetoFigure::default()
    };
    for (format, extension) in [(Format::Svg, "svg"), (Format::Png, "png")] {
        let path = Path::new(&out).with_extension(extension);
        write_atomically(&path, &draw_pareto(&figure, format)?)?;
        println!("{}", path.display());
    }
    Ok(())
}
