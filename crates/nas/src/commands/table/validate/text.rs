//! A validation on the screen and in the `README.md` of its folder.

use latency_predictor::{Errors, Validation};

use super::super::diff::correlation;
use crate::screen::{self, grouped};

/// The result for people.
pub(super) fn of(validation: &Validation) -> String {
    let Validation { space, networks, fastest_ms, slowest_ms, spearman, .. } = validation;
    let processes = match validation.levels.len() {
        1 => "a process".to_owned(),
        count => format!("{} processes", grouped(count)),
    };
    let mut lines = vec![
        format!("networks      {} of {space}, each measured by {processes}", grouped(networks)),
        format!("              {fastest_ms:.3} to {slowest_ms:.3} ms"),
        format!("level         {} since the build", levels(&validation.levels)),
    ];
    if validation.disturbed > 0 {
        let count = grouped(validation.disturbed);
        lines.push(format!("busy          {count} measurements were of a busy machine"));
    }
    lines.push(String::new());
    lines.push(errors(validation));
    lines.push(String::new());
    let built = 100.0 * validation.bias_at_built_level;
    lines.push(format!("bias          {built:+.1} % if the level were that of the build"));
    let of = [
        ("the prediction", spearman.prediction),
        ("MACs", spearman.macs),
        ("parameters", spearman.params),
        ("memory access cost", spearman.memory_access_cost),
    ];
    let of = of.map(|(name, value)| format!("{} of {name}", correlation(value)));
    lines.push(format!("Spearman      {}, {},\n              {}, {}", of[0], of[1], of[2], of[3]));
    lines.join("\n")
}

fn levels(levels: &[f64]) -> String {
    let percent = |level: &f64| format!("{:+.1} %", 100.0 * (level - 1.0));
    match levels.len() {
        0..=4 => levels.iter().map(percent).collect::<Vec<_>>().join(", "),
        _ => {
            let low = levels.iter().copied().fold(f64::INFINITY, f64::min);
            let high = levels.iter().copied().fold(0.0, f64::max);
            format!("{} to {}", percent(&low), percent(&high))
        }
    }
}

fn errors(validation: &Validation) -> String {
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    let row = |name: &str, errors: &Errors, has_bias: HasBias| {
        let of_all = |within: usize| format!("{} of {}", grouped(within), grouped(errors.count));
        let bias = match has_bias {
            HasBias::Yes => format!("{:+.1}", 100.0 * errors.bias),
            HasBias::TakenOut => "-".to_owned(),
        };
        vec![
            name.to_owned(),
            percent(errors.mape),
            bias,
            percent(errors.worst),
            of_all(errors.within_5_percent),
            of_all(errors.within_10_percent),
        ]
    };
    let mut rows = vec![
        row("as predicted", &validation.as_predicted, HasBias::Yes),
        row("shape", &validation.shape, HasBias::TakenOut),
    ];
    let floor = validation.repeat_floor.as_ref();
    rows.extend(floor.map(|floor| row("repeat floor", floor, HasBias::Yes)));
    let header = ["error", "MAPE (%)", "bias (%)", "worst (%)", "within 5 %", "within 10 %"];
    let table = screen::table(&header, &["error"], rows);
    format!(
        "{table}\n\nshape: errors once the bias is taken out\n\
         repeat floor: errors of one process as a prediction of a later one"
    )
}

/// Whether errors have a bias.
#[derive(Clone, Copy)]
enum HasBias {
    Yes,
    TakenOut,
}
