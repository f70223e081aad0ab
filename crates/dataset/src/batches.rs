//! Batches, prepared on a thread of their own while the last one is worked on.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use rand::seq::SliceRandom;
use rayon::prelude::*;

use crate::augment::{Augment, Crop, prepare};
use crate::error::{DataError, io_error};
use crate::random::{Purpose, rng};
use crate::samples::Samples;

/// Batches that wait to be taken.
const READY: usize = 2;
/// Beyond it a size is a slip of the pen.
const MOST_RESOLUTION: usize = 8_192;

/// The order of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// That of the samples; the last batch has what is left: for evaluation.
    Sequential,
    /// Another one each epoch; the images that fill no batch are left out: for training.
    Shuffled,
}

/// What batches are like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchSettings {
    /// Images in a batch.
    pub batch: usize,
    /// Height and width of every image.
    pub resolution: usize,
    /// What is done to images at random.
    pub augment: Augment,
    /// Their order.
    pub order: Order,
    /// Of all that is random.
    pub seed: u64,
}

/// Images with labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[batch, resolution, resolution, channels]`, normalised.
    pub images: Vec<f32>,
    /// The classes.
    pub labels: Vec<u32>,
}

/// The batches of one epoch, in order. Dropping it ends their preparation.
#[derive(Debug)]
pub struct Batches {
    ready: Receiver<Result<Batch, DataError>>,
    thread: Option<JoinHandle<()>>,
    len: usize,
}

impl Batches {
    /// Batches of the whole epoch.
    pub fn epoch_len(&self) -> usize {
        self.len
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.ready.recv().ok();
        // An epoch must not look shorter than it is because its thread panicked.
        if batch.is_none()
            && let Some(thread) = self.thread.take()
            && let Err(panic) = thread.join()
        {
            resume_unwind(panic);
        }
        batch
    }
}

/// Starts to prepare an epoch's batches. They depend on samples, settings and epoch alone, not on
/// threads.
///
/// # Errors
/// Settings that cannot be; a thread that the system refuses.
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
    let (sender, ready) = sync_channel(READY);
    let (samples, settings) = (Arc::clone(samples), *settings);
    let work = move || {
        for indices in order.chunks(settings.batch).take(len) {
            // Nobody listens any more.
            if sender.send(batch(&samples, &settings, epoch, indices)).is_err() {
                return;
            }
        }
    };
    let thread = thread::Builder::new().name("batches".to_owned());
    let thread = Some(thread.spawn(work).map_err(io_error("a thread for batches"))?);
    Ok(Batches { ready, thread, len })
}

fn check(samples: &Samples, settings: &BatchSettings) -> Result<(), DataError> {
    let most = match settings.order {
        Order::Sequential => usize::MAX,
        Order::Shuffled => samples.len(),
    };
    if !(1..=most).contains(&settings.batch) {
        let allowed = format!("1 to {most}, the images to train on");
        return Err(DataError::setting("batch", settings.batch, allowed));
    }
    if !(1..=MOST_RESOLUTION).contains(&settings.resolution) {
        let allowed = format!("1 to {MOST_RESOLUTION}");
        return Err(DataError::setting("resolution", settings.resolution, allowed));
    }
    match settings.augment.crop {
        Crop::Resized { smallest_area } if !(smallest_area > 0.0 && smallest_area <= 1.0) => {
            Err(DataError::setting("smallest area", smallest_area, "above 0, at most 1"))
        }
        Crop::Padded { padding } if padding > settings.resolution => {
            let allowed = format!("0 to the resolution, {}", settings.resolution);
            Err(DataError::setting("padding", padding, allowed))
        }
        _ => Ok(()),
    }
}

fn batch(
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
