//! Batches cut into shards, and threads.

use kernels::training::{add_assign, cross_entropy};
use search_space::Graph;

use crate::arena::Arena;
use crate::error::TrainingError;
use crate::forward::{BatchStatistics, Mode, Pass};
use crate::initialise::initialise;
use crate::layer::Layers;
use crate::model::Model;

/// Images of a shard: those that one replica of the step works on at once.
pub const SHARD_IMAGES: usize = 32;

/// A network that gives gradients and logits.
#[derive(Debug)]
pub struct Trainer {
    graph: Graph,
    layers: Layers,
    seed: u64,
    /// Batches seen: with the seed, what dropout depends on.
    pub(crate) batches: u64,
    arenas: Vec<Arena>,
    shards: Vec<Shard>,
}

/// What one shard leaves behind.
#[derive(Debug, Default)]
struct Shard {
    loss: f64,
    gradients: Vec<Vec<f32>>,
    statistics: Vec<BatchStatistics>,
}

impl Trainer {
    /// A network with fresh weights, worked on by `threads` threads.
    ///
    /// # Errors
    /// No threads.
    pub fn new(graph: &Graph, seed: u64, threads: usize) -> Result<Self, TrainingError> {
        if threads == 0 {
            let found = threads.to_string();
            return Err(TrainingError::Setting { place: "threads", found, allowed: "1 and more" });
        }
        let mut layers = Layers::new(graph);
        initialise(&mut layers.model.parameters, seed);
        Ok(Self {
            graph: graph.clone(),
            layers,
            seed,
            batches: 0,
            arenas: (0..threads).map(|_| Arena::default()).collect(),
            shards: Vec::new(),
        })
    }

    /// The graph that is trained.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What the network has learned.
    pub fn model(&self) -> &Model {
        &self.layers.model
    }

    /// What the network has learned, to be changed; names and lengths must stay.
    pub fn model_mut(&mut self) -> &mut Model {
        &mut self.layers.model
    }

    /// The gradients that the last batch left, in the order of [`Model::parameters`]; empty before
    /// the first.
    pub fn gradients(&self) -> &[Vec<f32>] {
        self.shards.first().map_or(&[], |shard| &shard.gradients)
    }

    /// The parameters with the gradients that the last batch left.
    pub(crate) fn parts_mut(&mut self) -> (&mut Model, &mut [Vec<f32>]) {
        let gradients = self.shards.first_mut().map(|shard| &mut shard.gradients[..]);
        (&mut self.layers.model, gradients.unwrap_or_default())
    }

    /// Forward and backward of a batch: images `[batch, height, width, channels]`, targets
    /// `[batch, classes]` with rows that sum to 1. Moves the running statistics, leaves the
    /// gradients of the mean loss and returns that loss.
    ///
    /// # Errors
    /// No images, part of one, or targets of another number.
    pub fn accumulate(&mut self, images: &[f32], targets: &[f32]) -> Result<f64, TrainingError> {
        let batch = self.images_in(images)?;
        let (image, classes) = (self.graph.input().elements(), self.graph.classes());
        if targets.len() != batch * classes {
            let allowed = (batch * classes).to_string();
            return Err(TrainingError::Length { what: "targets", found: targets.len(), allowed });
        }
        self.shards.resize_with(batch.div_ceil(SHARD_IMAGES), Shard::default);
        let (layers, norm, seed) = (&self.layers, self.graph.norm, self.seed);
        let first_stream = self.batches << 32;
        let work = images
            .chunks(SHARD_IMAGES * image)
            .zip(targets.chunks(SHARD_IMAGES * classes))
            .zip(&mut self.shards)
            .enumerate();
        let share = 1.0 / batch as f32;
        on_threads(&mut self.arenas, work, |(index, ((images, targets), shard)), arena| {
            let pass = Pass {
                layers: &layers.layers,
                parameters: &layers.model.parameters,
                mode: Mode::Training,
                norm,
                images: images.len() / image,
                seed,
                stream: first_stream | index as u64,
            };
            shard.run(&pass, images, targets, share, layers, arena);
        });
        self.batches += 1;
        let loss = self.shards.iter().map(|shard| shard.loss).sum::<f64>() / batch as f64;
        if let [first, rest @ ..] = &mut self.shards[..] {
            for shard in rest {
                for (sum, gradient) in first.gradients.iter_mut().zip(&shard.gradients) {
                    add_assign(sum, gradient);
                }
            }
        }
        self.move_statistics();
        Ok(loss)
    }

