//! The architectures of a table without a space: digits, or values between separators, as in
//! NAS-Bench-201's `|nor_conv_3x3~0|+|none~0|skip_connect~1|+...`, `(0, 2, 1)` or `8:64:16`. Each
//! position is a choice, and its options are the values that occur there.

use std::cmp::Ordering;
use std::collections::HashMap;

use search_space::{Domain, DomainChoice, Genotype};

use crate::csv_file::{Column, CsvError, CsvFile, Line};

/// Sets of separators. The first that divides all rows alike is taken, so that `conv_3x3` is one
/// value in a list, and `3_5_7` are three.
const SEPARATORS: [&str; 6] =
    ["|+()[]{}<>,;'\"", "|+()[]{}<>,;'\":/", "|+()[]{}<>,;'\":/ \t\n", "-", "_", "-_.~=# "];
/// The maximum number of options of a choice.
const MAX_OPTIONS: usize = u8::MAX as usize;
/// What is wrong with a table without rows.
pub(super) const NONE: &str = "found no architectures; expected: at least one";
/// The maximum number of characters of an architecture that an error shows as an example.
const MAX_SHOWN: usize = 60;

/// The architectures of a table.
pub(super) struct Architectures {
    /// All combinations of the values at each position.
    pub(super) domain: Domain,
    /// The genotype of each line of the file.
    pub(super) genotypes: Vec<Genotype>,
}

/// An architecture as a row writes it.
struct Written<'a> {
    values: Vec<&'a str>,
    /// The texts before, between and after the values, one more than there are values.
    separators: Vec<&'a str>,
}

impl<'a> Written<'a> {
    /// One value for each character.
    fn digits(text: &'a str) -> Self {
        let values: Vec<&str> = text.char_indices().map(|(at, _)| &text[at..=at]).collect();
        let separators = vec![""; values.len() + 1];
        Self { values, separators }
    }

    /// Divides a text at runs of these characters. White space around a value belongs to the
    /// separators.
    fn divided(text: &'a str, separators: &str) -> Self {
        let mut written = Self { values: Vec::new(), separators: Vec::new() };
        let (mut rest, is_separator) = (text, |c: char| separators.contains(c));
        loop {
            let start = rest.find(|c: char| !is_separator(c) && !c.is_whitespace());
            let start = start.unwrap_or(rest.len());
            written.separators.push(&rest[..start]);
            rest = &rest[start..];
            if rest.is_empty() {
                return written;
            }
            let value = rest[..rest.find(is_separator).unwrap_or(rest.len())].trim_end();
            written.values.push(value);
            rest = &rest[value.len()..];
        }
    }

    /// Whether the separators are the same but for white space and the kind of quotes.
    fn has_form_of(&self, other: &Self) -> bool {
        let plain = |text: &str| -> String {
            let quote = |c: char| if c == '"' { '\'' } else { c };
            text.chars().filter(|c| !c.is_whitespace()).map(quote).collect()
        };
        let pairs = || self.separators.iter().zip(&other.separators);
        self.values.len() == other.values.len() && pairs().all(|(a, b)| plain(a) == plain(b))
    }
}

/// Reads the column `arch` of all lines; `name` becomes the name of the domain.
pub(super) fn read(file: &CsvFile, arch: Column, name: &str) -> Result<Architectures, CsvError> {
    let lines: Vec<Line<'_>> = file.lines().collect();
    let empty = |line: &&Line<'_>| line.text(arch).is_empty();
    if let Some(line) = lines.iter().find(empty) {
        return Err(line.cell_error(arch, "an architecture"));
    }
    let is_digits =
        |line: &Line<'_>| line.text(arch).chars().all(|digit| digit.is_ascii_alphanumeric());
    let Some(first) = lines.first() else {
        return Err(file.error(1, NONE));
    };
    if is_digits(first) {
        if let Some(line) = lines.iter().find(|line| !is_digits(line)) {
            let expected = format!("digits and letters, as on line {}", first.number());
            return Err(line.cell_error(arch, expected));
        }
        let written: Vec<Written<'_>> =
            lines.iter().map(|line| Written::digits(line.text(arch))).collect();
        return Rows { lines: &lines, arch, written: &written, unit: "digit" }.architectures(name);
    }
    let divided = |separators: &str| -> Vec<Written<'_>> {
        lines.iter().map(|line| Written::divided(line.text(arch), separators)).collect()
    };
    let read = |written: &[Written<'_>]| {
        Rows { lines: &lines, arch, written, unit: "value" }.architectures(name)
    };
    let mut refused = None;
    for separators in SEPARATORS {
        let written = divided(separators);
        if written[0].values.len() < 2 {
            continue;
        }
        match read(&written) {
            Ok(architectures) => return Ok(architectures),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    // With at most one value in the first row, none of the sets divides it.
    refused.map_or_else(|| read(&divided(SEPARATORS[0])), Err)
}

/// The rows of a table with their architectures.
struct Rows<'a> {
    lines: &'a [Line<'a>],
    arch: Column,
    written: &'a [Written<'a>],
    /// What a value is called in errors.
    unit: &'static str,
}

