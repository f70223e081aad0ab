//! Progress of long operations on stderr: a line with a bar and the time left on a terminal, plain
//! lines otherwise.

use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use report::duration;
use training::forecast::{Expected, Forecast, Kind, Spent};

use crate::args::Global;

/// Minimum and maximum time between plain lines; between these, it is a share of the elapsed time.
const EVERY: Duration = Duration::from_secs(5);
const EVERY_AT_MOST: Duration = Duration::from_secs(60);
const EVERY_SHARE: f64 = 0.05;
/// Time between plain lines while the time left is unknown.
const EVERY_UNKNOWN: Duration = Duration::from_secs(1);
const BETWEEN_PICTURES: Duration = Duration::from_millis(250);
/// How often the time left is drawn again.
const TICK: Duration = Duration::from_secs(1);
/// Length of the bar in parts of the task's time.
const BAR_UNITS: u64 = 1_000;
/// Title, bar and time left take at most 60 of 80 columns. The message is cut off where it does not
/// fit.
const TEMPLATE: &str = "{prefix} [{bar:10}] {left}{wide_msg}";
const TEMPLATE_WITH_PICTURE: &str = "{prefix} [{bar:10}] {left}{wide_msg}\n{picture}";

/// The progress of a task.
///
/// A task with one kind of items is reported with [`Progress::at`]. A task of several phases starts
/// with its [`Forecast`]; [`Progress::phase`] names what runs now, and [`Progress::spent`] reports
/// the work that was done since the report before.
pub(crate) struct Progress {
    title: String,
    forecast: Forecast,
    /// The only kind of work of [`Progress::at`], and its number of items done.
    items: Option<(Kind, usize)>,
    start: Instant,
    /// When the last report was made.
    last: Instant,
    screen: Screen,
}

enum Screen {
    Quiet,
    Bar { bar: ProgressBar, shown: Arc<Mutex<Shown>>, next_picture: Instant },
    Lines { next: Instant },
}

/// What the bar shows beside title and message.
#[derive(Default)]
struct Shown {
    /// When the task is expected to end.
    end: Option<Instant>,
    picture: String,
}

impl Progress {
    /// Progress of a task whose time left is unknown so far.
    pub(crate) fn start(global: &Global, title: &str) -> Self {
        Self::new(global, title, Forecast::default(), TEMPLATE)
    }

    /// As [`Progress::start`], with room for a picture below the bar.
    pub(crate) fn start_with_picture(global: &Global, title: &str) -> Self {
        Self::new(global, title, Forecast::default(), TEMPLATE_WITH_PICTURE)
    }

    /// Progress of a task of several kinds of work.
    pub(crate) fn of_task(global: &Global, forecast: Forecast) -> Self {
        Self::new(global, "", forecast, TEMPLATE)
    }

    /// Progress that is not shown.
    pub(crate) fn quiet() -> Self {
        Self::with(Screen::Quiet, "", Forecast::default())
    }

    fn new(global: &Global, title: &str, forecast: Forecast, template: &'static str) -> Self {
        let now = Instant::now();
        let screen = match (global.quiet, std::io::stderr().is_terminal()) {
            (true, _) => Screen::Quiet,
            (false, false) => Screen::Lines { next: now },
            (false, true) => {
                let shown = Arc::new(Mutex::new(Shown::default()));
                Screen::Bar { bar: bar(title, template, &shown), shown, next_picture: now }
            }
        };
        Self::with(screen, title, forecast)
    }

    fn with(screen: Screen, title: &str, forecast: Forecast) -> Self {
        let (title, now) = (title.to_owned(), Instant::now());
        Self { title, forecast, items: None, start: now, last: now, screen }
    }

    /// What runs now.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// The work that is left, to change it.
    pub(crate) fn forecast(&mut self) -> &mut Forecast {
        &mut self.forecast
    }

    /// Names what runs now, in at most 30 columns.
    pub(crate) fn phase(&mut self, title: &str) {
        if self.title != title {
            title.clone_into(&mut self.title);
            self.show("");
        }
    }

    /// Reports that `units` units of a kind were done since the last report.
    fn did(&mut self, kind: Kind, units: f64, message: &str) {
        let seconds = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        self.forecast.did(kind, units, seconds);
        self.show(message);
    }

    /// Reports what the time since the last report was spent on, if that is known by now.
    pub(crate) fn spent(&mut self, spent: Option<Spent>, message: &str) {
        match spent {
            Some(Spent::On { kind, units }) => self.did(kind, units, message),
            Some(Spent::Otherwise) => self.last = Instant::now(),
            None => {}
        }
    }

    /// Shows that `done` of `total` items are done.
    pub(crate) fn at(&mut self, done: usize, total: usize, message: &str) {
        let (kind, before) = match self.items {
            Some(items) => items,
            None => (self.forecast.add(0.0, Expected::Nothing), done.min(total)),
        };
        // What was done before the first report was not done by this process.
        let since = done.saturating_sub(before);
        self.items = Some((kind, done));
        self.forecast.leave(kind, total.saturating_sub(before) as f64);
        let separator = if message.is_empty() { "" } else { "  " };
        self.did(kind, since as f64, &format!("{done}/{total}{separator}{message}"));
    }

    /// Shows that `done` items are done of at most `max`. How many there will be is unknown, and so
    /// is the time left.
    pub(crate) fn at_most(&mut self, done: usize, max: usize, message: &str) {
        self.show(&format!("{done} of at most {max}  {message}"));
    }

