//! Invalid files and names: the message states the place, what was found and what is expected.

use search_space::{Network, SearchSpace, published};

/// The text of a network whose second block is `block`.
fn with_block(block: &str) -> String {
    format!(
        r#"Network(
    format: 1,
    name: "n",
    input: (channels: 3, resolution: 32),
    classes: 10,
    blocks: [
        Conv(out: 16, kernel: 3, stride: 2, act: Relu),
        {block},
    ],
    head: Pool(),
)"#
    )
}

fn check_network(ron: &str, message: &[&str]) {
    let error = Network::from_ron(ron).expect_err(ron).to_string();
    for part in message {
        assert!(error.contains(part), "{error:?} lacks {part:?}");
    }
}

fn check_block(block: &str, message: &[&str]) {
    check_network(&with_block(block), message);
}

fn check_name(name: &str, message: &[&str]) {
    let error = published::network(name).expect_err(name).to_string();
    for part in message {
        assert!(error.contains(part), "{error:?} lacks {part:?}");
    }
}

#[test]
fn ron_errors_have_line_and_column() {
    check_block("Conv(out: 16, kernel: 3, stride: 1, act: Relu", &["line 9"]);
    check_block(
        "Conv(out: 16, kernel: 3, stride: 1, act: Relu, pad: 1)",
        &["line 8", "pad", "groups"],
    );
    check_block("Conv(out: -16, kernel: 3, stride: 1, act: Relu)", &["line 8", "-16"]);
    check_block("Conv(out: 16.5, kernel: 3, stride: 1, act: Relu)", &["line 8"]);
    check_block("Conv(out: \"x\", kernel: 3, stride: 1, act: Relu)", &["line 8"]);
    check_block("Conv(out: 99999999999999999999999, kernel: 3, stride: 1, act: Relu)", &["line 8"]);
    check_block("Conv(out: 16, kernel: 3, stride: 1)", &["act"]);
    check_block("Convolution(out: 16)", &["line 8", "Convolution", "InvertedResidual"]);
    check_block("Conv(out: 16, kernel: 3, stride: 1, act: Gelu)", &["line 8", "Gelu", "HardSwish"]);
    check_network("", &["line 1"]);
}

#[test]
fn a_file_of_another_format_is_said_to_be_of_another_version() {
    let ron = with_block("FancyBlock(of: 2030)").replace("format: 1", "format: 2");
    check_network(&ron, &["format", "2", "1", "another version of nas"]);
}

