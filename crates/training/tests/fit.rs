//! Trainings as a whole: what they record of images and classes, and how they continue.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use dataset::{
    Augment, Batch, BatchSettings, DataError, Dataset, HoldOut, Order, Samples, Source, batches,
};
use image::RgbImage;
use search_space::{ChannelOrder, ImageCrop, Network, Preprocessing, ResizeFilter, ValueRange};
use tempfile::tempdir;
use training::fit::{FitData, FitEvent, FitPlan, FitSettings, Fitted, preprocessing};
use training::{Placement, TrainingError, WeightsFile};

const SHAPES: &str = "shapes:classes=3,size=12,train=240,test=60";
const SETTINGS: FitSettings = FitSettings {
    epochs: 2,
    batch: 40,
    train_resolution: Some(12),
    train_stem_stride: Some(1),
    optimiser: training::Optimiser::SGD,
    learning_rate: None,
    warm_up_epochs: None,
    weight_decay: None,
    label_smoothing: 0.1,
    clip_norm: None,
    ema_decay: None,
    cutout: None,
    seed: 1,
};

fn data(source: &str) -> FitData {
    let source: Source = source.parse().expect("a source");
    let dataset = Dataset::load(&source, HoldOut::NONE, 2).expect("images");
    FitData { source, dataset }
}

fn network() -> Network {
    let ron = r#"Network(format: 1, name: "small", input: (channels: 3, resolution: 32), classes: 9,
        blocks: [Conv(out: 8, kernel: 3, stride: 2, act: Relu)], head: Pool())"#;
    Network::from_ron(ron).expect("a network")
}

fn plan(data: FitData, start: Option<WeightsFile>, settings: &FitSettings) -> FitPlan {
    FitPlan::new(&network(), data, start, settings, Placement::cpu(1)).expect("a plan")
}

