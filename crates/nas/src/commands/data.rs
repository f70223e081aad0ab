//! `nas data`: downloading data sets.

use anyhow::{Result, bail};
use dataset::{Archive, DataError, Fetched, Source, fetch};
use serde::Serialize;

use crate::args::Global;
use crate::args_training::{DataCommand, DataName, FetchArgs};
use crate::exit::{Outcome, bad_input};
use crate::progress::Progress;
use crate::{interrupt, screen};

const KB: u64 = 1_000;

#[derive(Serialize)]
struct Files {
    /// The value for `--data`.
    data: String,
    files: Vec<String>,
}

pub(crate) fn run(global: &Global, command: &DataCommand) -> Result<Outcome> {
    match command {
        DataCommand::Fetch(args) => fetch_data(global, args),
    }
}

fn fetch_data(global: &Global, args: &FetchArgs) -> Result<Outcome> {
    let (mut archive, source) = match args.name {
        DataName::Cifar10 => (Archive::cifar10(), Source::Cifar10(args.out.clone())),
    };
    if let Some(url) = &args.url {
        archive.url.clone_from(url);
    }
    interrupt::listen();
    let mut bar = Progress::start(global, "downloaded kB");
    let fetched = fetch(&archive, &args.out, |bytes, total| {
        // A download of unknown length is never shown as complete.
        let total = total.unwrap_or(bytes + KB);
        bar.at(bytes.div_ceil(KB) as usize, total.div_ceil(KB) as usize, "");
        interrupt::check()
    });
    bar.end();
    let fetched = fetched.map_err(|error| match error {
        DataError::Setting { .. } => bad_input("--url", error),
        error => error.into(),
    })?;
    if fetched == Fetched::Stopped {
        bail!("stopped; the same command continues the download");
    }
    let folder = args.out.join(&archive.folder);
    let file = |name: &String| folder.join(name).display().to_string();
    let files = Files { data: source.to_string(), files: archive.files.keys().map(file).collect() };
    if global.json {
        screen::print_json(&files)?;
    } else {
        let how = if fetched == Fetched::Present { "are present" } else { "downloaded" };
        outln!("{} files {how}, checksums verified; use --data {}", files.files.len(), files.data);
    }
    Ok(Outcome::Done)
}
