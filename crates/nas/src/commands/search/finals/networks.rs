//! The networks that are trained at the end of a search, kept in a file from which an interrupted run
//! goes on.

use std::path::Path;

use anyhow::{Context, Result};
use controller::final_trainings::{FinalTraining, MeasuredNetwork};
use controller::search::{
    BaselineError, NamedBaseline, Wanted, Winner, families_at, random_networks_at,
};
use report::write_atomically;
use search_space::LatencySource;

use super::WINNER;
use crate::args::Global;
use crate::args_images::BaselinesKind;
use crate::commands::search::results::Results;
use crate::commands::search::sources::Latency;
use crate::exit::bad_input;
use crate::interrupt;
use crate::progress::{Progress, note};

/// The winner and its baselines: those of an interrupted run, or the baselines that are sought now.
/// Returns `None` if it was interrupted.
pub(super) fn of(
    global: &Global,
    results: &Results<'_>,
    winner: &Winner,
    (baselines, random): (BaselinesKind, usize),
    file: &Path,
) -> Result<Option<Vec<NamedBaseline>>> {
    if file.exists() {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let read = NamedBaseline::list_from_ron(&text)
            .map_err(|error| bad_input(file.display(), error))?;
        let wanted = match baselines {
            BaselinesKind::All => read,
            BaselinesKind::None => read.into_iter().filter(|one| one.name == WINNER).collect(),
        };
        return Ok(Some(wanted));
    }
    let Some(space) = &results.sources.space else { return Ok(None) };
    let genotype = &results.trials[winner.trial].genotype;
    let network = space.decode(genotype)?;
    let latency_ms = winner.measured_ms.or(results.trials[winner.trial].latency_ms);
    let of_winner = MeasuredNetwork { network, latency_ms: latency_ms.unwrap_or(f64::NAN) };
    let mut all = vec![NamedBaseline {
        name: WINNER.to_owned(),
        family: None,
        genotype: Some(space.domain().text(genotype)),
        network: of_winner,
    }];
    if let (Latency::Device(native), Some(_), BaselinesKind::All) =
        (&results.sources.latency, latency_ms, baselines)
    {
        let of_winner = &all[0].network;
        let found = sought(global, results, of_winner, random, native.as_ref());
        match found {
            Ok(found) => all.extend(found),
            Err(BaselineError::Stopped) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    let text = NamedBaseline::list_to_ron(&all)?;
    write_atomically(file, text.as_bytes())?;
    Ok(Some(all))
}

fn sought(
    global: &Global,
    results: &Results<'_>,
    MeasuredNetwork { network: winner, latency_ms }: &MeasuredNetwork,
    random: usize,
    latencies: &dyn LatencySource,
) -> Result<Vec<NamedBaseline>, BaselineError> {
    let (input, latency_ms) = (winner.input, *latency_ms);
    let (resolution, channels) = (input.resolution, input.channels);
    let wanted = Wanted { latency_ms, resolution, channels, classes: winner.classes };
    let bar = std::cell::RefCell::new(Progress::start(global, "measuring baselines"));
    let mut on_baseline = |name: &str| {
        bar.borrow_mut().phase(&format!("measuring {name}"));
        interrupt::check()
    };
    let (mut all, missing) = families_at(&wanted, latencies, &mut on_baseline)?;
    if let Some(space) = &results.sources.space {
        let random = (random, results.settings.seed);
        all.extend(random_networks_at(space, latency_ms, random, latencies, &mut on_baseline)?);
    }
    bar.borrow().end();
    if !missing.is_empty() {
        let titles: Vec<&str> = missing.iter().map(|family| family.title).collect();
        let text = format!("no network at {latency_ms:.3} ms: {}", titles.join(", "));
        note(global, &text);
    }
    Ok(all)
}

/// The millions of multiply-adds of a network, at least 1.
pub(super) fn million_macs(training: &FinalTraining) -> usize {
    let macs = training.network.network.lower().map_or(0, |graph| graph.cost().macs);
    (macs / 1_000_000).max(1)
}
