//! `--data` as users give it: MNIST, folders of photos, and names that are almost right.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::{TempDir, tempdir};

use crate::run::{json, nas, refused};

/// An idx file of bytes.
fn idx(dims: &[u32], values: Vec<u8>) -> Vec<u8> {
    let header = [&[0x0800 + dims.len() as u32], dims].concat();
    header.into_iter().flat_map(u32::to_be_bytes).chain(values).collect()
}

/// MNIST with few images, each a bright square whose place depends on the digit.
fn write_mnist(folder: &Path) {
    for (part, count) in [("train", 200), ("t10k", 50)] {
        let pixel = |image: u32, y: u32, x: u32| {
            let (row, column) = (image % 10 / 5, image % 5);
            let inside = y / 14 == row && x / 5 == column;
            if inside { 200 + (image / 10) as u8 } else { 0 }
        };
        let pixels = (0..count)
            .flat_map(|image| (0..28).flat_map(move |y| (0..28).map(move |x| pixel(image, y, x))));
        let labels = (0..count).map(|image| (image % 10) as u8).collect();
        let write = |name: &str, bytes: Vec<u8>| {
            fs::write(folder.join(format!("{part}-{name}")), bytes).expect("written");
        };
        write("images-idx3-ubyte", idx(&[count, 28, 28], pixels.collect()));
        write("labels-idx1-ubyte", idx(&[count], labels));
    }
}

fn text(path: &Path) -> String {
    path.to_str().expect("utf-8").to_owned()
}

#[test]
fn mnist_chooses_one_channel() {
    const NET: &str = "mobilenet_v1@width=0.25,resolution=32";
    let folder = tempdir().expect("a folder");
    write_mnist(folder.path());
    let data = format!("mnist:{}", folder.path().display());
    let out = text(&folder.path().join("out"));
    let train = ["train", NET, "--data", &data, "--epochs", "1", "--batch", "50", "--out", &out];
    let run = nas(&train);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("the images have 1 channel: NET is"), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("{NET},channels=1")), "{}", run.stderr);
    let network = fs::read_to_string(folder.path().join("out/network.ron")).expect("written");
    assert!(network.contains("channels: 1"), "{network}");

    // The weights know their channels, so NET need not say them.
    let weights = format!("{out}/best.safetensors");
    let evaluated = json(&["eval", NET, "--weights", &weights, "--data", &data]);
    assert_eq!(evaluated["images"], 50);
    let onnx = text(&folder.path().join("net.onnx"));
    let named = json(&["export", NET, "--weights", &weights, "--onnx", &onnx]);
    let explicit = format!("{NET},channels=1");
    let said = json(&["export", &explicit, "--weights", &weights, "--onnx", &onnx]);
    assert_eq!(named["params"], said["params"]);

    let ron = text(&folder.path().join("three.ron"));
    let size = "input: (channels: 3, resolution: 16), classes: 4";
    let blocks = "[Conv(out: 8, kernel: 3, stride: 2, act: Relu)]";
    let three = format!("Network(format: 1, name: \"n\", {size}, blocks: {blocks}, head: Pool())");
    fs::write(&ron, three).expect("written");
    let with = |net: &str, parts: &[&str]| {
        refused(&["train", net, "--data", &data, "--out", "nowhere"], parts);
    };
    with("mobilenet_v1@channels=3", &["input.channels: found 3; expected: 1, those of mnist:"]);
    with(
        &ron,
        &["found 3; expected: 1, those of mnist:", &format!("did you mean {ron}@channels=1?")],
    );
    with(
        &format!("{ron}@resolution=28"),
        &[&format!("did you mean {ron}@resolution=28,channels=1?")],
    );
    let described = json(&["describe", &format!("{ron}@channels=1")]);
    assert_eq!(described["params"], 9 * 8 + 2 * 8 + 8 * 4 + 4);
    refused(&["describe", "mobilenet_v1@channels=0"], &["channels", "0"]);
    refused(&["describe", "mobilenet_v1@channel=1"], &["channel", "width, resolution, channels"]);
    // Weights for colour do not start a training on grey images.
    let colour = ["--data", "shapes:classes=4,size=16,train=100,test=20", "--batch", "20"];
    let first = text(&folder.path().join("first"));
    let trained = json(&[&["train", &ron, "--epochs", "1", "--out", &first], &colour[..]].concat());
    let weights = trained["weights"].as_str().expect("a path");
    let grey = format!("{ron}@channels=1");
    let start = ["train", &grey, "--data", &data, "--weights", weights, "--out", "nowhere"];
    refused(&start, &["--weights", "found 3; expected: 1 input channels"]);
}

/// The smallest BMP files, 8 x 8 pixels of one colour.
fn write_photo(path: &Path, colour: [u8; 3]) {
    let mut bytes =
        b"BM\xf6\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x08\0\0\0\x08\0\0\0\x01\0\x18\0".to_vec();
    bytes.resize(54, 0);
    bytes.extend(colour.repeat(64));
    fs::write(path, bytes).expect("written");
}

/// 60 photos in each of two classes, and no `val`.
fn photos() -> TempDir {
    let folder = tempdir().expect("a folder");
    for (class, red) in [("dark", 20), ("light", 220)] {
        let class = folder.path().join(class);
        fs::create_dir_all(&class).expect("a folder");
        for index in 0..60 {
            write_photo(&class.join(format!("{index}.bmp")), [red, index, 3 * index]);
        }
    }
    folder
}

