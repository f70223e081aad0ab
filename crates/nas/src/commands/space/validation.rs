//! `nas space --validate`: illegal options, options without effect, and the sizes of networks.

use anyhow::Result;
use controller::random::{Purpose, rng};
use search_space::{
    Illegal, SampledNetwork, SearchSpace, Sizes, Span, Validation, WithoutEffect, validate,
};
use serde::Serialize;

use crate::args::Global;
use crate::exit::{Outcome, bad_input};
use crate::screen::{self, grouped};

#[derive(Serialize)]
struct Report<'a> {
    name: &'a str,
    size: u128,
    units: usize,
    #[serde(flatten)]
    found: &'a Validation,
}

pub(super) fn run(global: &Global, space: &SearchSpace) -> Result<Outcome> {
    let found = validate(space, &mut rng(global.seed, Purpose::Validation, 0));
    let Some(sizes) = found.sizes else {
        let why =
            found.illegal.first().map_or(String::new(), |first| format!("; {}", first.reason));
        let message = format!("none of {} sampled genotypes is legal{why}", found.sampled);
        return Err(bad_input(&space.name, message));
    };
    let (size, units) = (space.size(), space.units().len());
    let report = Report { name: &space.name, size, units, found: &found };
    if global.json {
        screen::print_json(&report)?;
    } else {
        print(&report, &sizes);
    }
    Ok(Outcome::Done)
}

fn print(report: &Report<'_>, sizes: &Sizes) {
    let Report { name, size, units, found } = report;
    let Validation { sampled, legal, illegal, without_effect, samples, .. } = found;
    outln!("{name}: {} genotypes from {} blocks and heads", grouped(size), grouped(units));
    let percent = 100.0 * *legal as f64 / (*sampled).max(1) as f64;
    outln!("{percent:.1} % of {} sampled genotypes are legal", grouped(sampled));
    if !illegal.is_empty() {
        outln!("\nillegal options, which searches leave out:\n");
        let row = |illegal: &Illegal| {
            vec![illegal.place.clone(), anything(&illegal.with), illegal.reason.to_string()]
        };
        let header = ["option", "together with", "reason, in one such network"];
        outln!("{}", screen::table(&header, &header, illegal.iter().map(row).collect()));
    }
    if !without_effect.is_empty() {
        outln!("\nchoices without effect, so that several genotypes are the same network:\n");
        let header = ["choice", "together with", "where"];
        let rows = grouped_by_stage(without_effect);
        outln!("{}", screen::table(&header, &header, rows));
    }
    outln!();
    let row = |name: &str, size: &Span| {
        [name.to_owned()]
            .into_iter()
            .chain([size.min, size.median, size.max].map(grouped))
            .collect()
    };
    let rows = vec![row("multiply-adds", &sizes.macs), row("parameters", &sizes.params)];
    outln!("{}", screen::table(&["", "minimum", "median", "maximum"], &[""], rows));
    outln!();
    let row = |sample: &SampledNetwork| {
        vec![sample.genotype.to_string(), grouped(sample.params), grouped(sample.macs)]
    };
    let rows = samples.iter().map(row).collect();
    let header = ["examples", "parameters", "multiply-adds"];
    outln!("{}", screen::table(&header, &header[..1], rows));
}

fn anything(with: &Option<String>) -> String {
    with.clone().unwrap_or_else(|| "anything".to_owned())
}

/// Table rows that combine stages: `Kernel`, `Family: ShuffleUnitV1`, `stages 0, 1, 2`.
fn grouped_by_stage(without_effect: &[WithoutEffect]) -> Vec<Vec<String>> {
    let mut rows: Vec<([String; 2], Vec<String>)> = Vec::new();
    for WithoutEffect { choice, with } in without_effect {
        let with = anything(with);
        let (stage, rest) = choice.split_once('.').unwrap_or(("", choice));
        let (what, place) = match with.strip_prefix(&format!("{stage}.")) {
            Some(with) => ([rest.to_owned(), with.to_owned()], stage.to_owned()),
            None => ([choice.clone(), with], String::new()),
        };
        let stage = place.trim_start_matches("stages[").trim_end_matches(']').to_owned();
        match rows.iter_mut().find(|(known, _)| *known == what) {
            Some((_, stages)) => stages.push(stage),
            None => rows.push((what, vec![stage])),
        }
    }
    let row = |([choice, with], stages): ([String; 2], Vec<String>)| {
        let places = stages.join(", ");
        let prefix = if places.is_empty() { "" } else { "stages " };
        vec![choice, with, format!("{prefix}{places}")]
    };
    rows.into_iter().map(row).collect()
}
