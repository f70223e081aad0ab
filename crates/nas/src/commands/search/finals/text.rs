//! The trainings at the end of a search in words.

use anyhow::Result;
use controller::accuracy::{BandQuality, BandVerdict, Interval};
use controller::final_trainings::{FinalResult, FinalTraining};
use controller::search::{ComparedNetwork, NamedBaseline, PairedDifference, RIVALS, Verdict};
use report::duration;
use training::fit::{FitData, FitSettings};

use super::check::Checked;
use super::{Trained, WINNER};
use crate::args::Global;
use crate::exit::training_error;
use crate::screen::table;

/// What the trainings will take, from a few steps of the winner.
pub(super) fn cost(
    data: &FitData,
    networks: &[NamedBaseline],
    settings: &FitSettings,
    (seeds, global): (u64, &Global),
) -> Result<String> {
    let winner = FinalTraining::from_scratch(WINNER, &networks[0].network, settings, 0);
    let epoch_s = winner.epoch_s(data, global.training_threads());
    let epoch_s = epoch_s.map_err(|error| training_error("--space", error))?;
    let macs: Vec<f64> = networks
        .iter()
        .map(|one| one.network.network.lower().map(|graph| graph.cost().macs as f64))
        .collect::<Result<_, _>>()?;
    let once: f64 = macs.iter().sum::<f64>() / macs[0];
    let again = networks.len().min(1 + RIVALS) as f64 * (seeds - 1) as f64;
    let all_s = epoch_s * settings.epochs as f64 * (once + again);
    let baselines = networks.len() - 1;
    let of = if baselines == 0 {
        String::new()
    } else {
        format!(" and {baselines} baselines at its latency")
    };
    Ok(format!(
        "training from scratch: the winner{of}, {} epochs each;\nthe winner and its {RIVALS} best \
         baselines with {seeds} seeds: about {}\n(--epochs, --seeds, --baselines none)",
        settings.epochs,
        duration(all_s)
    ))
}

/// One training that has ended.
pub(super) fn result(result: &FinalResult) -> String {
    let FinalResult { name, seed, latency_ms, hold_out_top1, .. } = result;
    let hold_out =
        hold_out_top1.map_or(String::new(), |a| format!(", hold-out {:.2} %", 100.0 * a));
    let latency =
        if latency_ms.is_finite() { format!(": {latency_ms:.3} ms") } else { String::new() };
    format!("{name}, seed {seed}{latency}{hold_out}")
}

/// The lines of the last screen.
pub(in super::super) fn lines(trained: &Trained) -> String {
    let row = |one: &ComparedNetwork| {
        let percent = |accuracy: f64| format!("{:.2}", 100.0 * accuracy);
        vec![
            one.name.clone(),
            match one.latency_ms.is_finite() {
                true => format!("{:.3}", one.latency_ms),
                false => "unknown".to_owned(),
            },
            one.hold_out_top1.map_or(String::new(), percent),
            percent(one.test_top1),
            one.seeds.to_string(),
            one.winner_is_better_by.as_ref().map_or(String::new(), difference),
        ]
    };
    let header = ["network", "ms", "hold-out %", "test %", "seeds", "winner is better by"];
    let rows = trained.compared.iter().map(row).collect();
    let target = trained.target_ms.map_or(String::new(), |ms| format!("target {ms} ms: "));
    format!(
        "{target}trained from scratch for {} epochs each, means over seeds; differences\non the test \
         images in points, with two standard errors over the same seeds\n\n{}\n\n{}",
        trained.epochs,
        table(&header, &["network"], rows),
        verdict(&trained.compared),
    ) + &trained.check.as_ref().map_or(String::new(), |checked| format!("\n\n{}", check(checked)))
}

/// How well the supernet ranks networks at the winner's latency.
fn check(Checked { quality, verdict }: &Checked) -> String {
    let row = |name: &str, of: Interval| {
        let digits = |value: f64| format!("{value:.2}");
        vec![name.to_owned(), digits(of.value), digits(of.low), digits(of.high)]
    };
    let BandQuality { networks, source, macs, difference } = *quality;
    let rows =
        vec![row("supernet", source), row("multiply-adds", macs), row("difference", difference)];
    let says = match verdict {
        BandVerdict::BetterThanMacs => {
            "the supernet ranks these networks better than multiply-adds do"
        }
        BandVerdict::WorseThanMacs => {
            "the supernet ranks these networks worse than multiply-adds do:\n\
             do not trust its choice among networks of this latency"
        }
        BandVerdict::NotToldApart => {
            "not told apart: at this latency, the supernet may rank no better than\n\
             multiply-adds do"
        }
    };
    let header = ["Kendall tau", "value", "2.5 %", "97.5 %"];
    format!(
        "ranking of {networks} random networks at this latency, against trained accuracies\n{}\n{says}",
        table(&header, &["Kendall tau"], rows)
    )
}

fn difference(difference: &PairedDifference) -> String {
    let mean = 100.0 * difference.mean;
    match difference.standard_error {
        Some(error) => format!("{mean:+.2} +- {:.2}", 200.0 * error),
        None => format!("{mean:+.2}"),
    }
}

/// What the comparison says, in a sentence.
fn verdict(compared: &[ComparedNetwork]) -> String {
    let of = |wanted: Verdict| -> Vec<&str> {
        let has = |one: &&ComparedNetwork| {
            one.winner_is_better_by.is_some_and(|difference| difference.verdict() == wanted)
        };
        compared.iter().filter(has).map(|one| one.name.as_str()).collect()
    };
    let parts = [
        ("better than", of(Verdict::Better)),
        ("worse than", of(Verdict::Worse)),
        ("not told apart from", of(Verdict::NotToldApart)),
    ];
    let parts = parts.iter().filter(|(_, names)| !names.is_empty());
    let parts: Vec<String> =
        parts.map(|(words, names)| format!("{words} {}", names.join(" and "))).collect();
    match (parts.is_empty(), compared.len()) {
        (_, 0 | 1) => "there was nothing to compare the winner with".to_owned(),
        (true, _) => "one seed each: the differences may be chance".to_owned(),
        (false, _) => format!("the winner is {}", parts.join(", ")),
    }
}
