//! `nas space`: the search spaces, their choices and their validation.

mod validation;

use anyhow::Result;
use search_space::{SearchSpace, SpaceChoice, published};
use serde::Serialize;
use serde_json::Value;

use crate::args::{Global, SpaceArgs};
use crate::exit::Outcome;
use crate::{load, screen};

#[derive(Serialize)]
struct Choice {
    name: String,
    options: Vec<Value>,
}

#[derive(Serialize)]
struct Space {
    name: String,
    size: u128,
    units: usize,
    choices: Vec<Choice>,
}

#[derive(Serialize)]
struct Spaces {
    spaces: Vec<Space>,
}

impl Choice {
    fn of(choice: SpaceChoice) -> Self {
        let options = choice.options.into_iter();
        // Numbers become JSON numbers, and the rest is text as in the RON file.
        let value = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { name: choice.name, options: options.map(value).collect() }
    }
}

impl Space {
    fn of(space: &SearchSpace) -> Self {
        let choices = space.choices().into_iter();
        Self {
            name: space.name.clone(),
            size: space.size(),
            units: space.units().len(),
            choices: choices.map(Choice::of).collect(),
        }
    }
}

pub(crate) fn run(global: &Global, args: &SpaceArgs) -> Result<Outcome> {
    if let (Some(name), true) = (&args.space, args.validate) {
        return validation::run(global, &load::space(name)?);
    }
    let spaces = match &args.space {
        Some(name) => vec![Space::of(&load::space(name)?)],
        None => published::space_names()
            .map(|name| Ok(Space::of(&published::space(name)?)))
            .collect::<Result<_>>()?,
    };
    match (global.json, args.space.is_some()) {
        (true, _) => screen::print_json(&Spaces { spaces })?,
        (false, false) => print_list(&spaces),
        (false, true) => spaces.iter().for_each(print_choices),
    }
    Ok(Outcome::Done)
}

fn print_list(spaces: &[Space]) {
    let cells = |space: &Space| {
        let choices = space.choices.len().to_string();
        vec![space.name.clone(), choices, screen::grouped(space.units), screen::grouped(space.size)]
    };
    let rows = spaces.iter().map(cells).collect();
    let header = ["space", "choices", "table entries", "networks"];
    outln!("{}", screen::table(&header, &["space"], rows));
}

fn options(choice: &Choice) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    choice.options.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn print_choices(space: &Space) {
    let (size, units) = (screen::grouped(space.size), screen::grouped(space.units));
    outln!("{}: {size} networks from {units} different blocks and heads\n", space.name);
    let rows =
        space.choices.iter().enumerate().map(|(digit, choice)| {
            vec![(digit + 1).to_string(), choice.name.clone(), options(choice)]
        });
    let header = ["digit", "choice", "options (0, 1, ...)"];
    outln!("{}", screen::table(&header, &header[1..], rows.collect()));
}
