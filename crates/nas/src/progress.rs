//! Progress of long work on stderr: a bar with ETA on a terminal, else a plain line now and then.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::Global;

/// Between plain lines.
const EVERY: Duration = Duration::from_secs(5);

/// The progress of one piece of work.
pub(crate) enum Progress {
    Quiet,
    Bar(ProgressBar),
    Lines { title: String, start: Instant, next: Instant },
}

impl Progress {
    /// Starts to show progress.
    pub(crate) fn start(global: &Global, title: &str) -> Self {
        if global.quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            let now = Instant::now();
            return Self::Lines { title: title.to_owned(), start: now, next: now };
        }
        let template = "{prefix:<20} {bar:32} {pos}/{len}  {elapsed} gone, {eta} left  {wide_msg}";
        let style = ProgressStyle::with_template(template);
        let bar = ProgressBar::new(0).with_prefix(title.to_owned());
        Self::Bar(match style {
            Ok(style) => bar.with_style(style.progress_chars("=> ")),
            Err(_) => bar,
        })
    }

    /// `done` of `total` pieces are done.
    pub(crate) fn at(&mut self, done: usize, total: usize, message: &str) {
        match self {
            Self::Quiet => {}
            Self::Bar(bar) => {
                bar.set_length(total as u64);
                bar.set_message(message.to_owned());
                bar.set_position(done as u64);
            }
            Self::Lines { title, start, next } => {
                if Instant::now() < *next && done < total {
                    return;
                }
                *next = Instant::now() + EVERY;
                eprintln!(
                    "{title}: {done}/{total}{} {message}",
                    left(start.elapsed(), done, total)
                );
            }
        }
    }

    /// Removes the bar.
    pub(crate) fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn left(gone: Duration, done: usize, total: usize) -> String {
    match done {
        0 => String::new(),
        done if done >= total => format!(", {} s", gone.as_secs()),
        done => {
            let left = gone.as_secs_f64() / done as f64 * (total - done) as f64;
            format!(", about {left:.0} s left")
        }
    }
}

/// A line on stderr that is no warning.
pub(crate) fn note(global: &Global, text: &str) {
    if !global.quiet {
        eprintln!("{text}");
    }
}
