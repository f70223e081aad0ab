//! Files among the photos that are no photos, photos that do not decode, and links.

use std::fs;

use dataset::{Dataset, Remark};
use image::{ExtendedColorType, ImageEncoder, RgbImage, codecs::jpeg::JpegEncoder};

use crate::tree::{Tree, remarks, sizes};

/// Two classes with 30 photos each to train on and 2 each to test on.
const FOLDERS: [(&str, u32); 4] =
    [("train/cat", 30), ("train/dog", 30), ("val/cat", 2), ("val/dog", 2)];

#[test]
fn system_and_text_files_are_left_out_and_counted() {
    let clean = Tree::with_photos(&FOLDERS).load();
    assert_eq!(remarks(&clean), [""; 0]);
    let tree = Tree::with_photos(&FOLDERS);
    tree.write("train/cat/Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 thumbnails");
    tree.write("train/cat/desktop.ini", b"[.ShellClassInfo]\r\nIconIndex=0\r\n");
    tree.write("train/dog/desktop.ini", b"[.ShellClassInfo]\r\nIconIndex=1\r\n");
    tree.write("val/dog/.DS_Store", b"\0\0\0\x01Bud1");
    tree.write("train/labels.txt", b"cat\ndog\n");
    let data = tree.load();
    assert_eq!(sizes(&data), (60, 4));
    assert_eq!(data.train.fingerprint(), clean.train.fingerprint());
    let left_out =
        "left out 5 files that are no photos: .DS_Store, Thumbs.db, desktop.ini, labels.txt";
    assert_eq!(remarks(&data), [left_out]);

    // Copies of macOS and thumbnails of network storage are photos by their content.
    tree.photos("train/cat/@eaDir/thumb", 3);
    tree.photos("train/__MACOSX/cat", 3);
    tree.photo("train/dog/._0.png");
    tree.photos("train/dog/.ipynb_checkpoints", 2);
    tree.write("val/cat/P1 of the notes.md", b"P1 is the first part");
    let data = tree.load();
    assert_eq!(
        (data.classes.as_slice(), sizes(&data)),
        (&["cat", "dog"].map(String::from)[..], (60, 4))
    );
    assert_eq!(data.train.fingerprint(), clean.train.fingerprint());
    assert!(remarks(&data)[0].starts_with("left out 10 files that are no photos: "));
}

/// One photo more than `FOLDERS` has may be broken, as there are a hundred others.
fn with_one_more(name: &str, bytes: &[u8]) -> Dataset {
    let tree = Tree::with_photos(&FOLDERS);
    tree.photos("train/dog/more", 70);
    tree.write(name, bytes);
    tree.load()
}

