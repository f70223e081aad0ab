//! Running a compiled network.

use std::time::Instant;

use kernels::{Memory, Threads};
use rayon::{ThreadPool, ThreadPoolBuilder};
use search_space::{Graph, Weights};

use crate::error::EngineError;
use crate::operation::{Operation, Place, Run, Slot};
use crate::plan::{Plan, plan};

/// A network that is compiled for this CPU, with its weights and buffers. It runs on one image at a
/// time.
#[derive(Debug)]
pub struct Engine {
    plan: Plan,
    /// For each thread, the most that any operation needs.
    scratch: Memory,
    units: usize,
    image_len: usize,
    /// The number of channels of an image.
    channels: usize,
    /// `None` for one thread, which does not use rayon.
    pool: Option<ThreadPool>,
}

impl Engine {
    /// Compiles a graph to run on `threads` threads.
    ///
    /// # Errors
    /// When the weights do not fit the graph, a batch norm cannot be folded, or the threads cannot be
    /// started.
    pub fn new(graph: &Graph, weights: &Weights, threads: usize) -> Result<Self, EngineError> {
        let pool = match threads {
            0 | 1 => None,
            threads => {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build();
                let error = |e: rayon::ThreadPoolBuildError| e.to_string();
                Some(
                    pool.map_err(error)
                        .map_err(|message| EngineError::Threads { threads, message })?,
                )
            }
        };
        let plan = plan(graph, weights)?;
        let scratch_len = plan.operations.iter().map(Operation::scratch_len).max().unwrap_or(0);
        let threads = pool.as_ref().map_or(1, ThreadPool::current_num_threads);
        Ok(Self {
            plan,
            scratch: Memory::zeroed(scratch_len * threads),
            units: graph.units.len(),
            image_len: graph.input().elements(),
            channels: graph.input().channels,
            pool,
        })
    }

    /// The number of elements of an image, `height * width * channels`.
    pub fn image_len(&self) -> usize {
        self.image_len
    }

    /// The number of units of the graph: the length of the times from [`Engine::run_clocked`].
    pub fn units(&self) -> usize {
        self.units
    }

    /// Computes the logits, `[classes]`, of an image, `[height, width, channels]`.
    ///
    /// # Panics
    /// When the image has the wrong length.
    pub fn run(&mut self, image: &[f32]) -> &[f32] {
        self.run_operations(image, |_| {});
        self.logits()
    }

    /// Computes the logits, `[batch, classes]`, of images whose channels are planes, as other frameworks
    /// store them: `[batch, channels, height, width]`.
    ///
    /// # Panics
    /// When the length is not a multiple of that of an image.
    pub fn run_planes(&mut self, images: &[f32]) -> Vec<f32> {
        assert!(images.len().is_multiple_of(self.image_len), "length of the images");
        let mut logits = Vec::new();
        let mut image = vec![0.0; self.image_len];
        let pixels = self.image_len / self.channels;
        for planes in images.chunks_exact(self.image_len) {
            for (at, value) in image.iter_mut().enumerate() {
                *value = planes[at % self.channels * pixels + at / self.channels];
            }
            logits.extend_from_slice(self.run(&image));
        }
        logits
    }

    /// Like [`Engine::run`], and writes the milliseconds that each unit took to `unit_ms`. The clock
    /// is read once after each unit, so that the times of the units add up to that of the network.
    ///
    /// # Panics
    /// When the image or `unit_ms` has the wrong length.
    pub fn run_clocked(&mut self, image: &[f32], unit_ms: &mut [f64]) -> &[f32] {
        self.run_observed(image, unit_ms, &mut |_| {})
    }

    /// Like [`Engine::run_clocked`], and calls `after` with the index of each unit after it ran. The
    /// time of that call is not part of any unit's.
    ///
    /// # Panics
    /// When the image or `unit_ms` has the wrong length.
    pub fn run_observed(
        &mut self,
        image: &[f32],
        unit_ms: &mut [f64],
        after: &mut (dyn FnMut(usize) + Send),
    ) -> &[f32] {
        assert_eq!(unit_ms.len(), self.units, "length of the units' times");
        unit_ms.fill(0.0);
        let mut start = Instant::now();
        self.run_operations(image, |unit| {
            unit_ms[unit] = start.elapsed().as_secs_f64() * 1e3;
            after(unit);
            start = Instant::now();
        });
        self.logits()
    }

    /// Calls `unit_done` after the last operation of each unit.
    fn run_operations(&mut self, image: &[f32], mut unit_done: impl FnMut(usize) + Send) {
        assert_eq!(image.len(), self.image_len, "length of the image");
        let Plan { operations, buffers, .. } = &mut self.plan;
        let scratch = &mut self.scratch[..];
        let mut work = |threads: Threads| {
            let mut run = Run { image, buffers, scratch, threads };
            for (index, operation) in operations.iter().enumerate() {
                operation.run(&mut run);
                if operations.get(index + 1).is_none_or(|next| next.unit != operation.unit) {
                    unit_done(operation.unit);
                }
            }
        };
        match &self.pool {
            None => work(Threads::One),
            Some(pool) => pool.install(|| work(Threads::Pool(pool.current_num_threads()))),
        }
    }

    fn logits(&self) -> &[f32] {
        match self.plan.output {
            Place::Buffer(Slot { index, len }) => &self.plan.buffers[index][..len],
            // Never: a graph ends in a linear layer, whose output is in a buffer.
            Place::Image => &[],
        }
    }
}
