//! Blocks that are faster than smaller ones.

use latency_predictor::{
    BuildSettings, Dimension, Entry, Quantiles, Runtime, Setup, Table, Timing,
};
use search_space::{
    Activation, Block, Conv, Dropout, FusedInvertedBottleneck, Gate, Head, InvertedResidual,
    PlacedUnit, Pool, Separable, Shape, ShuffleUnitV1, ShuffleUnitV2, Skip, SqueezeExcite, Unit,
    UniversalInvertedBottleneck, published,
};

fn entry(unit: PlacedUnit, p50_ms: f64, spread: f64) -> Entry {
    let latency =
        Quantiles { p10_ms: p50_ms * (1.0 - spread), p50_ms, p90_ms: p50_ms * (1.0 + spread) };
    Entry { unit, latency, runs: 8, networks: 6, timing: Timing::InContext }
}

fn table(entries: impl IntoIterator<Item = Entry>) -> Table {
    let mut table = Table::new(Setup::here(Runtime::Native, 1), BuildSettings::default());
    table.extend(entries);
    table
}

fn block(block: Block) -> PlacedUnit {
    PlacedUnit { unit: Unit::Block(block), input: Shape::new(24, 28) }
}

fn head(head: Head) -> PlacedUnit {
    PlacedUnit { unit: Unit::Head { head, classes: 10 }, input: Shape::new(24, 7) }
}

const RELU: Activation = Activation::Relu;

/// A block of each kind, with one dimension of size `size`.
fn examples(size: usize) -> Vec<(Dimension, PlacedUnit)> {
    use Dimension::{Expansion, Features, Input, Kernel, Out, Squeeze, StartKernel};
    let se = |channels| Some(SqueezeExcite { channels, gate: Gate::Sigmoid });
    let conv =
        |out, kernel| block(Block::Conv(Conv { out, kernel, stride: 1, act: RELU, groups: 1 }));
    let pool = |kernel| Pool { kernel, stride: 2 };
    let separable = |out, kernel, channels| {
        let se = se(channels);
        block(Block::Separable(Separable { out, kernel, stride: 1, act: RELU, se }))
    };
    let inverted = |expand, out, kernel, channels| {
        let (se, skip) = (se(channels), Skip::None);
        let (stride, act, project_act) = (1, RELU, Activation::Linear);
        let expand = Some(expand);
        block(Block::InvertedResidual(InvertedResidual {
            expand,
            out,
            kernel,
            stride,
            act,
            project_act,
            se,
            skip,
        }))
    };
    let universal = |start, expand, mid, out| {
        let (start_kernel, mid_kernel) = (Some(start), Some(mid));
        let (stride, act, skip) = (1, RELU, Skip::None);
        block(Block::UniversalInvertedBottleneck(UniversalInvertedBottleneck {
            start_kernel,
            expand,
            mid_kernel,
            out,
            stride,
            act,
            skip,
        }))
    };
    let fused = |expand, out, kernel| {
        let (stride, act, skip) = (1, RELU, Skip::None);
        let bottleneck = FusedInvertedBottleneck { expand, out, kernel, stride, act, skip };
        block(Block::FusedInvertedBottleneck(bottleneck))
    };
    let first = |out, mid| {
        let (groups, first_groups, stride) = (1, 1, 2);
        block(Block::ShuffleUnitV1(ShuffleUnitV1 { out, mid, groups, first_groups, stride }))
    };
    let second = |out, mid, kernel| {
        let (shortcut, stride) = (Some(24), 2);
        block(Block::ShuffleUnitV2(ShuffleUnitV2 { out, mid, shortcut, kernel, stride }))
    };
    let (dropout, bias, act) = (Dropout::default(), true, RELU);
    let input = PlacedUnit { input: Shape::new(size, 28), ..conv(16, 3) };
    vec![
        (Input, input),
        (Out, conv(size, 3)),
        (Kernel, conv(16, size)),
        (Kernel, block(Block::MaxPool(pool(size)))),
        (Kernel, block(Block::AvgPool(pool(size)))),
        (Out, separable(size, 3, 8)),
        (Kernel, separable(16, size, 8)),
        (Squeeze, separable(16, 3, size)),
        (Expansion, inverted(size, 16, 3, 8)),
        (Out, inverted(48, size, 3, 8)),
        (Kernel, inverted(48, 16, size, 8)),
        (Squeeze, inverted(48, 16, 3, size)),
        (StartKernel, universal(size, 48, 3, 16)),
        (Expansion, universal(3, size, 3, 16)),
        (Kernel, universal(3, 48, size, 16)),
        (Out, universal(3, 48, 3, size)),
        (Expansion, fused(size, 16, 3)),
        (Out, fused(48, size, 3)),
        (Kernel, fused(48, 16, size)),
        (Out, first(size, 16)),
        (Expansion, first(48, size)),
        (Out, second(size, 16, 3)),
        (Expansion, second(48, size, 3)),
        (Kernel, second(48, 16, size)),
        (Expansion, head(Head::ConvThenPool { conv: size, act, dropout, bias })),
        (Features, head(Head::PoolThenFeatures { features: size, act, dropout, bias })),
        (Expansion, head(Head::PoolThenConv { conv: size, features: 8, act, dropout, bias })),
        (Features, head(Head::PoolThenConv { conv: 8, features: size, act, dropout, bias })),
        (Features, head(Head::PoolThenConvNorm { features: size, act, dropout, bias })),
    ]
}

