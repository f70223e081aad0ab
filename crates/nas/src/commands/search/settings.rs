//! The settings of a search from its arguments.

use anyhow::Result;
use controller::search::{Acceptance, Exponent, Goal, Margin, Reward, SearchSettings, Target};
use search_space::Statistic;

use crate::args::{Global, RewardKind, SearchArgs};
use crate::exit::bad_input;

pub(super) fn of(global: &Global, args: &SearchArgs) -> Result<SearchSettings> {
    let goal = match args.maximize {
        Some(_) => Goal::Accuracy,
        None => Goal::Targets { reward: reward(args)?, targets: targets(args)? },
    };
    let min = (2 * goal.targets().len()).max(1);
    if args.samples < min {
        let message = format!(
            "found {}; expected: at least {min}, one for each phase and target",
            args.samples
        );
        return Err(bad_input("--samples", message));
    }
    let (algorithm, samples, seed) = (args.algorithm, args.samples, global.seed);
    Ok(SearchSettings { algorithm, goal, samples, seed })
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
