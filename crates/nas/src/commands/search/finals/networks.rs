//! The networks that are trained at the end of a search.

use std::path::Path;

use anyhow::{Context, Result};
use controller::final_trainings::{FinalTraining, MeasuredNetwork};
use controller::search::{
    BaselineError, FinalNetworks, NamedBaseline, Wanted, Winner, families_at, random_networks_at,
};
use report::write_atomically;
use search_space::LatencySource;

use super::{Files, WINNER};
use crate::args::Global;
use crate::commands::search::results::Results;
use crate::commands::search::sources::Latency;
use crate::exit::bad_input;
use crate::interrupt;
use crate::progress::{Progress, note};

/// The winner and its baselines, `asked` random networks among them: those of an interrupted run, or
/// those that are sought now. Returns `None` if it was interrupted.
pub(super) fn of(
    global: &Global,
    results: &Results<'_>,
    winner: &Winner,
    asked: Option<usize>,
    files: &Files,
) -> Result<Option<Vec<NamedBaseline>>> {
    let Some(space) = &results.sources.space else { return Ok(None) };
    let trial = &results.trials[winner.trial];
    let genotype = space.domain().text(&trial.genotype);
    let stored = stored(&files.networks)?;
    let stored = match stored {
        Some(stored) if stored.winner() == Some(&genotype) => Some(stored),
        Some(_) => {
            files.keep_earlier()?;
            note(global, "another network is the winner now: its trainings start anew");
            None
        }
        None => None,
    };
    let of_winner = match &stored {
        Some(FinalNetworks { asked: before, networks }) => match (asked, *before) {
            (Some(asked), Some(before)) if asked > before => {
                let expected = format!("at most {before}, as in the run that is continued");
                return Err(bad_input("--check", format!("found {asked}; expected: {expected}")));
            }
            (Some(_), Some(_)) => return Ok(Some(networks.clone())),
            (None, _) => return Ok(Some(networks[..1].to_vec())),
            (Some(_), None) => networks[0].clone(),
        },
        None => {
            let network = space.decode(&trial.genotype)?;
            let latency_ms = winner.measured_ms.or(trial.latency_ms).unwrap_or(f64::NAN);
            let network = MeasuredNetwork { network, latency_ms };
            let (name, genotype) = (WINNER.to_owned(), Some(genotype));
            NamedBaseline { name, family: None, genotype, network }
        }
    };
    let mut networks = vec![of_winner];
    if let (Latency::Device(native), Some(random)) = (&results.sources.latency, asked) {
        let found = sought(global, results, &networks[0].network, random, native.as_ref());
        match found {
            Ok(found) => networks.extend(found),
            Err(BaselineError::Stopped) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    let all = FinalNetworks { asked, networks };
    write_atomically(&files.networks, all.to_ron()?.as_bytes())?;
    Ok(Some(all.networks))
}

fn stored(file: &Path) -> Result<Option<FinalNetworks>> {
    if !file.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let read = FinalNetworks::from_ron(&text).map_err(|error| bad_input(file.display(), error))?;
    Ok(Some(read))
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
