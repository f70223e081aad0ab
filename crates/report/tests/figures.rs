//! Figures: what the files have, and what is refused.

use proptest::prelude::*;
use report::{
    ComparisonFigure, ComparisonLine, ComparisonPoint, Curve, CurvesFigure, Format, Improvement,
    LineKind, Mark, MarkKind, MeasuredPoint, ParetoFigure, PhaseShade, Plot, Point, ProgressFigure,
    ProgressLine, ProgressPhase, Quantity, TrialGroup, ValidatedNetwork, ValidationFigure,
    draw_comparison, draw_curves, draw_pareto, draw_progress, draw_validation,
};

fn point(latency_ms: f64, accuracy: f64) -> Point {
    Point { latency_ms, accuracy }
}

fn mark(kind: MarkKind, label: &str, latency_ms: f64, accuracy: f64) -> Mark {
    Mark { point: point(latency_ms, accuracy), label: label.into(), kind }
}

/// `count` trials on a spiral: distinct places all over the plot.
fn trials(count: usize) -> Vec<Point> {
    (0..count)
        .map(|index| {
            let angle = index as f64 * 2.399_963;
            let radius = (index as f64 / count as f64).sqrt();
            point(20.0 + 17.0 * radius * angle.cos(), 0.55 + 0.12 * radius * angle.sin())
        })
        .collect()
}

fn group(label: &str, count: usize) -> TrialGroup {
    TrialGroup { label: label.into(), points: trials(count) }
}

fn pareto() -> ParetoFigure {
    ParetoFigure {
        title: "mnasnet & <others>".into(),
        footnote: "accuracy: surrogate".into(),
        y_name: String::new(),
        trials: vec![
            group("trials maximising the reward", 300),
            group("trials searching under the target", 200),
        ],
        front: vec![point(3.0, 0.43), point(14.8, 0.646), point(40.0, 0.67)],
        targets_ms: vec![15.0],
        marks: vec![
            mark(MarkKind::Best, "best: 64.6 %", 14.8, 0.646),
            mark(MarkKind::BestByReward, "best by reward: 60.0 %", 9.0, 0.60),
            mark(MarkKind::Reference, "EfficientNet-B0", 24.0, 0.61),
        ],
        measured: vec![MeasuredPoint { predicted_ms: 14.9, measured_ms: 15.2, accuracy: 0.647 }],
    }
}

fn phase(label: &str, first: u64, last: u64, shade: PhaseShade) -> ProgressPhase {
    ProgressPhase { label: label.into(), first, last, shade }
}

fn progress() -> ProgressFigure {
    let line = |label: &str, kind, last| ProgressLine {
        label: label.into(),
        end_label: String::new(),
        kind,
        group: 0,
        improvements: vec![
            Improvement { trial: 1, accuracy: 0.43 },
            Improvement { trial: 60, accuracy: 0.6 },
            Improvement { trial: 700, accuracy: last },
        ],
    };
    ProgressFigure {
        title: "Progress".into(),
        trials: 1000,
        phases: vec![
            phase("maximising the reward", 1, 500, PhaseShade::Shaded),
            phase("searching under the target", 501, 1000, PhaseShade::Plain),
        ],
        lines: vec![
            line("search", LineKind::Search, 0.646),
            line("random", LineKind::Baseline, 0.631),
        ],
        ..ProgressFigure::default()
    }
}

fn comparison(quantity: Quantity) -> ComparisonFigure {
    let line = |label: &str, seeds, end: f64| {
        let point = |trials, middle: f64, spread: f64| ComparisonPoint {
            trials,
            low: Some(middle - spread),
            middle,
            high: Some(middle + spread),
        };
        let start = ComparisonPoint { low: None, ..point(3, 0.43, 0.02) };
        let points = vec![start, point(60, 0.6, 0.01), point(700, end, 0.0)];
        ComparisonLine { label: label.into(), seeds, points }
    };
    ComparisonFigure {
        title: "Comparison".into(),
        footnote: "median".into(),
        quantity,
        lines: vec![line("ppo", 5, 0.646), line("<uniform>", 1, 0.631)],
    }
}

