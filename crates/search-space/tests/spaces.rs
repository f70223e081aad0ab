//! Every built-in space, tested on random genotypes.

use std::collections::HashSet;

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use search_space::{
    Block, Genotype, Network, PlacedUnit, SearchSpace, SpaceChoice, UnitPlace, WidthConstraint,
    channel_groups, published,
};

fn spaces() -> Vec<SearchSpace> {
    published::space_names().map(|name| published::space(name).unwrap()).collect()
}

fn each_space_and_seed(mut check: impl FnMut(&SearchSpace, &mut ChaCha8Rng)) {
    for space in spaces() {
        for seed in 0..50 {
            check(&space, &mut ChaCha8Rng::seed_from_u64(seed));
        }
    }
}

#[test]
fn sampled_genotypes_decode_lower_and_read_back() {
    each_space_and_seed(|space, rng| {
        let genotype = space.sample(rng);
        assert_eq!(space.parse_genotype(&genotype.to_string()).unwrap(), genotype);
        let network = space.decode(&genotype).unwrap();
        let graph = network.lower().unwrap_or_else(|error| panic!("{}: {error}", network.name));
        assert_eq!(Network::from_ron(&network.to_ron()).unwrap(), network);
        let units: Vec<PlacedUnit> = graph.units.iter().map(|span| span.unit).collect();
        assert_eq!(units, network.units().collect::<Vec<_>>());
        for unit in units {
            assert_eq!(unit.to_string().parse::<PlacedUnit>().unwrap(), unit);
        }
    });
}

#[test]
fn units_of_a_space_are_those_of_its_networks() {
    for space in spaces() {
        let units = space.units();
        let known: HashSet<PlacedUnit> = units.iter().copied().collect();
        assert_eq!(known.len(), units.len(), "{}: a unit is listed twice", space.name);
        for seed in 0..50 {
            let genotype = space.sample(&mut ChaCha8Rng::seed_from_u64(seed));
            for unit in space.decode(&genotype).unwrap().units() {
                assert!(known.contains(&unit), "{}: {unit}", space.name);
            }
        }
    }
}

#[test]
fn spaces_read_back_and_their_fingerprints_differ() {
    let mut seen = HashSet::new();
    for space in spaces() {
        let again = SearchSpace::from_ron(&space.to_ron()).unwrap();
        assert_eq!(again, space);
        assert_eq!(again.fingerprint(), space.fingerprint());
        assert!(seen.insert(space.fingerprint()), "{}", space.name);
    }
}

#[test]
fn mutation_changes_exactly_one_choice_within_its_options() {
    each_space_and_seed(|space, rng| {
        let parent = space.sample(rng);
        let child = space.mutate(&parent, rng);
        let changed = parent.0.iter().zip(&child.0).filter(|(a, b)| a != b).count();
        assert_eq!(changed, 1);
        assert!(space.decode(&child).is_ok());
    });
}

/// The texts of separable blocks and of heads, which are keys of latency tables, with and without the
/// parts that only PP-LCNet has.
#[test]
fn unit_texts_of_separable_networks() {
    let texts = |name: &str| -> Vec<String> {
        published::network(name).unwrap().units().map(|unit| unit.to_string()).collect()
    };
    let v1 = texts("mobilenet_v1");
    assert_eq!(v1[2], "sep_k3_s2_i64_o128_r6@112");
    assert_eq!(v1.last().unwrap(), "head_i1024_n1000@7");
    let lcnet = texts("lcnet");
    assert_eq!(lcnet[7], "sep_k5_s1_i256_o256_hs@14");
    assert_eq!(lcnet[12], "sep_k5_s2_i256_o512_se64hsig_hs@14");
    assert_eq!(lcnet.last().unwrap(), "head_i512_f1280_hs_n1000@7");
    let file = published::network("mobilenet_v1").unwrap().to_ron();
    assert!(file.contains("(out: 128, kernel: 3, stride: 2, act: Relu6)"), "{file}");
}

