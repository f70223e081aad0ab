//! Splits, batches and augmentation.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use dataset::{
    Augment, Batch, BatchSettings, Crop, Cutout, DataError, Dataset, Flip, HoldOut, Order, Samples,
    Source, batches,
};

const SIDE: usize = 16;
const PLAIN: BatchSettings = BatchSettings {
    batch: 32,
    resolution: SIDE,
    augment: Augment::NONE,
    order: Order::Sequential,
    seed: 5,
};
const FULL: Augment = Augment {
    crop: Crop::Padded { padding: 2 },
    flip: Flip::Horizontal,
    cutout: Cutout::Square { side: 4 },
};

fn shapes(hold_out: f64) -> Dataset {
    shapes_on(2, hold_out)
}

fn shapes_on(threads: usize, hold_out: f64) -> Dataset {
    let source: Source = "shapes:size=16,train=1000,test=100".parse().unwrap();
    Dataset::load(&source, HoldOut::new(hold_out).unwrap(), threads).unwrap()
}

fn epoch(samples: &Arc<Samples>, settings: &BatchSettings, epoch: u64) -> Vec<Batch> {
    let all = batches(samples, settings, epoch).expect("settings");
    let len = all.epoch_len();
    let all = all.collect::<Result<Vec<Batch>, DataError>>().expect("images");
    assert_eq!(all.len(), len);
    all
}

/// One image as the network takes it, without augmentation.
fn normalised(samples: &Samples, index: usize) -> Vec<f32> {
    let (image, to) = (samples.image(index).unwrap(), samples.normalisation());
    let channel =
        |(at, &pixel): (usize, &u8)| (f32::from(pixel) / 255.0 - to.mean[at % 3]) / to.std[at % 3];
    image.pixels.iter().enumerate().map(channel).collect()
}

#[test]
fn the_hold_out_is_cut_by_image() {
    let (none, tenth, third) = (shapes(0.0), shapes(0.1), shapes(0.3));
    assert_eq!((none.train.len(), none.hold_out.len()), (1000, 0));
    let images = |samples: &Samples| -> HashSet<Vec<u8>> {
        (0..samples.len()).map(|index| samples.image(index).unwrap().pixels).collect()
    };
    let (small, large) = (images(&tenth.hold_out), images(&third.hold_out));
    // The standard deviations of the binomial distributions are 9.5 and 14.5.
    assert!(small.len().abs_diff(100) < 40 && large.len().abs_diff(300) < 60);
    assert!(small.is_subset(&large));
    let trained = images(&third.train);
    assert!(trained.is_disjoint(&large) && trained.len() + large.len() == 1000);
    assert_eq!(images(&third.test), images(&none.test));
    assert_eq!(shapes(0.3).hold_out.fingerprint(), third.hold_out.fingerprint());
    assert_ne!(tenth.hold_out.fingerprint(), third.hold_out.fingerprint());
    for share in [-0.1, 1.0, f64::NAN] {
        let error = HoldOut::new(share).unwrap_err().to_string();
        assert!(error.contains("hold-out") && error.contains("less than 1"), "{error}");
    }
}

#[test]
fn evaluation_sees_every_image_once_and_unchanged() {
    let data = shapes(0.1);
    let all = epoch(&data.test, &PLAIN, 0);
    assert_eq!(all.iter().map(|batch| batch.labels.len()).collect::<Vec<_>>(), [32, 32, 32, 4]);
    let images = all.iter().flat_map(|batch| batch.images.chunks(SIDE * SIDE * 3));
    for (index, image) in images.enumerate() {
        let expected = normalised(&data.test, index);
        let worst = image.iter().zip(&expected).fold(0.0, |m: f32, (a, b)| m.max((a - b).abs()));
        assert!(worst < 1e-5, "image {index}: {worst}");
    }
    let labels: Vec<u32> = all.iter().flat_map(|batch| batch.labels.clone()).collect();
    assert_eq!(labels, (0..100).map(|index| data.test.label(index)).collect::<Vec<u32>>());
    assert_eq!(epoch(&data.test, &PLAIN, 1), all);
}

