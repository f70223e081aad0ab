//! What is text: README files of output folders, plots of characters, and durations.

use std::fs;

use report::scatter::{self, Point};
use report::{FolderReadme, duration};

const README: FolderReadme<'static> = FolderReadme {
    program: "tool",
    title: "A search\nfor 5 ms",
    command: "tool search --target-ms 5",
    device: "a made-up CPU",
    result: "winner   none",
    files: &[
        ("best*.ron", "the winner of each target"),
        ("trial-*.ron", "a network of each trial"),
        ("pareto.csv", "all trials"),
        ("absent.txt", "nothing"),
    ],
};

#[test]
fn only_files_that_are_there_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["best-5ms.ron", "best-9ms.ron", "pareto.csv", "trial-1.ron", "trial-2.ron"];
    for name in names.into_iter().chain(["trial-3.ron", "notes.txt"]) {
        fs::write(folder.path().join(name), "").unwrap();
    }
    README.write(folder.path()).unwrap();
    let expected = "\
<!-- Written by tool, which replaces it when the command runs again. -->

# A search for 5 ms

    tool search --target-ms 5

Device: a made-up CPU.

```text
winner   none
```

| file | content |
|---|---|
| `best-5ms.ron`, `best-9ms.ron` | the winner of each target |
| `trial-*.ron` | a network of each trial |
| `pareto.csv` | all trials |
";
    assert_eq!(fs::read_to_string(folder.path().join("README.md")).unwrap(), expected);
}

#[test]
fn a_readme_of_other_origin_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("README.md"), folder.path().join("README-tool.md"));
    README.write(folder.path()).unwrap();
    FolderReadme { result: "winner   0120", ..README }.write(folder.path()).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("winner   0120"), "replaced");
    assert!(!other.exists());
    fs::write(&path, "# Mine\n").unwrap();
    README.write(folder.path()).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "# Mine\n");
    assert!(fs::read_to_string(&other).unwrap().contains("winner   none"));
}

#[test]
fn points_stand_at_their_places_of_a_plot() {
    let point = |letter: char, x: f64, y: f64| Point { letter, x, y };
    let points = [
        point('a', 0.0, 0.0),
        point('b', 6_300.0, 15.0),
        point('A', 6_300.0, 15.0),
        point('c', 6_300.0, 15.0),
        point('d', 3_000.0, 5.0),
    ];
    let text = scatter::draw(&points, "ms", "accuracy (%)");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.iter().all(|line| line.len() <= 80), "{text}");
    // The axis has 64 columns after ten for the labels, and 16 rows below its name.
    let at = |letter: char| {
        let row = lines[1..17].iter().position(|line| line[10..].contains(letter)).unwrap();
        (row, lines[row + 1].find(letter).unwrap() - 10)
    };
    assert_eq!([at('a'), at('b'), at('d')], [(15, 0), (0, 63), (10, 30)]);
    assert_eq!(lines[0], "accuracy (%)");
    assert!(lines[1].starts_with("    15.0 |") && lines[16].starts_with("     0.0 |"), "{text}");
    assert!(
        lines[18].trim_start().starts_with("0.0 ") && lines[18].ends_with("6,300.0 ms"),
        "{text}"
    );
    // Of the letters that are hidden, only the capital one is listed.
    assert_eq!(lines[19].trim_start(), "in the same place: A at b");
}

#[test]
fn a_plot_of_one_point_has_it_in_the_middle() {
    let text = scatter::draw(&[Point { letter: 'o', x: 4.0, y: 70.0 }], "ms", "accuracy (%)");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].starts_with("    70.5 |") && lines[16].starts_with("    69.5 |"), "{text}");
    assert!(text.contains("3.5") && text.contains("4.5 ms"), "{text}");
}

#[test]
fn durations_have_two_units_at_most() {
    let text = |seconds: f64| duration(seconds);
    assert_eq!([0.2, 59.4, 60.0, 83.0].map(text), ["0 s", "59 s", "1 min", "1 min 20 s"]);
    assert_eq!([594.0, 596.0, 3_590.0].map(text), ["9 min 50 s", "10 min", "1 h"]);
    assert_eq!([7_500.0, 3_600.0 * 30.0].map(text), ["2 h 5 min", "30 h"]);
}