/// The blocks of PP-LCNet-1x are those of the space's half width, but for the kernel of the first block
/// at 14 x 14 pixels.
#[test]
fn mobilenet_v1_has_the_choices_of_lcnet() {
    let space = published::space("mobilenet_v1").unwrap();
    let pick = |name: &str, options: &[String]| -> String {
        let stage = name.strip_prefix("stages[").and_then(|rest| rest.split(']').next());
        let stage: Option<usize> = stage.and_then(|stage| stage.parse().ok());
        let last = || options.last().unwrap().clone();
        match (stage, name.rsplit('.').next().unwrap()) {
            (Some(stage), "Kernel") => if stage < 3 { "3" } else { "5" }.to_owned(),
            (Some(_), "Act") => "HardSwish".to_owned(),
            (Some(stage), "Se") => {
                if stage == 4 {
                    last()
                } else {
                    "None".to_owned()
                }
            }
            (Some(_), "Width") => "1.0".to_owned(),
            (_, "width") => "0.5".to_owned(),
            _ => last(),
        }
    };
    let index = |choice: &SpaceChoice| {
        let wanted = pick(&choice.name, &choice.options);
        let at = choice.options.iter().position(|option| *option == wanted);
        at.unwrap_or_else(|| panic!("{}: {:?}", choice.name, choice.options)) as u8
    };
    let genotype = Genotype(space.choices().iter().map(index).collect());
    let mut blocks = space.decode(&genotype).unwrap().blocks;
    let Block::Separable(first) = &mut blocks[6] else { panic!("{:?}", blocks[6]) };
    assert_eq!(std::mem::replace(&mut first.kernel, 3), 5);
    assert_eq!(blocks[1..], published::network("lcnet").unwrap().blocks[1..]);
}

/// The options of each choice are drawn about equally often.
#[test]
fn sampling_is_uniform() {
    let space = published::space("mnasnet").unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let draws = 6_000;
    let samples: Vec<Genotype> = (0..draws).map(|_| space.sample(&mut rng)).collect();
    for (choice, &options) in space.option_counts().iter().enumerate() {
        for option in 0..options {
            let count = samples.iter().filter(|sample| sample.0[choice] == option).count();
            let expected = draws as f64 / f64::from(options);
            // Five standard deviations of a binomial count.
            assert!((count as f64 - expected).abs() < 5.0 * expected.sqrt(), "{choice} {option}");
        }
    }
}

#[test]
fn channel_groups_cover_every_node_once() {
    each_space_and_seed(|space, rng| {
        let graph = space.decode(&space.sample(rng)).unwrap().lower().unwrap();
        let groups = channel_groups(&graph);
        let mut nodes: Vec<usize> = groups.iter().flat_map(|g| &g.nodes).map(|id| id.0).collect();
        nodes.sort_unstable();
        assert_eq!(nodes, (0..graph.nodes.len()).collect::<Vec<_>>());
        for group in groups {
            assert!(group.nodes.iter().all(|&id| graph.node(id).output.channels == group.width));
        }
    });
}

/// The constraint and the convolutions of the channel group that contains the node `member`.
fn group_of(network: &str, member: &str) -> (WidthConstraint, Vec<String>) {
    let graph = published::network(network).unwrap().lower().unwrap();
    let holds = |name: &str| name == member;
    let group = channel_groups(&graph)
        .into_iter()
        .find(|group| group.nodes.iter().any(|&id| holds(&graph.node(id).name)))
        .unwrap();
    let convs = group.nodes.iter().map(|&id| graph.node(id).name.clone());
    (group.constraint, convs.filter(|name| name.ends_with(".conv")).collect())
}

#[test]
fn channel_groups_of_published_blocks() {
    let check = |network: &str, member: &str, constraint: WidthConstraint, convs: &[&str]| {
        let found = group_of(network, member);
        assert_eq!(found, (constraint, convs.iter().map(|&c| c.to_owned()).collect()), "{member}");
    };
    let free = WidthConstraint::MultipleOf(8);
    // The shortcut ties the outputs of MobileNetV2's 24-channel blocks.
    let bottleneck = ["blocks.2.project.conv", "blocks.3.project.conv"];
    check("mobilenet_v2", "blocks.3.add", free, &bottleneck);
    let expansion = ["blocks.3.expand.conv", "blocks.3.depthwise.conv"];
    check("mobilenet_v2", "blocks.3.depthwise.bn", free, &expansion);
    // The second convolution of squeeze-and-excite has the width of the expansion that it scales.
    check(
        "mobilenet_v3_small",
        "blocks.4.se.expand",
        free,
        &["blocks.4.expand.conv", "blocks.4.depthwise.conv"],
    );
    // Eight groups and a shuffle require multiples of 8, three groups multiples of 24.
    let mid = ["blocks.3.reduce.conv", "blocks.3.depthwise.conv"];
    check("shufflenet_v1_g8", "blocks.3.shuffle", WidthConstraint::MultipleOf(8), &mid);
    check("shufflenet_v1_g3", "blocks.3.shuffle", WidthConstraint::MultipleOf(24), &mid);
    check(
        "shufflenet_v2",
        "blocks.3.b.depthwise.conv",
        free,
        &["blocks.3.b.reduce.conv", "blocks.3.b.depthwise.conv"],
    );
    check("shufflenet_v2", "blocks.3.concat", WidthConstraint::Fixed, &[]);
    assert_eq!(group_of("mobilenet_v2", "head.classifier").0, WidthConstraint::Fixed);
    assert_eq!(group_of("mobilenet_v2", "input").0, WidthConstraint::Fixed);
}