    /// The logits `[batch, classes]` of images `[batch, height, width, channels]` at inference: batch
    /// norms take their running statistics. Changes nothing.
    ///
    /// # Errors
    /// No images or part of one.
    pub fn logits(&mut self, images: &[f32]) -> Result<Vec<f32>, TrainingError> {
        let batch = self.images_in(images)?;
        let (image, classes) = (self.graph.input().elements(), self.graph.classes());
        let mut logits = vec![0.0; batch * classes];
        let (layers, norm) = (&self.layers, self.graph.norm);
        let running = |s: &crate::RunningStatistics| {
            let (mean, var) = (s.mean.clone(), s.var.clone());
            BatchStatistics { mean, var, count: 0 }
        };
        let statistics: Vec<_> = layers.model.statistics.iter().map(running).collect();
        let work =
            images.chunks(SHARD_IMAGES * image).zip(logits.chunks_mut(SHARD_IMAGES * classes));
        on_threads(&mut self.arenas, work, |(images, logits), arena| {
            let pass = Pass {
                layers: &layers.layers,
                parameters: &layers.model.parameters,
                mode: Mode::Inference,
                norm,
                images: images.len() / image,
                seed: 0,
                stream: 0,
            };
            let mut values = pass.forward(images, &mut statistics.clone(), arena);
            if let Some(found) = values.pop() {
                logits.copy_from_slice(&found);
                arena.give(found);
            }
            values.into_iter().for_each(|value| arena.give(value));
        });
        Ok(logits)
    }

    fn images_in(&self, images: &[f32]) -> Result<usize, TrainingError> {
        let image = self.graph.input().elements();
        if images.is_empty() || !images.len().is_multiple_of(image) {
            let allowed = format!("a multiple of {image}");
            return Err(TrainingError::Length { what: "images", found: images.len(), allowed });
        }
        Ok(images.len() / image)
    }

    /// The mean of the shards' statistics goes into the running ones, with the unbiased variance.
    fn move_statistics(&mut self) {
        let momentum = self.graph.norm.momentum;
        let share = 1.0 / self.shards.len() as f32;
        for (index, running) in self.layers.model.statistics.iter_mut().enumerate() {
            for c in 0..running.mean.len() {
                let (mut mean, mut var) = (0.0, 0.0);
                for batch in self.shards.iter().map(|shard| &shard.statistics[index]) {
                    let unbiased = batch.count as f32 / (batch.count - 1).max(1) as f32;
                    mean += batch.mean[c] * share;
                    var += batch.var[c] * unbiased * share;
                }
                running.mean[c] += momentum * (mean - running.mean[c]);
                running.var[c] += momentum * (var - running.var[c]);
            }
        }
    }
}

impl Shard {
    /// Forward and backward; `share` is what one image's loss counts for.
    fn run(
        &mut self,
        pass: &Pass<'_>,
        images: &[f32],
        targets: &[f32],
        share: f32,
        layers: &Layers,
        arena: &mut Arena,
    ) {
        self.gradients.resize_with(pass.parameters.len(), Vec::new);
        for (gradient, parameter) in self.gradients.iter_mut().zip(pass.parameters) {
            gradient.clear();
            gradient.resize(parameter.values.len(), 0.0);
        }
        self.statistics.resize_with(layers.model.statistics.len(), BatchStatistics::default);
        let values = pass.forward(images, &mut self.statistics, arena);
        let logits = &values[values.len() - 1];
        let mut gradient = arena.take(logits.len());
        let classes = targets.len() / pass.images;
        self.loss = cross_entropy(logits, targets, classes, share, &mut gradient);
        pass.backward(values, gradient, &self.statistics, &mut self.gradients, arena);
    }
}

/// Deals out `work` to one thread for each arena in turn, the caller's among them.
fn on_threads<W: Send>(
    arenas: &mut [Arena],
    work: impl Iterator<Item = W>,
    run: impl Fn(W, &mut Arena) + Sync,
) {
    let threads = arenas.len();
    let mut shares: Vec<Vec<W>> = (0..threads).map(|_| Vec::new()).collect();
    work.enumerate().for_each(|(index, work)| shares[index % threads].push(work));
    let run = |share: Vec<W>, arena: &mut Arena| share.into_iter().for_each(|w| run(w, arena));
    std::thread::scope(|scope| {
        let mut parts = shares.into_iter().zip(arenas).filter(|(share, _)| !share.is_empty());
        let own = parts.next();
        for (share, arena) in parts {
            let run = &run;
            scope.spawn(move || run(share, arena));
        }
        if let Some((share, arena)) = own {
            run(share, arena);
        }
    });
}
