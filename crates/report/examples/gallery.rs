//! Draws all figures with made-up data, difficult cases among them, as SVG and PNG:
//!
//!     cargo run -p report --example gallery [FOLDER]
//!
//! Without a folder they are written to the system's folder for temporary files.

use std::error::Error;
use std::path::{Path, PathBuf};

use report::{
    AdaptationFigure, ComparisonFigure, ComparisonLine, ComparisonPoint, Format, Improvement,
    LineKind, Mark, MarkKind, MeasuredPoint, ParetoFigure, PhaseShade, Point, ProgressFigure,
    ProgressLine, ProgressPhase, Quantity, ReportError, TrainedMark, TrialGroup, ValidatedNetwork,
    ValidationFigure, WidthRow, WidthsFigure, draw_adaptation, draw_comparison, draw_pareto,
    draw_progress, draw_validation, draw_widths, write_atomically,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(|| std::env::temp_dir().join("report-gallery"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;

    let search = pareto(4_000, &[15.0]);
    let pareto_figures = [
        ("pareto", search.clone()),
        ("pareto-16000-trials", pareto(16_000, &[15.0])),
        ("pareto-three-targets", pareto(16_000, &[6.0, 10.0, 16.0])),
        ("pareto-targets", pareto(4_000, &[6.0, 6.3, 7.0, 10.0, 15.0, 20.0, 39.0])),
        ("pareto-close-targets", pareto(4_000, &[36.0, 36.5, 38.0])),
        ("pareto-linear", narrow(&search)),
        ("pareto-crowded", crowded(&search)),
        ("pareto-long-title", long_title(&search)),
        ("pareto-one-point", ParetoFigure { front: vec![search.front[0]], ..Default::default() }),
        ("pareto-empty", ParetoFigure { title: "Nothing yet".into(), ..Default::default() }),
    ];
    for (name, figure) in &pareto_figures {
        write(&folder, name, |format| draw_pareto(figure, format))?;
    }

    let curves = progress(16_000, 1);
    let unmet = ProgressFigure { lines: Vec::new(), ..curves.clone() };
    let improvements = vec![Improvement { trial: 2, accuracy: 0.61 }];
    let short = ProgressFigure {
        trials: 3,
        phases: Vec::new(),
        lines: vec![line(("search", ""), LineKind::Search, 0, improvements)],
        ..curves.clone()
    };
    let mut crowded = progress(16_000, 3);
    crowded.phases = [(1, 200), (201, 600), (601, 15_800), (15_801, 16_000)]
        .into_iter()
        .enumerate()
        .map(|(index, trials)| phase("a phase with a rather long name", trials, index))
        .collect();
    for (name, figure) in [
        ("progress", curves),
        ("progress-three-targets", progress(16_000, 3)),
        ("progress-crowded", crowded),
        ("progress-unmet", unmet),
        ("progress-short", short),
    ] {
        write(&folder, name, |format| draw_progress(&figure, format))?;
    }

    let mut regret = ComparisonFigure { quantity: Quantity::Regret, ..comparison(3, 500) };
    for point in regret.lines.iter_mut().flat_map(|line| &mut line.points) {
        let below = |accuracy: f64| (0.649 - accuracy).max(0.0);
        (point.low, point.high) = (point.high.map(below), point.low.map(below));
        point.middle = below(point.middle);
    }
    for (name, figure) in [
        ("comparison", comparison(2, 16_000)),
        ("comparison-many", comparison(7, 4_000)),
        ("comparison-regret", regret),
        ("comparison-unmet", ComparisonFigure { lines: Vec::new(), ..comparison(1, 10) }),
    ] {
        write(&folder, name, |format| draw_comparison(&figure, format))?;
    }
    draw_adaptations(&folder)?;
    for (name, figure) in [
        ("validation", validation(20, 0.02)),
        ("validation-many", validation(300, 0.02)),
        ("validation-biased", validation(20, 0.15)),
        ("validation-empty", validation(0, 0.0)),
    ] {
        write(&folder, name, |format| draw_validation(&figure, format))?;
    }
    println!("{}", folder.display());
    Ok(())
}

/// Networks over two octaves with errors and repeated measurements of about this share.
fn validation(count: usize, share: f64) -> ValidationFigure {
    let mut next = noise(3);
    let mut off = move || 1.0 + share * (next() + next() + next() - 1.5);
    let network = |index: usize| {
        let true_ms = 5.2 * (4.3_f64).powf(index as f64 / count as f64);
        let [a, b] = [true_ms * off(), true_ms * off()];
        let measured_ms = (a + b) / 2.0;
        ValidatedNetwork {
            predicted_ms: true_ms * (1.0 + share) * off(),
            measured_ms,
            range_ms: Some([a.min(b), a.max(b)]),
        }
    };
    ValidationFigure {
        title: "Predicted and measured latency of networks of mnasnet".into(),
        footnote:
            "Predicted: sum over blocks, at the level of each pass. Measured: p50 of undisturbed \
                   runs, median of 2 processes. Native runtime, 1 thread, made-up CPU."
                .into(),
        networks: (0..count).map(network).collect(),
    }
}

fn write(
    folder: &Path,
    name: &str,
    draw: impl Fn(Format) -> Result<Vec<u8>, ReportError>,
) -> Result<(), ReportError> {
    for (format, extension) in [(Format::Svg, "svg"), (Format::Png, "png")] {
        write_atomically(&folder.join(format!("{name}.{extension}")), &draw(format)?)?;
    }
    Ok(())
}

/// Pseudo-random numbers from 0 to 1, by a linear congruential generator.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1u64 << 24) as f64
    }
}

