//! First weights.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::tensors::TensorSpec;

/// Deviation of a linear layer's first weights (the released MobileNetV2 and V3 code).
const LINEAR_DEVIATION: f32 = 0.01;

/// He et al. 2015, equation 14: normal with variance 2 / fan-out for convolutions; scales and running
/// variances of batch norms 1, all shifts, biases and running means 0. In the order of `specs`.
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
