//! Validations of latency tables in words.

use std::path::Path;

use latency_predictor::{DeviceTable, Setup, Table, Validation};
use search_space::published;

use crate::screen::grouped;
use crate::shell::{quoted, quoted_path};

/// The space that commands take if none is named.
const DEFAULT_SPACE: &str = "mnasnet";

/// What a validation found, in lines of at most 64 columns.
pub(crate) fn words(table: &Table, validation: &Validation) -> String {
    let Validation { space, date, networks, as_predicted, repeat_floor, disturbed, .. } =
        validation;
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let floor = repeat_floor
        .map_or(String::new(), |floor| format!(", repeat floor {}", percent(floor.mape)));
    let (networks, mape) = (grouped(networks), percent(as_predicted.mape));
    let [within, count] = [as_predicted.within_5_percent, as_predicted.count].map(grouped);
    let day = date.split('T').next().unwrap_or_default();
    let mut text = format!(
        "{networks} networks of {space}, MAPE {mape}{floor}\n\
         {within} of {count} predictions within 5 %, on {day}"
    );
    if *disturbed > 0 {
        text += &format!("\n{} measurements were of a busy machine", grouped(disturbed));
    }
    if let Some(built) = table.built_since(validation) {
        let day = built.split('T').next().unwrap_or_default();
        text += &format!("\nblocks were measured again after that, on {day}");
    }
    text
}

/// That predictions of networks of a space were not validated, with the command that does it.
pub(crate) fn not_yet(table: &Path, setup: &Setup, space: Option<&str>) -> String {
    format!("not validated: {}", command(table, setup, space.unwrap_or(DEFAULT_SPACE)))
}

/// What validations of a table found, space by space, and the spaces that were built and not
/// validated.
pub(crate) fn all(device: &DeviceTable) -> Vec<String> {
    let DeviceTable { path, table, .. } = device;
    let found = table.validations.iter().map(|validation| words(table, validation));
    let mut spaces: Vec<&str> = Vec::new();
    for build in &table.builds {
        if table.validation(&build.space).is_none() && !spaces.contains(&build.space.as_str()) {
            spaces.push(&build.space);
        }
    }
    let mut lines: Vec<String> = found.collect();
    if lines.is_empty() && spaces.is_empty() {
        spaces.push(DEFAULT_SPACE);
    }
    lines.extend(spaces.into_iter().map(|space| not_yet(path, &table.setup, Some(space))));
    lines
}

/// The command that validates a table with networks of a space.
fn command(table: &Path, setup: &Setup, space: &str) -> String {
    let mut command = "nas table validate".to_owned();
    if space != DEFAULT_SPACE {
        let is_published = published::space_names().any(|known| known == space);
        command +=
            &format!(" --space {}", if is_published { quoted(space) } else { "FILE".into() });
    }
    if !DeviceTable::default_path(setup).is_ok_and(|path| path == table) {
        command += &format!(" --table {}", quoted_path(table));
    }
    match setup.threads {
        1 => command,
        threads => format!("{command} --threads {threads}"),
    }
}