    /// As [`Progress::at`], with a picture that is drawn now and then, on terminals only.
    pub(crate) fn at_with_picture(
        &mut self,
        done: usize,
        total: usize,
        message: &str,
        picture: impl FnOnce() -> String,
    ) {
        if let Screen::Bar { shown, next_picture, .. } = &mut self.screen
            && (Instant::now() >= *next_picture || done == total)
        {
            *next_picture = Instant::now() + BETWEEN_PICTURES;
            shown.lock().unwrap_or_else(PoisonError::into_inner).picture = picture();
        }
        self.at(done, total, message);
    }

    fn show(&mut self, message: &str) {
        let left_s = self.forecast.left_s();
        let elapsed = self.start.elapsed();
        match &mut self.screen {
            Screen::Quiet => {}
            Screen::Bar { bar, shown, .. } => {
                let end = left_s.and_then(|left_s| Duration::try_from_secs_f64(left_s).ok());
                let end = end.and_then(|left| Instant::now().checked_add(left));
                shown.lock().unwrap_or_else(PoisonError::into_inner).end = end;
                let share = left_s.map_or(0.0, |left_s| {
                    let elapsed_s = elapsed.as_secs_f64();
                    elapsed_s / (elapsed_s + left_s).max(f64::MIN_POSITIVE)
                });
                bar.set_prefix(self.title.clone());
                bar.set_position((share * BAR_UNITS as f64) as u64);
                bar.set_message(message.to_owned());
            }
            Screen::Lines { next } => {
                if Instant::now() < *next && left_s != Some(0.0) {
                    return;
                }
                let every = match left_s {
                    None => EVERY_UNKNOWN,
                    Some(_) => elapsed.mul_f64(EVERY_SHARE).clamp(EVERY, EVERY_AT_MOST),
                };
                *next = Instant::now() + every;
                errln!("{}", plain_line(&self.title, message, left_s, elapsed));
            }
        }
    }

    /// Prints lines above the bar.
    pub(crate) fn above(&self, print: impl FnOnce()) {
        match &self.screen {
            Screen::Bar { bar, .. } => bar.suspend(print),
            Screen::Quiet | Screen::Lines { .. } => print(),
        }
    }

    pub(crate) fn end(&self) {
        if let Screen::Bar { bar, .. } = &self.screen {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

fn bar(title: &str, template: &str, shown: &Arc<Mutex<Shown>>) -> ProgressBar {
    let bar = ProgressBar::new(BAR_UNITS).with_prefix(title.to_owned());
    let Ok(style) = ProgressStyle::with_template(template) else { return bar };
    let with_left = Arc::clone(shown);
    let left = move |_: &ProgressState, text: &mut dyn Write| {
        let end = with_left.lock().unwrap_or_else(PoisonError::into_inner).end;
        let left = end.map(|end| end.saturating_duration_since(Instant::now()).as_secs_f64());
        // A bar that cannot be drawn is not worth ending a task for.
        _ = text.write_str(&left.map_or(String::new(), |left_s| duration(left_s) + " left  "));
    };
    let with_picture = Arc::clone(shown);
    let picture = move |_: &ProgressState, text: &mut dyn Write| {
        let shown = with_picture.lock().unwrap_or_else(PoisonError::into_inner);
        _ = text.write_str(&shown.picture);
    };
    let style = style.with_key("left", left).with_key("picture", picture);
    let bar = bar.with_style(style.progress_chars("=> "));
    bar.enable_steady_tick(TICK);
    bar
}

/// A line for a file or a pipe: `epoch 2 of 20: about 3 min left, step 40/281`.
fn plain_line(title: &str, message: &str, left_s: Option<f64>, elapsed: Duration) -> String {
    let left = match left_s {
        None => String::new(),
        // The last report of a task.
        Some(0.0) => format!("{} in all", duration(elapsed.as_secs_f64())),
        Some(left_s) => format!("about {} left", duration(left_s)),
    };
    let parts = [left.as_str(), message].into_iter().filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.collect();
    match parts.is_empty() {
        true => title.to_owned(),
        false => format!("{title}: {}", parts.join(", ")),
    }
}

/// Prints a line on stderr, unless the user asked for quiet.
pub(crate) fn note(global: &Global, text: &str) {
    if !global.quiet {
        errln!("{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_lines_are_whole_lines_within_80_columns() {
        let at = Duration::from_secs(75);
        let line = |message, left_s| plain_line("iteration 12, proposals", message, left_s, at);
        assert_eq!(line("", None), "iteration 12, proposals");
        assert_eq!(line("3/16", None), "iteration 12, proposals: 3/16");
        let long = line("10/16  12-14.expand 1280 -> 1152: 71.24 %", Some(7_500.0));
        assert!(long.contains("about 2 h 5 min left") && !long.contains('\n'));
        assert_eq!(line("16/16", Some(0.0)), "iteration 12, proposals: 1 min 20 s in all, 16/16");
    }

    #[test]
    fn items_done_before_the_first_report_do_not_count() {
        let mut progress = Progress::quiet();
        progress.at(90, 100, "");
        assert_eq!(progress.forecast().left_s(), None);
        progress.last -= Duration::from_secs(10);
        progress.at(91, 100, "");
        let left_s = progress.forecast().left_s().expect("known");
        assert!((90.0..91.0).contains(&left_s), "{left_s}");
    }
}
