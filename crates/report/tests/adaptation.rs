//! The figures of an adaptation: what the files have, and what is refused.

use proptest::prelude::*;
use report::{
    AdaptationFigure, Format, Point, TrainedMark, WidthRow, WidthsFigure, draw_adaptation,
    draw_widths,
};

fn point(latency_ms: f64, accuracy: f64) -> Point {
    Point { latency_ms, accuracy }
}

fn trained(label: &str, latency_ms: f64, accuracies: &[f64]) -> TrainedMark {
    TrainedMark { label: label.into(), latency_ms, accuracies: accuracies.to_vec() }
}

fn adaptation() -> AdaptationFigure {
    AdaptationFigure {
        title: "seed & <steps>".into(),
        footnote: "accuracy: short fine-tuning".into(),
        proposals: (0..90).map(|at| point(20.0 + f64::from(at) / 9.0, 0.6)).collect(),
        path: vec![point(30.0, 0.65), point(25.0, 0.63), point(20.0, 0.61)],
        trained: vec![
            trained("adapted, from scratch", 20.0, &[0.655, 0.64, 0.645]),
            trained("uniform width", 23.0, &[0.62]),
            trained("uniform width", 28.0, &[0.625]),
        ],
        target_ms: Some(20.5),
    }
}

fn widths() -> WidthsFigure {
    let row = |label: &str, before, after| WidthRow { label: label.into(), before, after };
    WidthsFigure {
        title: "Widths".into(),
        footnote: "groups of 8".into(),
        before_label: "<seed>".into(),
        after_label: "adapted".into(),
        rows: vec![row("stem", 32, 24), row("3-4 out", 64, 64), row("head conv", 1280, 320)],
    }
}

fn adaptation_svg(figure: &AdaptationFigure) -> String {
    String::from_utf8(draw_adaptation(figure, Format::Svg).unwrap()).unwrap()
}

fn widths_svg(figure: &WidthsFigure) -> String {
    String::from_utf8(draw_widths(figure, Format::Svg).unwrap()).unwrap()
}

/// What `read` finds in the elements named `tag`, in their order.
fn each<T>(svg: &str, tag: &str, read: impl Fn(roxmltree::Node<'_, '_>) -> Option<T>) -> Vec<T> {
    let document = roxmltree::Document::parse(svg).unwrap();
    document.descendants().filter(|node| node.has_tag_name(tag)).filter_map(read).collect()
}

fn texts(svg: &str) -> Vec<String> {
    each(svg, "text", |node| Some(node.text().unwrap_or_default().trim().to_owned()))
}

fn assert_has(svg: &str, expected: &[&str]) {
    let texts = texts(svg);
    for label in expected {
        assert!(texts.iter().any(|text| text == label), "no `{label}` in {texts:?}");
    }
}

/// Left, top, right and bottom of each polygon in `ink`.
fn polygons(svg: &str, ink: &str) -> Vec<[f64; 4]> {
    each(svg, "polygon", |node| {
        if node.attribute("fill") != Some(ink) {
            return None;
        }
        let corners = node.attribute("points")?.split_whitespace();
        let corners = corners.map(|corner| {
            let (x, y) = corner.split_once(',').unwrap();
            [x, y].map(|number| number.parse::<f64>().unwrap())
        });
        let first = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        Some(corners.fold(first, |[left, top, right, bottom], [x, y]| {
            [left.min(x), top.min(y), right.max(x), bottom.max(y)]
        }))
    })
}

/// `(x, y)` of the middle of each of them.
fn middles(svg: &str, ink: &str) -> Vec<(f64, f64)> {
    let middle =
        |[left, top, right, bottom]: [f64; 4]| ((left + right) / 2.0, (top + bottom) / 2.0);
    polygons(svg, ink).into_iter().map(middle).collect()
}

fn discs(svg: &str, ink: &str) -> usize {
    each(svg, "circle", |node| (node.attribute("fill") == Some(ink)).then_some(())).len()
}

const INK: &str = "#141414";
const LIGHT: &str = "#C6C6C6";
const LIGHT_BAR: &str = "#E9E9E9";