/// All texts of an SVG, which must be well formed.
fn texts(svg: &[u8]) -> Vec<String> {
    let document = std::str::from_utf8(svg).unwrap();
    let parsed = roxmltree::Document::parse(document).unwrap();
    let texts = parsed.descendants().filter(|node| node.has_tag_name("text"));
    texts.map(|node| node.text().unwrap_or_default().trim().to_owned()).collect()
}

fn pareto_texts(figure: &ParetoFigure) -> Vec<String> {
    texts(&draw_pareto(figure, Format::Svg).unwrap())
}

fn progress_texts(figure: &ProgressFigure) -> Vec<String> {
    texts(&draw_progress(figure, Format::Svg).unwrap())
}

fn comparison_texts(figure: &ComparisonFigure) -> Vec<String> {
    texts(&draw_comparison(figure, Format::Svg).unwrap())
}

fn assert_has(texts: &[String], expected: &[&str]) {
    for label in expected {
        assert!(texts.iter().any(|text| text == label), "no `{label}` in {texts:?}");
    }
}

/// RGB pixels of a PNG of the documented size.
fn pixels(file: &[u8]) -> Vec<[u8; 3]> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut buffer).unwrap();
    assert_eq!((info.width, info.height, info.color_type), (1600, 1000, png::ColorType::Rgb));
    buffer.as_chunks::<3>().0.to_vec()
}

fn curves() -> CurvesFigure {
    let curve = |label: &str, ys: &[f64]| Curve {
        label: label.into(),
        points: (1..).zip(ys).map(|(x, &y)| (f64::from(x), y)).collect(),
    };
    let top1 = curve("hold-out", &[40.0, 61.5, 64.0]);
    let losses =
        vec![curve("hold-out", &[2.0, 1.5, 1.4]), curve("training images", &[2.3, 1.6, 1.3])];
    CurvesFigure {
        title: "Training of a network".into(),
        footnote: "Data: shapes".into(),
        x_name: "epochs".into(),
        plots: vec![
            Plot { y_name: "top-1 (%)".into(), curves: vec![top1] },
            Plot { y_name: "loss".into(), curves: losses },
        ],
    }
}

#[test]
fn curves_stand_under_each_other_over_one_axis() {
    let figure = curves();
    let svg = texts(&draw_curves(&figure, Format::Svg).unwrap());
    let expected =
        ["Training of a network", "Data: shapes", "top-1 (%)", "loss", "epochs", "3", "60"];
    assert_has(&svg, &expected);
    // Once in the legend, and the common axis's name once, though both plots have the curve.
    for once in ["hold-out", "training images", "epochs"] {
        assert_eq!(svg.iter().filter(|text| *text == once).count(), 1, "{once}");
    }
    let png = pixels(&draw_curves(&figure, Format::Png).unwrap());
    assert!(png.iter().filter(|pixel| pixel[0] < 60).count() > 2_000);

    let mut empty = curves();
    empty.plots[1].curves.clear();
    assert_has(&texts(&draw_curves(&empty, Format::Svg).unwrap()), &["nothing to show"]);
    for (at, value) in
        [((1.0, f64::NAN), "y of"), ((f64::INFINITY, 1.0), "x of"), ((0.5, 1.0), "x of")]
    {
        let mut wrong = curves();
        wrong.plots[1].curves[0].points[1] = at;
        let error = draw_curves(&wrong, Format::Svg).unwrap_err().to_string();
        assert!(error.contains(value) && error.contains("plots[1].curves[0].points[1]"), "{error}");
    }
}

#[test]
fn an_svg_says_everything_that_the_figure_holds() {
    let expected = [
        "mnasnet & <others>",
        "accuracy: surrogate",
        "latency (ms, logarithmic scale)",
        "accuracy (%)",
        "trials maximising the reward",
        "trials searching under the target",
        "Pareto front",
        "target 15 ms",
        "best: 64.6 %",
        "best by reward: 60.0 %",
        "EfficientNet-B0",
        "predicted → measured latency",
        "10",
        "60",
    ];
    assert_has(&pareto_texts(&pareto()), &expected);
    let expected = [
        "Progress",
        "trials",
        "search",
        "random",
        "64.6 %",
        "63.1 %",
        "maximising the reward",
        "searching under the target",
        "1,000",
    ];
    assert_has(&progress_texts(&progress()), &expected);
}

