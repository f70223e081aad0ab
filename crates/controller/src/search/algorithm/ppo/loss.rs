//! What the controller minimises.

use candle_core::{Device, Result, Tensor};
use search_space::Genotype;

use super::policy::Policy;

/// Weight of the entropy.
const ENTROPY: f64 = 1e-5;
/// Bound of the change of a choice's probability that is still rewarded.
const CLIP: f64 = 0.2;

/// A genotype that was drawn from the policy, and what came of it.
#[derive(Clone, Debug)]
pub struct Experience<'a> {
    /// What was drawn.
    pub genotype: &'a Genotype,
    /// The log-probability that each choice was drawn with.
    pub log_probabilities: &'a [f64],
    /// Reward above the baseline, in deviations of the batch.
    pub advantage: f64,
}

/// The clipped surrogate objective (Schulman et al. 2017, Eq. 7), negated, less the entropy bonus.
/// The mean over the batch and its choices; the whole genotype's advantage is each choice's.
///
/// # Errors
/// Tensors that do not fit in memory.
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

/// The negative log-likelihood of good genotypes, the mean over the batch and its choices (Abolafia
/// et al. 2018, "Neural Program Synthesis with Priority Queue Training").
///
/// # Errors
/// Tensors that do not fit in memory.
pub fn imitation_loss(policy: &Policy, genotypes: &[&Genotype]) -> Result<Tensor> {
    policy.likelihood(genotypes)?.log_probabilities.mean_all()?.neg()
}