#[test]
fn notes_are_for_those_who_want_them_and_warnings_for_all() {
    let folder = photos();
    fs::write(folder.path().join("dark/Thumbs.db"), "no photo").expect("written");
    fs::write(folder.path().join("dark/broken.jpg"), "no photo").expect("written");
    let elsewhere = tempdir().expect("a folder");
    let ron = text(&elsewhere.path().join("net.ron"));
    let size = "input: (channels: 3, resolution: 8), classes: 2";
    let blocks = "[Conv(out: 8, kernel: 3, stride: 2, act: Relu)]";
    let network =
        format!("Network(format: 1, name: \"n\", {size}, blocks: {blocks}, head: Pool())");
    fs::write(&ron, network).expect("written");
    let data = format!("folder:{}", folder.path().display());
    let train = |out: &str, more: &[&str]| {
        let out = text(&elsewhere.path().join(out));
        let args = ["train", &ron, "--data", &data, "--epochs", "1", "--batch", "8", "--out", &out];
        let run = nas(&[&args[..], more].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stderr
    };
    let warning = "warning: 1 photo cannot be decoded and is left out:\n";
    let stderr = train("out", &[]);
    for part in [warning, "dark/broken.jpg", "1 file that is no photo: Thumbs.db", "about a fifth"]
    {
        assert!(stderr.contains(part), "{stderr:?} lacks {part:?}");
    }
    let stderr = train("quiet", &["--quiet"]);
    assert!(stderr.starts_with(warning) && stderr.lines().count() == 2, "{stderr}");
}

#[test]
fn almost_a_data_source_gets_a_suggestion() {
    let folder = photos();
    let path = text(folder.path());
    let cifar = folder.path().join("cifar");
    fs::create_dir(&cifar).expect("a folder");
    fs::write(cifar.join("data_batch_1.bin"), "").expect("written");
    let cifar = text(&cifar);
    for (data, suggestion) in [
        ("cifar-10:data", "cifar10:data"),
        ("CIFAR10:data", "cifar10:data"),
        ("cifar_10", "cifar10:DIR"),
        ("cifar", "cifar10:DIR"),
        ("folders:photos", "folder:photos"),
        ("imagefolder:photos", "folder:photos"),
        ("ImageFolder:photos", "folder:photos"),
        ("dir:photos", "folder:photos"),
        ("imagenet", "folder:DIR"),
        ("MNIST:raw", "mnist:raw"),
        ("fashion-mnist:raw", "mnist:raw"),
        ("minst:raw", "mnist:raw"),
        ("shape", "shapes"),
        ("Shapes:classes=4", "shapes:classes=4"),
        (&path, &format!("folder:{path}")),
        (&cifar, &format!("cifar10:{cifar}")),
    ] {
        let train = ["train", "mobilenet_v1", "--data", data, "--out", "nowhere"];
        refused(
            &train,
            &["--data: found", "shapes, cifar10:DIR", &format!("did you mean {suggestion}?")],
        );
    }
    for data in ["coco", "lmdb:x", "C:\\x", ""] {
        let run = nas(&["train", "mobilenet_v1", "--data", data, "--out", "nowhere"]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(!run.stderr.contains("did you mean"), "{}", run.stderr);
    }
    let python = folder.path().join("python");
    fs::create_dir(&python).expect("a folder");
    fs::write(python.join("data_batch_1"), "").expect("written");
    let data = format!("cifar10:{}", python.display());
    let parts = ["Python version", "the binary version", "nas data fetch cifar10"];
    refused(&["train", "mobilenet_v1", "--data", &data, "--out", "nowhere"], &parts);
}

#[test]
fn almost_a_network_or_a_space_gets_a_suggestion() {
    for (net, suggestion) in [
        ("MobileNetV2", "mobilenet_v2"),
        ("mobilnet_v3_large@width=0.75", "mobilenet_v3_large"),
        ("mnasnet-a1", "mnasnet_a1"),
    ] {
        refused(&["describe", net], &["one of", &format!("did you mean {suggestion}?")]);
    }
    for net in ["resnet50", "mobilenet_v2@widht=2"] {
        let run = nas(&["describe", net]);
        assert_eq!(run.code, 2);
        assert!(!run.stderr.contains("did you mean"), "{}", run.stderr);
    }
    let search = ["search", "--target-ms", "5", "--space", "MobileNet-V3", "--out", "nowhere"];
    refused(&search, &["--space", "did you mean mobilenet_v3?"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_cache_folder_that_cannot_be_used_is_said_once_and_before_measuring() {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "no folder").expect("written");
    for cache in [file.join("cache"), Path::new("/proc/nas").to_owned()] {
        let run = Command::new(env!("CARGO_BIN_EXE_nas"))
            .args(["latency", "mobilenet_v1@width=0.25,resolution=32"])
            .env("NAS_CACHE", &cache)
            .output()
            .expect("nas starts");
        let stderr = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{stderr}");
        assert_eq!(stderr.matches("os error").count(), 1, "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        for part in [&*text(&cache), "nas table build --out T", "--table T"] {
            assert!(stderr.contains(part), "{stderr:?} lacks {part:?}");
        }
    }
}
