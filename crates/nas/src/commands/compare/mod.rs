//! `nas compare`: searches side by side, against trials and over seeds.

mod curves;
mod figures;
mod groups;
mod opened;
mod results;

use anyhow::Result;

use crate::args::{CompareArgs, Global};
use crate::exit::Outcome;
use crate::output_folder;
use crate::progress::note;
use opened::Opened;
use results::Results;

pub(crate) fn run(global: &Global, args: &CompareArgs) -> Result<Outcome> {
    let studies = args.studies.iter().map(|path| Opened::read(path)).collect::<Result<Vec<_>>>()?;
    let targets = groups::common_targets(&studies)?;
    for text in studies.iter().filter_map(Opened::unfinished) {
        note(global, &text);
    }
    let results = Results::new(groups::of(studies)?, targets)?;
    let out = output_folder::choose(args.out.as_deref(), &results.name(), false);
    output_folder::prepare(&out)?;
    let files = results.write(&out)?;
    results.print(global, &out, &files)?;
    Ok(Outcome::Done)
}
