//! Whether texts overlap, by the boxes of the texts of an SVG.

use ab_glyph::{Font, FontRef};
use proptest::prelude::*;
use report::{
    ComparisonFigure, ComparisonLine, ComparisonPoint, Format, Improvement, LineKind, Mark,
    MarkKind, ParetoFigure, PhaseShade, Point, ProgressFigure, ProgressLine, ProgressPhase,
    Quantity, TrialGroup, ValidatedNetwork, ValidationFigure, draw_comparison, draw_pareto,
    draw_progress, draw_validation,
};

/// A text with its box: left, top, right and bottom, from the height of capitals to descenders.
#[derive(Debug, Clone)]
struct Boxed {
    text: String,
    sides: [f64; 4],
}

/// The width of a text in ems of the embedded font, which has the widths of Arial.
fn ems(text: &str) -> f64 {
    let font = FontRef::try_from_slice(include_bytes!("../fonts/ReportSans-Regular.ttf")).unwrap();
    let advance = |c| f64::from(font.h_advance_unscaled(font.glyph_id(c)));
    text.chars().map(advance).sum::<f64>() / f64::from(font.units_per_em().unwrap())
}

fn boxes(svg: &[u8]) -> Vec<Boxed> {
    let document = roxmltree::Document::parse(std::str::from_utf8(svg).unwrap()).unwrap();
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    let boxed = |node: roxmltree::Node<'_, '_>| {
        let number = |name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
        let text = node.text().unwrap_or_default().trim().to_owned();
        let (x, y, size) = (number("x"), number("y"), number("font-size"));
        let width = ems(&text) * size;
        let start = match node.attribute("text-anchor") {
            Some("middle") => -width / 2.0,
            Some("end") => -width,
            _ => 0.0,
        };
        // `dy` moves the baseline.
        let (top, bottom) = ((0.76 - 0.7) * size, (0.76 + 0.2) * size);
        let sides = match node.attribute("transform") {
            None => [x + start, y + top, x + start + width, y + bottom],
            Some(_) => [x + top, y - start - width, x + bottom, y - start],
        };
        Boxed { text, sides }
    };
    texts.map(boxed).collect()
}

/// Fails if two texts overlap, or a text is not on the page.
fn assert_clear(svg: &[u8]) -> Vec<Boxed> {
    let boxes = boxes(svg);
    for (index, one) in boxes.iter().enumerate() {
        let [left, top, right, bottom] = one.sides;
        assert!(left >= 0.0 && top >= 0.0 && right <= 4_800.0 && bottom <= 3_000.0, "{one:?}");
        for other in &boxes[index + 1..] {
            let width = right.min(other.sides[2]) - left.max(other.sides[0]);
            let height = bottom.min(other.sides[3]) - top.max(other.sides[1]);
            assert!(width <= 1.0 || height <= 1.0, "{one:?} and {other:?} overlap");
        }
    }
    boxes
}

fn has(boxes: &[Boxed], text: &str) -> bool {
    boxes.iter().any(|boxed| boxed.text == text)
}

fn point(latency_ms: f64, accuracy: f64) -> Point {
    Point { latency_ms, accuracy }
}

/// A front over the whole plot, with a winner for each target and three references.
fn pareto(targets_ms: &[f64]) -> ParetoFigure {
    let curve = |ms: f64| 0.69 - 0.42 * ms.powf(-0.62);
    let front: Vec<Point> =
        (0..60).map(|step| 3.0 * 1.045_f64.powi(step)).map(|ms| point(ms, curve(ms))).collect();
    let mark = |kind, label: String, ms: f64| Mark { point: point(ms, curve(ms)), label, kind };
    let best = targets_ms.iter().map(|&ms| {
        let label = format!("best under {ms} ms: {:.1} %, {ms:.2} ms", 100.0 * curve(ms));
        mark(MarkKind::Best, label, 0.99 * ms)
    });
    let names = ["EfficientNet-B0", "uniform 3x3 expansion 4", "uniform 5x5 expansion 6"];
    let references = names.into_iter().zip([22.0, 11.0, 25.0]);
    let references = references.map(|(name, ms)| mark(MarkKind::Reference, name.to_owned(), ms));
    let group = |label: &str| TrialGroup { label: label.to_owned(), points: vec![point(9.0, 0.4)] };
    ParetoFigure {
        title: "Accuracy and latency of 16,000 networks of the space mnasnet".to_owned(),
        footnote: "Accuracy: surrogate. ".repeat(14),
        trials: ["trials maximising the reward", "trials searching under the target", "third"]
            .map(group)
            .to_vec(),
        marks: best.chain(references).collect(),
        front,
        targets_ms: targets_ms.to_vec(),
        ..ParetoFigure::default()
    }
}

