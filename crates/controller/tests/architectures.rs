//! Tables of benchmarks are read in the forms in which benchmarks are published.

use controller::accuracy::{AccuracyTable, Scale, TableColumns};
use proptest::prelude::*;
use tempfile::tempdir;

fn read_bytes(bytes: &[u8]) -> Result<AccuracyTable, String> {
    let folder = tempdir().expect("a temporary folder");
    let path = folder.path().join("bench.csv");
    std::fs::write(&path, bytes).expect("writable");
    AccuracyTable::read(&path, &TableColumns::default(), None).map_err(|error| error.to_string())
}

fn read(text: &str) -> Result<AccuracyTable, String> {
    read_bytes(text.as_bytes())
}

/// Each row with a growing accuracy, as CSV.
fn table_of(rows: &[&str]) -> String {
    let row = |(index, arch): (usize, &&str)| {
        format!("\"{}\",{}\n", arch.replace('"', "\"\""), 50 + index % 50)
    };
    format!("arch,accuracy\n{}", rows.iter().enumerate().map(row).collect::<String>())
}

/// The numbers of options, and that every row is found by its text.
fn option_counts(rows: &[&str]) -> Vec<u8> {
    let table = read(&table_of(rows)).unwrap_or_else(|error| panic!("{rows:?}: {error}"));
    for (index, row) in rows.iter().enumerate() {
        let genotype = table.domain.parse(row).unwrap_or_else(|error| panic!("{row}: {error}"));
        assert_eq!(table.domain.text(&genotype), *row);
        let known = table.get(&genotype).unwrap_or_else(|| panic!("{row} is missing"));
        assert_eq!(known.accuracy, (50 + index) as f64 / 100.0);
    }
    table.domain.option_counts().to_vec()
}

#[test]
fn cells_of_nas_bench_201() {
    let rows = [
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
        "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|",
        "|avg_pool_3x3~0|+|none~0|nor_conv_1x1~1|+|none~0|none~1|none~2|",
    ];
    assert_eq!(option_counts(&rows), [3, 1, 2, 2, 1, 1]);
    let table = read(&table_of(&rows)).expect("valid");
    let error = table.domain.parse("|none~0|+|none~0|none~1|").expect_err("too short").to_string();
    assert!(error.contains("the form of |avg_pool_3x3~0|+|"), "{error}");
    let other = rows[0].replacen("none", "dense", 1);
    let error = table.domain.parse(&other).expect_err("no such operation").to_string();
    assert!(error.contains("value 1") && error.contains("avg_pool_3x3~0, none~0"), "{error}");
}

#[test]
fn lists_widths_and_paths() {
    assert_eq!(option_counts(&["(0, 2, 1)", "(1, 2, 1)", "(4, 0, 1)"]), [3, 2, 1]);
    assert_eq!(option_counts(&["[0 2 1]", "[1 2 0]"]), [2, 1, 2]);
    assert_eq!(option_counts(&["8:64:16", "16:64:8", "24:8:8"]), [3, 2, 2]);
    assert_eq!(option_counts(&["('conv_3x3', 'skip')", "('skip', 'skip')"]), [2, 1]);
    assert_eq!(option_counts(&["[\"a b\", \"c\"]", "[\"c\", \"c\"]"]), [2, 1]);
    assert_eq!(option_counts(&["3-5-7", "3-3-7"]), [1, 2, 1]);
    assert_eq!(option_counts(&["3_5_7", "5_5_7"]), [2, 1, 1]);
    assert_eq!(option_counts(&["64-41-1_02", "64-12-4_03"]), [1, 2, 2]);
    assert_eq!(option_counts(&["-1,0.5", "2,0.5"]), [2, 1]);
    assert_eq!(option_counts(&["[3]", "[5]", "[7]"]), [3]);
    assert_eq!(option_counts(&["013", "01b", "02b"]), [1, 2, 2]);
    assert_eq!(option_counts(&["[[1, 2], [3]]", "[[1, 4], [3]]"]), [1, 2, 1]);
}