#[test]
fn training_batches_depend_on_seed_and_epoch_and_not_on_threads() {
    let data = shapes(0.1);
    let settings = BatchSettings { augment: FULL, order: Order::Shuffled, ..PLAIN };
    let all = epoch(&data.train, &settings, 3);
    for threads in [1, 3, 7] {
        let other = shapes_on(threads, 0.1);
        assert_eq!(other.train.fingerprint(), data.train.fingerprint());
        assert!(all == epoch(&other.train, &settings, 3), "{threads} threads");
    }
    assert_eq!(all.len(), data.train.len() / 32);
    assert_ne!(all, epoch(&data.train, &settings, 4));
    assert_ne!(all, epoch(&data.train, &BatchSettings { seed: 6, ..settings }, 3));
    // Without augmentation all images of an epoch differ.
    let plain = BatchSettings { order: Order::Shuffled, ..PLAIN };
    let plain = epoch(&data.train, &plain, 3);
    let bits = |image: &[f32]| image.iter().map(|v| v.to_bits()).collect::<Vec<u32>>();
    let images = plain.iter().flat_map(|batch| batch.images.chunks(SIDE * SIDE * 3).map(bits));
    assert_eq!(images.collect::<HashSet<_>>().len(), plain.len() * 32);
    // Dropping the batches gives the epoch up.
    assert!(batches(&data.train, &settings, 0).unwrap().next().unwrap().is_ok());
}

/// Every augmented image can be made from its original by one of the possible shifts and flips.
#[test]
fn crops_flips_and_cutouts() {
    let data = shapes(0.1);
    let (padding, cut) = (2, 4);
    let black: Vec<f32> = {
        let to = data.test.normalisation();
        (0..3).map(|channel| -to.mean[channel] / to.std[channel]).collect()
    };
    let settings = BatchSettings { augment: FULL, ..PLAIN };
    let all = epoch(&data.test, &settings, 0);
    let mut found = HashSet::new();
    for (index, image) in
        all.iter().flat_map(|batch| batch.images.chunks(SIDE * SIDE * 3)).enumerate()
    {
        let original = normalised(&data.test, index);
        let pixel = |y: usize, x: usize, channel: usize| {
            let inside = |v: usize| v.checked_sub(padding).filter(|v| *v < SIDE);
            match (inside(y), inside(x)) {
                (Some(y), Some(x)) => original[(y * SIDE + x) * 3 + channel],
                _ => black[channel],
            }
        };
        let covered = |(down, right, mirrored): (usize, usize, bool)| {
            let mut covered = 0;
            for (at, &value) in image.iter().enumerate() {
                let (y, x, channel) = (at / 3 / SIDE, at / 3 % SIDE, at % 3);
                let x = if mirrored { SIDE - 1 - x } else { x };
                if (value - pixel(y + down, x + right, channel)).abs() > 1e-5 {
                    if value != 0.0 {
                        return None;
                    }
                    covered += 1;
                }
            }
            (covered <= cut * cut * 3).then_some(covered)
        };
        let shifts = 0..=2 * padding;
        let ways = shifts.clone().flat_map(|down| shifts.clone().map(move |right| (down, right)));
        let ways = ways.flat_map(|(down, right)| [(down, right, false), (down, right, true)]);
        let way = ways.clone().find(|&way| covered(way).is_some());
        assert!(way.is_some(), "image {index} is none that could be made");
        found.extend(way);
    }
    assert!(found.len() > 25, "of 50 ways only {}", found.len());
}

#[test]
fn resized_crops_are_parts_of_the_image() {
    let data = shapes(0.1);
    let crop = Crop::Resized { smallest_area: 0.08 };
    let augment = Augment { crop, ..Augment::NONE };
    let settings = BatchSettings { augment, resolution: 24, ..PLAIN };
    let image =
        |number: u64| epoch(&data.test, &settings, number)[0].images[..24 * 24 * 3].to_vec();
    let original = normalised(&data.test, 0);
    for number in 0..20 {
        let part = image(number);
        for channel in 0..3 {
            let range = |values: &[f32]| {
                let values = values.iter().skip(channel).step_by(3).copied();
                values.fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(v), high.max(v)))
            };
            let ((low, high), (min, max)) = (range(&part), range(&original));
            assert!(min - 0.02 <= low && high <= max + 0.02, "{low} to {high}");
        }
    }
    assert_ne!(image(0), image(1));
}

