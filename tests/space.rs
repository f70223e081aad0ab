//! `nas space --validate` on good and bad files.

use tempfile::tempdir;

use crate::run::{json, nas, refused};

const SPACE: &str = r#"SearchSpace(
    format: 1,
    name: "mine",
    channels: 3,
    resolution: [64],
    classes: 10,
    stem: [Conv(out: 24, kernel: 3, stride: 2, act: Relu)],
    stages: [
        (out: 48, layers: 1, stride: 1, choices: [Family([Separable, ShuffleUnitV2]), Kernel([3, 5])]),
    ],
    head: Pool(),
)"#;

#[test]
fn users_spaces_are_validated() {
    let folder = tempdir().expect("a temporary folder");
    let path = folder.path().join("mine.ron");
    let file = path.to_str().expect("utf-8");
    std::fs::write(&path, SPACE).expect("writable");
    let found = json(&["space", "--validate", file]);
    assert_eq!((found["name"].as_str(), found["size"].as_u64()), (Some("mine"), Some(4)));
    assert_eq!(found["illegal"][0]["place"], "stages[0].Family: ShuffleUnitV2");
    for sample in found["samples"].as_array().expect("a list") {
        let genotype = sample["genotype"].as_str().expect("text");
        let counted = json(&["describe", &format!("{file}:{genotype}")]);
        assert_eq!((&counted["params"], &counted["macs"]), (&sample["params"], &sample["macs"]));
        let macs = sample["macs"].as_u64();
        assert!(found["macs"]["min"].as_u64() <= macs && macs <= found["macs"]["max"].as_u64());
    }
    let run = nas(&["space", file, "--validate"]);
    assert!(run.stdout.contains("50.") || run.stdout.contains("49."), "{}", run.stdout);
    assert!(run.stdout.contains("stages[0].Family: ShuffleUnitV2"), "{}", run.stdout);

    // The order of options does not matter, as long as one of them is legal.
    let reversed = SPACE.replace("Separable, ShuffleUnitV2", "ShuffleUnitV2, Separable");
    std::fs::write(&path, reversed).expect("writable");
    let found = json(&["space", "--validate", file]);
    assert_eq!(found["illegal"][0]["place"], "stages[0].Family: ShuffleUnitV2");
    std::fs::write(&path, SPACE.replace("Separable, ", "")).expect("writable");
    refused(&["space", "--validate", file], &["mine.ron", "stages", "block 1"]);

    std::fs::write(&path, SPACE.replace("layers: 1", "layer: 1")).expect("writable");
    refused(&["space", "--validate", file], &["mine.ron", "line 9", "layer"]);
    std::fs::write(&path, SPACE.replace("[3, 5]", "[3, 4]")).expect("writable");
    refused(&["space", "--validate", file], &["mine.ron", "stages[0].Kernel", "4"]);
    refused(&["space", "--validate"], &["--validate"]);
    refused(&["space", "--validate", "nasnet"], &["nasnet", "mixed"]);
}
