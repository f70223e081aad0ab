//! The page: white paper, title, legend and footnote.

use plotters::style::text_anchor::HPos;

use crate::canvas::{Shape, Text, Turn};
use crate::geometry::Rect;
use crate::legend::{self, Entry};
use crate::text::{self, Weight};
use crate::theme::{FOOTNOTE, HEIGHT, INK, LEADING, MARGIN, PAPER, SOFT_INK, TITLE, WIDTH};

const TITLE_LINES: usize = 2;
const FOOTNOTE_LINES: usize = 3;

/// The texts above and below the plots.
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    pub(crate) footnote: &'a str,
    pub(crate) legend: Vec<Entry>,
}

impl Page<'_> {
    /// Draws the page with its texts from `left` on. The rectangle is what remains for plots with
    /// their ticks.
    pub(super) fn draw(self, left: f64) -> (Rect, Vec<Shape>) {
        let (right, bottom) = (f64::from(WIDTH), f64::from(HEIGHT));
        let paper = Rect { left: 0.0, top: 0.0, right, bottom };
        let mut shapes = vec![Shape::rect(&paper, PAPER)];
        let right = right - MARGIN;
        let mut top = MARGIN;
        for line in text::wrap(self.title, TITLE, Weight::Bold, right - left, TITLE_LINES) {
            shapes.push(Shape::Text(Text {
                text: line,
                at: (left, top + TITLE / 2.0),
                em: TITLE,
                weight: Weight::Bold,
                anchor: HPos::Left,
                turn: Turn::Level,
                ink: INK,
            }));
            top += TITLE * LEADING;
        }
        top = legend::draw(self.legend, left, right, top + 4.0, &mut shapes);
        let mut bottom = bottom - MARGIN;
        let space = right - left;
        let footnote = text::wrap(self.footnote, FOOTNOTE, Weight::Regular, space, FOOTNOTE_LINES);
        for line in footnote.into_iter().rev() {
            let middle = bottom - FOOTNOTE / 2.0;
            shapes.push(Shape::text(line, (left, middle), FOOTNOTE, HPos::Left, SOFT_INK));
            bottom -= FOOTNOTE * LEADING;
        }
        (Rect { left, top, right, bottom }, shapes)
    }
}
