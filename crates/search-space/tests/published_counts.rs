//! Parameters and MACs of the published networks against counts of torchvision and timm and counts
//! from the tables of the papers.

use search_space::{NetworkCost, published};

/// Name, trainable parameters, multiply-adds.
const COUNTS: [(&str, usize, usize); 58] = [
    ("lcnet", 2_953_800, 155_700_480),
    ("lcnet@width=0.35", 1_644_370, 27_357_832),
    ("lcnet@width=0.5", 1_880_856, 44_731_008),
    ("lcnet@width=0.5,resolution=160,classes=10", 612_666, 22_362_240),
    ("lcnet@width=0.75", 2_358_288, 94_786_496),
    ("lcnet@width=1.5", 4_501_112, 334_188_416),
    ("mobilenet_v1", 4_231_976, 568_740_352),
    ("mobilenet_v1@resolution=192", 4_231_976, 418_121_728),
    ("mobilenet_v1@width=0.75", 2_585_560, 325_400_448),
    ("mobilenet_v1@width=0.5", 1_331_592, 149_497_088),
    ("mobilenet_v1@width=0.25", 470_072, 41_030_272),
    ("mobilenet_v1@width=0.5,resolution=160", 1_331_592, 76_524_800),
    ("mobilenet_v1@width=0.25,resolution=128", 470_072, 13_570_048),
    // Two channels less for the 8 filters of 3 x 3 taps of the stem, on 112 x 112 pixels.
    ("mobilenet_v1@width=0.25,channels=1", 469_928, 39_223_936),
    ("mobilenet_v2", 3_504_872, 300_774_272),
    ("mobilenet_v2@width=0.35", 1_677_128, 59_285_808),
    ("mobilenet_v2@width=0.5", 1_968_680, 97_131_840),
    ("mobilenet_v2@width=0.75", 2_636_424, 209_069_792),
    ("mobilenet_v2@width=1.3", 5_386_792, 509_374_560),
    ("mobilenet_v2@width=1.4", 6_108_776, 582_195_824),
    ("mobilenet_v2@width=1.4,resolution=96", 6_108_776, 108_396_784),
    ("mobilenet_v2@width=1.0,resolution=96", 3_504_872, 56_289_152),
    ("mobilenet_v3_large", 5_483_032, 216_589_760),
    ("mobilenet_v3_large@width=0.75", 3_993_528, 154_560_624),
    ("mobilenet_v3_small", 2_542_856, 56_510_400),
    ("mobilenet_v3_small@width=0.75", 2_041_872, 43_399_344),
    ("mobilenet_v3_small_paper", 2_946_568, 56_913_856),
    ("mobilenet_v3_small_paper@width=0.75", 2_408_720, 43_765_936),
    ("mobilenet_v4_conv_small", 3_774_024, 186_005_568),
    ("mobilenet_v4_conv_small@resolution=160", 3_774_024, 96_129_600),
    ("mobilenet_v4_conv_small@resolution=192,classes=10", 2_505_834, 136_055_552),
    ("mobilenet_v4_conv_small@width=0.5", 2_238_952, 64_741_408),
    ("mobilenet_v4_conv_medium@resolution=224", 9_715_512, 827_649_984),
    ("mobilenet_v4_conv_medium", 9_715_512, 1_080_244_224),
    ("mobilenet_v4_conv_medium@resolution=192,classes=10", 8_447_322, 607_467_776),
    ("mobilenet_v4_conv_large", 32_590_864, 2_835_269_632),
    ("mobilenet_v4_conv_large@resolution=224", 32_590_864, 2_171_341_312),
    ("mobilenet_v4_conv_large@resolution=160,classes=10", 31_322_674, 1_107_788_800),
    ("shufflenet_v1_g1", 1_530_936, 143_078_976),
    ("shufflenet_v1_g1@width=1.5", 2_992_032, 308_096_352),
    ("shufflenet_v1_g2", 1_732_848, 140_836_512),
    ("shufflenet_v1_g2@width=2", 5_256_896, 539_138_624),
    ("shufflenet_v1_g3", 1_864_728, 137_460_672),
    ("shufflenet_v1_g3@width=0.5", 717_324, 37_589_856),
    ("shufflenet_v1_g3@width=2.0", 5_449_776, 524_045_184),
    ("shufflenet_v1_g4", 1_967_344, 134_339_776),
    ("shufflenet_v1_g8", 2_433_768, 138_365_952),
    ("shufflenet_v1_g8@width=0.5", 1_010_448, 40_469_760),
    ("shufflenet_v2", 2_278_760, 145_814_296),
    ("shufflenet_v2@width=0.5", 1_365_792, 40_476_448),
    ("shufflenet_v2@width=1.5", 3_506_720, 298_970_656),
    ("shufflenet_v2@width=2.0", 7_402_600, 590_783_000),
    ("shufflenet_v2_torchvision", 2_278_604, 144_907_992),
    ("shufflenet_v2_torchvision@width=2.0", 7_393_996, 583_253_464),
    ("mnasnet_a1", 3_887_038, 311_579_072),
    ("mnasnet_a1@width=0.75", 2_912_278, 223_448_480),
    ("mnasnet_b1", 4_383_312, 314_415_872),
    ("mnasnet_b1@width=0.5", 2_218_512, 104_455_968),
];