#[test]
fn shape_errors_name_the_place() {
    let ir = |rest: &str| format!("InvertedResidual(kernel: 3, act: Relu, {rest})");
    let cases: &[(&str, &[&str])] = &[
        (
            "Conv(out: 18, kernel: 3, stride: 1, act: Relu, groups: 4)",
            &["blocks[1].groups", "4", "18"],
        ),
        (
            "Conv(out: 15, kernel: 3, stride: 1, act: Relu, groups: 3)",
            &["blocks[1].groups", "3", "16"],
        ),
        ("Conv(out: 16, kernel: 3, stride: 1, act: Relu, groups: 0)", &["blocks[1].groups"]),
        ("Conv(out: 0, kernel: 3, stride: 1, act: Relu)", &["blocks[1].out", "found 0"]),
        ("Conv(out: 9999999, kernel: 3, stride: 1, act: Relu)", &["blocks[1].out", "65536"]),
        ("Conv(out: 16, kernel: 4, stride: 1, act: Relu)", &["blocks[1].kernel", "4", "odd"]),
        ("Conv(out: 16, kernel: 0, stride: 1, act: Relu)", &["blocks[1].kernel"]),
        ("Conv(out: 16, kernel: 3, stride: 0, act: Relu)", &["blocks[1].stride"]),
        ("MaxPool(kernel: 2, stride: 2)", &["blocks[1].kernel", "odd"]),
        ("Separable(out: 16, kernel: 6, stride: 1, act: Relu)", &["blocks[1].kernel"]),
        (
            "Separable(out: 16, kernel: 5, stride: 1, act: Relu, se: (channels: 0, gate: Sigmoid))",
            &["blocks[1].se.channels"],
        ),
        (&ir("out: 24, stride: 1, skip: Identity"), &["blocks[1].skip", "16", "24"]),
        (&ir("out: 16, stride: 2, skip: Pool"), &["blocks[1].skip", "stride 2"]),
        (&ir("out: 16, stride: 1, expand: 0"), &["blocks[1].expand"]),
        (&ir("out: 16, stride: 1, se: (channels: 0, gate: Sigmoid)"), &["blocks[1].se.channels"]),
        (
            "UniversalInvertedBottleneck(expand: 32, out: 24, stride: 2, act: Relu)",
            &["blocks[1].stride", "found 2", "neither start_kernel nor mid_kernel"],
        ),
        (
            "UniversalInvertedBottleneck(start_kernel: 4, expand: 32, out: 24, stride: 1, act: Relu)",
            &["blocks[1].start_kernel", "4", "odd"],
        ),
        (
            "UniversalInvertedBottleneck(expand: 32, mid_kernel: 2, out: 24, stride: 1, act: Relu)",
            &["blocks[1].mid_kernel", "2", "odd"],
        ),
        (
            "UniversalInvertedBottleneck(expand: 32, out: 24, stride: 1, act: Relu, skip: Identity)",
            &["blocks[1].skip", "16", "24"],
        ),
        (
            "FusedInvertedBottleneck(expand: 0, out: 24, kernel: 3, stride: 1, act: Relu)",
            &["blocks[1].expand", "found 0"],
        ),
        (
            "FusedInvertedBottleneck(expand: 32, out: 24, kernel: 6, stride: 1, act: Relu)",
            &["blocks[1].kernel", "6", "odd"],
        ),
        (
            "ShuffleUnitV1(out: 24, mid: 8, groups: 2, first_groups: 2, stride: 1)",
            &["blocks[1].out", "24", "16"],
        ),
        (
            "ShuffleUnitV1(out: 16, mid: 8, groups: 2, first_groups: 2, stride: 2)",
            &["blocks[1].out", "16"],
        ),
        (
            "ShuffleUnitV1(out: 48, mid: 9, groups: 2, first_groups: 1, stride: 2)",
            &["blocks[1].groups", "9"],
        ),
        (
            "ShuffleUnitV1(out: 48, mid: 12, groups: 3, first_groups: 3, stride: 2)",
            &["blocks[1].first_groups", "16"],
        ),
        (
            "ShuffleUnitV2(out: 17, mid: 8, kernel: 3, stride: 2, shortcut: 8)",
            &["blocks[1].out", "even"],
        ),
        ("ShuffleUnitV2(out: 32, mid: 8, kernel: 3, stride: 2)", &["blocks[1].shortcut"]),
        (
            "ShuffleUnitV2(out: 32, mid: 8, kernel: 3, stride: 2, shortcut: 32)",
            &["blocks[1].shortcut", "31"],
        ),
        (
            "ShuffleUnitV2(out: 16, mid: 8, kernel: 3, stride: 1, shortcut: 8)",
            &["blocks[1].shortcut", "none"],
        ),
        ("ShuffleUnitV2(out: 16, mid: 8, kernel: 3, stride: 3)", &["blocks[1].stride", "2"]),
    ];
    for (block, message) in cases {
        check_block(block, message);
    }
}

#[test]
fn sizes_of_the_whole_network() {
    let good = with_block("MaxPool(kernel: 3, stride: 2)");
    assert!(Network::from_ron(&good).is_ok());
    let cases: &[(&str, &str, &[&str])] = &[
        ("resolution: 32", "resolution: 0", &["input.resolution"]),
        ("resolution: 32", "resolution: 100000", &["input.resolution", "8192"]),
        ("resolution: 32", "resolution: 2", &["blocks[1].stride", "1x1", "too small"]),
        ("channels: 3", "channels: 0", &["input.channels"]),
        ("classes: 10", "classes: 0", &["classes"]),
        ("head: Pool()", "head: Pool(dropout: 1.5)", &["head.dropout", "1.5"]),
        ("head: Pool()", "head: ConvThenPool(conv: 0, act: Relu)", &["head.conv"]),
        ("classes: 10,", "classes: 10, norm: (eps: 0, momentum: 0.1),", &["norm.eps"]),
    ];
    for (from, to, message) in cases {
        check_network(&good.replace(from, to), message);
    }
}