#[test]
fn a_comparison_names_its_lines_and_their_ends() {
    let check = |quantity, expected: &[&str]| {
        let names =
            ["ppo, 5 seeds", "<uniform>, 1 seed", "25th to 75th percentile over seeds", "100"];
        let texts = comparison_texts(&comparison(quantity));
        assert_has(&texts, &[&names, expected].concat());
    };
    let name = "best accuracy so far (%)";
    check(Quantity::Accuracy, &[name, "ppo 64.60 %", "<uniform> 63.10 %"]);
    let name = "dominated hypervolume (fraction of the maximum)";
    check(Quantity::Hypervolume, &[name, "ppo 0.6460", "<uniform> 0.6310"]);
    check(Quantity::Regret, &["regret (percentage points)", "ppo 64.600"]);

    let mut reached = comparison(Quantity::Regret);
    reached.lines[0].points[2] =
        ComparisonPoint { trials: 700, low: Some(0.0), middle: 0.0, high: Some(0.001) };
    let name = "regret (percentage points, logarithmic, 0 at the bottom)";
    assert_has(&comparison_texts(&reached), &[name, "ppo 0.000", "1", "10"]);

    let mut long = comparison(Quantity::Accuracy);
    long.lines[0].label = "a name that leaves no room".into();
    assert_has(&comparison_texts(&long), &["a name that leaves no room, 5 seeds", "64.60 %"]);

    let mut alone = comparison(Quantity::Accuracy);
    for point in alone.lines.iter_mut().flat_map(|line| &mut line.points) {
        (point.low, point.high) = (Some(point.middle), Some(point.middle));
    }
    let texts = comparison_texts(&alone);
    assert!(!texts.iter().any(|text| text.contains("percentile")), "{texts:?}");
}

#[test]
fn a_comparison_reads_in_black_and_white() {
    let pixels = pixels(&draw_comparison(&comparison(Quantity::Accuracy), Format::Png).unwrap());
    assert!(pixels.iter().all(|[r, g, b]| r == g && g == b));
    let band = pixels.iter().filter(|pixel| (200..0xE8).contains(&pixel[0])).count();
    assert!(band > 10_000, "{band} pixels between the quartiles");
}

#[test]
fn the_legend_lists_only_what_is_there() {
    let mut figure = pareto();
    figure.measured.clear();
    figure.marks.retain(|mark| mark.kind != MarkKind::BestByReward);
    let texts = pareto_texts(&figure);
    for absent in ["predicted → measured latency", "best by reward"] {
        assert!(!texts.iter().any(|text| text == absent), "{absent}");
    }
}

#[test]
fn the_axis_is_linear_for_a_small_spread() {
    let front = vec![point(10.0, 0.5), point(20.0, 0.6)];
    let figure = ParetoFigure { front, ..ParetoFigure::default() };
    assert_has(&pareto_texts(&figure), &["latency (ms, linear scale)", "10", "12", "20"]);
}

#[test]
fn without_data_a_figure_says_so() {
    assert_has(&pareto_texts(&ParetoFigure::default()), &["no trials"]);
    let unmet = ProgressFigure { trials: 40, ..ProgressFigure::default() };
    assert_has(&progress_texts(&unmet), &["no trial met the target", "40"]);
    let unmet = ComparisonFigure { lines: Vec::new(), ..comparison(Quantity::Accuracy) };
    assert_has(&comparison_texts(&unmet), &["no trial met the target"]);
}

#[test]
fn every_target_is_named() {
    let targets_ms = vec![15.0, 5.0, 5.1, 10.25];
    let texts = pareto_texts(&ParetoFigure { targets_ms, ..pareto() });
    assert_has(&texts, &["target 5 ms", "target 5.1 ms", "target 10.25 ms", "target 15 ms"]);
}

#[test]
fn thousands_of_trials_stay_small() {
    let figure = ParetoFigure {
        trials: [6_000, 6_000, 4_000].map(|count| group("trials", count)).to_vec(),
        ..pareto()
    };
    let svg = draw_pareto(&figure, Format::Svg).unwrap();
    assert!(svg.len() < 600_000, "{} bytes", svg.len());
}

