//! RON files that begin with their format, such as `format: 1`.

use ron::Options;
use ron::error::SpannedError;
use ron::extensions::Extensions;
use ron::ser::PrettyConfig;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::ParseError;

/// Parsed first, and without the other fields, so that a file in a later format is reported as such
/// and not as a syntax error.
#[derive(Deserialize)]
#[serde(rename = "")]
struct Versioned {
    format: u32,
}

fn options() -> Options {
    Options::default()
        .with_default_extension(Extensions::IMPLICIT_SOME | Extensions::UNWRAP_VARIANT_NEWTYPES)
}

/// Parses a value whose `format` is `supported`.
pub(crate) fn parse<T: DeserializeOwned>(text: &str, supported: u32) -> Result<T, ParseError> {
    if let Some(found) = format_of(text).filter(|&found| found != supported) {
        return Err(ParseError::Format { found, supported });
    }
    options().from_str(text).map_err(|error| located(text, &error))
}

/// The value of a field as RON text.
pub(crate) enum Field {
    /// A value on one line.
    Value(String),
    /// A list with one element per line.
    Lines(Vec<String>),
}

/// Writes a value on one line.
pub(crate) fn value<T: Serialize>(value: &T) -> Field {
    Field::Value(one_line(value))
}

/// Writes a list with one element per line.
pub(crate) fn lines<T: Serialize>(values: &[T]) -> Field {
    Field::Lines(values.iter().map(one_line).collect())
}

/// Writes a struct with its name and one field per line.
pub(crate) fn write(name: &str, fields: &[(&str, Field)]) -> String {
    let mut text = format!("{name}(\n");
    for (field, value) in fields {
        match value {
            Field::Value(value) => text += &format!("    {field}: {value},\n"),
            Field::Lines(lines) => {
                text += &format!("    {field}: [\n");
                lines.iter().for_each(|line| text += &format!("        {line},\n"));
                text += "    ],\n";
            }
        }
    }
    text + ")\n"
}

/// The RON text of a value on one line.
pub(crate) fn one_line<T: Serialize>(value: &T) -> String {
    let config = PrettyConfig::new().depth_limit(0);
    let text = options().to_string_pretty(value, config);
    // Serialisation fails only if a custom serialiser does. RON writes variants named `None` as raw
    // identifiers.
    text.expect("plain structs and enums serialise").replace("r#None", "None")
}

fn located(text: &str, error: &SpannedError) -> ParseError {
    let start = error.span.start;
    let line: Vec<char> = text.lines().nth(start.line - 1).unwrap_or_default().chars().collect();
    let ends = |c: &char| c.is_whitespace() || ",:()[]".contains(*c);
    let (before, after) = line.split_at((start.col - 1).min(line.len()));
    let sign = before.last().filter(|c| **c == '-');
    let word: String = sign.into_iter().chain(after.iter().take_while(|c| !ends(c))).collect();
    let found = if word.is_empty() { String::new() } else { format!("; found {word}") };
    let expected = match error.code {
        ron::Error::IntegerOutOfBounds | ron::Error::ExpectedInteger => {
            "; expected: an integer, at least 0"
        }
        _ => "",
    };
    let message = format!("{}{found}{expected}", error.code);
    ParseError::Ron { line: start.line, column: start.col, message }
}

fn format_of(text: &str) -> Option<u32> {
    // Comments may hold brackets.
    let code = text.trim_start().split_inclusive('\n').skip_while(|line| line.starts_with("//"));
    let text: String = code.collect();
    // The name of the struct differs between files. RON accepts a struct without its name.
    let body = text.find('(').map_or(&text[..], |open| &text[open..]);
    options().from_str::<Versioned>(body).ok().map(|versioned| versioned.format)
}
