//! Messages before and during an adaptation.

use controller::netadapt::{AdaptCost, Iteration};
use controller::search::Target;
use report::duration;

use super::plan::Plan;
use crate::args_netadapt::NetAdaptArgs;
use crate::measured::percent;

/// Which measured latencies reach the target.
pub(super) fn acceptance(target: Target) -> String {
    format!(
        "the adapted network is to be measured at {:.3} ms or less, {} below the\n\
         target (--margin), by the {}",
        target.max_measured_ms(),
        percent(target.acceptance().margin),
        target.acceptance().statistic.words()
    )
}

/// What will be done, an estimate of its duration, and how to shorten it.
pub(super) fn estimate(
    args: &NetAdaptArgs,
    plan: &Plan,
    cost: &AdaptCost,
    (seed_ms, target_ms): (f64, f64),
) -> String {
    let AdaptCost { widths, iterations, .. } = *cost;
    let (name, steps, batch) = (&plan.seed.name, args.steps, args.recipe.batch);
    let seed_s = if plan.weights.is_some() { 0.0 } else { cost.seed_s() };
    let (iterations_s, final_s) = (cost.iterations_s(), cost.final_trainings_s(args.seeds));
    let first_s = seed_s + iterations_s / iterations.max(1) as f64;
    let [all, seed, iterating, finals, first] =
        [seed_s + iterations_s + final_s, seed_s, iterations_s, final_s, first_s].map(duration);
    let mut parts = Vec::new();
    if plan.weights.is_none() {
        parts.push(format!("{seed} for the seed's training"));
    }
    parts.push(format!("{iterating} for the iterations"));
    if args.seeds > 0 {
        parts.push(format!("{finals} for the trainings at the end"));
    }
    let mut flags = vec!["fewer --steps", "--schedule halving", "a greater --delta"];
    if args.seeds > 0 {
        flags.push("--seeds 0");
    }
    if args.seeds > 0 || plan.weights.is_none() {
        flags.push("fewer --epochs");
    }
    if plan.weights.is_none() {
        flags.push("--weights of a trained seed");
    }
    let lines = [
        format!("{name} takes {seed_ms:.3} ms, the target is {target_ms:.3} ms"),
        format!(
            "about {iterations} iterations of {widths} proposals, each trained for {steps} steps of {batch} images"
        ),
        format!("estimated from a few steps: {all} in all, {}", parts.join(", ")),
        format!("the first iteration is complete after about {first}"),
        format!("shorter with {}", flags.join(", ")),
    ];
    lines.map(|line| wrapped(&line)).join("\n")
}

/// Breaks a line at spaces so that it fits 80 columns.
fn wrapped(line: &str) -> String {
    let (mut text, mut column) = (String::new(), 0);
    for word in line.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > 80 {
            text.push_str("\n  ");
            column = 2;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text
}

/// A line on a completed iteration. Latencies are rounded before they are subtracted, so that the
/// cuts that are printed add up. `before` is the iteration before; the seed has none.
pub(super) fn iteration_line(completed: &Iteration, before: Option<&Iteration>) -> String {
    let us = |iteration: &Iteration| (iteration.latency_ms * 1e3).round();
    let ms = us(completed) / 1e3;
    let hold_out = &completed.hold_out;
    let accuracy =
        format!("{:.2} +- {:.2} %", 100.0 * hold_out.accuracy(), 100.0 * hold_out.interval());
    match before {
        None => format!("seed: {ms:.3} ms, {accuracy} of the hold-out are correct"),
        Some(before) => {
            let cut = (us(before) - us(completed)) / 1e3;
            let Iteration { number, axis, from, to, .. } = completed;
            format!(
                "iteration {number}: {axis} {from} -> {to}, {ms:.3} ms (cut {cut:.3}), {accuracy}"
            )
        }
    }
}

/// What is complete of an adaptation that was interrupted.
pub(super) fn last_complete(
    last: Option<&Iteration>,
    file: &dyn Fn(&Iteration) -> String,
) -> String {
    match last {
        None => "no iteration is complete".to_owned(),
        Some(last) if last.number == 0 => {
            format!("no iteration is complete; the seed is {}", file(last))
        }
        Some(last) => format!(
            "the last complete iteration is {} with {:.3} ms, {}",
            last.number,
            last.latency_ms,
            file(last)
        ),
    }
}

#[cfg(test)]
mod tests {
    use controller::netadapt::HoldOutEvaluation;

    use super::*;

    fn iteration(number: usize, latency_ms: f64, before_ms: f64) -> Iteration {
        Iteration {
            number,
            axis: "9-11.expand".to_owned(),
            from: 576,
            to: 448,
            predicted_ms: latency_ms,
            cut_ms: before_ms - latency_ms,
            latency_ms,
            hold_out: HoldOutEvaluation { correct: vec![true, true, true, false], loss: 0.5 },
        }
    }

    #[test]
    fn each_printed_latency_is_the_one_before_less_the_cut() {
        let path = [iteration(0, 0.7904, 0.7904), iteration(17, 0.76856, 0.7904)];
        assert_eq!(
            iteration_line(&path[0], None),
            "seed: 0.790 ms, 75.00 +- 42.44 % of the hold-out are correct"
        );
        // The cut of 0.02184 is printed as 0.021, since 0.790 - 0.769 is that.
        let line = iteration_line(&path[1], Some(&path[0]));
        assert_eq!(
            line,
            "iteration 17: 9-11.expand 576 -> 448, 0.769 ms (cut 0.021), 75.00 +- 42.44 %"
        );
        assert!(line.len() <= 80);
    }

    #[test]
    fn long_lines_are_broken() {
        let line = "word ".repeat(40);
        assert!(wrapped(line.trim()).lines().all(|line| line.len() <= 80 && !line.ends_with(' ')));
        assert_eq!(wrapped("a b"), "a b");
    }
}
