//! `README.md` of an output folder: the command, the device, the result and what each file is.

use std::fs;
use std::path::Path;

use crate::error::ReportError;
use crate::files::write_atomically;

/// The name of a file of an output folder, or of several whose names differ where the name has an
/// asterisk, and what it holds. The names of more than two are left out.
pub type FileOf<'a> = (&'a str, &'a str);

/// What the `README.md` of an output folder says.
#[derive(Debug, Clone, Copy)]
pub struct FolderReadme<'a> {
    /// The name of the program that writes the folder. Its first line says so.
    pub program: &'a str,
    /// What the program did, which is the heading.
    pub title: &'a str,
    /// The command line that did it.
    pub command: &'a str,
    /// What computed and was measured; empty if it does not matter.
    pub device: &'a str,
    /// The result as the program printed it.
    pub result: &'a str,
    /// The files. Those that are not there are left out.
    pub files: &'a [FileOf<'a>],
}

impl FolderReadme<'_> {
    /// Writes the file to `folder` by [`write_atomically`]. It replaces one that the same program
    /// wrote. A `README.md` of other origin is left alone, and the file is written beside it as
    /// `README-PROGRAM.md`.
    ///
    /// # Errors
    ///
    /// [`ReportError::Write`] as in [`write_atomically`].
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        let path = folder.join("README.md");
        let ours = |text: String| text.starts_with(&self.mark());
        let free = !path.exists() || fs::read_to_string(&path).is_ok_and(ours);
        let path = match free {
            true => path,
            false => folder.join(format!("README-{}.md", self.program)),
        };
        write_atomically(&path, self.text(&names(folder)).as_bytes())
    }

    /// The first line of every file of the program.
    fn mark(&self) -> String {
        format!(
            "<!-- Written by {}, which replaces it when the command runs again. -->",
            self.program
        )
    }

    fn text(&self, names: &[String]) -> String {
        let (mark, title) = (self.mark(), one_line(self.title));
        let mut text = format!("{mark}\n\n# {title}\n\n    {}\n\n", self.command);
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
