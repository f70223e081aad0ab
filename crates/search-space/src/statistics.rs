//! Quantiles, shared by all crates.

/// The quantile of sorted values at `share` in [0, 1], linearly interpolated between two neighbours
/// (Hyndman and Fan 1996, definition 7; NumPy's default). NaN if there are no values.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64;
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or(f64::NAN);
    let (low, high, part) = (at(place.floor()), at(place.ceil()), place.fract());
    // Interpolating would turn infinite values into NaN and could round equal ones.
    if part == 0.0 || low == high { low } else { low * (1.0 - part) + high * part }
}
