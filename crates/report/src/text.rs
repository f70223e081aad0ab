//! Text in the embedded fonts: its width, the outlines of its glyphs, and cutting it to a width.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, OutlinedGlyph, PxScale, point};

/// The font families that SVGs name. All but the last have the widths of the embedded fonts.
pub(crate) const FAMILY: &str = "Arial, Helvetica, Liberation Sans, Arimo, sans-serif";

/// The height of capitals and digits in ems.
pub(crate) const CAP_HEIGHT_EM: f64 = 1409.0 / 2048.0;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

static REGULAR: LazyLock<FontRef<'static>> =
    LazyLock::new(|| embedded(include_bytes!("../fonts/ReportSans-Regular.ttf")));
static BOLD: LazyLock<FontRef<'static>> =
    LazyLock::new(|| embedded(include_bytes!("../fonts/ReportSans-Bold.ttf")));

fn embedded(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the embedded fonts are valid")
}

fn font(weight: Weight) -> &'static FontRef<'static> {
    match weight {
        Weight::Regular => &REGULAR,
        Weight::Bold => &BOLD,
    }
}

fn units_per_em(font: &FontRef<'_>) -> f32 {
    font.units_per_em().expect("the embedded fonts have an em")
}

/// The width of `text` in type of size `em`.
pub(crate) fn width(text: &str, em: f64, weight: Weight) -> f64 {
    let font = font(weight);
    let mut units = 0.0;
    let mut before = None;
    for glyph in text.chars().map(|c| font.glyph_id(c)) {
        units += before.map_or(0.0, |before| font.kern_unscaled(before, glyph));
        units += font.h_advance_unscaled(glyph);
        before = Some(glyph);
    }
    f64::from(units / units_per_em(font)) * em
}

/// The width to keep free for `text`. A viewer without the first families of [`FAMILY`] uses
/// another font, which may be wider.
pub(crate) fn room(text: &str, em: f64, weight: Weight) -> f64 {
    let widening = match weight {
        Weight::Regular => 1.15,
        Weight::Bold => 1.25,
    };
    widening * width(text, em, weight)
}

/// The outlines of `text` in pixels. It begins at (0, 0) on the baseline and goes to the right.
pub(crate) fn outlines(text: &str, em: f64, weight: Weight) -> Vec<OutlinedGlyph> {
    let font = font(weight);
    // `ab_glyph` scales a font by its height from descent to ascent.
    let scale = PxScale::from(em as f32 * font.height_unscaled() / units_per_em(font));
    text.char_indices()
        .filter_map(|(start, c)| {
            let end = start + c.len_utf8();
            let x = width(&text[..end], em, weight) - width(&text[start..end], em, weight);
            let glyph = font.glyph_id(c).with_scale_and_position(scale, point(x as f32, 0.0));
            font.outline_glyph(glyph)
        })
        .collect()
}

/// Breaks `text` into lines that are at most `space` wide. A text that needs more than `lines`
/// lines is cut with an ellipsis. Runs of white space, including line breaks, become one space.
pub(crate) fn wrap(text: &str, em: f64, weight: Weight, space: f64, lines: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let full = wrapped.len() == lines;
        match wrapped.last_mut() {
            Some(line) if full || room(&format!("{line} {word}"), em, weight) <= space => {
                line.push(' ');
                line.push_str(word);
            }
            _ => wrapped.push(word.to_owned()),
        }
    }
    wrapped.into_iter().map(|line| cut(&line, em, weight, space)).collect()
}

/// `text` if it fits into `space`, and otherwise its beginning with an ellipsis.
pub(crate) fn cut(text: &str, em: f64, weight: Weight, space: f64) -> String {
    if room(text, em, weight) <= space {
        return text.to_owned();
    }
    let ends: Vec<usize> = text.char_indices().map(|(start, _)| start).collect();
    let shortened = |chars: usize| format!("{}…", text[..ends[chars]].trim_end());
    let fitting = (0..ends.len())
        .collect::<Vec<_>>()
        .partition_point(|&chars| room(&shortened(chars), em, weight) <= space);
    shortened(fitting.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_have_the_width_of_helvetica() {
        let digits = width("0123456789", 100.0, Weight::Regular);
        assert!((digits - 556.0).abs() < 1.0, "{digits}");
        assert!(width("latency", 24.0, Weight::Bold) > width("latency", 24.0, Weight::Regular));
    }

    proptest! {
        #[test]
        fn wrapped_lines_fit(text in "[ a-zA-Z0-9.,é–]{0,300}", space in 60.0..900.0, lines in 1usize..4) {
            let wrapped = wrap(&text, 24.0, Weight::Regular, space, lines);
            prop_assert!(wrapped.len() <= lines);
            for line in &wrapped {
                prop_assert!(room(line, 24.0, Weight::Regular) <= space, "{line}");
            }
            let all: String = text.split_whitespace().collect();
            let kept: String = wrapped.concat().split_whitespace().collect();
            prop_assert!(kept == all || kept.contains('…'));
        }
    }
}
