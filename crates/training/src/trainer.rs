//! Batches cut into shards, threads, and the optimiser's step.

use kernels::training::{Sgd, add_assign, cross_entropy, sgd_step};
use search_space::{Graph, Norm};

use crate::arena::Arena;
use crate::error::TrainingError;
use crate::forward::{BatchStatistics, Pass};
use crate::initialise::initialise;
use crate::layer::Layers;
use crate::parameter::{Decay, Parameter, RunningStatistics};

/// Images of a shard: those that one replica of the step works on at once.
pub const SHARD_IMAGES: usize = 32;

/// A network in training.
#[derive(Debug)]
pub struct Trainer {
    network: Layers,
    norm: Norm,
    classes: usize,
    seed: u64,
    /// Batches seen.
    batches: u64,
    arenas: Vec<Arena>,
    shards: Vec<Shard>,
    velocities: Vec<Vec<f32>>,
}

/// What one shard leaves behind.
#[derive(Debug, Default)]
struct Shard {
    loss: f64,
    gradients: Vec<Vec<f32>>,
    statistics: Vec<BatchStatistics>,
}

impl Trainer {
    /// A network with fresh weights, trained on `threads` threads.
    ///
    /// # Errors
    /// No threads.
    pub fn new(graph: &Graph, seed: u64, threads: usize) -> Result<Self, TrainingError> {
        if threads == 0 {
            return Err(TrainingError::NoThreads);
        }
        let mut network = Layers::new(graph);
        initialise(&mut network.parameters, seed);
        let velocities = network.parameters.iter().map(|p| vec![0.0; p.values.len()]).collect();
        Ok(Self {
            network,
            norm: graph.norm,
            classes: graph.classes(),
            seed,
            batches: 0,
            arenas: (0..threads).map(|_| Arena::default()).collect(),
            shards: Vec::new(),
            velocities,
        })
    }

    /// What is learned, in the order of the graph.
    pub fn parameters(&self) -> &[Parameter] {
        &self.network.parameters
    }

    /// What is learned, to be loaded or changed; the lengths must stay.
    pub fn parameters_mut(&mut self) -> &mut [Parameter] {
        &mut self.network.parameters
    }

    /// Statistics of the batch norms, in the order of the graph.
    pub fn running_statistics(&self) -> &[RunningStatistics] {
        &self.network.statistics
    }

    /// The gradients that the last batch left, in the order of [`Trainer::parameters`]; empty
    /// before the first.
    pub fn gradients(&self) -> &[Vec<f32>] {
        self.shards.first().map_or(&[], |shard| &shard.gradients)
    }

    /// Forward and backward of a batch: images `[batch, height, width, channels]`, targets
    /// `[batch, classes]` with rows that sum to 1. Moves the running statistics, leaves the
    /// gradients of the mean loss and returns that loss.
    ///
    /// # Errors
    /// No images, part of one, or targets of another number.
    pub fn accumulate(&mut self, images: &[f32], targets: &[f32]) -> Result<f64, TrainingError> {
        let image = self.network.layers[0].elements;
        let batch = images.len() / image;
        if batch == 0 || images.len() != batch * image {
            let allowed = format!("a multiple of {image}");
            return Err(TrainingError::Length { what: "images", found: images.len(), allowed });
        }
        if targets.len() != batch * self.classes {
            let allowed = (batch * self.classes).to_string();
            return Err(TrainingError::Length { what: "targets", found: targets.len(), allowed });
        }
        self.shards.resize_with(batch.div_ceil(SHARD_IMAGES), Shard::default);
        self.run_shards(images, targets, batch);
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

    /// One step of stochastic gradient descent on a batch, as [`Trainer::accumulate`] takes it;
    /// returns its loss. `weight_decay` applies to weights of convolutions and linear layers.
    ///
    /// # Errors
    /// As for [`Trainer::accumulate`].
    pub fn step(
        &mut self,
        images: &[f32],
        targets: &[f32],
        sgd: &Sgd,
        weight_decay: f32,
    ) -> Result<f64, TrainingError> {
        let loss = self.accumulate(images, targets)?;
        let Some(Shard { gradients, .. }) = self.shards.first() else { return Ok(loss) };
        let tensors = self.network.parameters.iter_mut().zip(gradients).zip(&mut self.velocities);
        for ((parameter, gradient), velocity) in tensors {
            let decay = match parameter.decay {
                Decay::Applies => weight_decay,
                Decay::None => 0.0,
            };
            sgd_step(sgd, decay, &mut parameter.values, gradient, velocity);
        }
        Ok(loss)
    }

    fn run_shards(&mut self, images: &[f32], targets: &[f32], batch: usize) {
        let (image, classes) = (self.network.layers[0].elements, self.classes);
        let threads = self.arenas.len();
        let mut work: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
        let parts = images
            .chunks(SHARD_IMAGES * image)
            .zip(targets.chunks(SHARD_IMAGES * classes))
            .zip(&mut self.shards);
        for (index, ((images, targets), shard)) in parts.enumerate() {
            let pass = Pass {
                network: &self.network,
                norm: self.norm,
                images: images.len() / image,
                seed: self.seed,
                stream: self.batches << 32 | index as u64,
            };
            work[index % threads].push((pass, images, targets, shard));
        }
        let share = 1.0 / batch as f32;
        let run = |work: Vec<(Pass<'_>, &[f32], &[f32], &mut Shard)>, arena: &mut Arena| {
            for (pass, images, targets, shard) in work {
                shard.run(&pass, images, targets, (classes, share), arena);
            }
        };
        std::thread::scope(|scope| {
            let mut parts = work.into_iter().zip(&mut self.arenas);
            let own = parts.next();
            for (work, arena) in parts {
                if !work.is_empty() {
                    scope.spawn(|| run(work, arena));
                }
            }
            if let Some((work, arena)) = own {
                run(work, arena);
            }
        });
    }

    /// The mean of the shards' statistics goes into the running ones, with the unbiased variance.
    fn move_statistics(&mut self) {
        let momentum = self.norm.momentum;
        let share = 1.0 / self.shards.len() as f32;
        for (index, running) in self.network.statistics.iter_mut().enumerate() {
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
        (classes, share): (usize, f32),
        arena: &mut Arena,
    ) {
        self.gradients.resize_with(pass.network.parameters.len(), Vec::new);
        for (gradient, parameter) in self.gradients.iter_mut().zip(&pass.network.parameters) {
            gradient.clear();
            gradient.resize(parameter.values.len(), 0.0);
        }
        self.statistics.resize_with(pass.network.statistics.len(), BatchStatistics::default);
        let values = pass.forward(images, &mut self.statistics, arena);
        let logits = &values[values.len() - 1];
        let mut gradient = arena.take(logits.len());
        self.loss = cross_entropy(logits, targets, classes, share, &mut gradient);
        pass.backward(values, gradient, &self.statistics, &mut self.gradients, arena);
    }
}
