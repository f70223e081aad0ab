//! The ranking of an iteration's proposals.

use super::hold_out::HoldOutEvaluation;

/// The metric by which proposals are ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Accuracy lost per millisecond saved, where a gain counts as no loss (MobileNetV3).
    Ratio,
    /// Accuracy alone (NetAdapt).
    Accuracy,
}

impl Metric {
    /// The name of the metric.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Accuracy => "accuracy",
        }
    }
}

/// What a proposal saves, and how accurate it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Saving<'a> {
    /// The latency saved, in milliseconds.
    pub saved_ms: f64,
    /// The proposal's evaluation on the hold-out.
    pub hold_out: &'a HoldOutEvaluation,
}

/// Indices of the proposals from best to worst, without those that diverged. The best proposal is
/// the one with the highest score, except for ties: a proposal ties with it if an increase of its
/// accuracy by at most one paired standard error would make the scores equal. Among ties, the
/// lowest cross-entropy is best, then the largest saving.
pub fn ranked(metric: Metric, before: &HoldOutEvaluation, proposals: &[Saving<'_>]) -> Vec<usize> {
    let mut left: Vec<usize> =
        (0..proposals.len()).filter(|&index| !proposals[index].hold_out.has_diverged()).collect();
    let mut ranked = Vec::with_capacity(left.len());
    while let Some(best) = best(metric, before, proposals, &left) {
        left.retain(|&index| index != best);
        ranked.push(best);
    }
    ranked
}

fn best(
    metric: Metric,
    before: &HoldOutEvaluation,
    proposals: &[Saving<'_>],
    left: &[usize],
) -> Option<usize> {
    let gained = |index: usize| proposals[index].hold_out.accuracy() - before.accuracy();
    // The denominator of the score.
    let unit = |index: usize| match metric {
        Metric::Ratio => proposals[index].saved_ms,
        Metric::Accuracy => 1.0,
    };
    let score = |index: usize| match metric {
        Metric::Ratio => gained(index).min(0.0) / unit(index),
        Metric::Accuracy => gained(index),
    };
    let top =
        left.iter().copied().max_by(|&a, &b| score(a).total_cmp(&score(b)).then(b.cmp(&a)))?;
    let ties = left.iter().copied().filter(|&index| {
        let error = proposals[index].hold_out.paired_error(proposals[top].hold_out);
        (score(top) - score(index)) * unit(index) <= error
    });
    let loss = |index: usize| proposals[index].hold_out.loss;
    ties.min_by(|&a, &b| {
        let saved = proposals[b].saved_ms.total_cmp(&proposals[a].saved_ms);
        loss(a).total_cmp(&loss(b)).then(saved).then(a.cmp(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An evaluation that is correct on the first `correct` of 1,000 images.
    fn evaluation(correct: usize, loss: f64) -> HoldOutEvaluation {
        HoldOutEvaluation { correct: (0..1000).map(|image| image < correct).collect(), loss }
    }

    fn saving(saved_ms: f64, hold_out: &HoldOutEvaluation) -> Saving<'_> {
        Saving { saved_ms, hold_out }
    }

    #[test]
    fn the_ratio_is_of_accuracy_lost_and_gains_do_not_count() {
        let before = evaluation(700, 1.0);
        // Losing 60 images for 2 ms is worse than losing 20 for 1 ms, which is worse than losing 20
        // for 2 ms.
        let (a, b, c) = (evaluation(640, 1.2), evaluation(680, 1.1), evaluation(680, 1.1));
        assert_eq!(
            ranked(Metric::Ratio, &before, &[saving(2.0, &a), saving(1.0, &b), saving(2.0, &c)]),
            [2, 1, 0]
        );
        // A gain with hardly any saving ties with no loss at all, and the cross-entropy decides.
        let (gain, none) = (evaluation(720, 1.0), evaluation(700, 0.9));
        assert_eq!(
            ranked(Metric::Ratio, &before, &[saving(0.01, &gain), saving(1.0, &none)]),
            [1, 0]
        );
        assert_eq!(
            ranked(Metric::Accuracy, &before, &[saving(0.01, &gain), saving(1.0, &none)]),
            [0, 1]
        );
    }

    #[test]
    fn within_a_standard_error_the_loss_decides_then_what_is_saved() {
        let before = evaluation(700, 1.0);
        // 689 and 690 correct images with 59 discordant pairs: within one standard error.
        let mut other = evaluation(690, 0.8);
        other.correct[0..30].fill(false);
        other.correct[800..829].fill(true);
        let same = evaluation(690, 0.9);
        assert_eq!(
            ranked(Metric::Ratio, &before, &[saving(1.0, &same), saving(1.0, &other)]),
            [1, 0]
        );
        let equal = HoldOutEvaluation { loss: 0.9, ..other };
        assert_eq!(
            ranked(Metric::Ratio, &before, &[saving(1.0, &equal), saving(1.01, &same)]),
            [1, 0]
        );
        assert_eq!(ranked(Metric::Ratio, &before, &[]), [0; 0]);
    }

    #[test]
    fn what_diverged_is_not_chosen() {
        let before = evaluation(700, 1.0);
        let (lost, bad) = (HoldOutEvaluation::diverged(1000), evaluation(100, 3.0));
        assert!(lost.has_diverged() && !bad.has_diverged());
        assert_eq!(ranked(Metric::Ratio, &before, &[saving(9.0, &lost), saving(1.0, &bad)]), [1]);
        assert_eq!(ranked(Metric::Accuracy, &before, &[saving(9.0, &lost)]), [0; 0]);
    }

    #[test]
    fn paired_errors_are_mcnemars() {
        let (a, mut b) = (evaluation(500, 1.0), evaluation(500, 1.0));
        assert_eq!(a.paired_error(&b), 0.0);
        b.correct[0..16].fill(false);
        b.correct[600..616].fill(true);
        // 32 discordant pairs and no difference in accuracy: sqrt(32) / 1000.
        assert!((a.paired_error(&b) - 32_f64.sqrt() / 1000.0).abs() < 1e-12);
        assert!((evaluation(500, 1.0).interval() - 1.96 * 0.5 / 1000_f64.sqrt()).abs() < 1e-12);
    }
}
