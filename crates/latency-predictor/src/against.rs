//! Measuring one network against another: what slows the device for a while slows both.

use std::collections::VecDeque;

use engine::Engine;
use search_space::Graph;

use crate::calm::gather;
use crate::error::PredictorError;
use crate::measure::{random_image, timed_ms, warm_up};
use crate::meter::Meter;
use crate::stats::{median, quantile};

/// Rounds, each with copies of its own of both networks: where a copy lies in memory changes its
/// latency by more than small cuts do.
const ROUNDS: usize = 40;
/// Copies that stay, so that a new one lies elsewhere.
const LIVE: usize = 8;

impl Meter<'_> {
    /// The latency of a network as a ratio to that of `reference`: both are timed in turns, each `runs`
    /// times in all while the device is undisturbed, within reason. The mean of the middle half of the
    /// rounds.
    ///
    /// # Errors
    /// No runs; a graph that the engine does not take.
    pub fn against(
        &mut self,
        graph: &Graph,
        reference: &Graph,
        runs: usize,
    ) -> Result<f64, PredictorError> {
        let rounds = ROUNDS.min(runs);
        let mut live: VecDeque<[Engine; 2]> = VecDeque::with_capacity(LIVE + 1);
        let mut ratios = Vec::with_capacity(rounds);
        for round in 0..rounds {
            let mut pair = [self.engine(graph)?, self.engine(reference)?];
            let share = runs * (round + 1) / rounds - runs * round / rounds;
            let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
            ratios.push(self.turns([graph, reference], &mut pair, order, share)?);
            live.push_back(pair);
            if live.len() > LIVE {
                live.pop_front();
            }
        }
        let mut at = |q| quantile(&mut ratios, q).ok_or(PredictorError::NoRuns);
        let (low, high) = (at(0.25)?, at(0.75)?);
        let middle = || ratios.iter().filter(|ratio| (low..=high).contains(*ratio));
        // Quartiles of one or two rounds may have none between them.
        Ok(match middle().count() {
            0 => (low + high) / 2.0,
            count => middle().sum::<f64>() / count as f64,
        })
    }

    /// The first one's median over the second's, each run `runs` times on end after a warm-up: after the
    /// other's run its weights would have to come back into the cache, as in no deployment.
    fn turns(
        &mut self,
        graphs: [&Graph; 2],
        pair: &mut [Engine; 2],
        order: [usize; 2],
        runs: usize,
    ) -> Result<f64, PredictorError> {
        let mut medians_ms = [0.0; 2];
        for place in order {
            let (graph, engine) = (graphs[place], &mut pair[place]);
            let image = random_image(graph.input().elements());
            warm_up(&mut || timed_ms(|| _ = engine.run(&image)));
            let found = gather(runs, self, &mut || timed_ms(|| _ = engine.run(&image)));
            let mut runs_ms = found.runs;
            medians_ms[place] = median(&mut runs_ms).ok_or(PredictorError::NoRuns)?;
        }
        Ok(medians_ms[0] / medians_ms[1])
    }
}
