//! Optimiser steps, in place.

/// How past gradients take part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Momentum {
    /// velocity = m x velocity + gradient; the step follows the velocity.
    Heavy(f32),
    /// The step follows gradient + m x velocity (Nesterov, PyTorch's form).
    Nesterov(f32),
}

/// Settings of stochastic gradient descent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Learning rate.
    pub learning_rate: f32,
    /// Momentum.
    pub momentum: Momentum,
}

/// One step of a tensor; `weight_decay` times the weights is added to the gradient.
pub fn sgd_step(
    settings: &Sgd,
    weight_decay: f32,
    weights: &mut [f32],
    gradient: &[f32],
    velocity: &mut [f32],
) {
    let (momentum, of_gradient, of_velocity) = match settings.momentum {
        Momentum::Heavy(m) => (m, 0.0, 1.0),
        Momentum::Nesterov(m) => (m, 1.0, m),
    };
    for ((w, &g), v) in weights.iter_mut().zip(gradient).zip(velocity) {
        let g = g + weight_decay * *w;
        *v = momentum * *v + g;
        *w -= settings.learning_rate * (of_gradient * g + of_velocity * *v);
    }
}

/// Settings of RMSProp in TensorFlow's form: eps inside the root, the learning rate inside the
/// momentum, mean squares that start at 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// Learning rate.
    pub learning_rate: f32,
    /// Weight of the past in the mean square.
    pub decay: f32,
    /// Momentum.
    pub momentum: f32,
    /// Added to the mean square.
    pub eps: f32,
}

/// One step of a tensor; `weight_decay` times the weights is added to the gradient.
pub fn rmsprop_step(
    settings: &RmsProp,
    weight_decay: f32,
    weights: &mut [f32],
    gradient: &[f32],
    mean_square: &mut [f32],
    velocity: &mut [f32],
) {
    let state = mean_square.iter_mut().zip(velocity);
    for ((w, &g), (square, v)) in weights.iter_mut().zip(gradient).zip(state) {
        let g = g + weight_decay * *w;
        *square += (1.0 - settings.decay) * (g * g - *square);
        *v = settings.momentum * *v + settings.learning_rate * g / (*square + settings.eps).sqrt();
        *w -= *v;
    }
}

/// The factor that brings the norm over all gradients down to `largest`; 1 where it is below.
pub fn clip_factor<'a>(gradients: impl IntoIterator<Item = &'a [f32]>, largest: f32) -> f32 {
    let square = |g: &[f32]| g.iter().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>();
    let norm = gradients.into_iter().map(square).sum::<f64>().sqrt();
    (f64::from(largest) / norm).min(1.0) as f32
}

/// Moves an exponential moving average: `average = decay x average + (1 - decay) x values`.
pub fn ema(average: &mut [f32], values: &[f32], decay: f32) {
    for (average, &value) in average.iter_mut().zip(values) {
        *average += (1.0 - decay) * (value - *average);
    }
}