fn cost(name: &str) -> NetworkCost {
    let network = published::network(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    network.lower().expect(name).cost()
}

#[test]
fn counts_are_the_published_ones() {
    for (name, params, macs) in COUNTS {
        let cost = cost(name);
        assert_eq!((cost.params, cost.macs), (params, macs), "{name}");
    }
}

#[test]
fn every_published_network_is_counted() {
    for name in published::network_names() {
        assert!(COUNTS.iter().any(|(counted, ..)| *counted == name), "{name}");
    }
}

/// Rows of Accel-NASBench as values per stage, with counts of this crate.
#[test]
fn counts_of_benchmark_genotypes() {
    let rows = [
        ("1664161", "5553533", "3331111", "0000000", 2_102_216, 257_166_624),
        ("6146411", "3353553", "2122332", "0000000", 2_431_208, 344_266_672),
        ("4644416", "5333335", "3112322", "0110111", 4_563_978, 449_347_120),
        ("1441141", "3533535", "1131133", "0100000", 2_796_148, 158_881_760),
        ("4416461", "3533553", "3213133", "1101100", 3_506_944, 373_786_208),
        ("1646116", "5555333", "2222321", "1011001", 2_715_202, 218_771_824),
    ];
    let space = published::space("mnasnet").unwrap();
    assert_eq!(space.size(), 104_485_552_128);
    for (expand, kernel, layers, se, params, macs) in rows {
        let digit = |text: &str, stage: usize| text.as_bytes()[stage] - b'0';
        let indices = (0..7).flat_map(|stage| {
            let expand = [1, 4, 6].iter().position(|&e| e == digit(expand, stage)).unwrap() as u8;
            let kernel = (digit(kernel, stage) - 3) / 2;
            [expand, kernel, digit(layers, stage) - 1, digit(se, stage)]
        });
        let network = space.decode(&search_space::Genotype(indices.collect())).unwrap();
        let cost = network.lower().unwrap().cost();
        assert_eq!((cost.params, cost.macs), (params, macs), "{expand} {kernel} {layers} {se}");
    }
}

/// Computed by hand for the stem, the first block and the classifier of MobileNetV1 at 224 px. For
/// a pointwise convolution the memory access cost is hw(c1 + c2) + c1 c2 (ShuffleNetV2, section 2,
/// G1).
#[test]
fn memory_access_cost_by_hand() {
    let graph = published::network("mobilenet_v1").unwrap().lower().unwrap();
    let of = |name: &str| {
        let node = graph.nodes.iter().find(|node| node.name == name).unwrap();
        graph.layer_cost(node).memory_access_cost
    };
    let (hw, quarter) = (224 * 224, 112 * 112);
    assert_eq!(of("blocks.0.conv.conv"), hw * 3 + quarter * 32 + 32 * 3 * 9);
    assert_eq!(of("blocks.1.depthwise.conv"), quarter * 64 + 32 * 9);
    assert_eq!(of("blocks.1.pointwise.conv"), quarter * (32 + 64) + 32 * 64);
    assert_eq!(of("head.classifier"), 1024 + 1000 + 1_024_000);
}

/// The peak of MobileNetV1 is at its first pointwise convolution with 112x112x(32 + 64) elements. A
/// shortcut keeps the input alive beside the expansion.
#[test]
fn peak_activation_by_hand() {
    assert_eq!(cost("mobilenet_v1").peak_activation_bytes, 4 * 112 * 112 * (32 + 64));
    let ron = r#"Network(format: 1, name: "r", input: (channels: 8, resolution: 4), classes: 2,
        blocks: [InvertedResidual(expand: 48, out: 8, kernel: 3, stride: 1, act: Relu, skip: Identity)],
        head: Pool())"#;
    let cost = search_space::Network::from_ron(ron).unwrap().lower().unwrap().cost();
    assert_eq!(cost.peak_activation_bytes, 4 * 16 * (8 + 48 + 48));
}
