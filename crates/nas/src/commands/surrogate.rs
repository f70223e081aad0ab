//! `nas surrogate`: fitting and evaluating surrogates of accuracy.

use std::path::Path;

use anyhow::Result;
use controller::accuracy::surrogate::{
    Data, Evaluation, Row, Surrogate, SurrogateError, evaluate, fit, read_table,
};
use search_space::SearchSpace;
use serde::Serialize;

use crate::args::{Global, SurrogateCommand, SurrogateEvalArgs, SurrogateFitArgs};
use crate::exit::{Outcome, bad_input};
use crate::progress::note;
use crate::{load, screen};

#[derive(Serialize)]
struct Fitted {
    file: String,
    #[serde(flatten)]
    mean: Evaluation,
    folds: Vec<Evaluation>,
}

pub(crate) fn run(global: &Global, command: &SurrogateCommand) -> Result<Outcome> {
    match command {
        SurrogateCommand::Fit(args) => run_fit(global, args)?,
        SurrogateCommand::Eval(args) => run_eval(global, args)?,
    }
    Ok(Outcome::Done)
}

/// The built-in surrogate, as the accuracy source of a search; an error for a space that it does not
/// know.
pub(crate) fn shipped(space: &SearchSpace) -> Result<Surrogate> {
    let way = "with --accuracy table:FILE, a CSV file of genotypes and their accuracies, every space \
               can be searched";
    built_in(space, way)
}

/// The built-in surrogate. `way` says what the user can do about a space that it does not know.
fn built_in(space: &SearchSpace, way: &str) -> Result<Surrogate> {
    Surrogate::shipped(space).map_err(|error| match error {
        SurrogateError::OtherSpace { fitted_to, wanted } => {
            let message = format!(
                "found {wanted}; expected: {fitted_to}, the only space whose accuracies are \
                 built in; {way}"
            );
            bad_input("--space", message)
        }
        error => bad_input("--space", error),
    })
}

fn rows(space: &SearchSpace, file: &Path) -> Result<Vec<Row>> {
    read_table(space, file).map_err(|error: SurrogateError| bad_input("table", error))
}

fn run_fit(global: &Global, args: &SurrogateFitArgs) -> Result<()> {
    let space = load::space(&args.space)?;
    let rows = rows(&space, &args.file)?;
    note(
        global,
        &format!("fitting a surrogate to {} networks and cross-validating it", rows.len()),
    );
    let surrogate =
        fit(&space, &rows, data(args)).map_err(|error| bad_input(args.file.display(), error))?;
    report::write_atomically(&args.out, surrogate.to_ron().as_bytes())?;
    let folds: Vec<Evaluation> = surrogate.cross_validation().to_vec();
    let mean = Evaluation::mean_of(&folds);
    let file = args.out.display().to_string();
    if global.json {
        return screen::print_json(&Fitted { file, mean, folds });
    }
    outln!("{file}: quality on held-out networks, mean over {} folds", folds.len());
    print(&mean);
    Ok(())
}

/// The description of the data that is stored with the surrogate.
fn data(args: &SurrogateFitArgs) -> Data {
    let known = Data::accel_nasbench();
    let name = args.data_name.clone().unwrap_or_else(|| args.file.display().to_string());
    let description = if name == known.name { known.description } else { String::new() };
    Data { name, licence: args.data_licence.clone(), description }
}

fn run_eval(global: &Global, args: &SurrogateEvalArgs) -> Result<()> {
    let space = load::space(&args.space)?;
    let surrogate = match &args.surrogate {
        None => built_in(&space, "--surrogate FILE takes one that nas surrogate fit made")?,
        Some(file) => Surrogate::from_ron(&load::read(file)?, &space)
            .map_err(|error| bad_input(file, error))?,
    };
    let rows = rows(&space, &args.file)?;
    let quality =
        evaluate(&surrogate, &rows).map_err(|error| bad_input(args.file.display(), error))?;
    if global.json {
        return screen::print_json(&quality);
    }
    outln!("{} networks of {}", screen::grouped(quality.n), args.file.display());
    print(&quality);
    Ok(())
}

fn print(quality: &Evaluation) {
    let rows = [
        ("Kendall tau", quality.kendall_tau, ""),
        ("  among the best tenth", quality.kendall_tau_top_decile, ""),
        ("mean regret under MAC caps", quality.regret_mean, " points"),
        ("R2", quality.r2, ""),
        ("mean absolute error", quality.mae, " points"),
    ];
    for (name, value, unit) in rows {
        outln!("  {name:<30}{value:>7.3}{unit}");
    }
}