/// The highest accuracy of the made-up space at a latency.
fn ceiling(latency_ms: f64) -> f64 {
    0.69 - 0.42 * latency_ms.powf(-0.62)
}

fn trial(center_ms: f64, spread: f64, next: &mut impl FnMut() -> f64) -> Point {
    let latency_ms = loop {
        let bell = next() + next() + next() - 1.5;
        let latency_ms = center_ms * (bell * spread).exp();
        if (3.0..40.0).contains(&latency_ms) {
            break latency_ms;
        }
    };
    let shortfall = 0.10 * next() * next();
    Point { latency_ms, accuracy: ceiling(latency_ms) - 0.004 - shortfall }
}

fn front_of(trials: &[Point]) -> Vec<Point> {
    let mut sorted = trials.to_vec();
    sorted.sort_by(|a, b| a.latency_ms.total_cmp(&b.latency_ms));
    let mut front: Vec<Point> = Vec::new();
    for point in sorted {
        if front.last().is_none_or(|last| point.accuracy > last.accuracy) {
            front.push(point);
        }
    }
    front
}

fn mark(kind: MarkKind, label: &str, latency_ms: f64, accuracy: f64) -> Mark {
    Mark { point: Point { latency_ms, accuracy }, label: label.into(), kind }
}

fn pareto(trials: usize, targets_ms: &[f64]) -> ParetoFigure {
    let mut next = noise(7);
    let rewarded: Vec<_> = (0..trials / 2).map(|_| trial(8.0, 1.6, &mut next)).collect();
    let constrained: Vec<_> = (0..trials / 2).map(|_| trial(13.0, 0.7, &mut next)).collect();
    let on_front: Vec<_> = (0..trials / 4).map(|_| trial(10.0, 1.2, &mut next)).collect();
    let front = front_of(&[rewarded.clone(), constrained.clone(), on_front.clone()].concat());
    let group = |label: &str, points| TrialGroup { label: label.into(), points };
    let groups = vec![
        group("trials maximising the reward", rewarded),
        group("trials searching under the target", constrained),
        group("trials filling the front", on_front),
    ];
    let mut marks = Vec::new();
    let mut measured_points = Vec::new();
    for &target_ms in targets_ms {
        let within: Vec<_> = front.iter().filter(|point| point.latency_ms <= target_ms).collect();
        for (rank, point) in within.iter().rev().take(3).enumerate() {
            let measured_ms = point.latency_ms * (1.035 - 0.025 * rank as f64);
            measured_points.push(MeasuredPoint {
                predicted_ms: point.latency_ms,
                measured_ms,
                accuracy: point.accuracy,
            });
            if rank == 2 {
                let label = format!("best: {:.1} %, {measured_ms:.1} ms", 100.0 * point.accuracy);
                marks.push(mark(MarkKind::Best, &label, measured_ms, point.accuracy));
            }
        }
    }
    marks.push(mark(MarkKind::BestByReward, "best by reward", 5.4, ceiling(5.4) - 0.004));
    marks.push(mark(MarkKind::Reference, "EfficientNet-B0", 24.0, 0.607));
    marks.push(mark(MarkKind::Reference, "uniform 3x3 expansion 4", 12.1, 0.571));
    marks.push(mark(MarkKind::Reference, "uniform 5x5 expansion 6", 25.8, 0.596));
    ParetoFigure {
        title: "Search over the mnasnet space, reward ACC × (LAT/TAR)^−0.15".into(),
        footnote: "Accuracy: surrogate, shortened ImageNet schedule. Latency: predicted from the \
                   latency table, native runtime, 1 thread, AMD EPYC 9R14."
            .into(),
        y_name: String::new(),
        trials: groups,
        front,
        targets_ms: targets_ms.to_vec(),
        marks,
        measured: measured_points,
    }
}

