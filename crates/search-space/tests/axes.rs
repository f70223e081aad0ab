//! Axes of published networks, and proposals that narrow one of them.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use search_space::{Axis, AxisKind, Invalid, Network, axes, proposals, published};

fn named(network: &str) -> Vec<(String, usize)> {
    let network = published::network(network).unwrap();
    let adapted = axes(&network).unwrap().into_iter().filter(Axis::can_be_adapted);
    adapted.map(|axis| (axis.name, axis.width)).collect()
}

fn pairs(pairs: &[(&str, usize)]) -> Vec<(String, usize)> {
    pairs.iter().map(|&(name, width)| (name.to_owned(), width)).collect()
}

/// Taken from MobileNetV3, Table 2: block 0 is the stem, block 1 has no expansion, and blocks that
/// are joined by shortcuts share their output width.
#[test]
fn axes_of_mobilenet_v3_small() {
    assert_eq!(
        named("mobilenet_v3_small"),
        pairs(&[
            ("stem", 16),
            ("1.out", 16),
            ("2.expand", 72),
            ("2-3.out", 24),
            ("3.expand", 88),
            ("4.expand", 96),
            ("4-6.out", 40),
            ("5.expand", 240),
            ("6.expand", 240),
            ("7.expand", 120),
            ("7-8.out", 48),
            ("8.expand", 144),
            ("9.expand", 288),
            ("9-11.out", 96),
            ("10.expand", 576),
            ("11.expand", 576),
            ("head.conv", 576),
            ("head.features", 1024),
        ])
    );
}

/// Blocks without shortcuts, each of whose outputs is an axis of its own. The squeezed vectors are
/// axes that NetAdapt leaves alone.
#[test]
fn axes_of_lcnet() {
    let out = |block: usize, width: usize| (format!("{block}.out"), width);
    let widths = [32, 64, 64, 128, 128, 256, 256, 256, 256, 256, 256, 512, 512];
    let mut expected = vec![("stem".to_owned(), 16)];
    expected.extend((1..).zip(widths).map(|(block, width)| out(block, width)));
    expected.push(("head.features".to_owned(), 1280));
    assert_eq!(named("lcnet"), expected);
    let network = published::network("lcnet").unwrap();
    let all = axes(&network).unwrap();
    let squeezed: Vec<&Axis> = all.iter().filter(|axis| axis.kind == AxisKind::Squeeze).collect();
    let named = squeezed.iter().map(|axis| (axis.name.clone(), axis.width)).collect::<Vec<_>>();
    assert_eq!(named, pairs(&[("12.squeeze", 64), ("13.squeeze", 128)]));
    let narrow = squeezed[0].with_width(&network, 8).lower().unwrap();
    let reduce = narrow.nodes.iter().find(|node| node.name == "blocks.12.se.reduce").unwrap();
    assert_eq!(reduce.output.channels, 8);
}

#[test]
fn shuffle_units_narrow_inside_only() {
    for name in ["shufflenet_v1_g3", "shufflenet_v2"] {
        let network = published::network(name).unwrap();
        let inside = |axis: &Axis| axis.kind == AxisKind::Expansion && axis.name.ends_with(".mid");
        let all: Vec<Axis> = axes(&network).unwrap().into_iter().filter(|a| !inside(a)).collect();
        // The stem and the last convolution of ShuffleNetV2 are outside of all concats.
        let names: Vec<&str> = all.iter().map(|axis| axis.name.as_str()).collect();
        let outside: &[&str] = if name == "shufflenet_v2" { &["stem", "head.conv"] } else { &[] };
        assert_eq!(names, outside, "{name}");
    }
    // Multiples of lcm(8, 3), to which the channels of both grouped convolutions can be truncated.
    let network = published::network("shufflenet_v1_g3").unwrap();
    for axis in axes(&network).unwrap() {
        assert!(axis.narrower.iter().all(|width| width % 24 == 0), "{}", axis.name);
    }
}

/// MACs in place of a latency, as they rise with every width.
fn macs(network: &Network) -> Result<f64, Invalid> {
    Ok(network.lower()?.cost().macs as f64)
}

#[test]
fn proposals_are_the_widest_that_save_enough() {
    let spaces = published::space_names().map(|name| published::space(name).unwrap());
    for (number, space) in spaces.enumerate() {
        let genotype = space.sample(&mut ChaCha8Rng::seed_from_u64(number as u64));
        let network = space.decode(&genotype).unwrap();
        let now = macs(&network).unwrap();
        for share in [0.01, 0.05] {
            let max = now * (1.0 - share);
            let found = proposals(&network, (now, max), &mut macs).unwrap();
            for axis in axes(&network).unwrap().iter().filter(|axis| axis.can_be_adapted()) {
                let saves =
                    |width: &&usize| macs(&axis.with_width(&network, **width)).unwrap() <= max;
                let widest = axis.narrower.iter().find(saves);
                let proposal = found.iter().find(|proposal| proposal.axis == axis.name);
                let place = format!("{}, {}", network.name, axis.name);
                assert_eq!(proposal.map(|p| p.to), widest.copied(), "{place}");
                if let Some(proposal) = proposal {
                    assert_eq!(proposal.latency_ms, macs(&proposal.network).unwrap(), "{place}");
                    assert_eq!(proposal.network, axis.with_width(&network, proposal.to), "{place}");
                }
            }
        }
    }
}

#[test]
fn a_latency_with_steps_is_kept_to_as_well() {
    let network = published::network("mobilenet_v2").unwrap();
    // Models kernels that process 32 channels at a time.
    let mut stepped = |network: &Network| -> Result<f64, Invalid> {
        let graph = network.lower()?;
        let blocks = |channels: usize| channels.div_ceil(32) as f64;
        Ok(graph.nodes.iter().map(|node| blocks(node.output.channels)).sum())
    };
    let now = stepped(&network).unwrap();
    let found = proposals(&network, (now, 0.99 * now), &mut stepped).unwrap();
    assert!(!found.is_empty());
    for proposal in found {
        assert!(stepped(&proposal.network).unwrap() <= 0.99 * now, "{}", proposal.axis);
    }
}
