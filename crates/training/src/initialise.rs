//! First weights.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::model::{Decay, Parameter};

/// Deviation of a linear layer's first weights (the released MobileNetV2 and V3 code).
const LINEAR_DEVIATION: f32 = 0.01;

/// He et al. 2015, equation 14: normal with variance 2 / fan-out for convolutions; scales of batch
/// norms 1, all shifts and biases 0.
pub(crate) fn initialise(parameters: &mut [Parameter], seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for parameter in parameters {
        let deviation = match (parameter.decay, &parameter.shape[..]) {
            (Decay::Applies, [out, _, kernel, _]) => (2.0 / (out * kernel * kernel) as f32).sqrt(),
            (Decay::Applies, _) => LINEAR_DEVIATION,
            (Decay::None, _) => continue,
        };
        for value in &mut parameter.values {
            let unit: f32 = StandardNormal.sample(&mut rng);
            *value = unit * deviation;
        }
    }
}