#[test]
fn a_png_shows_the_marks() {
    let full = pixels(&draw_pareto(&pareto(), Format::Png).unwrap());
    let accent = full.iter().filter(|&&[r, g, b]| r > 150 && g < 100 && b < 60).count();
    assert!(accent > 300, "{accent} pixels of stars: one in the plot, one in the legend");
    let bare = ParetoFigure { marks: Vec::new(), ..pareto() };
    let bare = pixels(&draw_pareto(&bare, Format::Png).unwrap());
    assert!(bare.iter().all(|[r, g, b]| r == g && g == b), "the rest is grey");
    assert!(pixels(&draw_progress(&progress(), Format::Png).unwrap()).iter().any(|p| p[0] < 40));
}

#[test]
fn values_without_a_place_are_refused() {
    let check = |figure: ParetoFigure, message: &str| {
        let error = draw_pareto(&figure, Format::Svg).unwrap_err();
        assert_eq!(error.to_string(), message);
    };
    check(
        ParetoFigure { front: vec![point(1.0, 0.5), point(0.0, 0.5)], ..pareto() },
        "latency of front[1]: found 0; expected: milliseconds from 1e-6 to 1e9",
    );
    let points = vec![point(4.0, 0.5), point(4.0, 64.6)];
    check(
        ParetoFigure { trials: vec![TrialGroup { points, ..TrialGroup::default() }], ..pareto() },
        "accuracy of trials[0].points[1]: found 64.6; expected: a fraction from 0 to 1",
    );
    check(
        ParetoFigure { targets_ms: vec![f64::NAN], ..pareto() },
        "targets_ms[0]: found NaN; expected: milliseconds from 1e-6 to 1e9",
    );
    let mut figure = progress();
    figure.lines[1].improvements[2].trial = 60;
    assert_eq!(
        draw_progress(&figure, Format::Svg).unwrap_err().to_string(),
        "trial of lines[1].improvements[2]: found 60; expected: a trial after the improvement before, up to the \
         figure's trials"
    );
}