/// Trains until the end of an epoch, or to the end.
fn fit(plan: &FitPlan, out: &Path, until: Option<usize>) -> Option<Fitted> {
    let ended = plan.fit(out, &mut |event| match event {
        FitEvent::Epoch { history } if Some(history.len()) == until => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    ended.expect("trained")
}

fn weights(out: &Path) -> WeightsFile {
    WeightsFile::read(&fs::read(out.join("last.safetensors")).expect("written")).expect("weights")
}

/// Photos of two classes, high and wide ones.
fn write_photos(folder: &Path) {
    for (split, class, count) in
        [("train", "cat", 30), ("train", "dog", 30), ("val", "cat", 5), ("val", "dog", 5)]
    {
        let folder = folder.join(split).join(class);
        fs::create_dir_all(&folder).unwrap();
        for index in 0..count {
            let (width, height) = (13 + index % 7, 29 - 3 * (index % 5));
            let photo = RgbImage::from_fn(width, height, |x, y| {
                let value = |channel: u32| {
                    let at = (x * 7 + y * 13 + channel * 71 + index * 29 + class.len() as u32) * x;
                    (at.wrapping_mul(2_654_435_761) >> 24) as u8
                };
                image::Rgb([value(0), value(1), value(2).saturating_add(u8::from(class == "dog"))])
            });
            photo.save(folder.join(format!("{index}.png"))).unwrap();
        }
    }
}

/// Follows the description of a preprocessing step by step.
fn prepared(samples: &Samples, index: usize, how: &Preprocessing, side: usize) -> Vec<f64> {
    let image = samples.image(index).unwrap();
    assert_eq!(
        (how.channels, how.crop, how.range),
        (ChannelOrder::Rgb, ImageCrop::CentralSquare, ValueRange::ZeroToOne)
    );
    let square = image.height.min(image.width);
    let (top, left) = ((image.height - square) / 2, (image.width - square) / 2);
    let pixel = |y: usize, x: usize, c: usize| {
        f64::from(image.pixels[((top + y) * image.width + left + x) * 3 + c])
    };
    assert_eq!(how.resize, ResizeFilter::BilinearAntialiased);
    let scale = square as f64 / side as f64;
    let taps = |to: usize| -> Vec<f64> {
        let centre = (to as f64 + 0.5) * scale - 0.5;
        let tap = |from: usize| (1.0 - (from as f64 - centre).abs() / scale.max(1.0)).max(0.0);
        let taps: Vec<f64> = (0..square).map(tap).collect();
        let sum: f64 = taps.iter().sum();
        taps.into_iter().map(|tap| tap / sum).collect()
    };
    let taps: Vec<Vec<f64>> = (0..side).map(taps).collect();
    let mut out = Vec::new();
    for (y, x, c) in
        (0..side).flat_map(|y| (0..side).flat_map(move |x| (0..3).map(move |c| (y, x, c))))
    {
        let row = |from: usize| {
            (0..square).map(|at| taps[x][at] * pixel(from, at, c)).sum::<f64>() * taps[y][from]
        };
        let value = (0..square).map(row).sum::<f64>().round() / 255.0;
        out.push((value - f64::from(how.mean[c])) / f64::from(how.std[c]));
    }
    out
}

/// Whatever is recorded must lead to what an evaluation feeds to the network.
#[test]
fn preprocessing_describes_evaluation() {
    let folder = tempdir().unwrap();
    write_photos(folder.path());
    let data = data(&format!("folder:{}", folder.path().display()));
    let test = &data.dataset.test;
    let how = preprocessing(test);
    for side in [8, 13, 24] {
        let settings = BatchSettings {
            batch: 10,
            resolution: side,
            augment: Augment::NONE,
            order: Order::Sequential,
            seed: 0,
        };
        let all: Result<Vec<Batch>, DataError> = batches(test, &settings, 0).unwrap().collect();
        let fed = all.unwrap().swap_remove(0).images;
        let mut rounded_otherwise = 0;
        for (index, fed) in fed.chunks_exact(side * side * 3).enumerate() {
            for (fed, expected) in fed.iter().zip(prepared(test, index, &how, side)) {
                let levels = (f64::from(*fed) - expected).abs() * 255.0 * 0.225;
                assert!(levels < 1.1, "image {index} at {side}: {fed}, described as {expected}");
                rounded_otherwise += usize::from(levels > 0.1);
            }
        }
        // A sum of exactly one half may be rounded either way.
        assert!(rounded_otherwise * 50 < fed.len(), "{rounded_otherwise} of {}", fed.len());
    }
}

#[test]
fn files_of_a_training_say_how_images_and_classes_were_taken() {
    let folder = tempdir().unwrap();
    let plan = plan(data(SHAPES), None, &SETTINGS);
    fit(&plan, folder.path(), None);
    let trained = weights(folder.path()).network;
    let ron = fs::read_to_string(folder.path().join("network.ron")).unwrap();
    let deployed = Network::from_ron(&ron).unwrap();
    for network in [&trained, &deployed] {
        assert_eq!(network.class_names, ["disc", "square", "triangle"]);
        let how = network.preprocessing.as_ref().expect("recorded");
        assert_eq!((&how.mean[..], &how.std[..]), (&[0.5; 3][..], &[0.25; 3][..]));
    }
    assert_eq!((trained.input.resolution, deployed.input.resolution), (12, 32));
    assert!(ron.starts_with("// ") && ron.contains("12 px with stem stride 1"), "{ron}");
}

/// The hash of the images decides, not where they lie.
#[test]
fn a_training_continues_wherever_its_images_lie() {
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write_photos(&path("photos"));
    let from = |name: &str| data(&format!("folder:{}", path(name).display()));
    let settings = FitSettings { batch: 20, ..SETTINGS };
    fit(&plan(from("photos"), None, &settings), &path("whole"), None).expect("not interrupted");
    let begin = |out: &str, name: &str| {
        assert!(fit(&plan(from(name), None, &settings), &path(out), Some(1)).is_none());
    };
    begin("slash", "photos");
    fit(&plan(from("photos/"), None, &settings), &path("slash"), None).expect("continued");
    begin("moved", "photos");
    fs::rename(path("photos"), path("disk")).unwrap();
    fit(&plan(from("disk"), None, &settings), &path("moved"), None).expect("continued");
    for out in ["slash", "moved"] {
        assert!(weights(&path(out)) == weights(&path("whole")), "{out}");
    }

    begin("other", "disk");
    fs::copy(path("disk/train/cat/1.png"), path("disk/train/dog/1.png")).unwrap();
    let refused = plan(from("disk"), None, &settings)
        .fit(&path("other"), &mut |_| ControlFlow::Continue(()))
        .expect_err("other images");
    assert!(refused.to_string().contains("images: found"), "{refused}");
    // The hash of drawn images does not depend on their size.
    let drawn = |text: &str| plan(data(text), None, &SETTINGS);
    fit(&drawn(SHAPES), &path("drawn"), Some(1));
    let larger = drawn("shapes:classes=3,size=13,train=240,test=60");
    let refused = larger.fit(&path("drawn"), &mut |_| ControlFlow::Continue(()));
    let refused = refused.expect_err("other images").to_string();
    assert!(refused.contains("data: found shapes:classes=3,size=13"), "{refused}");
}

#[test]
fn more_epochs_extend_a_training() {
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let over = |epochs: u64| plan(data(SHAPES), None, &FitSettings { epochs, ..SETTINGS });
    let history = |out: &str| fs::read_to_string(path(out).join("history.jsonl")).unwrap();
    let numbers = |out: &str| -> Vec<(u64, f64)> {
        let epoch = |line: &str| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            (record["epoch"].as_u64().unwrap(), record["learning_rate"].as_f64().unwrap())
        };
        history(out).lines().map(epoch).collect()
    };
    // Two epochs are too short for a moving average of the weights, ten are not.
    assert_eq!(over(2).recipe.ema_decay, None);
    assert!(over(10).recipe.ema_decay.is_some());
    fit(&over(2), &path("one"), None).expect("trained");
    let before = history("one");
    assert_eq!(numbers("one")[1], (2, 0.0));
    fs::create_dir(path("two")).unwrap();
    for file in fs::read_dir(path("one")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), path("two").join(file.file_name())).unwrap();
    }
    let mut said = Vec::new();
    let fitted = over(10).fit(&path("one"), &mut |event| {
        if let FitEvent::OtherLength { before, done, learning_rate } = event {
            said.push((*before, *done, *learning_rate));
        }
        ControlFlow::Continue(())
    });
    let fitted = fitted.expect("trained").expect("not interrupted");
    assert_eq!(fitted.epochs, 10);
    // The schedule of ten epochs goes on where two are done, and ends at 0.
    let steps = over(10).steps_per_epoch;
    assert_eq!(said, [(2, 2, over(10).recipe.learning_rate_at(2 * steps))]);
    assert!(said[0].2 > 0.0);
    assert!(history("one").starts_with(&before));
    assert_eq!(numbers("one").last(), Some(&(10, 0.0)));
    // Interruptions change nothing, and the new number of epochs is remembered.
    assert!(fit(&over(10), &path("two"), Some(3)).is_none());
    assert_eq!(FitPlan::epochs_planned(&path("two")).unwrap(), Some(10));
    fit(&over(10), &path("two"), None).expect("continued");
    assert!(weights(&path("one")) == weights(&path("two")));

    let refused = |plan: &FitPlan| {
        plan.fit(&path("one"), &mut |_| ControlFlow::Continue(())).expect_err("refused")
    };
    let error = refused(&over(9));
    let TrainingError::Setting { place: "epochs", .. } = error else { panic!("{error}") };
    assert!(error.to_string().contains("found 9; expected: at least 10"), "{error}");
    let other = FitSettings { epochs: 20, ema_decay: Some(0.5), ..SETTINGS };
    let error = refused(&plan(data(SHAPES), None, &other)).to_string();
    assert!(error.contains("ema: found 0.5"), "{error}");
    let error = refused(&plan(data(SHAPES), None, &FitSettings { seed: 2, ..other })).to_string();
    assert!(error.contains("seed: found 2"), "{error}");
    assert_eq!(FitPlan::epochs_planned(&path("nowhere")).unwrap(), None);
    assert!(history("one").lines().count() == 10, "a refused training changes nothing");
}

