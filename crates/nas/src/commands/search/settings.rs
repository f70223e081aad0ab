//! The settings of a search from its arguments.

use std::path::Path;

use anyhow::Result;
use controller::search::{
    Acceptance, Exponent, FrontShare, Goal, Margin, Reward, SearchSettings, Target,
};
use search_space::Statistic;

use crate::args::Global;
use crate::args_search::{AccuracyArg, RewardKind, SearchArgs};
use crate::exit::bad_input;

/// The number of trials of a new study.
const DEFAULT_SAMPLES: usize = 16_000;
/// The same with a supernet, each of whose evaluations takes seconds.
const SUPERNET_SAMPLES: usize = 400;
/// The same with short trainings, each of which takes minutes.
const PROXY_SAMPLES: usize = 96;

/// The settings of a new study.
pub(super) fn of(global: &Global, args: &SearchArgs) -> Result<SearchSettings> {
    let goal = match args.maximize {
        Some(_) => Goal::Accuracy,
        None => {
            let (reward, targets) = (reward(args)?, targets(args)?);
            Goal::Targets { reward, targets, front: front(args)? }
        }
    };
    let samples = args.samples.unwrap_or(match args.accuracy_source() {
        AccuracyArg::Supernet => SUPERNET_SAMPLES,
        AccuracyArg::Proxy => PROXY_SAMPLES,
        AccuracyArg::Surrogate | AccuracyArg::Table(_) => DEFAULT_SAMPLES,
    });
    let min = (2 * goal.targets().len()).max(1);
    let front = match goal {
        Goal::Targets { front, .. } => front.of(samples),
        Goal::Accuracy => 0,
    };
    if samples - front < min {
        let others = match front {
            0 => format!("at least {min}"),
            front => format!("at least {min} besides the {front} of --front"),
        };
        let message = format!("found {samples}; expected: {others}, one for each phase and target");
        return Err(bad_input("--samples", message));
    }
    let (algorithm, earlier, seed) = (args.algorithm(), Vec::new(), global.seed);
    Ok(SearchSettings { algorithm, goal, samples, earlier, seed })
}

/// The settings with which the study in `out` goes on to `samples` trials. `last` are those with which
/// it was last run.
pub(super) fn continued(
    last: SearchSettings,
    samples: Option<usize>,
    out: &Path,
) -> Result<SearchSettings> {
    let before = last.samples;
    let samples = samples.unwrap_or(before);
    last.extended_to(samples).ok_or_else(|| {
        let there = format!("the number of trials of the study in {}", out.display());
        bad_input("--samples", format!("found {samples}; expected: at least {before}, {there}"))
    })
}

fn front(args: &SearchArgs) -> Result<FrontShare> {
    match args.front {
        Some(share) => FrontShare::new(share).map_err(|error| bad_input("--front", error)),
        None => Ok(FrontShare::default_of(args.algorithm())),
    }
}

fn targets(args: &SearchArgs) -> Result<Vec<Target>> {
    let margin = args.margin.map_or(Ok(Margin::default()), Margin::new);
    let acceptance = Acceptance {
        statistic: args.statistic.map(Statistic::from).unwrap_or_default(),
        margin: margin.map_err(|error| bad_input("--margin", error))?,
    };
    let mut targets = Vec::with_capacity(args.target_ms.len());
    for &ms in &args.target_ms {
        let target = Target::new(ms).map_err(|error| bad_input("--target-ms", error))?;
        let target = target.accepting(acceptance);
        if targets.contains(&target) {
            return Err(bad_input(
                "--target-ms",
                format!("found {ms} twice; expected: different targets"),
            ));
        }
        targets.push(target);
    }
    Ok(targets)
}

fn reward(args: &SearchArgs) -> Result<Reward> {
    let exponent = |w: Option<f64>| {
        w.map_or(Ok(Exponent::DEFAULT), Exponent::new).map_err(|error| bad_input("--w", error))
    };
    match (args.reward, args.w) {
        (RewardKind::Soft, w) => Ok(Reward::Soft(exponent(w)?)),
        (RewardKind::Absolute, w) => Ok(Reward::Absolute(exponent(w)?)),
        (RewardKind::Hard, None) => Ok(Reward::Hard),
        (RewardKind::Hard, Some(w)) => {
            let message = format!(
                "found {w}; expected: no --w, since the exponents of the hard reward are 0 and -1"
            );
            Err(bad_input("--w", message))
        }
    }
}
