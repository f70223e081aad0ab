//! `README.md` of an output folder: the command, the device, the result and what each file is.

use std::fs;
use std::path::Path;

use anyhow::Result;
use latency_predictor::Setup;
use report::write_atomically;

use crate::shell;

/// The first line of every file that this module writes.
const MARK: &str = "<!-- Written by nas, which replaces it when the command runs again. -->";
/// The name of the file beside a `README.md` that somebody else wrote.
const OTHER_NAME: &str = "README-nas.md";

/// A file of an output folder, or several whose names differ where the name has an asterisk, and
/// what it holds. The names of more than two are left out.
pub(crate) type FileOf = (&'static str, &'static str);

/// What an output folder's `README.md` says.
pub(crate) struct FolderReadme<'a> {
    /// What the command did.
    pub(crate) title: &'a str,
    /// What computed and was measured; empty if it does not matter.
    pub(crate) device: &'a str,
    /// The result as on the screen.
    pub(crate) result: &'a str,
    /// Files with what they hold. Those that are not there are left out.
    pub(crate) files: &'a [FileOf],
}

impl FolderReadme<'_> {
    /// Writes the file to the folder. A `README.md` of other origin is left alone, and the file is
    /// written beside it.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join("README.md");
        let ours = |text: String| text.starts_with(MARK);
        let free = !path.exists() || fs::read_to_string(&path).is_ok_and(ours);
        let path = if free { path } else { folder.join(OTHER_NAME) };
        Ok(write_atomically(&path, self.text(&names(folder)).as_bytes())?)
    }

    fn text(&self, names: &[String]) -> String {
        let mut text =
            format!("{MARK}\n\n# {}\n\n    {}\n\n", one_line(self.title), shell::command());
        if !self.device.is_empty() {
            text += &format!("Device: {}.\n\n", self.device);
        }
        text += &format!("```text\n{}\n```\n\n| file | content |\n|---|---|\n", self.result);
        for (pattern, content) in self.files {
            let found: Vec<String> = names
                .iter()
                .filter(|name| matches(pattern, name))
                .map(|name| format!("`{name}`"))
                .collect();
            match found.len() {
                0 => {}
                1 | 2 => text += &format!("| {} | {content} |\n", found.join(", ")),
                _ => text += &format!("| `{pattern}` | {content} |\n"),
            }
        }
        text
    }
}

/// Without line breaks, so that it stays a heading.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

/// The runtime, the number of threads and the CPU of latencies.
pub(crate) fn setup_words(setup: &Setup) -> String {
    format!("{} runtime, {}", setup.runtime.name(), threads_and_cpu(setup))
}

/// The number of threads and the CPU.
pub(crate) fn threads_and_cpu(setup: &Setup) -> String {
    let cpu = setup.device.cpu.as_deref().unwrap_or("unknown CPU");
    match setup.threads {
        1 => format!("1 thread, {cpu}"),
        threads => format!("{threads} threads, {cpu}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: FolderReadme<'static> = FolderReadme {
        title: "A search\nfor 5 ms",
        device: "a made-up CPU",
        result: "winner   none",
        files: &[
            ("best*.ron", "the winner of each target"),
            ("pareto.csv", "all trials"),
            ("absent.txt", "nothing"),
        ],
    };

    #[test]
    fn only_files_that_are_there_are_explained() {
        let names = ["best-5ms.ron", "best-9ms.ron", "pareto.csv"].map(str::to_owned);
        let text = README.text(&names);
        assert!(text.contains("# A search for 5 ms\n"), "{text}");
        assert!(text.contains("| `best-5ms.ron`, `best-9ms.ron` | the winner of each target |"));
        assert!(text.contains("winner   none") && text.contains("Device: a made-up CPU."));
        assert!(!text.contains("absent"), "{text}");
    }

    #[test]
    fn a_readme_of_other_origin_is_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("README.md");
        README.write(folder.path()).expect("writable");
        README.write(folder.path()).expect("replaced");
        assert!(!folder.path().join(OTHER_NAME).exists());
        fs::write(&path, "# Mine\n").expect("writable");
        README.write(folder.path()).expect("writable");
        assert_eq!(fs::read_to_string(&path).expect("there"), "# Mine\n");
        assert!(folder.path().join(OTHER_NAME).exists());
    }
}