/// Weights whose classes stand in another order than those of the data.
#[test]
fn classes_are_matched_by_name() {
    let folder = tempdir().unwrap();
    let fitted = fit(&plan(data(SHAPES), None, &SETTINGS), folder.path(), None).unwrap();
    let file = weights(folder.path());
    let names = |names: [&str; 3]| names.map(str::to_owned).to_vec();
    let reversed = || {
        let FitData { source, dataset } = data(SHAPES);
        let names = names(["triangle", "square", "disc"]);
        FitData { source, dataset: dataset.with_class_order(&names).unwrap() }
    };
    assert_eq!(reversed().dataset.test.label(0), 2);
    // An evaluation, and the start of a further training.
    let taken = reversed().as_taken_by(&file.network).unwrap();
    assert_eq!(taken.dataset.classes, file.network.class_names);
    assert_eq!(taken.dataset.test.label(0), 0);
    let further = plan(reversed(), Some(file.clone()), &SETTINGS);
    assert_eq!(further.deployed.class_names, file.network.class_names);
    let evaluated = further.start().unwrap().evaluate(&further.data.dataset.test).unwrap();
    assert_eq!(evaluated.top1, fitted.top1);

    let renamed = || {
        let mut data = data(SHAPES);
        data.dataset.classes = names(["disc", "square", "star"]);
        data
    };
    let error = renamed().as_taken_by(&file.network).expect_err("other classes").to_string();
    let expected = "classes unknown to the network: star; classes missing from the data: triangle";
    assert_eq!(error, expected);
    // Of another task: the classifier starts from random weights.
    let further = plan(renamed(), Some(file.clone()), &SETTINGS);
    let classifier = |weights: search_space::Weights| weights.nodes.last().cloned().unwrap();
    let start = further.start().unwrap().result().to_weights().unwrap();
    let (_, trained) = file.clone().fit(&further.variant).unwrap();
    assert_ne!(classifier(start), classifier(trained));

    // A network that says nothing of classes takes the data as they are.
    let unnamed = file.network.architecture();
    assert_eq!(reversed().as_taken_by(&unnamed).unwrap().dataset.test.label(0), 2);
    let mut other = file.network;
    other.preprocessing.as_mut().unwrap().mean = vec![0.1, 0.2, 0.3];
    let taken = reversed().as_taken_by(&other).unwrap();
    assert_eq!(taken.dataset.test.normalisation().mean, [0.1, 0.2, 0.3]);
}
