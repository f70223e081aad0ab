//! Results on stdout, and messages on stderr. The macros of the standard library panic if a stream cannot
//! be written to, for example because the disk is full.

use std::fmt::Arguments;
use std::io::{self, Write};
use std::sync::OnceLock;

/// The first error of writing to stdout. A command goes on after it, so that its files get written.
static FAILURE: OnceLock<io::Error> = OnceLock::new();

/// Prints a line on stdout. An error ends the command with exit code 1, once it has done its work.
macro_rules! outln {
    () => { $crate::output::print(format_args!("\n")) };
    ($($arg:tt)*) => { $crate::output::print(format_args!("{}\n", format_args!($($arg)*))) };
}

/// As [`outln`], without the end of the line.
macro_rules! out {
    ($($arg:tt)*) => { $crate::output::print(format_args!($($arg)*)) };
}

/// Prints a line on stderr. If that is not possible, nobody reads it.
macro_rules! errln {
    ($($arg:tt)*) => { $crate::output::message(format_args!($($arg)*)) };
}

pub(crate) fn print(text: Arguments<'_>) {
    if FAILURE.get().is_none()
        && let Err(error) = io::stdout().lock().write_fmt(text)
    {
        _ = FAILURE.set(error);
    }
}

pub(crate) fn message(text: Arguments<'_>) {
    _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes what is left for stdout. Returns the first error of writing to it.
pub(crate) fn finish() -> Result<(), &'static io::Error> {
    if let Err(error) = io::stdout().flush() {
        _ = FAILURE.set(error);
    }
    FAILURE.get().map_or(Ok(()), Err)
}
