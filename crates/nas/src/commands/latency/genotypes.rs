//! `nas latency --genotypes`: one line for each genotype of a file.

use anyhow::{Result, bail};
use controller::Warning;
use latency_predictor::{Coverage, Measured, Prediction};
use search_space::{Genotype, Network, SearchSpace, Statistic};
use serde::Serialize;

use super::runs;
use crate::args::{Global, LatencyArgs};
use crate::exit::bad_input;
use crate::{interrupt, load, screen, tables};

#[derive(Serialize)]
struct Line {
    genotype: String,
    predicted_ms: f64,
    level: f64,
    coverage: Coverage,
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<Measured>,
    /// Whether even the quietest runs of the measurement were slowed by other work.
    #[serde(skip_serializing_if = "Option::is_none")]
    disturbed: Option<bool>,
}

/// Reads all genotypes before it prints anything, so that nothing is printed if a line is bad.
pub(super) fn run(global: &Global, args: &LatencyArgs, file: &str) -> Result<()> {
    let space = load::space(args.space.as_deref().unwrap_or_default())?;
    let networks = read(&space, file)?;
    let mut device = tables::open(global, &args.table)?;
    tables::check_level(global, &device, &args.level)?;
    tables::warn_of_disturbed(&device, None);
    if args.measure {
        interrupt::listen();
    }
    let mut level = None;
    let mut all_measured = Vec::new();
    for (genotype, network) in &networks {
        if interrupt::check().is_break() {
            bail!("stopped");
        }
        let Prediction { ms, coverage, .. } =
            tables::predict(global, &mut device, network, args.missing.into())?;
        // A new table has anchors only after its first block was measured.
        let level = match level {
            Some(level) => level,
            None => {
                *level.insert(tables::level(global, &device, &args.level, Some(&space.name))?.ratio)
            }
        };
        let measured = match args.measure {
            false => None,
            true => Some(tables::measure(global, &device, network, runs(args))?),
        };
        all_measured.extend(measured.map(|measured| (genotype.to_string(), measured)));
        let (genotype, predicted_ms) = (genotype.to_string(), level * ms);
        if global.json {
            let disturbed = measured.map(|measured| measured.is_of_a_busy_machine());
            let line = Line { genotype, predicted_ms, level, coverage, measured, disturbed };
            outln!("{}", serde_json::to_string(&line)?);
        } else {
            outln!("{genotype} {predicted_ms:.4}{}", measured_text(args, measured));
        }
    }
    warn_of_busy(all_measured);
    Ok(())
}

/// Number of networks that a warning names.
const NAMED: usize = 3;

/// Warns of networks that were measured on a busy machine.
fn warn_of_busy(mut measured: Vec<(String, Measured)>) {
    measured.retain(|(_, measured)| measured.is_of_a_busy_machine());
    let slowdown = measured.iter().map(|(_, measured)| measured.slowdown).fold(1.0, f64::max);
    let networks: Vec<String> = match measured.len() {
        0 => return,
        1..=NAMED => measured.into_iter().map(|(genotype, _)| genotype).collect(),
        count => vec![format!("each of {} networks", screen::grouped(count))],
    };
    screen::warn(&Warning::BusyMachine { networks, slowdown });
}

/// The measured latency that the user asked for, with a space before it.
fn measured_text(args: &LatencyArgs, measured: Option<Measured>) -> String {
    let statistic = args.statistic.map(Statistic::from).unwrap_or_default();
    let ms = measured.map(|measured| match statistic {
        Statistic::Undisturbed => measured.latency.p50_ms,
        Statistic::All => measured.all.p50_ms,
    });
    ms.map_or(String::new(), |ms| format!(" {ms:.4}"))
}

fn read(space: &SearchSpace, file: &str) -> Result<Vec<(Genotype, Network)>> {
    let text = load::read(file)?;
    let mut networks = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("{file}, line {}", number + 1);
        let genotype =
            space.parse_genotype(line.trim()).map_err(|error| bad_input(&place, error))?;
        let network = space.decode(&genotype).map_err(|error| bad_input(&place, error))?;
        network.lower().map_err(|error| bad_input(&place, error))?;
        networks.push((genotype, network));
    }
    Ok(networks)
}
