//! RON with `format: 1` at its head.

use ron::Options;
use ron::error::SpannedError;
use ron::extensions::Extensions;
use ron::ser::PrettyConfig;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::ParseError;

/// Read first and leniently, so that a file of a later format is called that, not a typing error.
#[derive(Deserialize)]
#[serde(rename = "")]
struct Versioned {
    format: u32,
}

fn options() -> Options {
    Options::default()
        .with_default_extension(Extensions::IMPLICIT_SOME | Extensions::UNWRAP_VARIANT_NEWTYPES)
}

/// Parses a value whose `format` is at most `supported`.
pub(crate) fn parse<T: DeserializeOwned>(text: &str, supported: u32) -> Result<T, ParseError> {
    if let Some(found) = format_of(text).filter(|&found| found != supported) {
        return Err(ParseError::Format { found, supported });
    }
    options().from_str(text).map_err(located)
}

/// The RON text of a value, indented by four spaces.
pub(crate) fn write<T: Serialize>(value: &T) -> String {
    let config = PrettyConfig::new().depth_limit(2).struct_names(true);
    let text = options().to_string_pretty(value, config);
    // Only maps with keys that are no identifiers and foreign serialisers can fail.
    text.expect("plain structs and enums serialise") + "\n"
}

fn located(error: SpannedError) -> ParseError {
    ParseError::Ron {
        line: error.span.start.line,
        column: error.span.start.col,
        message: error.code.to_string(),
    }
}

fn format_of(text: &str) -> Option<u32> {
    // The struct's name differs from file to file; without one, RON reads any.
    let body = text.find('(').map_or(text, |open| &text[open..]);
    options().from_str::<Versioned>(body).ok().map(|versioned| versioned.format)
}
