//! `nas space --validate`: what is wrong with a space, and what it offers.

use anyhow::Result;
use controller::random::{Purpose, rng};
use search_space::{Illegal, Sizes, Span};
use search_space::{SearchSpace, Validation, validate};
use serde::Serialize;

use crate::args::Global;
use crate::exit::{Outcome, bad_input};
use crate::screen::{self, grouped};

#[derive(Serialize)]
struct Report<'a> {
    name: &'a str,
    size: u128,
    units: usize,
    sampled: usize,
    legal: usize,
    illegal: Vec<IllegalOption>,
    without_effect: Vec<WithoutEffect>,
    macs: Size,
    params: Size,
    samples: Vec<Sample>,
}

#[derive(Serialize)]
struct IllegalOption {
    place: String,
    with: Option<String>,
    reason: String,
}

#[derive(Serialize)]
struct WithoutEffect {
    choice: String,
    with: Option<String>,
}

#[derive(Serialize)]
struct Size {
    min: usize,
    median: usize,
    max: usize,
}

#[derive(Serialize)]
struct Sample {
    genotype: String,
    params: usize,
    macs: usize,
}

pub(super) fn run(global: &Global, space: &SearchSpace) -> Result<Outcome> {
    let found = validate(space, &mut rng(global.seed, Purpose::Validation, 0));
    let Some(sizes) = found.sizes else {
        let why =
            found.illegal.first().map_or(String::new(), |first| format!("; {}", first.reason));
        let message = format!("none of {} sampled genotypes is a network{why}", found.sampled);
        return Err(bad_input(&space.name, message));
    };
    let report = report(space, &found, sizes);
    if global.json {
        screen::print_json(&report)?;
    } else {
        print(&report);
    }
    Ok(Outcome::Done)
}

fn report<'a>(space: &'a SearchSpace, found: &Validation, sizes: Sizes) -> Report<'a> {
    let size = |span: Span| Size { min: span.min, median: span.median, max: span.max };
    let illegal = |illegal: &Illegal| IllegalOption {
        place: illegal.option.clone(),
        with: illegal.with.clone(),
        reason: illegal.reason.to_string(),
    };
    let idle = found.idle.iter();
    let examples = found.examples.iter();
    Report {
        name: &space.name,
        size: space.size(),
        units: space.units().len(),
        sampled: found.sampled,
        legal: found.legal,
        illegal: found.illegal.iter().map(illegal).collect(),
        without_effect: idle
            .map(|idle| WithoutEffect { choice: idle.choice.clone(), with: idle.with.clone() })
            .collect(),
        macs: size(sizes.macs),
        params: size(sizes.params),
        samples: examples
            .map(|example| Sample {
                genotype: example.genotype.to_string(),
                params: example.params,
                macs: example.macs,
            })
            .collect(),
    }
}

fn print(report: &Report<'_>) {
    let Report { name, size, units, sampled, legal, .. } = report;
    println!("{name}: {} genotypes of {} blocks and heads", grouped(size), grouped(units));
    let percent = 100.0 * *legal as f64 / (*sampled).max(1) as f64;
    println!("{percent:.1} % of {} sampled genotypes are legal", grouped(sampled));
    if !report.illegal.is_empty() {
        println!("\nillegal: searches leave these out\n");
        let row = |illegal: &IllegalOption| {
            vec![illegal.place.clone(), anything(&illegal.with), illegal.reason.clone()]
        };
        let header = ["option", "together with", "why, of one such network"];
        println!("{}", screen::table(&header, &header, report.illegal.iter().map(row).collect()));
    }
    if !report.without_effect.is_empty() {
        println!("\nwithout effect: several genotypes are one network\n");
        let header = ["choice", "together with", "where"];
        let rows = grouped_by_stage(&report.without_effect);
        println!("{}", screen::table(&header, &header, rows));
    }
    println!();
    let row = |name: &str, size: &Size| {
        [name.to_owned()]
            .into_iter()
            .chain([size.min, size.median, size.max].map(grouped))
            .collect()
    };
    let rows = vec![row("multiply-adds", &report.macs), row("parameters", &report.params)];
    println!("{}", screen::table(&["", "least", "median", "most"], &[""], rows));
    println!();
    let row = |sample: &Sample| {
        vec![sample.genotype.clone(), grouped(sample.params), grouped(sample.macs)]
    };
    let rows = report.samples.iter().map(row).collect();
    let header = ["some of them", "parameters", "multiply-adds"];
    println!("{}", screen::table(&header, &header[..1], rows));
}

fn anything(with: &Option<String>) -> String {
    with.clone().unwrap_or_else(|| "anything".to_owned())
}

/// Rows of what is the same in several stages: `Kernel`, `Family: ShuffleUnitV1`, `stages 0, 1, 2`.
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
