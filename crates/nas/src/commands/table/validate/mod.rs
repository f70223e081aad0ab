//! `nas table validate`: predictions of a table beside measurements by other processes.

mod files;
mod process;
mod text;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use latency_predictor::{
    DeviceTable, DrawnNetwork, Pass, Validation, draw_networks, measure_passes,
};
use report::write_atomically;
use serde::Serialize;

use crate::args::{Global, TableValidateArgs};
use crate::exit::bad_input;
use crate::progress::Progress;
use crate::{interrupt, load, output_folder, screen, tables};
use files::Files;
use process::Processes;

#[derive(Serialize)]
struct Report<'a> {
    table: String,
    out: String,
    seconds: f64,
    #[serde(flatten)]
    validation: &'a Validation,
}

pub(super) fn run(global: &Global, args: &TableValidateArgs) -> Result<()> {
    let start = Instant::now();
    let space = load::space(&args.space)?;
    let mut device = tables::open_to_validate(global, args.table.as_deref())?;
    let networks = draw_networks(&device.table, &space, args.networks, global.seed);
    let networks = networks.map_err(|error| {
        let hint = "fewer --networks, or more blocks by nas table build --space";
        bad_input("--networks", format!("{error}; {hint}"))
    })?;
    let out =
        output_folder::choose(args.out.as_deref(), &format!("validate-{}", space.name), false);
    let existed = out.exists();
    output_folder::prepare(&out)?;
    interrupt::listen();
    let passes = measure(global, args, &device, &networks, &out);
    let passes = passes.inspect_err(|_| {
        remove_lists(&out, args.passes);
        output_folder::leave_out(&out, existed);
    })?;
    let validation = Validation::of(&space, &networks, &passes)?;
    device.save_validation(validation.clone())?;
    let text = text::of(&validation);
    let files = Files { space: &space, device: &device, networks: &networks, passes: &passes };
    files.write(&text, &out)?;
    if global.json {
        return screen::print_json(&Report {
            table: device.path.display().to_string(),
            out: out.display().to_string(),
            seconds: start.elapsed().as_secs_f64(),
            validation: &validation,
        });
    }
    outln!("{text}\n");
    outln!("table         {}", device.path.display());
    outln!("files         {}", out.display());
    Ok(())
}

/// Measures the networks by one process after the other. This process holds no lock meanwhile.
fn measure(
    global: &Global,
    args: &TableValidateArgs,
    device: &DeviceTable,
    networks: &[DrawnNetwork],
    out: &Path,
) -> Result<Vec<Pass>> {
    let (space, table) = (args.space.as_str(), device.path.as_path());
    let mut processes = Processes { global, space, table, warnings: Vec::new() };
    let total = args.passes * networks.len();
    let mut bar = Progress::start(global, "measuring networks");
    bar.at(0, total, "");
    let passes = measure_passes(networks, args.passes, global.seed, &mut |number,
                                                                          shuffled|
     -> Result<Pass> {
        let list = list(out, number);
        let genotypes: String =
            shuffled.iter().map(|network| format!("{}\n", network.genotype)).collect();
        write_atomically(&list, genotypes.as_bytes())?;
        let message = format!("pass {} of {}", number + 1, args.passes);
        let before = number * networks.len();
        processes.pass(&list, shuffled, &mut |done| bar.at(before + done, total, &message))
    });
    bar.end();
    processes.warnings.iter().for_each(|warning| errln!("{warning}"));
    passes
}

/// The file with the genotypes of a pass in the order in which it measures them.
fn list(out: &Path, number: usize) -> PathBuf {
    out.join(format!("pass-{}.txt", number + 1))
}

fn remove_lists(out: &Path, passes: usize) {
    // Later passes have none.
    (0..passes).for_each(|number| _ = std::fs::remove_file(list(out, number)));
}