#[test]
fn three_targets_are_named_and_nothing_overlaps() {
    for targets_ms in [
        [5.0, 10.0, 15.0],
        [9.9, 10.0, 10.1],
        [36.0, 38.5, 39.0],
        [3.2, 3.3, 39.0],
        [14.998, 15.0, 15.002],
        [1234.5, 2000.0, 20000.0],
    ] {
        let svg = draw_pareto(&pareto(&targets_ms), Format::Svg).unwrap();
        let boxes = assert_clear(&svg);
        let names = ["target 1,234.5 ms", "target 2,000 ms", "target 20,000 ms"];
        for (ms, name) in targets_ms.iter().zip(names) {
            let name = if *ms >= 1000.0 { name.to_owned() } else { format!("target {ms} ms") };
            assert!(has(&boxes, &name), "{name}: {boxes:?}");
        }
    }
}

#[test]
fn labels_stand_at_their_lines() {
    let svg = draw_pareto(&pareto(&[9.9, 10.0, 10.1]), Format::Svg).unwrap();
    let document = roxmltree::Document::parse(std::str::from_utf8(&svg).unwrap()).unwrap();
    // Dashed lines are many short ones; their upper ends are where the labels are.
    let lines = document.descendants().filter(|node| node.has_tag_name("polyline"));
    let uprights: Vec<f64> = lines
        .filter_map(|node| {
            let ends: Vec<(f64, f64)> = node
                .attribute("points")?
                .split_whitespace()
                .filter_map(|end| {
                    let (x, y) = end.split_once(',')?;
                    Some((x.parse().ok()?, y.parse().ok()?))
                })
                .collect();
            match ends[..] {
                [a, b] if a.0 == b.0 && a.1 != b.1 => Some(a.0),
                _ => None,
            }
        })
        .collect();
    for boxed in boxes(&svg).iter().filter(|boxed| boxed.text.starts_with("target 1")) {
        let [left, _, right, _] = boxed.sides;
        let near = |x: &&f64| **x > left - 60.0 && **x < right + 60.0;
        assert!(uprights.iter().any(|x| near(&x)), "{boxed:?}");
    }
}

#[test]
fn long_names_few_points_and_none_overlap_nothing() {
    let mut long = pareto(&[5.0, 10.0, 15.0]);
    for mark in &mut long.marks {
        mark.label = format!("{} with a name that somebody made much too long", mark.label);
    }
    assert_clear(&draw_pareto(&long, Format::Svg).unwrap());
    let one = ParetoFigure { front: vec![point(7.0, 0.5)], ..ParetoFigure::default() };
    assert_clear(&draw_pareto(&one, Format::Svg).unwrap());
    let targets_only = ParetoFigure { targets_ms: vec![5.0, 5.1], ..ParetoFigure::default() };
    assert_clear(&draw_pareto(&targets_only, Format::Svg).unwrap());
    assert_clear(&draw_pareto(&ParetoFigure::default(), Format::Svg).unwrap());
}

/// A search and random sampling for each target, the lowest accuracies last.
fn progress(targets: &[(&str, f64)], trials: u64, spans: &[(&str, u64, u64)]) -> ProgressFigure {
    let line = |label: String, end_label: String, kind, group, top: f64| ProgressLine {
        label,
        end_label,
        kind,
        group,
        improvements: [0.9, 0.97, 0.99, 1.0]
            .iter()
            .zip(1..)
            .map(|(share, number)| Improvement {
                trial: number * trials / 5,
                accuracy: top * share,
            })
            .collect(),
    };
    let lines = targets.iter().enumerate().flat_map(|(group, &(name, top))| {
        let labels = [format!("evolution under {name}"), format!("random sampling under {name}")];
        let [search, random] = labels;
        [
            line(search, name.to_owned(), LineKind::Search, group, top),
            line(random, format!("{name}, random"), LineKind::Baseline, group, top - 0.004),
        ]
    });
    let phase = |&(label, first, last): &(&str, u64, u64)| ProgressPhase {
        label: label.to_owned(),
        first,
        last,
        shade: if first == 1 { PhaseShade::Shaded } else { PhaseShade::Plain },
    };
    ProgressFigure {
        title: "Best accuracy under each target against trials".to_owned(),
        footnote: "Accuracy: surrogate.".to_owned(),
        trials,
        phases: spans.iter().map(phase).collect(),
        lines: lines.collect(),
    }
}

