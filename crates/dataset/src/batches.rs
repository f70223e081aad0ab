//! Batches, prepared in the background while the network trains on the one before.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use rand::seq::SliceRandom;
use rayon::prelude::*;

use crate::augment::{Augment, Crop, prepare};
use crate::error::DataError;
use crate::random::{Purpose, rng};
use crate::samples::Samples;

/// So many batches are prepared ahead.
const PREPARED_AHEAD: usize = 2;
/// A larger resolution is taken for a typing error.
const MAX_RESOLUTION: usize = 8_192;

/// The order of the images in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The order of the split: for evaluation. The last batch has the images that are left, so that
    /// it may be smaller than the others.
    Sequential,
    /// A different random order in each epoch: for training. The images that do not fill a last
    /// batch are dropped.
    Shuffled,
}

/// What batches consist of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchSettings {
    /// The number of images in a batch.
    pub batch: usize,
    /// Height and width of every image in the batch, in pixels.
    pub resolution: usize,
    /// The random augmentation of the images.
    pub augment: Augment,
    /// The order of the images.
    pub order: Order,
    /// The seed of the order and of the augmentation.
    pub seed: u64,
}

/// Images with their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The normalised images, as `[batch, resolution, resolution, channels]`.
    pub images: Vec<f32>,
    /// The class of each image.
    pub labels: Vec<u32>,
}

/// An iterator over the batches of one epoch. Dropping it stops their preparation.
#[derive(Debug)]
pub struct Batches {
    ready: Receiver<Result<Batch, DataError>>,
    thread: Option<JoinHandle<()>>,
    len: usize,
}

impl Batches {
    /// The number of batches in the whole epoch, those that were already taken among them.
    pub fn epoch_len(&self) -> usize {
        self.len
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.ready.recv().ok();
        // If the thread panicked, the epoch must not just look shorter.
        if batch.is_none()
            && let Some(thread) = self.thread.take()
            && let Err(panic) = thread.join()
        {
            resume_unwind(panic);
        }
        batch
    }
}

/// Starts to prepare the batches of an epoch in the background, on the threads of the data set.
///
/// The batches depend on the images, the settings and the number of the epoch, and on nothing else:
/// they are the same to the last bit for any number of threads.
///
/// # Errors
/// A setting is out of range, or the system refuses to start a thread. An image whose file has
/// changed since the data set was loaded is an error of its batch.
pub fn batches(
    samples: &Arc<Samples>,
    settings: &BatchSettings,
    epoch: u64,
) -> Result<Batches, DataError> {
    check(samples, settings)?;
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let len = match settings.order {
        Order::Sequential => order.len().div_ceil(settings.batch),
        Order::Shuffled => {
            order.shuffle(&mut rng(settings.seed, Purpose::Order, epoch, 0));
            order.len() / settings.batch
        }
    };
    let (sender, ready) = sync_channel(PREPARED_AHEAD);
    let (samples, settings) = (Arc::clone(samples), *settings);
    let work = move || {
        for indices in order.chunks(settings.batch).take(len) {
            let batch = samples.pool.install(|| prepared(&samples, &settings, epoch, indices));
            // The receiver is gone once the epoch is given up.
            if sender.send(batch).is_err() {
                return;
            }
        }
    };
    let thread = thread::Builder::new().name("batches".to_owned());
    let thread = thread.spawn(work);
    let thread =
        thread.map_err(|error| DataError::Threads { threads: 1, message: error.to_string() })?;
    Ok(Batches { ready, thread: Some(thread), len })
}

fn check(samples: &Samples, settings: &BatchSettings) -> Result<(), DataError> {
    let max = match settings.order {
        Order::Sequential => usize::MAX,
        Order::Shuffled => samples.len(),
    };
    if !(1..=max).contains(&settings.batch) {
        let expected = format!("1 to {max}, the number of images to train on");
        return Err(DataError::setting("batch", settings.batch, expected));
    }
    if !(1..=MAX_RESOLUTION).contains(&settings.resolution) {
        let expected = format!("1 to {MAX_RESOLUTION}");
        return Err(DataError::setting("resolution", settings.resolution, expected));
    }
    match settings.augment.crop {
        Crop::Resized { smallest_area } if !(smallest_area > 0.0 && smallest_area <= 1.0) => {
            Err(DataError::setting("smallest area", smallest_area, "above 0 and at most 1"))
        }
        Crop::Padded { padding } if padding > settings.resolution => {
            let expected = format!("0 to the resolution, {}", settings.resolution);
            Err(DataError::setting("padding", padding, expected))
        }
        _ => Ok(()),
    }
}

fn prepared(
    samples: &Samples,
    settings: &BatchSettings,
    epoch: u64,
    indices: &[usize],
) -> Result<Batch, DataError> {
    let BatchSettings { resolution, augment, seed, .. } = settings;
    let image_len = resolution * resolution * samples.channels;
    let mut images = vec![0.0; indices.len() * image_len];
    images.par_chunks_mut(image_len).zip(indices).try_for_each(|(out, &index)| {
        let mut rng = rng(*seed, Purpose::Augment, epoch, index as u64);
        let image = samples.image(index)?;
        prepare(&image, *resolution, augment, &samples.normalisation, &mut rng, out);
        Ok(())
    })?;
    Ok(Batch { images, labels: indices.iter().map(|&index| samples.label(index)).collect() })
}