#[test]
fn names_and_options() {
    check_name("mobilenet_v9", &["mobilenet_v9", "mobilenet_v2", "shufflenet_v1_g8"]);
    check_name("mobilenet_v2@depth=2", &["depth", "width", "stem_stride"]);
    check_name("mobilenet_v2@width", &["width", "key=value"]);
    check_name("mobilenet_v2@width=wide", &["width", "wide"]);
    check_name("mobilenet_v2@width=-1", &["width", "-1"]);
    check_name("mobilenet_v2@width=NaN", &["width"]);
    check_name("mobilenet_v2@classes=10,classes=20", &["classes twice"]);
    check_name("mobilenet_v2@classes=0", &["classes"]);
    check_name("mobilenet_v2@channels=0", &["input.channels", "found 0"]);
    check_name("mobilenet_v2@channels=grey", &["channels", "grey"]);
    check_name("mobilenet_v2@resolution=16", &["stride", "too small"]);
    check_name("mobilenet_v2@stem_stride=9", &["stride", "9"]);
    check_name("shufflenet_v1_g2@width=0.5", &["width", "0.5", "1, 2"]);
    check_name("shufflenet_v2@width=0.75", &["width", "0.75", "0.5, 1, 1.5, 2"]);
    let file = with_block("MaxPool(kernel: 3, stride: 2)");
    let error = published::network_file(&file, "width=0.5").unwrap_err().to_string();
    assert!(error.contains("width") && error.contains("file"), "{error}");
    assert_eq!(published::network_file(&file, "classes=7").unwrap().classes, 7);
}

#[test]
fn spaces_name_the_place() {
    let ron = published::space("mnasnet").unwrap().to_ron();
    let check = |from: &str, to: &str, message: &[&str]| {
        assert!(ron.contains(from), "{from}");
        let error = SearchSpace::from_ron(&ron.replacen(from, to, 1)).expect_err(to).to_string();
        for part in message {
            assert!(error.contains(part), "{error:?} lacks {part:?}");
        }
    };
    check("Kernel([3, 5])", "Kernel([3, 4])", &["stages[0].Kernel", "4", "odd"]);
    check("Kernel([3, 5])", "Kernel([])", &["stages[0].Kernel", "0 options"]);
    check("Kernel([3, 5])", "Layers([3, 5])", &["stages[0].Layers", "second"]);
    check("Expand([1.0, 4.0, 6.0])", "Expand([1.0, -4.0])", &["stages[0].Expand", "-4"]);
    check("Expand([1.0, 4.0, 6.0])", "Expansion([1.0])", &["line", "Expansion", "Expand"]);
    let blocks = |list: &str| format!("Block([{list}]), Kernel([3, 5])");
    let check_blocks = |list: &str, message: &[&str]| {
        check("Kernel([3, 5])", &blocks(list), message);
    };
    check_blocks("[Mid(0.5)], [Kernel(3)]", &["stages[0].Kernel", "second"]);
    check_blocks("[Mid(0.5), Mid(0.25)]", &["stages[0].Block", "Mid twice"]);
    check_blocks("[Mid(0.5)], [Mid(-0.5)]", &["stages[0].Block", "-0.5"]);
    check_blocks("[StartKernel(2)]", &["stages[0].Block", "2", "odd"]);
    check_blocks("", &["stages[0].Block", "0 options"]);
    check_blocks("[Mid([0.5])]", &["line"]);
    check("[224]", "[16]", &["stages", "too small"]);
    check("format: 1", "format: 7", &["format", "7"]);
    assert!(published::space("nasnet").unwrap_err().to_string().contains("mobilenet_v3"));
}