#[test]
fn photos_that_do_not_decode_are_named_with_a_reason() {
    let photo = RgbImage::from_fn(64, 64, |x, y| {
        image::Rgb([x * x * y, x * y * y, (7 * x) ^ (5 * y)].map(|v| v as u8))
    });
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new(&mut jpeg);
    encoder.write_image(photo.as_raw(), 64, 64, ExtendedColorType::Rgb8).expect("in memory");
    let lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    let html = b"\r\n<!DOCTYPE html><html><title>Forbidden</title></html>";
    let cases: [(&str, &[u8], &str); 12] = [
        ("train/cat/x.jpg", b"", "the file is empty"),
        ("train/cat/x.jpg", &[0; 100], "not a photo by its first bytes"),
        ("train/cat/x.jpg", html, "a web page"),
        ("train/cat/x.jpg", lfs, "a Git LFS pointer"),
        ("train/cat/x.jpg", &jpeg[..300], "ends in the middle"),
        ("train/cat/x.jpg", &jpeg[..jpeg.len() / 2], "ends in the middle"),
        ("train/cat/x.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC is not read"),
        ("train/cat/x.heic", b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC is not read"),
        ("train/cat/x.jpg", b"GIF89a\x01\0\x01\0\0\0\0;", "GIF is not read"),
        ("train/cat/noextension", b"GIF89a\x01\0\x01\0\0\0\0;", "GIF is not read"),
        ("train/cat/x.TIF", b"II*\0\x08\0\0\0\0\0", "JPEG, PNG, WebP, BMP and PNM"),
        ("train/cat/x.png", b"\x89PNG\r\n\x1a\n", "x.png: "),
    ];
    for (name, bytes, reason) in cases {
        let data = with_one_more(name, bytes);
        assert_eq!(sizes(&data), (130, 4), "{name}, {reason}");
        let [warning] = &remarks(&data)[..] else { panic!("{:?}", data.remarks) };
        assert!(warning.starts_with("warning: 1 photo cannot be decoded and is left out:\n"));
        assert!(warning.contains(reason) && warning.contains(name), "{warning}");
    }
    // The whole file, also with something after it.
    for more in [b"".as_slice(), b"\0\0\0", b"a video after the photo"] {
        let data = with_one_more("train/cat/x.jpg", &[&jpeg, more].concat());
        assert_eq!((sizes(&data), remarks(&data)), ((131, 4), vec![]));
    }
}

#[test]
fn too_many_broken_photos_are_named() {
    let tree = Tree::with_photos(&FOLDERS);
    for index in 0..7 {
        tree.write(format!("train/dog/bad{index}.jpg"), b"<html>");
    }
    tree.is_refused(&[
        "train: ",
        "7 of 67 images",
        "1 %",
        "bad0.jpg: a web page",
        "bad4",
        "and 2 more",
    ]);
}

#[test]
fn photos_in_no_class_folder_are_counted() {
    let tree = Tree::with_photos(&FOLDERS);
    tree.photos("train", 3);
    tree.photo("overview.jpg");
    let data = tree.load();
    assert_eq!(sizes(&data), (60, 4));
    let [root, train] = &remarks(&data)[..] else { panic!("{:?}", data.remarks) };
    assert!(
        root.starts_with("warning: 1 photo in")
            && root.ends_with("is in no class folder and left out")
    );
    assert!(train.starts_with("warning: 3 photos in") && train.contains("train"), "{train}");
}

#[test]
fn folders_below_a_class_are_read() {
    let tree = Tree::with_photos(&FOLDERS);
    tree.photos("train/cat/sub", 30);
    tree.photos("train/dog/a/b", 15);
    tree.photos("train/dog/a", 15);
    let data = tree.load();
    assert_eq!((sizes(&data), remarks(&data)), ((120, 4), vec![]));
    assert_eq!((data.train.label(59), data.train.label(60)), (0, 1));
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    use std::os::unix::fs::symlink;

    let tree = Tree::with_photos(&FOLDERS);
    tree.photos("elsewhere/birds", 30);
    for part in ["train", "val"] {
        symlink("../elsewhere/birds", tree.path(format!("{part}/bird"))).expect("a link");
    }
    symlink("..", tree.path("train/cat/up")).expect("a link");
    symlink(".", tree.path("train/dog/self")).expect("a link");
    symlink("../../elsewhere/birds/0.png", tree.path("train/dog/linked.png")).expect("a link");
    let data = tree.load();
    assert_eq!((data.classes.len(), sizes(&data)), (3, (91, 34)));

    // A photo that is gone is not forgotten.
    tree.photos("elsewhere/birds/more", 30);
    symlink("nowhere.jpg", tree.path("train/cat/gone.jpg")).expect("a link");
    let data = tree.load();
    let gone = data.remarks.iter().find(|remark| matches!(remark, Remark::Undecodable(_)));
    let gone = gone.expect("a remark").to_string();
    assert!(gone.contains("gone.jpg: No such file"), "{gone}");
    fs::remove_file(tree.path("train/cat/gone.jpg")).expect("removed");
    assert!(tree.load().remarks.iter().all(|remark| !remark.is_warning()));
}
