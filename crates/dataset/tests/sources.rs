//! What each kind of source reads and refuses.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use dataset::{DataError, Dataset, HoldOut, Remark, Source};
use flate2::Compression;
use flate2::write::GzEncoder;
use image::{GrayImage, Rgb, RgbImage};
use tempfile::tempdir;

fn load(kind: &str, folder: &Path) -> Result<Dataset, DataError> {
    let source: Source = format!("{kind}:{}", folder.display()).parse().expect("a source");
    Dataset::load(&source, HoldOut::NONE, 2)
}

fn refused(result: Result<Dataset, DataError>, parts: &[&str]) {
    let error = result.expect_err("refused").to_string();
    for part in parts {
        assert!(error.contains(part), "{error:?} lacks {part:?}");
    }
}

#[test]
fn texts() {
    for text in ["cifar10:a", "folder:a/b", "mnist:c:d"] {
        assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
    }
    let whole = "shapes:classes=20,size=64,hints=70,train=100,test=50,seed=3";
    assert_eq!(whole.parse::<Source>().unwrap().to_string(), whole);
    assert_eq!("shapes".parse::<Source>().unwrap(), "shapes:classes=10".parse().unwrap());
    for (text, parts) in [
        ("imagenet:x", &["imagenet:x", "shapes, cifar10:DIR"][..]),
        ("cifar10", &["cifar10:DIR"]),
        ("folder:", &["folder:DIR"]),
        ("shapes:colour=1", &["colour", "classes, size"]),
        ("shapes:classes=1", &["shapes:classes", "found 1", "2 to 960"]),
        ("shapes:classes=many", &["shapes:classes", "many", "a whole number"]),
        ("shapes:hints=101", &["shapes:hints", "found 101", "0 to 100"]),
        ("shapes:size", &["shapes:size", "a whole number"]),
        ("shapes:classes=30,test=29", &["shapes:test", "found 29", "30 to"]),
    ] {
        let error = text.parse::<Source>().expect_err(text).to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
}

/// Files of the official size, full of zeros.
fn write_cifar10(folder: &Path) {
    for name in (1..=5).map(|b| format!("data_batch_{b}.bin")).chain(["test_batch.bin".into()]) {
        File::create(folder.join(name)).unwrap().set_len(30_730_000).unwrap();
    }
}

fn put(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn cifar10() {
    let folder = tempdir().unwrap();
    write_cifar10(folder.path());
    // The second record of the second file: a cat whose pixel at row 1, column 0 is (200, 100, 50).
    let second = folder.path().join("data_batch_2.bin");
    put(&second, 3_073, &[3]);
    for (plane, value) in [(0, 200), (1, 100), (2, 50)] {
        put(&second, 3_073 + 1 + plane * 1_024 + 32, &[value]);
    }
    let data = load("cifar10", folder.path()).unwrap();
    assert_eq!((data.train.len(), data.hold_out.len(), data.test.len()), (50_000, 0, 10_000));
    assert_eq!((data.train.label(10_001), data.train.label(10_000)), (3, 0));
    assert_eq!(data.classes[3], "cat");
    let image = data.train.image(10_001).unwrap();
    assert_eq!((image.height, image.width, image.channels), (32, 32, 3));
    assert_eq!(image.pixels[32 * 3..32 * 3 + 4], [200, 100, 50, 0]);
    assert_eq!(image.pixels.iter().map(|&pixel| u32::from(pixel)).sum::<u32>(), 350);

    let first = folder.path().join("data_batch_1.bin");
    put(&first, 7 * 3_073, &[10]);
    refused(
        load("cifar10", folder.path()),
        &["data_batch_1.bin", "label 10 in record 7", "0 to 9"],
    );
    File::options().write(true).open(&first).unwrap().set_len(30_729_999).unwrap();
    refused(load("cifar10", folder.path()), &["data_batch_1.bin", "30729999", "30730000"]);
    fs::remove_file(&first).unwrap();
    refused(load("cifar10", folder.path()), &["data_batch_1.bin", "No such file"]);
}

/// An idx file of bytes.
fn idx(dims: &[u32], values: &[u8]) -> Vec<u8> {
    let header = [&[0x0800 + dims.len() as u32], dims].concat();
    header.into_iter().flat_map(u32::to_be_bytes).chain(values.iter().copied()).collect()
}

#[test]
fn mnist() {
    let folder = tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    for part in ["train", "t10k"] {
        write(&format!("{part}-images-idx3-ubyte"), idx(&[2, 2, 3], &(0..12).collect::<Vec<u8>>()));
        write(&format!("{part}-labels-idx1-ubyte"), idx(&[2], &[9, 0]));
    }
    let data = load("mnist", folder.path()).unwrap();
    assert_eq!((data.train.len(), data.test.len(), data.train.channels()), (2, 2, 1));
    let image = data.test.image(1).unwrap();
    assert_eq!((image.height, image.width, data.test.label(0)), (2, 3, 9));
    assert_eq!(image.pixels, [6, 7, 8, 9, 10, 11]);

    let labels = "t10k-labels-idx1-ubyte";
    for (name, bytes, parts) in [
        (labels, idx(&[2], &[9, 10]), &[labels, "label 10 in record 1", "0 to 9"][..]),
        (
            labels,
            idx(&[2], &[9]),
            &[labels, "9 bytes", "8 bytes of header and a byte for each element of [2]"],
        ),
        (labels, idx(&[3], &[9, 1, 1]), &[labels, "3 labels", "2 labels, one for each image"]),
        (labels, idx(&[1, 2], &[9, 1]), &[labels, "0x00000802", "0x00000801"]),
        (labels, vec![], &[labels, "0x00000801"]),
        ("train-images-idx3-ubyte", idx(&[u32::MAX; 3], &[]), &["train-images", "16 bytes"]),
    ] {
        write(name, bytes);
        refused(load("mnist", folder.path()), parts);
    }
}

/// The images of a data set in its order, and their labels.
fn content(data: &Dataset) -> Vec<(Vec<u8>, u32)> {
    let all = [&data.train, &data.test];
    let of = |samples: &dataset::Samples| {
        let one = |index| (samples.image(index).expect("an image").pixels, samples.label(index));
        (0..samples.len()).map(one).collect::<Vec<_>>()
    };
    all.into_iter().flat_map(|samples| of(samples)).collect()
}

#[test]
fn mnist_is_read_wherever_it_is_kept() {
    let gzipped = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("in memory")
    };
    let images = idx(&[2, 2, 3], &(0..12).collect::<Vec<u8>>());
    let files = [("images-idx3-ubyte", images), ("labels-idx1-ubyte", idx(&[2], &[9, 0]))];
    let mut first = None;
    for (folder, dotted, name_of, is_gzipped) in [
        ("", false, "", false),
        ("", false, ".gz", true),
        ("", true, "", false),
        ("", true, ".gz", true),
        // A browser has unpacked it, or has taken off the ending.
        ("", false, ".gz", false),
        ("", false, "", true),
        // The folders of torchvision, and of an archive with a folder for each file.
        ("raw", false, ".gz", true),
        ("MNIST/raw", false, "", false),
        ("FashionMNIST/raw", false, ".gz", true),
        ("NAME", false, "", false),
        ("NAME", true, "", false),
    ] {
        let root = tempdir().unwrap();
        for (part, (name, bytes)) in
            ["train", "t10k"].into_iter().flat_map(|p| files.iter().map(move |f| (p, f)))
        {
            let name = format!("{part}-{name}{name_of}");
            let name = if dotted { name.replace("-idx", ".idx") } else { name };
            let folder = root.path().join(folder.replace("NAME", &name));
            fs::create_dir_all(&folder).unwrap();
            let bytes = if is_gzipped { gzipped(bytes) } else { bytes.clone() };
            fs::write(folder.join(name), bytes).unwrap();
        }
        let data = load("mnist", root.path()).unwrap();
        let found = (content(&data), data.train.fingerprint());
        assert_eq!(&found, first.get_or_insert_with(|| found.clone()), "{folder}, {dotted}");
    }

    let root = tempdir().unwrap();
    refused(load("mnist", root.path()), &["no train-labels-idx1-ubyte", "t10k-images", ".gz"]);
    refused(load("mnist", &root.path().join("nowhere")), &["nowhere", "no such folder"]);
    let file = root.path().join("train-labels-idx1-ubyte.gz");
    fs::write(&file, &gzipped(&files[1].1)[..15]).unwrap();
    refused(load("mnist", &file), &["found a file", "a folder with train-images"]);
    fs::write(root.path().join("train-images-idx3-ubyte"), &files[0].1).unwrap();
    refused(load("mnist", root.path()), &["labels-idx1-ubyte.gz", "does not unpack"]);
}

#[test]
fn other_versions_of_cifar_are_named() {
    let wanted = "the binary version of CIFAR-10";
    for (files, version) in [
        (
            &["data_batch_1", "data_batch_2", "test_batch", "batches.meta"][..],
            "Python version of CIFAR-10 ",
        ),
        (&["cifar-10-batches-py/data_batch_1"], "Python version of CIFAR-10 (cifar-10-batches-py)"),
        (&["data_batch_1.mat"], "MATLAB version of CIFAR-10"),
        (&["train", "test", "meta"], "Python version of CIFAR-100"),
        (&["cifar-100-python/train"], "Python version of CIFAR-100"),
        (&["train.bin", "test.bin"], "binary version of CIFAR-100"),
        (&["cifar-100-binary/train.bin"], "binary version of CIFAR-100"),
        (&["cifar-10-binary.tar.gz"], "in an archive"),
        (&["cifar-10-python.tar.gz"], "Python version of CIFAR-10 in an archive"),
        (&["other"], "none of its files"),
    ] {
        let root = tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        refused(load("cifar10", root.path()), &[version, wanted, "data_batch_1.bin"]);
    }
    let root = tempdir().unwrap();
    refused(load("cifar10", &root.path().join("nowhere")), &["nowhere", "no such folder"]);
    // Part of the binary version: the file that is missing is named.
    fs::write(root.path().join("test_batch.bin"), "x").unwrap();
    refused(load("cifar10", root.path()), &["data_batch_1.bin", "No such file"]);
}

/// `train` with three images of each class and `val` with one, in the colour of the class.
fn write_photos(folder: &Path) {
    for (part, count) in [("train", 3), ("val", 1)] {
        for (class, colour) in [("red", [200, 0, 0]), ("blue", [0, 0, 200])] {
            let folder = folder.join(part).join(class);
            fs::create_dir_all(&folder).unwrap();
            for index in 0..count {
                let photo = RgbImage::from_pixel(9, 7 + index, Rgb(colour));
                photo.save(folder.join(format!("{index}.png"))).unwrap();
            }
        }
    }
}

#[test]
fn folders() {
    let folder = tempdir().unwrap();
    write_photos(folder.path());
    let grey = GrayImage::from_pixel(5, 4, image::Luma([90]));
    grey.save(folder.path().join("train/red/grey.jpg")).unwrap();
    fs::write(folder.path().join("train/red/.hidden"), "no image").unwrap();
    let data = load("folder", folder.path()).unwrap();
    assert_eq!(data.classes, ["blue", "red"]);
    assert_eq!((data.train.len(), data.test.len(), data.remarks.len()), (7, 2, 1));
    assert!(data.remarks[0].to_string().ends_with(": .hidden"), "{:?}", data.remarks);
    let image = data.test.image(1).unwrap();
    assert_eq!((data.test.label(1), image.width, image.height), (1, 9, 7));
    assert_eq!(image.pixels[..3], [200, 0, 0]);
    let grey = data.train.image(6).unwrap();
    assert_eq!((grey.channels, grey.pixels.len()), (3, 60));

    // One broken image of eight is too many; one of a hundred is reported and left out.
    let broken = folder.path().join("train/blue/broken.jpg");
    fs::write(&broken, b"\xff\xd8\xff\xe0 and no more").unwrap();
    refused(load("folder", folder.path()), &["train", "1 of 8 images", "broken.jpg", "1 %"]);
    let photo = folder.path().join("train/blue/0.png");
    for index in 0..92 {
        fs::copy(&photo, folder.path().join(format!("train/blue/copy{index}.png"))).unwrap();
    }
    let data = load("folder", folder.path()).unwrap();
    assert_eq!(data.train.len(), 99);
    let Some(Remark::Undecodable(skipped)) = data.remarks.last() else {
        panic!("{:?}", data.remarks)
    };
    assert_eq!((skipped.len(), &skipped[0].path), (1, &broken));

    fs::create_dir(folder.path().join("val/green")).unwrap();
    refused(load("folder", folder.path()), &["val", "a class green", "the classes of train"]);
    fs::create_dir(folder.path().join("train/green")).unwrap();
    refused(load("folder", folder.path()), &["train/green", "no images", "at least one"]);
    let no_folders = ["4 photos and no folders", "train/CLASS/photo.jpg"];
    refused(load("folder", &folder.path().join("train/red")), &no_folders);
}

#[test]
fn shapes_are_the_same_whenever_they_are_drawn() {
    let load = |text: &str| {
        let source: Source = text.parse().expect(text);
        Dataset::load(&source, HoldOut::DEFAULT, 2).expect(text)
    };
    for text in
        ["shapes:classes=10,size=32", "shapes:classes=2,size=8", "shapes:classes=960,size=17"]
    {
        let text = format!("{text},train=2000,test=1000");
        let (data, again) = (load(&text), load(&text));
        let classes = data.classes.len();
        let distinct: std::collections::HashSet<_> = data.classes.iter().collect();
        assert_eq!(distinct.len(), classes, "{text}");
        for index in [0, 1, 999] {
            let image = data.test.image(index).unwrap();
            assert_eq!(image, again.test.image(index).unwrap(), "{text}");
            assert_eq!(data.test.label(index) as usize, index % classes);
            let other = load(&format!("{text},seed=1")).test.image(index).unwrap();
            assert_ne!(image, other, "{text}");
            assert_ne!(image, data.train.image(index).unwrap(), "{text}");
            let (min, max) = (image.pixels.iter().min(), image.pixels.iter().max());
            assert!(max.unwrap() - min.unwrap() > 30, "{text}: an image without contrast");
        }
    }
}

#[test]
fn the_names_in_a_folder_suggest_a_source() {
    let folder = tempdir().unwrap();
    let suggested = || Source::suggested_by(folder.path());
    let path = || folder.path().to_path_buf();
    assert_eq!(suggested(), Source::Folder(path()));
    fs::write(path().join("train-images-idx3-ubyte.gz"), "").unwrap();
    assert_eq!(suggested(), Source::Mnist(path()));
    fs::create_dir(path().join("cifar-10-batches-bin")).unwrap();
    assert_eq!(suggested(), Source::Cifar10(path()));
}