fn narrow(figure: &ParetoFigure) -> ParetoFigure {
    let inside = |points: &[Point]| -> Vec<Point> {
        points.iter().filter(|point| (8.0..30.0).contains(&point.latency_ms)).copied().collect()
    };
    ParetoFigure {
        trials: figure
            .trials
            .iter()
            .map(|group| TrialGroup { label: group.label.clone(), points: inside(&group.points) })
            .collect(),
        front: inside(&figure.front),
        marks: figure.marks.iter().filter(|mark| mark.point.latency_ms > 8.0).cloned().collect(),
        ..figure.clone()
    }
}

fn crowded(figure: &ParetoFigure) -> ParetoFigure {
    let best = figure.marks[0].point;
    let names =
        ["MobileNetV1 0.75", "MobileNetV2", "MobileNetV3-Small", "MnasNet-A1", "ShuffleNetV2"];
    let near = names.iter().enumerate().map(|(index, name)| {
        let away = 0.985 + 0.01 * index as f64;
        mark(
            MarkKind::Reference,
            name,
            best.latency_ms * away,
            best.accuracy * (1.99 - away) - 0.003,
        )
    });
    let by_reward = mark(MarkKind::BestByReward, "best by reward", best.latency_ms, best.accuracy);
    let marks = std::iter::once(figure.marks[0].clone()).chain([by_reward]).chain(near).collect();
    ParetoFigure { marks, ..figure.clone() }
}

fn long_title(figure: &ParetoFigure) -> ParetoFigure {
    let mut marks = figure.marks.clone();
    marks[0].label = "best: a network with a name that somebody made much too long".into();
    ParetoFigure {
        title: format!(
            "{}, {}",
            figure.title,
            "with a title that goes on & on <and on> ".repeat(6)
        ),
        footnote: figure.footnote.repeat(4),
        marks,
        ..figure.clone()
    }
}

fn line(
    (label, end_label): (&str, &str),
    kind: LineKind,
    group: usize,
    improvements: Vec<Improvement>,
) -> ProgressLine {
    let (label, end_label) = (label.into(), end_label.into());
    ProgressLine { label, end_label, kind, group, improvements }
}

fn phase(label: &str, (first, last): (u64, u64), index: usize) -> ProgressPhase {
    let shade = if index == 0 { PhaseShade::Shaded } else { PhaseShade::Plain };
    ProgressPhase { label: label.into(), first, last, shade }
}

