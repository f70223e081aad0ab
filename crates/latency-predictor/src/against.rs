//! Measuring one network against another: what slows the device for a while slows both.

use std::collections::VecDeque;

use engine::Engine;
use search_space::Graph;

use crate::calm::gather;
use crate::error::PredictorError;
use crate::measure::{clocked, random_image, timed_ms, warm_up};
use crate::meter::Meter;
use crate::stats::{median, quantile};

/// The latency of a network as a ratio to another's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Mean of the middle half of the rounds.
    pub ratio: f64,
    /// Half the distance between the quartiles of the rounds.
    pub spread: f64,
}

/// Rounds, each with copies of its own of both networks: where a copy lies in memory changes its
/// latency by more than small cuts do.
const ROUNDS: usize = 40;
/// Copies that stay, so that a new one lies elsewhere.
const LIVE: usize = 8;

impl Meter<'_> {
    /// Times a network and `reference` in turns, each `runs` times in all while the device is undisturbed,
    /// within reason.
    ///
    /// # Errors
    /// No runs; a graph that the engine does not take.
    pub fn against(
        &mut self,
        graph: &Graph,
        reference: &Graph,
        runs: usize,
    ) -> Result<Ratio, PredictorError> {
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
        let ratio = match middle().count() {
            0 => (low + high) / 2.0,
            count => middle().sum::<f64>() / count as f64,
        };
        Ok(Ratio { ratio, spread: (high - low) / 2.0 })
    }

    /// The first one's median over the second's, run in `order` in turns.
    fn turns(
        &mut self,
        graphs: [&Graph; 2],
        pair: &mut [Engine; 2],
        order: [usize; 2],
        runs: usize,
    ) -> Result<f64, PredictorError> {
        let images = graphs.map(|graph| random_image(graph.input().elements()));
        for (engine, image) in pair.iter_mut().zip(&images) {
            warm_up(&mut || timed_ms(|| _ = engine.run(image)));
        }
        let [first, second] = pair;
        let mut clocked_first = clocked(first, graphs[0], &images[0]);
        let mut clocked_second = clocked(second, graphs[1], &images[1]);
        let mut run = || {
            let mut both_ms = [0.0; 2];
            for place in order {
                let units_ms = if place == 0 { clocked_first() } else { clocked_second() };
                both_ms[place] = units_ms.iter().sum::<f64>();
            }
            both_ms
        };
        let found = gather(runs, self, &mut run);
        let of = |place: usize| {
            let mut all_ms: Vec<f64> = found.runs.iter().map(|both_ms| both_ms[place]).collect();
            median(&mut all_ms).ok_or(PredictorError::NoRuns)
        };
        Ok(of(0)? / of(1)?)
    }
}
