//! Running a compiled network.

use std::time::Instant;

use kernels::Threads;
use rayon::{ThreadPool, ThreadPoolBuilder};
use search_space::{Graph, Weights};

use crate::error::EngineError;
use crate::plan::{Plan, plan};
use crate::step::{self, Place, Step};

/// A network compiled for this CPU, with its weights and buffers. One image at a time.
#[derive(Debug)]
pub struct Engine {
    plan: Plan,
    /// For the hungriest step, for every thread.
    scratch: Vec<f32>,
    units: usize,
    image_len: usize,
    /// None for one thread, which never touches rayon.
    pool: Option<ThreadPool>,
}

impl Engine {
    /// Compiles a graph for `threads` threads.
    ///
    /// # Errors
    /// Weights that do not fit the graph; threads that the system refuses.
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
        let scratch_len = plan.steps.iter().map(Step::scratch_len).max().unwrap_or(0);
        let threads = pool.as_ref().map_or(1, ThreadPool::current_num_threads);
        Ok(Self {
            plan,
            scratch: vec![0.0; scratch_len * threads],
            units: graph.units.len(),
            image_len: graph.input().elements(),
            pool,
        })
    }

    /// Numbers in an image.
    pub fn image_len(&self) -> usize {
        self.image_len
    }

    /// Units of the graph, as [`Engine::run_clocked`] counts them.
    pub fn units(&self) -> usize {
        self.units
    }

    /// The logits `[classes]` of an image `[height, width, channels]`.
    ///
    /// # Panics
    /// When the image has another length.
    pub fn run(&mut self, image: &[f32]) -> &[f32] {
        self.run_steps(image, |_| {});
        self.logits()
    }

    /// As [`Engine::run`]; writes the milliseconds that each unit took to `unit_ms`. One clock
    /// reading a unit: the units' times add up to the network's.
    ///
    /// # Panics
    /// When the image or `unit_ms` has another length.
    pub fn run_clocked(&mut self, image: &[f32], unit_ms: &mut [f64]) -> &[f32] {
        assert_eq!(unit_ms.len(), self.units, "one time a unit");
        unit_ms.fill(0.0);
        let mut start = Instant::now();
        self.run_steps(image, |unit| {
            let now = Instant::now();
            unit_ms[unit] = (now - start).as_secs_f64() * 1e3;
            start = now;
        });
        self.logits()
    }

    /// Calls `unit_done` after the last step of each unit.
    fn run_steps(&mut self, image: &[f32], mut unit_done: impl FnMut(usize) + Send) {
        assert_eq!(image.len(), self.image_len, "numbers in the image");
        let Plan { steps, buffers, .. } = &mut self.plan;
        let scratch = &mut self.scratch[..];
        let mut work = |threads: Threads| {
            for (index, step) in steps.iter().enumerate() {
                step::run(step, image, buffers, scratch, threads);
                if steps.get(index + 1).is_none_or(|next| next.unit != step.unit) {
                    unit_done(step.unit);
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
            Place::Buffer { index, len } => &self.plan.buffers[index][..len],
            // A graph ends in a linear layer, which has a buffer.
            Place::Image => &[],
        }
    }
}
