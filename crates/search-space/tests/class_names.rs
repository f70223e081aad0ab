//! What a network's file says about classes and images.

use search_space::{ChannelOrder, Network, published};

const PREPROCESSING: &str = "preprocessing: (channels: Rgb, crop: CentralSquare, \
    resize: BilinearAntialiased, range: ZeroToOne, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]),";

fn ron(fields: &str) -> String {
    format!(
        r#"Network(
    format: 1,
    name: "n",
    input: (channels: 3, resolution: 32),
    classes: 2,
    {fields}
    blocks: [
        Conv(out: 16, kernel: 3, stride: 2, act: Relu),
    ],
    head: Pool(),
)
"#
    )
}

#[test]
fn are_written_and_read() {
    let text = ron(&format!("class_names: [\"cat\", \"a \\\"dog\\\", µ\"],\n    {PREPROCESSING}"));
    let network = Network::from_ron(&text).unwrap();
    assert_eq!(network.class_names, ["cat", "a \"dog\", µ"]);
    assert_eq!(network.preprocessing.as_ref().unwrap().channels, ChannelOrder::Rgb);
    assert_eq!(network.to_ron(), text);
    // What is computed does not depend on them, nor does the text of a network without them.
    let plain = Network::from_ron(&ron("")).unwrap();
    assert_eq!(network.architecture(), plain);
    assert_eq!(network.lower().unwrap(), plain.lower().unwrap());
    assert!(!plain.to_ron().contains("class_names") && !plain.to_ron().contains("preproc"));
}

#[test]
fn are_dropped_with_the_classes_that_they_name() {
    let text = ron(&format!("class_names: [\"cat\", \"dog\"],\n    {PREPROCESSING}"));
    let with = |options| published::network_file(&text, options).unwrap();
    assert_eq!(with("resolution=64,classes=2").class_names, ["cat", "dog"]);
    let other = with("classes=3");
    assert!(other.class_names.is_empty() && other.preprocessing.is_some());
}

#[test]
fn must_fit_the_network() {
    let check = |fields: &str, message: &str| {
        let error = Network::from_ron(&ron(fields)).expect_err(fields).to_string();
        assert_eq!(error, message);
    };
    let expected = "class_names: found 1 names; expected: 2, one for each class";
    check("class_names: [\"cat\"],", expected);
    let expected = "class_names: found \"cat\" twice; expected: different names";
    check("class_names: [\"cat\", \"cat\"],", expected);
    let how = |from: &str, to: &str| PREPROCESSING.replace(from, to);
    check(&how("Rgb", "Grey"), "preprocessing.channels: found 1; expected: 3, as input.channels");
    let expected = "preprocessing.mean: found 1 values; expected: 3, one for each channel";
    check(&how("[0.5, 0.5, 0.5]", "[0.5]"), expected);
    let std = "preprocessing.std: found 0; expected: values above 0";
    check(&how("[0.25, 0.25, 0.25]", "[0.25, 0.0, 0.25]"), std);
    check(
        &how("[0.5, 0.5, 0.5]", "[0.5, inf, 0.5]"),
        "preprocessing.mean: found inf; expected: finite values",
    );
}
