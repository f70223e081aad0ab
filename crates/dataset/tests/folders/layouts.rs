//! Which folders are read as what.

use std::collections::BTreeSet;
use std::fs;

use dataset::{Dataset, HoldOut, Source};

use crate::tree::{Tree, remarks, sizes};

/// `train` and `val` with two classes.
const USUAL: [(&str, u32); 4] =
    [("train/cat", 30), ("train/dog", 30), ("val/cat", 2), ("val/dog", 2)];

/// The published hash of bytes, by which images are told apart and splits are recorded.
fn hash(bytes: &[u8]) -> u64 {
    let fnv = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (fnv ^ (fnv >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The record of a split with these files in this order.
fn fingerprint(tree: &Tree, files: &[&str]) -> u64 {
    let bytes = |file: &&str| hash(&fs::read(tree.path(file)).expect("a photo")).to_le_bytes();
    hash(&files.iter().flat_map(bytes).collect::<Vec<u8>>())
}

#[test]
fn the_usual_layout_has_the_same_images_in_the_same_order_as_ever() {
    let tree = Tree::with_photos(&[("val/b", 1), ("train/b", 2), ("train/a", 2), ("val/a", 1)]);
    tree.photos("train/B", 2);
    tree.photos("val/B", 1);
    tree.photo("train/a/10.jpg");
    tree.photo("train/a/X.PNG");
    let data = tree.load();
    assert_eq!(
        (data.classes.as_slice(), remarks(&data)),
        (&["B", "a", "b"].map(String::from)[..], vec![])
    );
    let train = [
        "train/B/0.png",
        "train/B/1.png",
        "train/a/0.png",
        "train/a/1.png",
        "train/a/10.jpg",
        "train/a/X.PNG",
        "train/b/0.png",
        "train/b/1.png",
    ];
    assert_eq!(data.train.fingerprint(), fingerprint(&tree, &train));
    let test = ["val/B/0.png", "val/a/0.png", "val/b/0.png"];
    assert_eq!(data.test.fingerprint(), fingerprint(&tree, &test));
    let labels: Vec<u32> = (0..data.train.len()).map(|index| data.train.label(index)).collect();
    assert_eq!(labels, [0, 0, 1, 1, 1, 1, 2, 2]);
}

#[test]
fn other_names_of_the_test_folder_are_accepted_and_said() {
    for name in ["valid", "validation", "test", "testing", "VALID", "Val", "val_set", "test_set"] {
        let (cat, dog) = (format!("{name}/cat"), format!("{name}/dog"));
        let tree = Tree::with_photos(&[("train/cat", 9), ("train/dog", 9), (&cat, 2), (&dog, 3)]);
        let data = tree.load();
        assert_eq!(sizes(&data), (18, 5), "{name}");
        let [remark] = &remarks(&data)[..] else { panic!("{name}: {:?}", data.remarks) };
        let end = tree.root().join(name).display().to_string();
        assert!(remark.starts_with("no val: the test") && remark.ends_with(&end), "{remark}");
    }
}

#[test]
fn of_several_test_folders_val_comes_first() {
    let more = |folders: &[(&str, u32)]| {
        let tree = Tree::with_photos(&[&USUAL, folders].concat());
        let data = tree.load();
        (sizes(&data), remarks(&data).join("\n").replace(&*tree.root().to_string_lossy(), "D"))
    };
    let not_read = "not read: D/test".to_owned();
    assert_eq!(more(&[("test/cat", 7), ("test/dog", 7)]), ((60, 4), not_read));
    assert_eq!(more(&[("notes", 0), ("test", 7)]).1, "not read: D/test");

    // Roboflow's layout.
    let tree = Tree::with_photos(&[("train/a", 9), ("train/b", 9), ("valid/a", 2), ("test/b", 3)]);
    tree.photos("valid/b", 2);
    let data = tree.load();
    assert_eq!((sizes(&data), data.remarks.len()), ((18, 4), 2));
    assert!(remarks(&data)[0].contains("not read") && remarks(&data)[1].contains("valid"));
}

/// The names of the photos of a split, by their hashes.
fn hashes(samples: &dataset::Samples) -> BTreeSet<Vec<u8>> {
    (0..samples.len()).map(|index| samples.image(index).expect("a photo").pixels).collect()
}

#[test]
fn without_a_test_folder_a_fifth_is_cut_by_the_content() {
    for (train, others) in [
        (["cat", "dog"], &[][..]),
        (["train/cat", "train/dog"], &[]),
        (["training/cat", "training/dog"], &[]),
        // Photos without labels are no test images.
        (["train/cat", "train/dog"], &[("test", 20)]),
        (["train/cat", "train/dog"], &[("test/unknown", 20)]),
    ] {
        let tree = Tree::with_photos(&[&train.map(|class| (class, 200)), others].concat());
        let data = tree.load();
        let (trained, tested) = sizes(&data);
        assert_eq!((data.classes.len(), trained + tested), (2, 400), "{train:?}");
        assert!((60..=100).contains(&tested), "{tested}");
        let cut = remarks(&data).pop().expect("a remark");
        assert!(cut.contains(&format!("no val: {tested} of 400 photos, about a fifth")), "{cut}");
        assert_eq!(data.remarks.len(), 1 + others.len(), "{:?}", data.remarks);

        // The hold-out is cut from the rest, of which it is the usual share.
        let source = Source::Folder(tree.root().to_owned());
        let half = Dataset::load(&source, HoldOut::new(0.5).expect("a share"), 1).expect("loaded");
        assert_eq!(half.test.fingerprint(), data.test.fingerprint());
        assert!((110..=210).contains(&half.hold_out.len()), "{}", half.hold_out.len());
    }
}

#[test]
fn a_cut_stays_when_photos_are_added_renamed_or_copied() {
    let tree = Tree::with_photos(&[("cat", 100), ("dog", 100)]);
    let before = tree.load();
    let (train, test) = (hashes(&before.train), hashes(&before.test));
    assert!(train.is_disjoint(&test));
    tree.photos("dog/more", 100);
    for index in 0..50 {
        let cat = tree.path(format!("cat/{index}.png"));
        fs::copy(&cat, tree.path(format!("cat/copy{index}.png"))).expect("a copy");
        fs::rename(cat, tree.path(format!("cat/renamed{index}.png"))).expect("renamed");
    }
    let after = tree.load();
    assert_eq!(after.train.len() + after.test.len(), 350);
    assert!(hashes(&after.train).is_superset(&train) && hashes(&after.test).is_superset(&test));
    assert!(hashes(&after.train).is_disjoint(&hashes(&after.test)));
}

#[test]
fn small_classes_are_on_both_sides_of_a_cut() {
    let folders: Vec<String> = (0..40).map(|class| format!("class{class:02}")).collect();
    let tree = Tree::new();
    for (class, folder) in folders.iter().enumerate() {
        tree.photos(folder, if class == 7 { 1 } else { 2 + class as u32 % 3 });
    }
    let data = tree.load();
    let labels = |samples: &dataset::Samples| {
        (0..samples.len()).map(|index| samples.label(index)).collect::<BTreeSet<u32>>()
    };
    assert_eq!(labels(&data.train).len(), 40);
    let mut tested: BTreeSet<u32> = (0..40).collect();
    tested.remove(&7);
    assert_eq!(labels(&data.test), tested);
    assert_eq!(remarks(&data)[1], "warning: no test images of this class: class07");
}

#[test]
fn folders_around_the_photos_are_passed() {
    // As archives unpack.
    let tree = Tree::with_photos(&[("flowers/photos/rose", 9), ("flowers/photos/tulip", 9)]);
    tree.write("flowers/README.txt", b"photos of flowers");
    let data = tree.load();
    assert_eq!(
        (data.classes.as_slice(), data.train.len() + data.test.len()),
        (&["rose", "tulip"].map(String::from)[..], 18)
    );
    assert!(
        remarks(&data)[0].contains("reading the photos in")
            && remarks(&data)[0].ends_with("photos")
    );

    let tree = Tree::with_photos(&USUAL.map(|(name, _)| name).map(|name| (name, 2)));
    fs::create_dir(tree.path("inner")).expect("a folder");
    for part in ["train", "val"] {
        fs::rename(tree.path(part), tree.path(format!("inner/{part}"))).expect("moved");
    }
    assert_eq!(sizes(&tree.load()), (4, 4));

    // As Kaggle packs.
    let tree = Tree::with_photos(&[
        ("training_set/training_set/cats", 9),
        ("training_set/training_set/dogs", 9),
        ("test_set/test_set/cats", 2),
        ("test_set/test_set/dogs", 2),
    ]);
    let data = tree.load();
    assert_eq!(
        (data.classes.as_slice(), sizes(&data)),
        (&["cats", "dogs"].map(String::from)[..], (18, 4))
    );
}

#[test]
fn names_of_classes() {
    // A class that has the name of a split.
    let data = Tree::with_photos(&[("boat", 9), ("car", 9), ("train", 9)]).load();
    assert_eq!(data.classes, ["boat", "car", "train"]);
    let names = ["Golden Retriever", "n01440764", "été", "犬", "🐈", "a,b=c", "-x", "'q\""];
    let data = Tree::with_photos(&names.map(|name| (name, 3))).load();
    let sorted: BTreeSet<String> = names.map(String::from).into();
    assert_eq!(data.classes, sorted.into_iter().collect::<Vec<_>>());
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf_8_are_read() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    let tree = Tree::with_photos(&[("train/dog", 9), ("val/dog", 2)]);
    for name in [b"caf\xe9", b"caf\xea"] {
        let name = OsStr::from_bytes(name);
        tree.photos(Path::new("train").join(name), 9);
        tree.photos(Path::new("val").join(name), 2);
    }
    tree.photo(Path::new("train/dog").join(OsStr::from_bytes(b"\xfcber.png")));
    let data = tree.load();
    assert_eq!(data.classes, ["caf\\xe9", "caf\\xea", "dog"]);
    assert_eq!((sizes(&data), remarks(&data)), ((28, 6), vec![]));
}

#[test]
fn one_class_is_warned_of() {
    let data = Tree::with_photos(&[("train/cat", 9), ("val/cat", 2)]).load();
    let [warning] = &remarks(&data)[..] else { panic!("{:?}", data.remarks) };
    assert!(warning.starts_with("warning: all photos are of one class, cat"), "{warning}");
    let data = Tree::with_photos(&[("cat", 9)]).load();
    assert!(remarks(&data)[1].starts_with("warning: all photos are of one class, cat"));
}

#[test]
fn classes_without_test_images_are_warned_of() {
    let tree = Tree::with_photos(&[("train/a", 9), ("train/b", 9), ("train/c", 9), ("val/b", 2)]);
    fs::create_dir(tree.path("val/c")).expect("a folder");
    let data = tree.load();
    assert_eq!((sizes(&data), data.test.label(0)), ((27, 2), 1));
    assert_eq!(remarks(&data), ["warning: no test images of these classes: a, c"]);
}

#[test]
fn unusable_layouts_show_the_wanted_one() {
    let wanted = ["train/CLASS/photo.jpg", "DIR/CLASS/photo.jpg", "fifth"];
    let refused = |folders: &[(&str, u32)], parts: &[&str]| {
        Tree::with_photos(folders).is_refused(&[parts, &wanted].concat());
    };
    refused(&[], &["no folders"]);
    refused(&[("", 3)], &["3 photos and no folders"]);
    // The labels are in the names of the files, or in a table.
    refused(&[("train", 25), ("test", 5)], &["train: ", "25 photos and no folders"]);
    refused(&[("train", 25), ("test1", 5)], &["train: ", "25 photos and no folders"]);
    refused(&[("val/cat", 3), ("val/dog", 3)], &["the folder val without train"]);
    refused(&[("cat", 3), ("dog", 3), ("test", 3)], &["the folder test without train"]);
    refused(&[("train/cat", 3), ("val", 3)], &["val: ", "3 photos and no folders"]);

    let tree = Tree::with_photos(&[("images", 9), ("other", 2)]);
    tree.write("annotations/list.txt", b"cat 1\n");
    tree.is_refused(&["annotations", "no images", "the folder of each class"]);
    let tree = Tree::with_photos(&[("train/cat", 9), ("val/cat", 1), ("val/bird", 1)]);
    tree.is_refused(&["val", "a class bird", "the classes of train"]);

    tree.write("photos.zip", b"PK\x03\x04");
    let source = Source::Folder(tree.path("photos.zip"));
    let error = Dataset::load(&source, HoldOut::NONE, 1).expect_err("refused").to_string();
    assert!(error.contains("found a file") && error.contains("DIR/CLASS"), "{error}");
    let source = Source::Folder(tree.path("nowhere"));
    let error = Dataset::load(&source, HoldOut::NONE, 1).expect_err("refused").to_string();
    assert!(error.contains("nowhere: No such file"), "{error}");
}