#[test]
fn settings_out_of_range_are_refused() {
    let source: Source = "shapes".parse().unwrap();
    let error = Dataset::load(&source, HoldOut::NONE, 0).unwrap_err().to_string();
    assert_eq!(error, "threads: found 0; expected: at least 1");
    let data = shapes(0.1);
    let crop = |crop| Augment { crop, ..Augment::NONE };
    for (settings, part) in [
        (BatchSettings { batch: 0, ..PLAIN }, "batch: found 0"),
        (BatchSettings { batch: 2000, order: Order::Shuffled, ..PLAIN }, "batch: found 2000"),
        (BatchSettings { resolution: 0, ..PLAIN }, "resolution: found 0"),
        (
            BatchSettings { augment: crop(Crop::Resized { smallest_area: 0.0 }), ..PLAIN },
            "smallest area: found 0",
        ),
        (
            BatchSettings { augment: crop(Crop::Padded { padding: 17 }), ..PLAIN },
            "padding: found 17",
        ),
    ] {
        let error = batches(&data.train, &settings, 0).expect_err(part).to_string();
        assert!(error.contains(part), "{error}");
    }
}

/// Photos of several sizes. The test is skipped if the folder is not there.
#[test]
fn photos() {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let folder = std::env::var_os("NAS_DATA").map_or(beside, PathBuf::from).join("imagenette96");
    if !folder.is_dir() {
        println!("skipped: no {}", folder.display());
        return;
    }
    let photos = Dataset::load(&Source::Folder(folder.clone()), HoldOut::DEFAULT, 2).unwrap();
    let count = |part: &str| -> usize {
        let classes = fs::read_dir(folder.join(part)).unwrap();
        classes.map(|class| fs::read_dir(class.unwrap().path()).unwrap().count()).sum()
    };
    assert_eq!(photos.train.len() + photos.hold_out.len(), count("train"));
    assert_eq!((photos.test.len(), photos.remarks.len()), (count("val"), 0));
    let settings = BatchSettings { resolution: 64, ..PLAIN };
    let batch = epoch(&photos.hold_out, &settings, 0).swap_remove(0);
    let mean = batch.images.iter().sum::<f32>() / batch.images.len() as f32;
    assert!(mean.abs() < 0.5 && batch.images.iter().all(|v| v.abs() < 3.0), "{mean}");
}

#[test]
fn classes_in_another_order_keep_their_images() {
    let data = shapes(0.1);
    let (mut names, before) = (data.classes.clone(), data.clone());
    names.reverse();
    let data = data.with_class_order(&names).unwrap();
    assert_eq!(data.classes, names);
    let last = names.len() as u32 - 1;
    for (old, new) in [(&before.train, &data.train), (&before.test, &data.test)] {
        assert_eq!(old.fingerprint(), new.fingerprint());
        for index in 0..20 {
            assert_eq!(new.label(index), last - old.label(index));
            assert_eq!(new.image(index).unwrap(), old.image(index).unwrap());
        }
    }
    let refused = |names: &[String]| match data.clone().with_class_order(names) {
        Err(DataError::Classes { unknown, missing }) => (unknown, missing),
        other => panic!("{other:?}"),
    };
    let dinosaur = || vec!["dinosaur".to_owned()];
    let disc = || vec!["disc".to_owned()];
    let mut other = before.classes.clone();
    other[0] = "dinosaur".to_owned();
    assert_eq!(refused(&other), (disc(), dinosaur()));
    assert_eq!(refused(&before.classes[1..]), (disc(), vec![]));
    assert_eq!(refused(&[before.classes, dinosaur()].concat()), (vec![], dinosaur()));
    let error = data.with_class_order(&["a".to_owned()]).unwrap_err().to_string();
    assert!(error.contains("disc, ") && error.contains(" and 5 more; "), "{error}");
    assert!(error.ends_with("classes missing from the data: a"), "{error}");
}