fn progress(trials: u64, targets: usize) -> ProgressFigure {
    let mut next = noise(11);
    let mut climb = |start: f64, top: f64, pace: f64| {
        let mut best = 0.0;
        let mut improvements = Vec::new();
        for trial in 3..=trials {
            let reach = top - (top - start) * (-(trial as f64) / pace).exp();
            let accuracy = reach - 0.09 * next();
            if accuracy > best {
                best = accuracy;
                improvements.push(Improvement { trial, accuracy });
            }
        }
        improvements
    };
    let mut lines = Vec::new();
    for (group, target) in ["15 ms", "10 ms", "7 ms"].into_iter().take(targets).enumerate() {
        let lower = 0.02 * group as f64;
        let [searched, random] = [
            climb(0.585 - lower, 0.648 - lower, 900.0),
            climb(0.585 - lower, 0.637 - lower, 700.0),
        ];
        let (ends, names) = match targets {
            1 => (["".into(), "random".into()], ["ppo".into(), "random search".into()]),
            _ => (
                [target.to_owned(), format!("{target}, random")],
                [format!("ppo under {target}"), format!("random search under {target}")],
            ),
        };
        lines.push(line((&names[0], &ends[0]), LineKind::Search, group, searched));
        lines.push(line((&names[1], &ends[1]), LineKind::Baseline, group, random));
    }
    let names = ["maximising the reward", "accuracy under the target", "filling the front"];
    let (first, second) = (3 * trials / 8, 3 * trials / 4);
    let spans = [(1, first), (first + 1, second), (second + 1, trials)];
    let phases = names.iter().zip(spans).enumerate();
    ProgressFigure {
        title: "Best accuracy under 15 ms, mnasnet space".into(),
        footnote: "Accuracy: surrogate, shortened ImageNet schedule.".into(),
        trials,
        phases: phases.map(|(index, (name, span))| phase(name, span, index)).collect(),
        lines,
    }
}

/// Accuracies that rise to a common limit.
fn comparison(lines: usize, trials: u64) -> ComparisonFigure {
    let names = ["evolution", "ppo", "random", "nsga2", "soft, w -0.07", "hard", "no limits"];
    let line = |(index, name): (usize, &&str)| {
        let length = if index == 2 { trials / 2 } else { trials };
        let pace = 30.0 * (index + 1) as f64;
        let point = |trials: u64| {
            let short = 0.08 * (-(trials as f64) / pace).exp() + 0.0001 * index as f64;
            let spread = 0.3 * short;
            let middle = 0.65 - short;
            ComparisonPoint {
                trials,
                low: (trials > 8).then_some(middle - spread),
                middle,
                high: Some(middle + 0.6 * spread),
            }
        };
        let counts = std::iter::successors(Some(1), |&trials: &u64| Some(trials + 1 + trials / 20));
        let counts = counts.take_while(|&trials| trials < length).chain([length]);
        ComparisonLine { label: (*name).into(), seeds: 5, points: counts.map(point).collect() }
    };
    ComparisonFigure {
        title: "Best accuracy under 15 ms against trials, mnasnet space".into(),
        footnote: "Median of the seeds. Accuracy: surrogate.".into(),
        quantity: Quantity::Accuracy,
        lines: names.iter().enumerate().take(lines).map(line).collect(),
    }
}

fn draw_adaptations(folder: &Path) -> Result<(), ReportError> {
    let run = adaptation();
    let mut hidden = run.clone();
    hidden.trained.push(TrainedMark::default());
    for (number, mark) in (1..).zip(&mut hidden.trained) {
        (mark.label, mark.latency_ms) = (format!("network {number}"), 19.9);
        mark.accuracies = vec![0.62, 0.623, 0.609];
    }
    let bare = AdaptationFigure { proposals: Vec::new(), trained: Vec::new(), ..run.clone() };
    for (name, figure) in [
        ("adaptation", run),
        ("adaptation-hidden", hidden),
        ("adaptation-bare", bare),
        ("adaptation-empty", AdaptationFigure { target_ms: Some(20.0), ..Default::default() }),
    ] {
        write(folder, name, |format| draw_adaptation(&figure, format))?;
    }
    for (name, blocks) in [("widths", 17), ("widths-few", 1), ("widths-60", 29), ("widths-200", 99)]
    {
        write(folder, name, |format| draw_widths(&widths(blocks), format))?;
    }
    write(folder, "widths-empty", |format| draw_widths(&WidthsFigure::default(), format))
}