#[test]
fn an_adaptation_says_everything_that_the_figure_holds() {
    let svg = adaptation_svg(&adaptation());
    let expected = [
        "seed & <steps>",
        "accuracy: short fine-tuning",
        "latency (ms)",
        "hold-out top-1 accuracy (%)",
        "proposals",
        "seed",
        "network after each iteration",
        "target",
        "target 20.500 ms",
        "adapted, from scratch",
        "range over the training runs",
        "20",
        "65",
    ];
    assert_has(&svg, &expected);
    let texts = texts(&svg);
    let named = |label: &str| texts.iter().filter(|text| *text == label).count();
    assert_eq!(named("uniform width"), 1, "two marks, one entry");
    assert_eq!(named("mark moved aside, joined to its latency"), 0);
    // Beside those in the plot, the legend has 3 proposals, a step, and a seed of two discs.
    assert_eq!(discs(&svg, LIGHT), 90 + 3);
    assert_eq!(discs(&svg, INK), 2 + 1 + 2 * (1 + 1));
}

#[test]
fn the_legend_of_an_adaptation_lists_only_what_is_there() {
    let path = vec![point(30.0, 0.65)];
    let svg = adaptation_svg(&AdaptationFigure { path, ..Default::default() });
    assert_has(&svg, &["seed"]);
    let absent =
        ["proposals", "network after each iteration", "target", "range over the training runs"];
    assert!(!texts(&svg).iter().any(|text| absent.contains(&text.as_str())));
}

#[test]
fn marks_stand_where_their_numbers_are() {
    // In the legend a diamond and a hollow square; then a diamond and two hollow squares.
    let marks = middles(&adaptation_svg(&adaptation()), INK);
    assert_eq!(marks.len(), 2 + 3, "{marks:?}");
    let [adapted, low, high] = [marks[2], marks[3], marks[4]];
    assert!(adapted.0 < low.0 && low.0 < high.0, "by latency");
    assert!(adapted.1 < high.1 && high.1 < low.1, "higher accuracies are higher on the page");
    // Three milliseconds and five are apart as 3 to 5, the mean is of 65.5, 64 and 64.5 %.
    assert!(((low.0 - adapted.0) / (high.0 - low.0) - 0.6).abs() < 0.01);
    let percent = (low.1 - high.1) / 0.5;
    assert!((low.1 - (64.6667 - 62.0) * percent - adapted.1).abs() < 12.0, "{marks:?}");
}

#[test]
fn marks_that_would_hide_each_other_stand_side_by_side() {
    let mut figure = adaptation();
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    figure.trained = names.map(|name| trained(name, 20.4, &[0.64, 0.645])).to_vec();
    let svg = adaptation_svg(&figure);
    assert_has(&svg, &["mark moved aside, joined to its latency"]);
    // Of the 8 looks 6 are polygons, in the legend and in the plot.
    let marks = middles(&svg, INK);
    assert_eq!(marks.len(), 2 * 6);
    let mut across: Vec<f64> = marks[6..].iter().map(|mark| mark.0).collect();
    across.sort_by(f64::total_cmp);
    // An SVG has three units a pixel.
    assert!(across.windows(2).all(|pair| pair[1] - pair[0] > 3.0 * 20.0), "{across:?}");
}

#[test]
fn bars_are_as_long_as_the_channels() {
    let svg = widths_svg(&widths());
    let expected =
        ["Widths", "groups of 8", "<seed>", "adapted", "channels", "layers", "stem", "head conv"];
    assert_has(&svg, &expected);
    for (ink, channels) in [(LIGHT_BAR, [32.0, 64.0, 1280.0]), (INK, [24.0, 64.0, 320.0])] {
        let bars = polygons(&svg, ink);
        assert_eq!(bars.len(), 1 + 3, "one in the legend");
        let bars = &bars[1..];
        assert!(bars.windows(2).all(|pair| pair[0][2] < pair[1][0]), "from left to right");
        let lengths: Vec<f64> = bars.iter().map(|[_, top, _, bottom]| bottom - top).collect();
        for (length, channels) in lengths.iter().zip(channels) {
            let expected = channels / channels_of_unit(&svg);
            assert!((length - expected).abs() <= 2.0, "{length} is not {expected}");
        }
    }
}

/// Channels a unit of the page, by the longest light bar.
fn channels_of_unit(svg: &str) -> f64 {
    let lengths = polygons(svg, LIGHT_BAR).into_iter().map(|[_, top, _, bottom]| bottom - top);
    1280.0 / lengths.fold(0.0, f64::max)
}

