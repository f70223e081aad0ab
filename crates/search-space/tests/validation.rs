//! Validation of spaces whose illegal options and idle choices are known.

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use search_space::{Block, SearchSpace, Validation, published, validate};

fn checked(space: &SearchSpace) -> Validation {
    validate(space, &mut ChaCha8Rng::seed_from_u64(1))
}

fn space(stages: &str) -> SearchSpace {
    SearchSpace::from_ron(&format!(
        r#"SearchSpace(format: 1, name: "mine", channels: 3, resolution: [32, 64], classes: 10,
            stem: [Conv(out: 24, kernel: 3, stride: 1, act: Relu)], stages: [{stages}], head: Pool())"#
    ))
    .expect("the first options are legal")
}

#[test]
fn an_option_that_is_illegal_everywhere() {
    // The width changes at stride 1, which no shuffle unit supports.
    let found = checked(&space(
        "(out: 48, layers: 1, stride: 1, choices: [Family([Separable, ShuffleUnitV2]), Kernel([3, 5])]),
         (out: 48, layers: 2, stride: 1, choices: [Family([Separable, ShuffleUnitV2])])",
    ));
    let [only] = &found.illegal[..] else { panic!("{:?}", found.illegal) };
    assert_eq!((only.place.as_str(), &only.with), ("stages[0].Family: ShuffleUnitV2", &None));
    assert!(only.reason.to_string().contains("48"), "{}", only.reason);
    assert!(found.legal > found.sampled / 3 && found.legal < found.sampled * 2 / 3);
    assert_eq!(found.without_effect, []);
}

#[test]
fn options_that_are_illegal_together() {
    // 40 channels cannot be divided into 3 groups.
    let found = checked(&space(
        "(out: 40, layers: 1, stride: 2, choices: [Family([Separable])]),
         (out: 80, layers: 2, stride: 2, choices: [
            Family([InvertedResidual, ShuffleUnitV1]), Groups([2, 3, 4]), Expand([3, 6])])",
    ));
    let pairs: Vec<(&str, Option<&str>)> =
        found.illegal.iter().map(|i| (i.place.as_str(), i.with.as_deref())).collect();
    assert_eq!(pairs, [("stages[1].Family: ShuffleUnitV1", Some("stages[1].Groups: 3"))]);
    let idle: Vec<(&str, Option<&str>)> =
        found.without_effect.iter().map(|i| (i.choice.as_str(), i.with.as_deref())).collect();
    let expected = [
        ("stages[1].Groups", Some("stages[1].Family: InvertedResidual")),
        ("stages[1].Expand", Some("stages[1].Family: ShuffleUnitV1")),
    ];
    assert!(expected.iter().all(|place| idle.contains(place)), "{idle:?}");
}

/// Compares the sizes with those of all networks of a small space.
#[test]
fn sizes_are_those_of_the_whole_space() {
    let space = space(
        "(out: 24, layers: 1, stride: 2, choices: [Expand([1, 3, 6]), Kernel([3, 5]), Layers([1, 2])]),
         (out: 40, layers: 1, stride: 2, choices: [Expand([1, 3, 6]), Kernel([3, 5])])",
    );
    let all = space.domain().all(1_000).expect("a small space");
    assert_eq!(all.len() as u128, space.size());
    let costs = all.iter().map(|g| space.decode(g).unwrap().lower().unwrap().cost());
    let (macs, params): (Vec<usize>, Vec<usize>) = costs.map(|c| (c.macs, c.params)).unzip();
    let sizes = checked(&space).sizes.expect("legal networks");
    for (span, all) in [(sizes.macs, macs), (sizes.params, params)] {
        assert_eq!(Some(span.min), all.iter().copied().min());
        assert_eq!(Some(span.max), all.iter().copied().max());
        assert!(span.min < span.median && span.median < span.max);
    }
}

#[test]
fn nothing_is_illegal_in_the_spaces_that_come_with_the_tool() {
    for name in published::space_names() {
        let found = checked(&published::space(name).expect("it is built in"));
        assert_eq!(found.illegal, [], "{name}");
        assert_eq!(found.legal, found.sampled, "{name}");
        let never: Vec<_> =
            found.without_effect.iter().filter(|idle| idle.with.is_none()).collect();
        assert!(never.is_empty(), "{name}: {never:?}");
    }
}

proptest! {
    /// In the space `mixed`, stages of any families can follow one another.
    #[test]
    fn mixed_holds_every_family(families in proptest::array::uniform4(0..5_u8), seed in 0..1_000_u64) {
        let mixed = published::space("mixed").expect("it is built in");
        let mut genotype = mixed.sample(&mut ChaCha8Rng::seed_from_u64(seed));
        for (group, family) in mixed.choice_groups().iter().zip(families) {
            genotype.0[group[0]] = family;
        }
        let network = mixed.decode(&genotype).expect("the genotype is of the space");
        network.lower().expect("legal");
        let kind = |block: &Block| match block {
            Block::Separable(_) => 0,
            Block::InvertedResidual(_) => 1,
            Block::ShuffleUnitV1(_) => 2,
            Block::ShuffleUnitV2(_) => 3,
            Block::UniversalInvertedBottleneck(_) => 4,
            _ => 9,
        };
        let mut kinds: Vec<u8> = network.blocks[1..].iter().map(kind).collect();
        kinds.dedup();
        let mut expected = families.to_vec();
        expected.dedup();
        prop_assert_eq!(kinds, expected);
    }
}