#[test]
fn every_width_and_kernel_of_every_block_is_compared() {
    for ((dimension, small), (_, large)) in examples(51).into_iter().zip(examples(53)) {
        let as_expected = table([entry(small, 1.0, 0.02), entry(large, 1.1, 0.02)]);
        assert_eq!(as_expected.monotonicity_violations(), [], "{small}");
        let reversed = table([entry(small, 1.1, 0.02), entry(large, 1.0, 0.02)]);
        let found = reversed.monotonicity_violations();
        assert_eq!(found.len(), 1, "{small}");
        assert_eq!(
            (found[0].differs_in, found[0].smaller, found[0].larger),
            (dimension, small, large)
        );
        assert!((found[0].faster_by() - (1.0 - 1.0 / 1.1)).abs() < 1e-12);
        // The spread of the runs explains it.
        let spread = table([entry(small, 1.1, 0.05), entry(large, 1.0, 0.05)]);
        assert_eq!(spread.monotonicity_violations(), [], "{small}");
    }
}

#[test]
fn what_differs_in_more_is_not_compared() {
    let separable = |out, kernel, stride| {
        block(Block::Separable(Separable { out, kernel, stride, act: RELU, se: None }))
    };
    let small = separable(16, 3, 1);
    for other in [separable(24, 5, 1), separable(16, 5, 2), separable(24, 3, 2)] {
        let table = table([entry(small, 2.0, 0.0), entry(other, 1.0, 0.0)]);
        assert_eq!(table.monotonicity_violations(), [], "{other}");
    }
    // A wider input leaves ShuffleNetV1's branch with stride 2 fewer channels to compute.
    let (groups, first_groups) = (1, 1);
    let unit = |channels, stride| {
        let block = ShuffleUnitV1 { out: 96, mid: 24, groups, first_groups, stride };
        PlacedUnit {
            unit: Unit::Block(Block::ShuffleUnitV1(block)),
            input: Shape::new(channels, 28),
        }
    };
    let narrowing = table([entry(unit(24, 2), 2.0, 0.0), entry(unit(48, 2), 1.0, 0.0)]);
    assert_eq!(narrowing.monotonicity_violations(), []);
}

/// In all spaces: none where latency grows with everything, and the one that is made too fast.
#[test]
fn the_furthest_off_come_first() {
    for name in published::space_names() {
        let units = published::space(name).unwrap().units();
        let costs = |unit: &PlacedUnit| {
            // Numbers of the text form are its widths, kernels and resolution.
            let text = unit.to_string();
            let numbers = text
                .split(|c: char| !c.is_ascii_digit())
                .filter_map(|part| part.parse::<f64>().ok());
            numbers.map(|number| (1.0 + number).ln()).sum::<f64>()
        };
        let honest = table(units.iter().map(|unit| entry(*unit, costs(unit), 0.0)));
        assert_eq!(honest.monotonicity_violations(), [], "{name}");
    }
    let units = published::space("mnasnet").unwrap().units();
    let kernel_5 = units.iter().find(|unit| unit.to_string().contains("k5_s1")).unwrap();
    let sizes = |unit: &PlacedUnit| unit.to_string().contains("k5");
    let off = table(units.iter().map(|unit| {
        let p50_ms = if unit == kernel_5 {
            0.5
        } else if sizes(unit) {
            1.2
        } else {
            1.0
        };
        entry(*unit, p50_ms, 0.0)
    }));
    let found = off.monotonicity_violations();
    assert!(!found.is_empty());
    assert_eq!(found[0].larger, *kernel_5);
    assert!(found.windows(2).all(|pair| pair[0].faster_by() >= pair[1].faster_by()));
}