proptest! {
    /// Any text is a unit or an error and never a panic. A unit that parses is restored from its
    /// text.
    #[test]
    fn unit_texts_never_panic(text in "(conv|ir|sep|su1|su2|head|maxpool)(_[a-z]{1,4}[0-9]{0,3}){0,8}@[0-9]{0,3}") {
        if let Ok(unit) = text.parse::<PlacedUnit>() {
            prop_assert_eq!(unit.to_string().parse::<PlacedUnit>().unwrap(), unit);
        }
    }

    /// A text of the wrong length or with an unknown digit is an error that names the place.
    #[test]
    fn genotype_texts_never_panic(text in "[0-9a-z]{0,40}") {
        let space = published::space("mnasnet").unwrap();
        match space.parse_genotype(&text) {
            Ok(genotype) => prop_assert_eq!(genotype.to_string(), text),
            Err(error) => prop_assert!(error.place.starts_with("genotype")),
        }
    }
}

/// Parameters and multiply-adds of networks as in NAS-Bench-Macro's table (Su et al. 2021).
const NAS_BENCH_MACRO: [(&str, usize, usize); 8] = [
    ("00000000", 387_882, 7_713_280),
    ("01201201", 1_283_434, 46_109_184),
    ("10000000", 396_298, 12_128_768),
    ("11111111", 1_588_874, 53_246_464),
    ("12021100", 899_082, 51_743_232),
    ("20010210", 1_201_514, 39_989_760),
    ("22212220", 1_985_514, 85_164_544),
    ("22222222", 2_932_586, 105_660_928),
];

#[test]
fn nas_bench_macro_has_the_counts_of_its_table() {
    let space = published::space("nas_bench_macro").unwrap();
    assert_eq!(space.size(), 6_561);
    for (text, params, macs) in NAS_BENCH_MACRO {
        let network = space.decode(&space.parse_genotype(text).unwrap()).unwrap();
        let cost = network.lower().unwrap().cost();
        assert_eq!((cost.params, cost.macs), (params, macs), "{text}");
    }
    // An identity is no block, wherever in a stage it stands.
    let [a, b] = ["00102000", "00120000"].map(|text| {
        let network = space.decode(&space.parse_genotype(text).unwrap()).unwrap();
        Network { name: String::new(), ..network }
    });
    assert_eq!(a, b);
}

/// Each unit of a network is at its place among the units of the space.
#[test]
fn units_by_place_are_those_of_the_networks() {
    for space in spaces() {
        let by_place = space.units_by_place();
        let known: HashSet<(UnitPlace, PlacedUnit)> = by_place.iter().copied().collect();
        assert_eq!(known.len(), by_place.len(), "{}: a unit is listed twice", space.name);
        for seed in 0..50 {
            let genotype = space.sample(&mut ChaCha8Rng::seed_from_u64(seed));
            let network = space.decode(&genotype).unwrap();
            let places = space.unit_places(&genotype).unwrap();
            assert_eq!(places.len(), network.blocks.len() + 1);
            let distinct: HashSet<UnitPlace> = places.iter().copied().collect();
            assert_eq!(distinct.len(), places.len(), "{}", network.name);
            for (place, unit) in places.into_iter().zip(network.units()) {
                assert!(known.contains(&(place, unit)), "{}: {place} {unit}", network.name);
            }
        }
    }
}

#[test]
fn blocks_of_a_list_have_places_of_their_own() {
    let space = published::space("nas_bench_macro").unwrap();
    let genotype = space.parse_genotype("20100000").unwrap();
    let places: Vec<String> =
        space.unit_places(&genotype).unwrap().iter().map(ToString::to_string).collect();
    let expected = [
        "stem.0",
        "stages.0.0.InvertedResidual.2",
        "stages.2.0.InvertedResidual.1",
        "stages.5.0.Shortcut.0",
        "head",
    ];
    assert_eq!(places, expected);
}
