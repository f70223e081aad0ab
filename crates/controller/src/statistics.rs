//! Rank correlation, coefficient of determination, mean and the normal distribution.

/// Kendall's tau-b (Kendall 1945) of two rankings of the same items: 1 for the same order, -1 for
/// the reverse order, adjusted for ties in either ranking. NaN if one of them is constant.
///
/// Takes O(n log n) by counting the exchanges of a merge sort (Knight 1966).
///
/// # Panics
/// Panics if the slices differ in length.
pub fn kendall_tau(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len(), "both rankings have the same number of items");
    let mut pairs: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let tied_x = tied_pairs(pairs.iter().map(|pair| pair.0));
    let tied_both = tied_pairs(pairs.iter().copied());
    let mut ys: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
    let discordant = sort_counting_exchanges(&mut ys);
    let tied_y = tied_pairs(ys.iter().copied());

    let all = x.len() as f64 * (x.len() as f64 - 1.0) / 2.0;
    let concordant_minus_discordant = all - tied_x - tied_y + tied_both - 2.0 * discordant;
    concordant_minus_discordant / ((all - tied_x) * (all - tied_y)).sqrt()
}

/// The number of pairs of equal values in a sorted sequence.
fn tied_pairs<T: PartialEq + Copy>(sorted: impl Iterator<Item = T>) -> f64 {
    let mut pairs = 0.0;
    let mut run: Option<(T, f64)> = None;
    for value in sorted {
        let before = run.filter(|(first, _)| *first == value).map_or(0.0, |(_, length)| length);
        pairs += before;
        run = Some((value, before + 1.0));
    }
    pairs
}

/// Sorts by merging and returns the number of pairs that were in descending order.
fn sort_counting_exchanges(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    if middle == 0 {
        return 0.0;
    }
    let (left, right) = values.split_at_mut(middle);
    let mut exchanges = sort_counting_exchanges(left) + sort_counting_exchanges(right);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut i, mut j) = (0, 0);
    while i < left.len() || j < right.len() {
        let from_right = i == left.len() || (j < right.len() && right[j] < left[i]);
        if from_right {
            exchanges += (left.len() - i) as f64;
            merged.push(right[j]);
            j += 1;
        } else {
            merged.push(left[i]);
            i += 1;
        }
    }
    values.copy_from_slice(&merged);
    exchanges
}

/// The coefficient of determination, the share of the variance of `truth` that `predicted`
/// explains: 1 - SS_res / SS_tot.
pub fn r2(truth: &[f64], predicted: &[f64]) -> f64 {
    let mean = mean(truth.iter().copied());
    let residual: f64 = truth.iter().zip(predicted).map(|(t, p)| (t - p).powi(2)).sum();
    let total: f64 = truth.iter().map(|t| (t - mean).powi(2)).sum();
    1.0 - residual / total
}

/// The arithmetic mean; NaN without values.
pub fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

/// The distance from the mean at which [`normal_cdf`] changes from the series to the fraction.
const FAR: f64 = 3.0;
/// The number of terms of the continued fraction, of which the last does not change a double.
const FRACTIONS: u32 = 60;

/// The probability that a standard normal variable is at most `x`, whose relative error is small
/// also where it is nearly 0: a power series near the mean and a continued fraction far from it
/// (Abramowitz and Stegun 1964, 26.2.11 and 26.2.14).
pub fn normal_cdf(x: f64) -> f64 {
    let distance = x.abs();
    if distance < FAR {
        let (mut term, mut sum) = (x, x);
        for odd in (3..).step_by(2) {
            term *= x * x / f64::from(odd);
            if sum + term == sum {
                break;
            }
            sum += term;
        }
        return 0.5 + normal_density(x) * sum;
    }
    let fraction = (1..=FRACTIONS).rev().fold(distance, |rest, n| distance + f64::from(n) / rest);
    let beyond = if distance.is_finite() { normal_density(distance) / fraction } else { 0.0 };
    if x < 0.0 { beyond } else { 1.0 - beyond }
}

fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}