impl Rows<'_> {
    fn architectures(&self, name: &str) -> Result<Architectures, CsvError> {
        self.refuse_other_forms()?;
        let first = &self.written[0];
        let mut options: Vec<HashMap<&str, usize>> = vec![HashMap::new(); first.values.len()];
        for (line, written) in self.lines.iter().zip(self.written) {
            for (position, (known, value)) in options.iter_mut().zip(&written.values).enumerate() {
                known.insert(value, 0);
                if known.len() > MAX_OPTIONS {
                    let (unit, position) = (self.unit, position + 1);
                    let expected = format!("at most {MAX_OPTIONS} values as {unit} {position}");
                    return Err(line.cell_error(self.arch, expected));
                }
            }
        }
        let mut choices = Vec::with_capacity(options.len());
        for (position, known) in options.iter_mut().enumerate() {
            let mut sorted: Vec<&str> = known.keys().copied().collect();
            sort(&mut sorted);
            for (index, value) in sorted.iter().enumerate() {
                known.insert(value, index);
            }
            let name = format!("{} {}", self.unit, position + 1);
            let options = sorted.into_iter().map(str::to_owned).collect();
            choices.push(DomainChoice { name, options });
        }
        let genotype = |written: &Written<'_>| {
            let indices = options.iter().zip(&written.values).map(|(known, value)| known[value]);
            Genotype(indices.map(|index| index as u8).collect())
        };
        let genotypes = self.written.iter().map(genotype).collect();
        let groups = (0..choices.len()).map(|choice| vec![choice]).collect();
        let domain = Domain::new(name.to_owned(), choices, groups);
        let between: Vec<String> = first.separators.iter().copied().map(str::to_owned).collect();
        let domain = match between.iter().all(String::is_empty) {
            true => domain,
            false => domain.written_between(between),
        };
        Ok(Architectures { domain, genotypes })
    }

    /// Checks that all rows are written as the first one.
    fn refuse_other_forms(&self) -> Result<(), CsvError> {
        let (first, line) = (&self.written[0], self.lines[0]);
        let count = first.values.len();
        if count == 0 {
            return Err(line.cell_error(self.arch, "digits, or values such as (0, 2, 1)"));
        }
        let other = self.written.iter().position(|written| !written.has_form_of(first));
        let Some(other) = other else { return Ok(()) };
        let (found, as_first) = (self.written[other].values.len(), line.number());
        let expected = if found == count {
            format!("the form of line {as_first}, {}", shortened(line.text(self.arch)))
        } else {
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} {}{plural}, as on line {as_first}, instead of {found}", self.unit)
        };
        Err(self.lines[other].cell_error(self.arch, expected))
    }
}

/// Sorts numbers by their size, and other values by their text.
fn sort(values: &mut [&str]) {
    let number = |value: &str| value.parse::<f64>().ok().filter(|number| number.is_finite());
    let all_numbers = values.iter().all(|value| number(value).is_some());
    let by_size = |a: &&str, b: &&str| match (all_numbers, number(a), number(b)) {
        (true, Some(a), Some(b)) => a.total_cmp(&b),
        _ => Ordering::Equal,
    };
    values.sort_unstable_by(|a, b| by_size(a, b).then(a.cmp(b)));
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
