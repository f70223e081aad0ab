//! `nas compare`: comparing searches over trials and seeds.

mod figures;
mod groups;
mod results;

use anyhow::Result;
use controller::study::{ComparableStudy, common_targets, group_by_search};

use crate::args::{CompareArgs, Global};
use crate::exit::{Outcome, refused};
use crate::output_folder;
use crate::progress::note;
use groups::Group;
use results::Results;

pub(crate) fn run(global: &Global, args: &CompareArgs) -> Result<Outcome> {
    let studies = args.studies.iter().map(|path| ComparableStudy::read(path));
    let studies = studies.collect::<Result<Vec<_>, _>>().map_err(refused)?;
    let targets = common_targets(&studies).map_err(refused)?;
    for text in studies.iter().filter_map(groups::unfinished) {
        note(global, &text);
    }
    let groups = group_by_search(studies).map_err(refused)?;
    let results = Results::new(groups.into_iter().map(Group::from).collect(), targets);
    let out = output_folder::choose(args.out.as_deref(), &results.name(), false);
    output_folder::prepare(&out)?;
    let files = results.write(&out)?;
    results.print(global, &out, &files)?;
    Ok(Outcome::Done)
}
