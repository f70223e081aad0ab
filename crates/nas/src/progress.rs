//! Progress of long operations on stderr: a bar with an ETA on a terminal, plain lines otherwise.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::Global;

/// Minimum time between plain lines.
const EVERY: Duration = Duration::from_secs(5);
const BETWEEN_PICTURES: Duration = Duration::from_millis(250);

pub(crate) enum Progress {
    Quiet,
    Bar { bar: ProgressBar, next: Instant },
    Lines { title: String, start: Instant, next: Instant },
}

impl Progress {
    pub(crate) fn start(global: &Global, title: &str) -> Self {
        if global.quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            let now = Instant::now();
            return Self::Lines { title: title.to_owned(), start: now, next: now };
        }
        Self::bar(
            title,
            "{prefix:<20} {bar:32} {pos}/{len}  {elapsed} elapsed, {eta} left  {wide_msg}",
        )
    }

    /// As [`Progress::start`], with room for a picture below the bar.
    pub(crate) fn start_with_picture(global: &Global, title: &str) -> Self {
        match Self::start(global, title) {
            Self::Bar { .. } => Self::bar(
                title,
                "{prefix:<20} {bar:32} {pos}/{len}  {elapsed} elapsed, {eta} left\n{msg}",
            ),
            other => other,
        }
    }

    fn bar(title: &str, template: &str) -> Self {
        let bar = ProgressBar::new(0).with_prefix(title.to_owned());
        let bar = match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style.progress_chars("=> ")),
            Err(_) => bar,
        };
        Self::Bar { bar, next: Instant::now() }
    }

    /// As [`Progress::at`], with a picture that is drawn now and then, on terminals only.
    pub(crate) fn at_with_picture(
        &mut self,
        done: usize,
        total: usize,
        message: &str,
        picture: impl FnOnce() -> String,
    ) {
        match self {
            Self::Bar { bar, next } => {
                bar.set_length(total as u64);
                if Instant::now() >= *next || done == total {
                    *next = Instant::now() + BETWEEN_PICTURES;
                    bar.set_message(format!("{message}\n{}", picture()));
                }
                bar.set_position(done as u64);
            }
            Self::Quiet | Self::Lines { .. } => self.at(done, total, message),
        }
    }

    /// Shows that `done` of `total` items are done.
    pub(crate) fn at(&mut self, done: usize, total: usize, message: &str) {
        match self {
            Self::Quiet => {}
            Self::Bar { bar, .. } => {
                bar.set_length(total as u64);
                bar.set_message(message.to_owned());
                bar.set_position(done as u64);
            }
            Self::Lines { title, start, next } => {
                if Instant::now() < *next && done < total {
                    return;
                }
                *next = Instant::now() + EVERY;
                errln!("{title}: {done}/{total}{} {message}", left(start.elapsed(), done, total));
            }
        }
    }

    /// Prints lines above the bar.
    pub(crate) fn above(&self, print: impl FnOnce()) {
        match self {
            Self::Bar { bar, .. } => bar.suspend(print),
            Self::Quiet | Self::Lines { .. } => print(),
        }
    }

    pub(crate) fn end(&self) {
        if let Self::Bar { bar, .. } = self {
            bar.finish_and_clear();
        }
    }
}

fn left(elapsed: Duration, done: usize, total: usize) -> String {
    match done {
        0 => String::new(),
        done if done >= total => format!(", {} s", elapsed.as_secs()),
        done => {
            let left = elapsed.as_secs_f64() / done as f64 * (total - done) as f64;
            format!(", about {left:.0} s left")
        }
    }
}

/// Prints a line on stderr, unless the user asked for quiet.
pub(crate) fn note(global: &Global, text: &str) {
    if !global.quiet {
        errln!("{text}");
    }
}