const PHASES: [(&str, u64, u64); 3] = [
    ("maximising the reward", 1, 6_000),
    ("accuracy under the targets", 6_001, 12_000),
    ("filling the front", 12_001, 16_000),
];

#[test]
fn progress_tells_targets_and_phases_apart() {
    let targets = [("5 ms", 0.6), ("10 ms", 0.63), ("15 ms", 0.646)];
    let figure = progress(&targets, 16_000, &PHASES);
    let svg = draw_progress(&figure, Format::Svg).unwrap();
    let boxes = assert_clear(&svg);
    let names = PHASES.map(|(name, ..)| name);
    let ends = ["5 ms: 60.0 %", "10 ms: 63.0 %", "15 ms: 64.6 %", "5 ms, random: 59.6 %"];
    for text in names.into_iter().chain(ends).chain(["16,000", "evolution under 5 ms"]) {
        assert!(has(&boxes, text), "{text}: {boxes:?}");
    }
    // The searches differ in stroke: of the solid one every step is one line, of the others many.
    let svg = String::from_utf8(svg).unwrap();
    let alone = progress(&targets[..1], 16_000, &PHASES);
    let alone = String::from_utf8(draw_progress(&alone, Format::Svg).unwrap()).unwrap();
    let lines = |svg: &str| svg.matches("<polyline").count();
    assert!(lines(&svg) > 2 * lines(&alone), "{} {}", lines(&svg), lines(&alone));
    // The phase that maximises the reward is shaded.
    let shaded = |svg: &str| svg.contains("opacity=\"0.07\"");
    assert!(shaded(&svg));
    let plain = progress(&targets, 16_000, &[("accuracy under the targets", 2, 16_000)]);
    assert!(!shaded(&String::from_utf8(draw_progress(&plain, Format::Svg).unwrap()).unwrap()));
}

#[test]
fn progress_with_narrow_phases_equal_ends_or_nothing_overlaps_nothing() {
    let narrow = [
        ("maximising the reward", 1, 100),
        ("accuracy under the targets", 101, 300),
        ("filling the front", 301, 15_900),
        ("a last phase with a long name", 15_901, 16_000),
    ];
    let equal = [("5 ms", 0.6), ("10 ms", 0.6), ("15 ms", 0.6)];
    let boxes =
        assert_clear(&draw_progress(&progress(&equal, 16_000, &narrow), Format::Svg).unwrap());
    for (name, ..) in narrow {
        assert!(has(&boxes, name), "{name}");
    }
    assert_clear(&draw_progress(&progress(&[], 16_000, &PHASES), Format::Svg).unwrap());
    assert_clear(&draw_progress(&ProgressFigure::default(), Format::Svg).unwrap());
}

#[test]
fn phases_that_overlap_or_are_empty_are_refused() {
    let check = |spans: &[(&str, u64, u64)], message: &str| {
        let error = draw_progress(&progress(&[], 100, spans), Format::Svg).unwrap_err();
        assert_eq!(error.to_string(), message);
    };
    let first = "a trial after the phase before, from 1 on";
    let last = "a trial from the first of the phase on, up to the figure's trials";
    check(&[("a", 0, 4)], &format!("first of phases[0]: found 0; expected: {first}"));
    check(&[("a", 1, 9), ("b", 9, 20)], &format!("first of phases[1]: found 9; expected: {first}"));
    check(&[("a", 5, 4)], &format!("last of phases[0]: found 4; expected: {last}"));
    check(&[("a", 5, 101)], &format!("last of phases[0]: found 101; expected: {last}"));
}

