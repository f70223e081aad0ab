//! The accuracy of interpolation, from a table in which all blocks of a space are measured: as many
//! blocks as a build would measure are kept, the others are predicted, and so are networks:
//! `interpolation_error table.ron mobilenet_v3`.

use std::collections::HashSet;

use latency_predictor::{
    BuildSettings, MeasuredWidths, MissingUnits, Prediction, PredictorError, Sample, Table,
    measured_units, plan,
};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use search_space::{Network, PlacedUnit, SearchSpace, published};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(name)) = (args.next(), args.next()) else {
        return Err("expected: the file of a table, a space".into());
    };
    let whole = Table::load(path.as_ref())?.ok_or("no such table")?;
    let space = match std::fs::read_to_string(&name) {
        Ok(text) => SearchSpace::from_ron(&text)?,
        Err(_) => published::space(&name)?,
    };
    let units = space.units();
    let kept = measured_units(&units, MeasuredWidths::Subset);
    let count = |wanted: &[PlacedUnit]| {
        let settings = BuildSettings { rounds: 1, ..BuildSettings::default() };
        plan(&space, wanted, &settings).rounds.iter().map(Vec::len).sum::<usize>()
    };
    println!("measured      {} of {} blocks", kept.len(), units.len());
    println!("networks      {} instead of {} a round", count(&kept), count(&units));

    let mut part = Table::new(whole.setup.clone(), whole.settings);
    part.extend(kept.iter().filter_map(|unit| whole.get(unit).copied()));
    let left_out: Vec<&PlacedUnit> = units.iter().filter(|unit| part.get(unit).is_none()).collect();
    let mut off = Vec::new();
    let mut refused = 0;
    for unit in &left_out {
        match (part.interpolate(unit), whole.get(unit)) {
            (Some(found), Some(entry)) => off.push(found.p50_ms / entry.latency.p50_ms - 1.0),
            (None, Some(_)) => refused += 1,
            (_, None) => {}
        }
    }
    println!("interpolated  {} blocks, {refused} refused", off.len());
    if off.is_empty() {
        return Ok(());
    }
    println!("error         {}", Errors::of(&off));
    if let Some(told) = part.interpolation_error(&units) {
        println!("told error    {:.2} %, of measured blocks from the others", 100.0 * told);
    }

    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let networks: Vec<Network> =
        (0..300).map(|_| space.sample(&mut rng)).filter_map(|g| space.decode(&g).ok()).collect();
    let mut measure = |network: &Network| -> Result<Vec<Sample>, PredictorError> {
        // What is refused is measured: it is taken from the whole table.
        let units: HashSet<PlacedUnit> = network.units().collect();
        let sample = |unit: &PlacedUnit| {
            Some(Sample { unit: *unit, latency: whole.get(unit)?.latency, runs: 1 })
        };
        Ok(units.iter().filter_map(sample).collect())
    };
    let mut off = Vec::new();
    let mut told = 0.0;
    for network in &networks {
        if let Ok(whole_ms) = whole.predict_ms(network) {
            let mut part = part.clone();
            let missing = MissingUnits::Interpolate;
            let Prediction { ms, interpolation_error, .. } =
                part.predict_or_measure(network, missing, &mut measure)?;
            off.push(ms / whole_ms - 1.0);
            told += interpolation_error;
        }
    }
    println!("networks      {} (told {:.2} %)", Errors::of(&off), 100.0 * told / off.len() as f64);
    Ok(())
}

struct Errors {
    mean: f64,
    root_mean_square: f64,
    worst: f64,
}

impl Errors {
    fn of(off: &[f64]) -> Self {
        let count = off.len() as f64;
        Self {
            mean: off.iter().sum::<f64>() / count,
            root_mean_square: (off.iter().map(|off| off * off).sum::<f64>() / count).sqrt(),
            worst: off.iter().fold(0.0, |worst, off| off.abs().max(worst)),
        }
    }
}

impl std::fmt::Display for Errors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = |value: f64| 100.0 * value;
        let (mean, rms, worst) =
            (percent(self.mean), percent(self.root_mean_square), percent(self.worst));
        write!(f, "mean {mean:+.2} %, root mean square {rms:.2} %, worst {worst:.1} %")
    }
}
