//! The losses of the controller.

use candle_core::{Device, Result, Tensor};
use search_space::Genotype;

use super::policy::Policy;

/// The weight of the entropy.
const ENTROPY: f64 = 1e-5;
/// The maximum relative change of a choice's probability that is still rewarded.
const CLIP: f64 = 0.2;

/// A genotype that was drawn from the policy, with its outcome.
#[derive(Clone, Debug)]
pub struct Experience<'a> {
    /// The genotype that was drawn.
    pub genotype: &'a Genotype,
    /// The log-probability with which each choice was drawn.
    pub log_probabilities: &'a [f64],
    /// The reward above the baseline, in standard deviations of the batch.
    pub advantage: f64,
}

/// The clipped surrogate objective (Schulman et al. 2017, Eq. 7), negated, minus the entropy bonus.
/// It is the mean over the batch and its choices, and each choice has the advantage of the whole
/// genotype.
///
/// # Errors
/// Returns an error if the tensors do not fit in memory.
pub fn clipped_loss(policy: &Policy, batch: &[Experience<'_>]) -> Result<Tensor> {
    let genotypes: Vec<&Genotype> = batch.iter().map(|one| one.genotype).collect();
    let now = policy.likelihood(&genotypes)?;
    let before: Vec<&[f64]> = batch.iter().map(|one| one.log_probabilities).collect();
    let before = Tensor::from_vec(before.concat(), now.log_probabilities.dims(), &Device::Cpu)?;
    let advantages: Vec<f64> = batch.iter().map(|one| one.advantage).collect();
    let advantages = Tensor::from_vec(advantages, (batch.len(), 1), &Device::Cpu)?;

    let ratio = (now.log_probabilities - before)?.exp()?;
    let clipped = ratio.clamp(1.0 - CLIP, 1.0 + CLIP)?.broadcast_mul(&advantages)?;
    let objective = ratio.broadcast_mul(&advantages)?.minimum(&clipped)?.mean_all()?;
    objective.neg()? - (now.entropy * ENTROPY)?
}

/// The negative log-likelihood of good genotypes, as the mean over the batch and its choices
/// (Abolafia et al. 2018, "Neural Program Synthesis with Priority Queue Training").
///
/// # Errors
/// Returns an error if the tensors do not fit in memory.
pub fn imitation_loss(policy: &Policy, genotypes: &[&Genotype]) -> Result<Tensor> {
    policy.likelihood(genotypes)?.log_probabilities.mean_all()?.neg()
}