#[test]
fn sixty_rows_have_labels_that_do_not_touch() {
    let row = |at: usize| WidthRow { label: format!("{at} expand"), before: 16 * at, after: 8 };
    let figure = WidthsFigure { rows: (1..=60).map(row).collect(), ..widths() };
    let upright = each(&widths_svg(&figure), "text", |node| {
        let label = node.text()?.trim().ends_with("expand");
        let turned = node.attribute("transform").is_some_and(|turn| turn.contains("rotate(270"));
        let number = |name| node.attribute(name)?.parse::<f64>().ok();
        (label && turned).then_some(())?;
        Some((number("x")?, number("font-size")?))
    });
    assert_eq!(upright.len(), 60);
    for pair in upright.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= pair[0].1, "{pair:?}");
    }
}

#[test]
fn without_data_the_figures_say_so() {
    let targeted = AdaptationFigure { target_ms: Some(20.0), ..AdaptationFigure::default() };
    for figure in [AdaptationFigure::default(), targeted] {
        assert_has(&adaptation_svg(&figure), &["nothing to show", "latency (ms)"]);
    }
    assert_has(&widths_svg(&WidthsFigure::default()), &["nothing to show", "channels"]);
}

#[test]
fn both_are_pngs_in_black_and_white() {
    let files = [
        draw_adaptation(&adaptation(), Format::Png).unwrap(),
        draw_widths(&widths(), Format::Png).unwrap(),
    ];
    for file in files {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (1600, 1000));
        let pixels = pixels.as_chunks::<3>().0;
        assert!(pixels.iter().all(|[r, g, b]| r == g && g == b));
        assert!(pixels.iter().filter(|pixel| pixel[0] < 60).count() > 4_000);
    }
}

#[test]
fn numbers_without_a_place_are_refused() {
    let check = |change: fn(&mut AdaptationFigure), message: &str| {
        let mut figure = adaptation();
        change(&mut figure);
        let error = draw_adaptation(&figure, Format::Svg).unwrap_err().to_string();
        assert_eq!(error, message);
    };
    let (latency, fraction) = ("milliseconds from 1e-6 to 1e9", "a fraction from 0 to 1");
    check(
        |figure| figure.proposals[7].accuracy = 61.0,
        &format!("accuracy of proposals[7]: found 61; expected: {fraction}"),
    );
    check(
        |figure| figure.path[2].latency_ms = 0.0,
        &format!("latency of path[2]: found 0; expected: {latency}"),
    );
    check(
        |figure| figure.trained[1].latency_ms = f64::INFINITY,
        &format!("latency of trained[1]: found inf; expected: {latency}"),
    );
    check(
        |figure| figure.trained[0].accuracies[2] = f64::NAN,
        &format!("trained[0].accuracies[2]: found NaN; expected: {fraction}"),
    );
    check(
        |figure| figure.trained[2].accuracies.clear(),
        "number of accuracies of trained[2]: found 0; expected: 1 or more",
    );
    check(
        |figure| figure.target_ms = Some(-1.0),
        &format!("target_ms: found -1; expected: {latency}"),
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_adaptation_makes_a_well_formed_svg(
        text in any::<String>(),
        points in prop::collection::vec((1e-6..1e9_f64, 0.0..=1.0_f64), 0..20),
        target_ms in prop::option::of(1e-6..1e9_f64),
    ) {
        let path: Vec<Point> = points.iter().map(|&(ms, accuracy)| point(ms, accuracy)).collect();
        let trained = points.iter().map(|&(ms, accuracy)| trained(&text, ms, &[accuracy, 0.5]));
        let figure = AdaptationFigure {
            title: text.clone(),
            footnote: text.clone(),
            proposals: path.clone(),
            path,
            trained: trained.collect(),
            target_ms,
        };
        assert_has(&adaptation_svg(&figure), &["hold-out top-1 accuracy (%)"]);
    }

    #[test]
    fn any_widths_make_a_well_formed_svg(
        text in any::<String>(),
        rows in prop::collection::vec((any::<usize>(), 0..5_000_usize), 0..200),
    ) {
        let row = |(before, after)| WidthRow { label: text.clone(), before, after };
        let rows = rows.into_iter().map(row).collect();
        let figure = WidthsFigure { title: text.clone(), before_label: text.clone(), rows, ..widths() };
        assert_has(&widths_svg(&figure), &["channels"]);
    }
}