#[test]
fn comparisons_of_what_cannot_be_are_refused() {
    let check = |change: fn(&mut ComparisonPoint), message: &str| {
        let mut figure = comparison(Quantity::Accuracy);
        change(&mut figure.lines[1].points[1]);
        let error = draw_comparison(&figure, Format::Svg).unwrap_err();
        assert_eq!(error.to_string(), message);
    };
    let allowed = "expected: a fraction from 0 to 1";
    check(|point| point.middle = 64.6, &format!("lines[1].points[1]: found 64.6; {allowed}"));
    check(|point| point.low = Some(f64::NAN), &format!("lines[1].points[1]: found NaN; {allowed}"));
    check(
        |point| point.trials = 3,
        "trials of lines[1].points[1]: found 3; expected: more trials than the point before has, \
         from 1 on",
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_comparison_makes_a_well_formed_svg(
        text in any::<String>(),
        lines in prop::collection::vec(prop::collection::vec((1..100_000_u64, 0.0..=1.0_f64), 0..9), 0..9),
        quantity in prop::sample::select(vec![Quantity::Accuracy, Quantity::Hypervolume, Quantity::Regret]),
    ) {
        let line = |mut steps: Vec<(u64, f64)>| {
            steps.sort_by_key(|step| step.0);
            steps.dedup_by_key(|step| step.0);
            let points = steps.into_iter().map(|(trials, middle)| ComparisonPoint {
                trials, low: Some(middle / 2.0), middle, high: None,
            });
            ComparisonLine { label: text.clone(), seeds: 2, points: points.collect() }
        };
        let lines = lines.into_iter().map(line).collect();
        let figure = ComparisonFigure { title: text.clone(), footnote: text.clone(), quantity, lines };
        assert_has(&comparison_texts(&figure), &["trials (logarithmic scale)"]);
    }

    #[test]
    fn any_labels_and_points_make_a_well_formed_svg(
        text in any::<String>(),
        points in prop::collection::vec((1e-6..1e9f64, 0.0..=1.0f64), 0..30),
        targets_ms in prop::collection::vec(1e-6..1e9f64, 0..30),
    ) {
        let points: Vec<_> = points.into_iter().map(|(ms, accuracy)| point(ms, accuracy)).collect();
        let marks = points.iter().take(5);
        let figure = ParetoFigure {
            title: text.clone(),
            footnote: text.clone(),
            marks: marks.map(|&point| Mark { point, label: text.clone(), kind: MarkKind::Best }).collect(),
            trials: vec![TrialGroup { label: text, points: points.clone() }],
            front: points,
            targets_ms,
            ..ParetoFigure::default()
        };
        assert_has(&pareto_texts(&figure), &["accuracy (%)"]);
    }
}

/// Networks over two octaves, whose predictions are off by these shares.
fn validation(errors: &[f64]) -> ValidationFigure {
    let network = |(index, error): (usize, &f64)| {
        let measured_ms = 5.0 * 4.0_f64.powf(index as f64 / errors.len() as f64);
        ValidatedNetwork {
            predicted_ms: measured_ms * (1.0 + error),
            measured_ms,
            range_ms: Some([0.99 * measured_ms, 1.02 * measured_ms]),
        }
    };
    ValidationFigure {
        title: "Predicted & measured".into(),
        footnote: "2 processes".into(),
        networks: errors.iter().enumerate().map(network).collect(),
    }
}

#[test]
fn a_validation_has_both_latencies_and_the_errors() {
    let texts = texts(&draw_validation(&validation(&[0.01, -0.02, 0.12]), Format::Svg).unwrap());
    let expected = [
        "Predicted & measured",
        "2 processes",
        "measured latency (ms, logarithmic scale)",
        "predicted (ms)",
        "error (%)",
        "network, range of measurements",
        "predicted = measured",
        "5 % off",
        "5",
        "10",
        "0",
        "-5",
    ];
    assert_has(&texts, &expected);
    let nothing = draw_validation(&ValidationFigure::default(), Format::Svg).unwrap();
    assert_has(&self::texts(&nothing), &["no networks"]);
}

#[test]
fn a_validation_reads_in_black_and_white() {
    let pixels = pixels(&draw_validation(&validation(&[0.0; 12]), Format::Png).unwrap());
    assert!(pixels.iter().all(|[r, g, b]| r == g && g == b));
}

/// A mark is as far above the line without an error as its prediction is too high.
#[test]
fn errors_are_at_their_place() {
    let centres = |errors: &[f64]| -> Vec<(f64, f64)> {
        let svg = draw_validation(&validation(errors), Format::Svg).unwrap();
        let document = roxmltree::Document::parse(std::str::from_utf8(&svg).unwrap()).unwrap();
        let circles = document.descendants().filter(|node| node.has_tag_name("circle"));
        let number = |node: roxmltree::Node<'_, '_>, name: &str| -> f64 {
            node.attribute(name).unwrap().parse().unwrap()
        };
        // Hollow marks are two circles each; the first pair is that of the legend.
        circles.step_by(2).skip(1).map(|node| (number(node, "cx"), number(node, "cy"))).collect()
    };
    let right = centres(&[0.0, 0.0]);
    let off = centres(&[0.0, 0.04]);
    assert_eq!((right.len(), off.len()), (4, 4), "two networks in two plots");
    let [upper, lower] = [2, 3].map(|place: usize| off[place].1 - off[place - 2].1);
    assert!(upper < 0.0 && lower < 0.0, "{off:?}");
    assert_eq!(right[1].1, right[3].1, "no error");
    assert_eq!(off[1].1, right[1].1, "the axis of errors is the same");
}

#[test]
fn validations_that_cannot_be_drawn_are_refused() {
    let check = |change: fn(&mut ValidatedNetwork), place: &str| {
        let mut figure = validation(&[0.0, 0.0]);
        change(&mut figure.networks[1]);
        let error = draw_validation(&figure, Format::Svg).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains("milliseconds"), "{error}");
    };
    check(|network| network.predicted_ms = 0.0, "predicted_ms of networks[1]");
    check(|network| network.measured_ms = f64::NAN, "measured_ms of networks[1]");
    check(|network| network.range_ms = Some([1.0, f64::INFINITY]), "range_ms[1] of networks[1]");
}
