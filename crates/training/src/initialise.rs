//! Initial weights.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::tensors::TensorSpec;

/// Standard deviation of the initial weights of a linear layer (the released MobileNetV2 and V3
/// code).
const LINEAR_DEVIATION: f32 = 0.01;

/// Initial weights in the order of `specs`. Those of convolutions are normal with variance 2 /
/// fan-out (He et al. 2015, equation 14); scales and running variances of batch norms are 1;
/// shifts, biases and running means are 0.
pub(crate) fn initialise(specs: &[TensorSpec], seed: u64) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut first = |spec: &TensorSpec| -> Vec<f32> {
        let count = spec.shape.iter().product();
        let deviation = match spec.shape[..] {
            [out, _, kernel, _] => (2.0 / (out * kernel * kernel) as f32).sqrt(),
            [_, _] => LINEAR_DEVIATION,
            _ if spec.name.ends_with(".weight") || spec.name.ends_with(".running_var") => {
                return vec![1.0; count];
            }
            _ => return vec![0.0; count],
        };
        let unit = StandardNormal.sample_iter(&mut rng).take(count);
        unit.map(|unit: f32| unit * deviation).collect()
    };
    specs.iter().map(&mut first).collect()
}
