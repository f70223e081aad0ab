//! Ticks at round numbers.

use crate::number::grouped;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    /// `None` for the small ticks between the labelled ones.
    pub(crate) label: Option<String>,
}

/// The largest number of labelled ticks on an axis.
pub(super) const MAX_TICKS: usize = 10;
/// The smallest number of labelled ticks on a logarithmic axis.
const MIN_TICKS: usize = 4;

/// `digit x 10^exponent`, the same to the last bit as the parsed decimal number.
fn decimal(digit: f64, exponent: i32) -> f64 {
    if exponent < 0 { digit / 10f64.powi(-exponent) } else { digit * 10f64.powi(exponent) }
}

/// Multiples of 1, 2 or 5 x 10^k inside the range, with the smallest such step that gives at most
/// [`MAX_TICKS`].
pub(super) fn linear_ticks(low: f64, high: f64) -> Vec<Tick> {
    let first = ((high - low) / MAX_TICKS as f64).log10().floor() as i32;
    let steps = (first..).flat_map(|exponent| [1.0, 2.0, 5.0].map(|digit| (digit, exponent)));
    for (digit, exponent) in steps {
        let step = decimal(digit, exponent);
        let (from, to) = ((low / step).ceil(), (high / step).floor());
        if to - from < MAX_TICKS as f64 {
            let decimals = (-exponent).max(0) as usize;
            return (0..=(to - from) as usize)
                .map(|index| decimal((from + index as f64) * digit, exponent))
                .map(|value| Tick { value, label: Some(grouped(&format!("{value:.decimals$}"))) })
                .collect();
        }
    }
    Vec::new()
}

/// Labelled ticks at the fewest of the customary digits that give at least [`MIN_TICKS`], and small
/// ticks at the other digits.
pub(super) fn logarithmic_ticks(low: f64, high: f64) -> Vec<Tick> {
    const LABELLED: [&[f64]; 4] =
        [&[1.0], &[1.0, 2.0, 5.0], &[1.0, 2.0, 3.0, 5.0], &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0]];
    let inside = |digits: &[f64]| -> Vec<f64> {
        (low.log10().floor() as i32..=high.log10().ceil() as i32)
            .flat_map(|exponent| digits.iter().map(move |&digit| decimal(digit, exponent)))
            .filter(|value| (low..=high).contains(value))
            .collect()
    };
    let Some(labelled) =
        LABELLED.iter().map(|digits| inside(digits)).find(|values| values.len() >= MIN_TICKS)
    else {
        return linear_ticks(low, high);
    };
    let small = inside(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
        .into_iter()
        .filter(|value| !labelled.contains(value))
        .map(|value| Tick { value, label: None });
    let every = labelled.len().div_ceil(MAX_TICKS);
    let labelled = labelled
        .iter()
        .step_by(every)
        .map(|&value| Tick { value, label: Some(grouped(&value.to_string())) });
    labelled.chain(small).collect()
}
