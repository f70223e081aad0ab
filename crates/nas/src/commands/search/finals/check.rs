//! How well the supernet ranks the networks that were trained at the winner's latency.

use anyhow::Result;
use controller::accuracy::{AccuracySource, BandQuality, BandVerdict, RankedNetwork};
use controller::search::{ComparedNetwork, NamedBaseline};
use serde::Serialize;

use crate::commands::search::results::Results;

/// The quality of the supernet in the band of latency that matters.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    #[serde(flatten)]
    pub(super) quality: BandQuality,
    pub(super) verdict: BandVerdict,
}

/// The quality on the random networks, by their accuracies on the hold-out; `None` if fewer than four
/// were found.
pub(super) fn of(
    results: &Results<'_>,
    networks: &[NamedBaseline],
    compared: &[ComparedNetwork],
) -> Result<Option<Checked>> {
    let problem = results.sources.problem();
    let AccuracySource::Supernet(supernet) = problem.accuracy else { return Ok(None) };
    let mut ranked = Vec::new();
    // The winner was chosen because the supernet ranks it first, so it says nothing of the others.
    for one in networks.iter().skip(1) {
        let Some(genotype) = &one.genotype else { continue };
        let trained = compared.iter().find(|other| other.name == one.name);
        let Some(trained) = trained.and_then(|one| one.hold_out_top1) else { continue };
        let estimated = supernet.estimate(&problem.domain.parse(genotype)?)?.accuracy;
        let macs = one.network.network.lower()?.cost().macs as f64;
        ranked.push(RankedNetwork { trained, estimated, macs });
    }
    let quality = BandQuality::of(&ranked, results.settings.seed);
    Ok(quality.map(|quality| Checked { quality, verdict: quality.verdict() }))
}
