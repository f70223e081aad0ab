//! The scale of the accuracies of a table: fractions or per cent.

/// The scale of the accuracies in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From 0 to 1.
    Fractions,
    /// From 0 to 100, which is assumed if any accuracy is above 1.
    PerCent,
}

/// An accuracy as the file has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct WrittenAccuracy {
    /// The line number.
    pub(super) line: u64,
    /// The value in the scale of the file.
    pub(super) value: f64,
}

/// The minimum of what counts as a fraction among accuracies in per cent, as a share of their
/// median. Networks that did not learn may have less than 1 %.
const MIN_OF_MEDIAN: f64 = 0.25;
/// The maximum number of lines that an error lists.
const MAX_LISTED: usize = 5;

/// The scale of all accuracies of a table.
///
/// # Errors
/// Describes the lines that look like fractions if the others are in per cent.
pub(super) fn scale(accuracies: &[WrittenAccuracy]) -> Result<Scale, Box<MixedScale>> {
    let (per_cent, below): (Vec<_>, Vec<_>) =
        accuracies.iter().copied().partition(|accuracy| accuracy.value > 1.0);
    let mut sorted: Vec<f64> = per_cent.iter().map(|accuracy| accuracy.value).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let Some(&max) = sorted.last() else { return Ok(Scale::Fractions) };
    // As per cent, a fraction is about as large as the other accuracies.
    let (min, max) = (MIN_OF_MEDIAN * sorted[sorted.len() / 2], (max + 100.0) / 2.0);
    let is_fraction = |accuracy: &WrittenAccuracy| {
        accuracy.value < 1.0 && (min..=max).contains(&(100.0 * accuracy.value))
    };
    let fractions: Vec<WrittenAccuracy> = below.into_iter().filter(is_fraction).collect();
    if fractions.is_empty() {
        return Ok(Scale::PerCent);
    }
    let rows = accuracies.len();
    Err(Box::new(MixedScale { fractions, per_cent: per_cent[0], rows }))
}

/// Accuracies of both scales in one column.
#[derive(Debug)]
pub(super) struct MixedScale {
    /// The accuracies that look like fractions, at least one.
    pub(super) fractions: Vec<WrittenAccuracy>,
    /// The first accuracy in per cent.
    per_cent: WrittenAccuracy,
    /// The number of rows of the table.
    rows: usize,
}

impl std::fmt::Display for MixedScale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.fractions.len();
        let lines: Vec<String> =
            self.fractions.iter().take(MAX_LISTED).map(|a| a.line.to_string()).collect();
        let (lines, more) = (lines.join(", "), if count > MAX_LISTED { ", ..." } else { "" });
        let plural = if count == 1 { "" } else { "s" };
        let looks = if count == 1 { "looks like a fraction" } else { "look like fractions" };
        write!(
            f,
            "found {}, and {} on line {}; {count} of the {} accuracies {looks} (line{plural} \
             {lines}{more}); expected: all from 0 to 1, or all in per cent",
            self.fractions[0].value, self.per_cent.value, self.per_cent.line, self.rows
        )
    }
}