#[test]
fn numbers_are_ordered_by_size() {
    let table = read("arch,accuracy\n8:a,50\n64:b,51\n16:10,52\n").expect("valid");
    let error = table.domain.parse("9:a").expect_err("no such width").to_string();
    assert!(error.contains("8, 16, 64"), "{error}");
    let error = table.domain.parse("8:c").expect_err("no such value").to_string();
    assert!(error.contains("10, a, b"), "{error}");
}

/// White space and the kind of quotes do not make another architecture.
#[test]
fn spellings_of_lists() {
    let text = "arch,accuracy\n\"[0, 'a']\",50\n\"[0,'b']\",51\n\"[ 0,\"\"a\"\" ]\",50\n";
    let table = read(text).expect("valid");
    assert_eq!(table.domain.size(), 2);
    assert!(table.get(&table.domain.parse("[0, 'b']").expect("a row")).is_some());
    let error = read(&text.replace("\" ]\",50", "\" ]\",49")).expect_err("contradicts itself");
    assert!(error.contains("line 4") && error.contains("line 2"), "{error}");
}

#[test]
fn rows_of_other_lengths_and_too_many_values_are_refused() {
    let error = read(&table_of(&["(0, 1, 2)", "(1, 1, 2)", "(0, 1)"])).expect_err("too short");
    for part in ["line 4", "(0, 1)", "3 values, as on line 2", "instead of 2"] {
        assert!(error.contains(part), "{error}");
    }
    let rows: Vec<String> = (0..300).map(|width| format!("({width}, 0)")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let error = read(&table_of(&rows)).expect_err("too many");
    assert!(
        error.contains("line 257") && error.contains("at most 255 values as value 1"),
        "{error}"
    );
    assert!(read(&table_of(&rows[..255])).is_ok());
}

#[test]
fn scales_are_not_mixed() {
    let check = |accuracies: &[f64]| {
        let row = |(index, accuracy): (usize, &f64)| format!("{index:02},{accuracy}\n");
        let rows: String = accuracies.iter().enumerate().map(row).collect();
        read(&format!("arch,accuracy\n{rows}")).map(|table| table.scale)
    };
    assert_eq!(check(&[0.4536, 0.66, 1.0]), Ok(Scale::Fractions));
    assert_eq!(check(&[45.36, 66.0, 1.0]), Ok(Scale::PerCent));
    // Networks that did not learn: 0.1 % on ImageNet, 0.83 % of 120 classes.
    assert_eq!(check(&[0.1, 66.2, 71.5, 0.0]), Ok(Scale::PerCent));
    assert_eq!(check(&[0.83, 41.2, 46.5, 1.0]), Ok(Scale::PerCent));
    let error = check(&[0.4536, 64.2233, 0.6586, 64.2233]).expect_err("mixed");
    let parts = [
        "line 2",
        "column accuracy",
        "0.4536",
        "64.2233 on line 3",
        "2 of the 4",
        "lines 2, 4",
        "all from 0 to 1, or all in per cent",
    ];
    for part in parts {
        assert!(error.contains(part), "{error}");
    }
    // One slip among many.
    let mut many = vec![70.0; 90];
    many[40] = 0.71;
    let error = check(&many).expect_err("mixed");
    assert!(error.contains("line 42") && error.contains("looks like a fraction"), "{error}");
}

/// 90.3167 % are 0.903167, and not the nearest number to 90.3167 divided by 100.
#[test]
fn per_cent_become_the_nearest_fraction() {
    let table = read("arch,accuracy\n0,90.3167\n1,64.2233\n").expect("valid");
    let accuracy =
        |text| table.get(&table.domain.parse(text).expect("a row")).expect("known").accuracy;
    assert_eq!(accuracy("0").to_string(), "0.903167");
    assert_eq!(accuracy("1").to_string(), "0.642233");
    let table = read("arch,accuracy\n0,9.5e1\n1,64.2233\n").expect("valid");
    assert_eq!(table.get(&table.domain.parse("0").expect("a row")).expect("known").accuracy, 0.95);
}

#[test]
fn dialects_of_csv() {
    let rows = [("01", "50", "1.5"), ("10", "60.5", "2")];
    let file = |header: &str, between: &str, end: &str| {
        let row = |(arch, accuracy, ms): &(&str, &str, &str)| [*arch, accuracy, ms].join(between);
        let lines: Vec<String> =
            [header.to_owned()].into_iter().chain(rows.iter().map(row)).collect();
        format!("{}{end}", lines.join(end))
    };
    let plain = file("arch,accuracy,latency_ms", ",", "\n");
    let mut marked = b"\xef\xbb\xbf".to_vec();
    marked.extend(plain.bytes());
    let others = [
        file("arch,accuracy,latency_ms", ",", "\r\n"),
        file("arch,accuracy,latency_ms", ",", "\r"),
        file("arch;accuracy;latency_ms", ";", "\n"),
        file("arch\taccuracy\tlatency_ms", "\t", "\n"),
        file("Arch, Accuracy ,LATENCY_MS", " , ", "\n"),
        file("\"arch\",\"Accuracy\",\"Latency ms\"", ",", "\n"),
        file("genotype,mean-acc,latency-ms", ",", "\n\n"),
    ];
    let read = |bytes: &[u8]| {
        let table = read_bytes(bytes).unwrap_or_else(|error| panic!("{error}"));
        let mut rows: Vec<_> =
            table.rows().map(|(genotype, known)| (genotype.clone(), known)).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows
    };
    let expected = read(plain.as_bytes());
    assert_eq!(expected.len(), 2);
    assert!(expected.iter().all(|(_, known)| known.latency_ms.is_some()));
    assert_eq!(read(&marked), expected);
    for other in others {
        assert_eq!(read(other.as_bytes()), expected, "{other:?}");
    }
    let refused = |bytes: &[u8], part: &str| {
        let error = read_bytes(bytes).expect_err(part);
        assert!(error.contains(part), "{error}");
    };
    refused(b"\xff\xfea\0r\0c\0h\0", "UTF-16");
    refused(b"arch,accuracy\n\xe9\xe8,1\n", "UTF-8");
    refused(b"arch,accuracy,Accuracy\n00,1,2\n01,nan,2\n", "found nan");
    refused(b"arch,Accuracy,ACCURACY\n00,1,2\n", "several columns accuracy");
    refused(b"arch;accuracy\n00;93,5\n", "93,5");
}

proptest! {
    /// Whatever the values and the separators, a row is found by its text, and only rows are drawn.
    #[test]
    fn architectures_are_encoded_and_decoded(
        rows in proptest::collection::btree_set(
            proptest::collection::vec("[a-z][a-z0-9_]{0,6}(~[0-9])?|[0-9]{1,3}", 4..=4), 1..30),
        form in 0..5_usize,
        seed in 0_u64..99,
    ) {
        let written = |values: &Vec<String>| match form {
            0 => format!("({})", values.join(", ")),
            1 => values.join(":"),
            2 => format!("|{}|+|{}|", values[0], values[1..].join("|")),
            3 => format!("['{}']", values.join("', '")),
            _ => format!("[{}]", values.join(" ")),
        };
        let texts: Vec<String> = rows.iter().map(written).collect();
        let lines: String = texts.iter().map(|text| format!("\"{text}\",0.5\n")).collect();
        let table = read(&format!("arch,accuracy\n{lines}")).expect("valid");
        prop_assert_eq!(table.domain.size(), texts.len() as u128);
        prop_assert_eq!(table.domain.option_counts().len(), 4);
        for text in &texts {
            let genotype = table.domain.parse(text).expect("a row");
            prop_assert_eq!(&table.domain.text(&genotype), text);
            prop_assert!(table.get(&genotype).is_some());
        }
        let mut rng = controller::random::rng(seed, controller::random::Purpose::Random, 0);
        for _ in 0..20 {
            prop_assert!(texts.contains(&table.domain.text(&table.domain.sample(&mut rng))));
        }
    }
}
