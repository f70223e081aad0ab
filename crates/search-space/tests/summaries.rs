//! Networks in a few lines, and their published accuracies.

use search_space::{Network, published, published_accuracies};

fn lines(network: &Network) -> Vec<String> {
    let line = |stage: &search_space::StageSummary| {
        format!("{} x {} -> {} at {}", stage.layers, stage.block, stage.channels, stage.resolution)
    };
    network.stages().iter().map(line).collect()
}

#[test]
fn stages_are_those_of_the_papers_tables() {
    let check = |name: &str, expected: &[&str]| {
        let lines = lines(&published::network(name).unwrap());
        assert_eq!(lines, expected, "{name}");
    };
    check(
        "mobilenet_v2",
        &[
            "1 x conv 3x3, ReLU6 -> 32 at 112",
            "1 x MBConv1 3x3, ReLU6 -> 16 at 112",
            "2 x MBConv6 3x3, ReLU6 -> 24 at 56",
            "3 x MBConv6 3x3, ReLU6 -> 32 at 28",
            "4 x MBConv6 3x3, ReLU6 -> 64 at 14",
            "3 x MBConv6 3x3, ReLU6 -> 96 at 14",
            "3 x MBConv6 3x3, ReLU6 -> 160 at 7",
            "1 x MBConv6 3x3, ReLU6 -> 320 at 7",
            "1 x conv 1x1 to 1280, pool, linear -> 1000 at 1",
        ],
    );
    check(
        "lcnet@width=0.5",
        &[
            "1 x conv 3x3, h-swish -> 8 at 112",
            "1 x separable 3x3, h-swish -> 16 at 112",
            "2 x separable 3x3, h-swish -> 32 at 56",
            "2 x separable 3x3, h-swish -> 64 at 28",
            "1 x separable 3x3, h-swish -> 128 at 14",
            "5 x separable 5x5, h-swish -> 128 at 14",
            "2 x separable 5x5, SE, h-swish -> 256 at 7",
            "1 x pool, conv 1x1 to 1280, linear -> 1000 at 1",
        ],
    );
    check(
        "mnasnet_a1",
        &[
            "1 x conv 3x3 -> 32 at 112",
            "1 x MBConv1 3x3 -> 16 at 112",
            "2 x MBConv6 3x3 -> 24 at 56",
            "3 x MBConv3 5x5, SE -> 40 at 28",
            "4 x MBConv6 3x3 -> 80 at 14",
            "2 x MBConv6 3x3, SE -> 112 at 14",
            "3 x MBConv6 5x5, SE -> 160 at 7",
            "1 x MBConv6 3x3 -> 320 at 7",
            "1 x conv 1x1 to 1280, pool, linear -> 1000 at 1",
        ],
    );
    check(
        "shufflenet_v2@width=0.5",
        &[
            "1 x conv 3x3 -> 24 at 112",
            "1 x max pool 3x3 -> 24 at 56",
            "4 x ShuffleNetV2 unit 3x3, mid 24 -> 48 at 28",
            "8 x ShuffleNetV2 unit 3x3, mid 48 -> 96 at 14",
            "4 x ShuffleNetV2 unit 3x3, mid 96 -> 192 at 7",
            "1 x conv 1x1 to 1024, pool, linear -> 1000 at 1",
        ],
    );
}

#[test]
fn every_block_is_in_a_stage() {
    for name in published::network_names() {
        let network = published::network(name).unwrap();
        let layers: usize = network.stages().iter().map(|stage| stage.layers).sum();
        assert_eq!(layers, network.blocks.len() + 1, "{name}");
    }
}

#[test]
fn every_published_network_has_an_accuracy_with_a_source() {
    for name in published::network_names() {
        let known = published_accuracies(name);
        assert!(!known.is_empty(), "{name}");
        for accuracy in known {
            assert!((0.6..0.85).contains(&accuracy.top1), "{name}: {accuracy:?}");
            assert!(!accuracy.source.is_empty(), "{name}");
        }
    }
    assert!(published_accuracies("mobilenet_v2@width=0.5").is_empty());
}

#[test]
fn a_file_with_a_comment_is_read_as_the_same_network() {
    let network = published::network("mobilenet_v3_small").unwrap();
    let text = network.to_commented_ron("76.0 % (estimate), at 15 ms\n\n2  block  16");
    assert!(
        text.starts_with("// 76.0 % (estimate), at 15 ms\n//\n// 2  block  16\nNetwork("),
        "{text}"
    );
    assert_eq!(Network::from_ron(&text).unwrap(), network);
}
