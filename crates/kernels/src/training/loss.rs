//! Cross-entropy with soft targets.

/// Targets with label smoothing, `[labels, classes]`: `1 - smoothing + smoothing / classes` for the
/// label, and `smoothing / classes` for the other classes (Szegedy et al. 2016, section 7).
///
/// # Panics
/// When a label is not less than `classes`.
pub fn smoothed_targets(labels: &[usize], classes: usize, smoothing: f32) -> Vec<f32> {
    let mut targets = vec![smoothing / classes as f32; labels.len() * classes];
    for (row, &label) in targets.chunks_exact_mut(classes).zip(labels) {
        row[label] += 1.0 - smoothing;
    }
    targets
}

/// Gives the sum of `-target * log softmax(logits)` over all images, and writes its gradient times
/// `weight`. The logits, the targets and the gradient are `[images, classes]`; each row of the targets
/// sums to 1.
///
/// # Panics
/// When the lengths differ.
pub fn cross_entropy(
    logits: &[f32],
    targets: &[f32],
    classes: usize,
    weight: f32,
    gradient: &mut [f32],
) -> f64 {
    assert_eq!(logits.len(), targets.len(), "lengths of logits and targets");
    assert_eq!(logits.len(), gradient.len(), "lengths of logits and gradient");
    let mut loss = 0.0;
    for (row, logits) in logits.chunks_exact(classes).enumerate() {
        let targets = &targets[row * classes..][..classes];
        let gradient = &mut gradient[row * classes..][..classes];
        let largest = f64::from(logits.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b)));
        let sum: f64 = logits.iter().map(|&x| (f64::from(x) - largest).exp()).sum();
        let log_sum = largest + sum.ln();
        for ((gradient, &x), &target) in gradient.iter_mut().zip(logits).zip(targets) {
            let log_probability = f64::from(x) - log_sum;
            loss -= f64::from(target) * log_probability;
            *gradient = (log_probability.exp() as f32 - target) * weight;
        }
    }
    loss
}
