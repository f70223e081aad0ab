//! Quantiles, for every crate that needs them.

/// The value below which a share of the sorted values lies, between two of them in proportion
/// (Hyndman and Fan 1996, definition 7; NumPy's default). NaN of nothing.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64;
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or(f64::NAN);
    let (low, high, part) = (at(place.floor()), at(place.ceil()), place.fract());
    // Without the test, the infinite and the equal ones would not come out as they went in.
    if part == 0.0 || low == high { low } else { low * (1.0 - part) + high * part }
}
