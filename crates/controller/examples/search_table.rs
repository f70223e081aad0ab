//! Searches a table for the most accurate architecture under a latency target: `search_table
//! FILE.csv TARGET_MS`, where the file has the columns `arch`, `accuracy` and `latency_ms`. Without
//! arguments, a made-up table is searched.

use std::ops::ControlFlow::Continue;
use std::path::PathBuf;

use controller::accuracy::{AccuracySource, AccuracyTable, TableColumns};
use controller::search::algorithm::Algorithm;
use controller::search::{
    Exponent, FrontShare, Goal, LatencyOf, Limits, Problem, Reward, SearchSettings, Target, search,
    winners,
};
use controller::study::{Study, StudySettings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut args = std::env::args().skip(1);
    let (file, target_ms) = match (args.next(), args.next()) {
        (Some(file), Some(target_ms)) => (PathBuf::from(file), target_ms.parse()?),
        _ => (made_up(folder.path().join("made_up.csv"))?, 20.0),
    };
    let table = AccuracyTable::read(&file, &TableColumns::default(), None)?;
    let problem = Problem {
        domain: &table.domain,
        space: None,
        limits: &Limits::default(),
        accuracy: AccuracySource::Table(&table),
        latency: LatencyOf::Column(&table),
    };
    let (reward, target) = (Reward::Soft(Exponent::DEFAULT), Target::new(target_ms)?);
    let goal = Goal::Targets { reward, targets: vec![target], front: FrontShare::QUARTER };
    let settings = SearchSettings {
        algorithm: Algorithm::Evolution,
        goal,
        samples: 300,
        earlier: Vec::new(),
        seed: 0,
    };
    let mut study = Study::create(folder.path(), &StudySettings::new(), &StudySettings::new())?;
    let trials = search(&problem, &settings, &mut study, &mut |_| Continue(()))?;
    let found = winners(&problem, &settings.goal, &trials, &mut study, &mut |_, _| Continue(()))?;
    match &found[0].best {
        Some(winner) => {
            let trial = &trials[winner.trial];
            let arch = table.domain.text(&trial.genotype);
            let (percent, ms) = (100.0 * trial.estimate.accuracy, winner.measured_ms);
            println!("{arch}: {percent:.2} %, {:.2} ms", ms.unwrap_or_default());
            let optimum = problem.optimum(Some(target))?.unwrap_or_default();
            println!("best of the table under {target_ms} ms: {:.2} %", 100.0 * optimum);
        }
        None => println!("no architecture takes {target_ms} ms or less"),
    }
    Ok(())
}

/// Six choices of four options each; accuracy and latency grow with every digit, each at its own
/// rate.
fn made_up(file: PathBuf) -> std::io::Result<PathBuf> {
    let mut text = "arch,accuracy,latency_ms\n".to_owned();
    for code in 0..4_u32.pow(6) {
        let digits: Vec<u32> = (0..6).map(|place| code / 4_u32.pow(place) % 4).collect();
        let arch: String = digits.iter().map(u32::to_string).collect();
        let sum = |rate: f64| -> f64 {
            digits.iter().zip(0..).map(|(&digit, place)| f64::from(digit) * rate.powi(place)).sum()
        };
        let accuracy = 0.9 - 0.4 / (1.0 + sum(1.3) / 10.0);
        text += &format!("{arch},{accuracy:.6},{:.3}\n", 5.0 + sum(1.6));
    }
    std::fs::write(&file, text)?;
    Ok(file)
}