fn comparison(names: &[&str]) -> ComparisonFigure {
    let line = |(index, name): (usize, &&str)| {
        let top = 0.65 - 0.0004 * index as f64;
        let points = (0..24).map(|step| {
            let trials = 2 + 3 * step * step;
            let middle = top - 0.1 / (1.0 + step as f64);
            let spread = 0.02 / (1.0 + step as f64);
            ComparisonPoint {
                trials,
                low: Some(middle - spread),
                middle,
                high: Some(middle + spread),
            }
        });
        ComparisonLine { label: (*name).to_owned(), seeds: 5, points: points.collect() }
    };
    ComparisonFigure {
        title: "Best accuracy".to_owned(),
        footnote: "Median.".to_owned(),
        quantity: Quantity::Accuracy,
        lines: names.iter().enumerate().map(line).collect(),
    }
}

#[test]
fn the_bands_of_a_comparison_are_hatched_in_different_directions() {
    let names = ["evolution", "ppo", "random", "nsga2"];
    let svg = draw_comparison(&comparison(&names), Format::Svg).unwrap();
    let boxes = assert_clear(&svg);
    assert!(has(&boxes, "evolution, 5 seeds"), "{boxes:?}");
    let document = roxmltree::Document::parse(std::str::from_utf8(&svg).unwrap()).unwrap();
    let mut found = [0; 4];
    for node in document.descendants().filter(|node| node.attribute("stroke") == Some("#9C9C9C")) {
        let ends: Vec<f64> = node
            .attribute("points")
            .unwrap()
            .split([' ', ','])
            .filter_map(|number| number.parse().ok())
            .collect();
        let (dx, dy) = (ends[2] - ends[0], ends[3] - ends[1]);
        // Rising, falling, upright, level; y goes down.
        let direction = match (dx.abs() < 1.0, dy.abs() < 1.0) {
            (true, false) => 2,
            (false, true) => 3,
            _ if dx * dy < 0.0 => 0,
            _ => 1,
        };
        found[direction] += 1;
    }
    assert!(found.iter().all(|&lines| lines > 10), "{found:?}");
}

#[test]
fn many_lines_with_the_same_end_have_labels_apart() {
    let names = ["evolution", "ppo", "random", "nsga2", "soft, w -0.07", "hard", "no limits"];
    assert_clear(&draw_comparison(&comparison(&names), Format::Svg).unwrap());
    assert_clear(&draw_comparison(&comparison(&[]), Format::Svg).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_three_targets_overlap_nothing(targets_ms in prop::array::uniform3(3.1..40.0_f64)) {
        let rounded = targets_ms.map(|ms| (10.0 * ms).round() / 10.0);
        assert_clear(&draw_pareto(&pareto(&rounded), Format::Svg).unwrap());
    }

    #[test]
    fn any_phases_overlap_nothing(cuts in prop::array::uniform2(1..15_999_u64)) {
        let [a, b] = [cuts[0].min(cuts[1]), cuts[0].max(cuts[1]) + 1];
        let spans = [(PHASES[0].0, 1, a), (PHASES[1].0, a + 1, b), (PHASES[2].0, b + 1, 16_000)];
        let kept = if b == 16_000 { &spans[..2] } else { &spans[..] };
        assert_clear(&draw_progress(&progress(&[("5 ms", 0.6)], 16_000, kept), Format::Svg).unwrap());
    }
}

#[test]
fn texts_of_a_validation_do_not_overlap() {
    for (fastest_ms, times) in [(5.0, 4.2), (0.02, 1.1), (300.0, 90.0), (1.0, 1.0)] {
        let network = |index: i32| {
            let measured_ms = fastest_ms * f64::powf(times, f64::from(index) / 19.0);
            ValidatedNetwork { predicted_ms: 1.03 * measured_ms, measured_ms, range_ms: None }
        };
        let figure = ValidationFigure {
            title: "Predicted and measured latency of networks of mobilenet_v3".to_owned(),
            footnote: "Predicted: sum over blocks. ".repeat(12),
            networks: (0..20).map(network).collect(),
        };
        assert_clear(&draw_validation(&figure, Format::Svg).unwrap());
    }
    assert_clear(&draw_validation(&ValidationFigure::default(), Format::Svg).unwrap());
}
