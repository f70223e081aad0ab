//! How an interrupted command continues: the hint in its output folder and on the screen.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;
use report::write_atomically;

use crate::shell::quoted;

/// The file in an output folder that says how to continue. It is there while the run is not
/// complete, since a killed process says nothing.
const FILE_NAME: &str = "RESUME.txt";

/// The command line of this process with the flags that continue it from the folder `out`.
pub(crate) fn command(out: &Path) -> String {
    continued(std::env::args_os(), out)
}

fn continued(args: impl IntoIterator<Item = OsString>, out: &Path) -> String {
    let words = args.into_iter().map(|word| word.to_string_lossy().into_owned());
    let mut words: Vec<String> = words.collect();
    let has = |words: &[String], flag: &str| {
        let with_value = format!("{flag}=");
        words.iter().any(|word| word == flag || word.starts_with(&with_value))
    };
    if !has(&words, "--out") {
        words.extend(["--out".to_owned(), out.display().to_string()]);
    }
    if !has(&words, "--resume") {
        words.push("--resume".to_owned());
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// Writes the hint. `last` says what is complete so far.
pub(crate) fn write_hint(out: &Path, last: &str) -> Result<()> {
    let command = command(out);
    let text = format!("This run is not complete. It continues with\n\n{command}\n\n{last}\n");
    Ok(write_atomically(&out.join(FILE_NAME), text.as_bytes())?)
}

/// The line that points to the hint.
pub(crate) fn note(out: &Path) -> String {
    format!("after an interruption, {} says how to continue", out.join(FILE_NAME).display())
}

/// Removes the hint of a complete run.
pub(crate) fn remove_hint(out: &Path) {
    // It may never have been written.
    _ = std::fs::remove_file(out.join(FILE_NAME));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_quoted_and_gets_the_flags_that_it_lacks() {
        let command = |words: &[&str]| {
            continued(words.iter().map(|word| (*word).into()), Path::new("results/a b"))
        };
        assert_eq!(
            command(&["nas", "train", "x.ron"]),
            "nas train x.ron --out 'results/a b' --resume"
        );
        assert_eq!(
            command(&["nas", "train", "it's", "--out=here"]),
            r"nas train 'it'\''s' --out=here --resume"
        );
        let whole = ["nas", "netadapt", "x@a=1,b=2", "--resume", "--out", "here"];
        assert_eq!(command(&whole), whole.join(" "));
    }
}
