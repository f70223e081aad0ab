//! The embedded fonts: how wide a text is, and how it is cut to a width.

use std::sync::LazyLock;

use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, RGBAColor, TextStyle, register_font,
};

/// What SVG viewers look for, and the name under which the embedded fonts are registered.
/// All but the last have the widths of the embedded fonts.
const FAMILY: &str = "Arial, Helvetica, Liberation Sans, Arimo, sans-serif";

/// Height of the embedded fonts in ems: what `ab_glyph` takes as their size.
pub(crate) const FONT_HEIGHT_EM: f64 = (1854.0 + 434.0) / 2048.0;
/// Height of capitals and digits in ems.
pub(crate) const CAP_HEIGHT_EM: f64 = 1409.0 / 2048.0;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// plotters has no font of its own here: nothing may ask for a text before this is forced.
static REGISTERED: LazyLock<()> = LazyLock::new(|| {
    let regular = include_bytes!("../fonts/ReportSans-Regular.ttf");
    let bold = include_bytes!("../fonts/ReportSans-Bold.ttf");
    for (style, bytes) in [(FontStyle::Normal, &regular[..]), (FontStyle::Bold, &bold[..])] {
        // `InvalidFont` has no Debug, so `expect` wants an Option.
        register_font(FAMILY, style, bytes).ok().expect("the embedded fonts are valid");
    }
});

/// The style that draws with the embedded fonts. `size` is in the backend's own sense.
pub(crate) fn style(size: f64, weight: Weight, anchor: HPos, ink: RGBAColor) -> TextStyle<'static> {
    LazyLock::force(&REGISTERED);
    let style = match weight {
        Weight::Regular => FontStyle::Normal,
        Weight::Bold => FontStyle::Bold,
    };
    TextStyle {
        font: FontDesc::new(FontFamily::Name(FAMILY), size, style),
        color: ink.to_backend_color(),
        pos: Pos::new(anchor, VPos::Top),
    }
}

/// Width of `text` whose em is `em`.
pub(crate) fn width(text: &str, em: f64, weight: Weight) -> f64 {
    // plotters rounds widths to whole pixels: measure large, then scale down.
    const LARGE_EM: f64 = 1000.0;
    let style = style(LARGE_EM * FONT_HEIGHT_EM, weight, HPos::Left, crate::theme::INK);
    let (width, _) = style.font.box_size(text).expect("the embedded fonts are registered");
    f64::from(width) * em / LARGE_EM
}

/// Breaks `text` into lines no wider than `room`; what goes beyond `lines` is cut with an
/// ellipsis. Runs of white space, line breaks among them, become one space.
pub(crate) fn wrap(text: &str, em: f64, weight: Weight, room: f64, lines: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let full = wrapped.len() == lines;
        match wrapped.last_mut() {
            Some(line) if full || width(&format!("{line} {word}"), em, weight) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => wrapped.push(word.to_owned()),
        }
    }
    wrapped.into_iter().map(|line| cut(&line, em, weight, room)).collect()
}

/// `text` if it fits into `room`, otherwise its beginning and an ellipsis.
pub(crate) fn cut(text: &str, em: f64, weight: Weight, room: f64) -> String {
    if width(text, em, weight) <= room {
        return text.to_owned();
    }
    let ends: Vec<usize> = text.char_indices().map(|(start, _)| start).collect();
    let shortened = |chars: usize| format!("{}…", text[..ends[chars]].trim_end());
    let fitting = (0..ends.len())
        .collect::<Vec<_>>()
        .partition_point(|&chars| width(&shortened(chars), em, weight) <= room);
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
        fn wrapped_lines_fit(text in "[ a-zA-Z0-9.,é–]{0,300}", room in 60.0..900.0, lines in 1usize..4) {
            let wrapped = wrap(&text, 24.0, Weight::Regular, room, lines);
            prop_assert!(wrapped.len() <= lines);
            for line in &wrapped {
                prop_assert!(width(line, 24.0, Weight::Regular) <= room, "{line}");
            }
            let all: String = text.split_whitespace().collect();
            let kept: String = wrapped.concat().split_whitespace().collect();
            prop_assert!(kept == all || kept.contains('…'));
        }
    }
}