/// 24 iterations of 15 proposals each, from 31 ms to 20 ms, and networks trained at the end.
fn adaptation() -> AdaptationFigure {
    let mut next = noise(5);
    let mut path = vec![Point { latency_ms: 31.2, accuracy: 0.648 }];
    let mut proposals = Vec::new();
    for iteration in 1..=24 {
        let before = path[path.len() - 1].latency_ms;
        let wanted = 31.2 - 11.3 * f64::from(iteration) / 24.0;
        let top =
            0.648 - 0.0021 * f64::from(iteration) - 0.00006 * f64::from(iteration * iteration);
        let of_iteration: Vec<Point> = (0..15)
            .map(|_| Point {
                latency_ms: (wanted - 0.25 * next()).min(before),
                accuracy: top - 0.004 * next() - 0.035 * next() * next() * next(),
            })
            .collect();
        path.extend(of_iteration.iter().copied().max_by(|a, b| a.accuracy.total_cmp(&b.accuracy)));
        proposals.extend(of_iteration);
    }
    let trained = |label: &str, latency_ms: f64, accuracies: &[f64]| TrainedMark {
        label: label.into(),
        latency_ms,
        accuracies: accuracies.to_vec(),
    };
    AdaptationFigure {
        title: "NetAdapt of MobileNetV1 from 31.2 ms to 20 ms, native runtime".into(),
        footnote:
            "Accuracy of proposals and iterations: after a short fine-tuning. Latency: measured, \
                   median of 50 runs, AMD EPYC 9R14."
                .into(),
        proposals,
        path,
        trained: vec![
            trained("adapted, from scratch", 19.82, &[0.6352, 0.6311, 0.6384]),
            trained("adapted, fine-tuned", 19.82, &[0.6411, 0.6375, 0.6432]),
            trained("uniform width", 19.91, &[0.6263, 0.6214, 0.6291]),
            trained("width and resolution", 19.64, &[0.6301, 0.6262, 0.6344]),
            trained("random widths", 19.75, &[0.6172, 0.6104, 0.6236]),
            trained("random widths", 19.98, &[0.6021]),
            trained("seed, from scratch", 31.2, &[0.6581, 0.6552, 0.6603]),
        ],
        target_ms: Some(20.0),
    }
}

/// A stem, `blocks` blocks of two rows each, and a head.
fn widths(blocks: usize) -> WidthsFigure {
    let mut next = noise(3);
    let mut row = |label: String, before: usize| {
        let after = (before as f64 * (0.35 + 0.65 * next()) / 8.0).ceil() as usize * 8;
        WidthRow { label, before, after: after.min(before) }
    };
    let mut rows = vec![row("stem".into(), 32)];
    for block in 1..=blocks {
        let out = [16, 24, 40, 80, 112, 192, 320][(block - 1) * 7 / blocks];
        rows.push(row(format!("{block} expand"), 4 * out));
        let label = if block % 4 == 3 {
            format!("{block}-{} out", block + 1)
        } else {
            format!("{block} out")
        };
        rows.push(row(label, out));
    }
    rows.push(row("head conv".into(), 1280));
    WidthsFigure {
        title: "Channels of each layer before and after NetAdapt to 20 ms".into(),
        footnote: "Layers joined by a shortcut keep one width.".into(),
        before_label: "seed, 31.2 ms".into(),
        after_label: "adapted, 19.8 ms".into(),
        rows,
    }
}
