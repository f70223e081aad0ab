//! `nas zoo`: the published networks.

use anyhow::Result;
use search_space::published;
use serde::Serialize;

use crate::args::{Global, ZooArgs};
use crate::exit::Outcome;
use crate::{load, screen};

#[derive(Serialize)]
struct Row {
    name: String,
    params: usize,
    macs: usize,
}

#[derive(Serialize)]
struct Zoo {
    networks: Vec<Row>,
}

pub(crate) fn run(global: &Global, args: &ZooArgs) -> Result<Outcome> {
    match &args.name {
        Some(name) => print!("{}", load::network(name)?.to_ron()),
        None => list(global)?,
    }
    Ok(Outcome::Done)
}

fn list(global: &Global) -> Result<()> {
    let networks = published::network_names()
        .map(|name| {
            let cost = published::network(name)?.lower()?.cost();
            Ok(Row { name: name.to_owned(), params: cost.params, macs: cost.macs })
        })
        .collect::<Result<Vec<Row>>>()?;
    if global.json {
        return screen::print_json(&Zoo { networks });
    }
    let cells =
        |row: &Row| vec![row.name.clone(), screen::grouped(row.params), screen::grouped(row.macs)];
    let rows = networks.iter().map(cells).collect();
    println!("{}", screen::table(&["network", "parameters", "MACs"], &["network"], rows));
    Ok(())
}
