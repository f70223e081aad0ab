//! Optimisers against steps worked out by hand, as candle optimisers, and in f32 and f64.

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::Optimizer;
use training::{RmsProp, RmsPropConfig, Sgd, SgdConfig, clip_factor, ema};

const SGD: SgdConfig = SgdConfig { learning_rate: 0.1, momentum: 0.9, weight_decay: 0.01 };
const RMSPROP: RmsPropConfig =
    RmsPropConfig { learning_rate: 0.1, decay: 0.9, momentum: 0.5, eps: 1e-3, weight_decay: 0.01 };

fn var(values: &[f64], shape: &[usize], dtype: DType) -> Var {
    let tensor = Tensor::from_slice(values, shape, &Device::Cpu).unwrap();
    Var::from_tensor(&tensor.to_dtype(dtype).unwrap()).unwrap()
}

fn store(var: &Var, gradient: &[f64]) -> GradStore {
    let gradient = Tensor::from_slice(gradient, var.dims(), &Device::Cpu).unwrap();
    let mut store = GradStore::default();
    store.insert(var, gradient.to_dtype(var.dtype()).unwrap());
    store
}

fn values(var: &Var) -> Vec<f64> {
    var.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn check(var: &Var, expected: &[f64]) {
    let found = values(var);
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-6, "{found:?} for {expected:?}");
    }
}

/// Variables of one dimension do not decay, and those of two dimensions do.
#[test]
fn sgd_is_pytorchs_with_nesterovs_momentum() {
    for dtype in [DType::F32, DType::F64] {
        for (shape, decay) in [(&[2][..], 0.0), (&[1, 2], 0.01)] {
            let weights = var(&[1.0, -2.0], shape, dtype);
            let mut sgd = Sgd::new(vec![weights.clone()], SGD).unwrap();
            let (mut expected, mut buffers) = ([1.0, -2.0], [0.0; 2]);
            for (rate, gradients) in [(0.1, [0.5, 3.0]), (0.05, [-1.0, 0.25])] {
                sgd.set_learning_rate(rate);
                assert_eq!(sgd.learning_rate(), rate);
                sgd.step(&store(&weights, &gradients)).unwrap();
                for ((w, b), g) in expected.iter_mut().zip(&mut buffers).zip(gradients) {
                    let g = g + decay * *w;
                    *b = 0.9 * *b + g;
                    *w -= rate * (g + 0.9 * *b);
                }
                check(&weights, &expected);
                check(&sgd.momentum_buffers()[0], &buffers);
            }
        }
    }
}

#[test]
fn rmsprop_is_tensorflows() {
    for dtype in [DType::F32, DType::F64] {
        for (shape, decay) in [(&[2][..], 0.0), (&[1, 2], 0.01)] {
            let weights = var(&[1.0, -2.0], shape, dtype);
            let mut rmsprop = RmsProp::new(vec![weights.clone()], RMSPROP).unwrap();
            let (mut expected, mut buffers, mut squares) = ([1.0, -2.0], [0.0; 2], [1.0; 2]);
            for (rate, gradients) in [(0.1, [0.5, 3.0]), (0.05, [-1.0, 0.25])] {
                rmsprop.set_learning_rate(rate);
                assert_eq!(rmsprop.learning_rate(), rate);
                rmsprop.step(&store(&weights, &gradients)).unwrap();
                let state = buffers.iter_mut().zip(&mut squares);
                for ((w, (b, s)), g) in expected.iter_mut().zip(state).zip(gradients) {
                    let g = g + decay * *w;
                    *s += 0.1 * (g * g - *s);
                    *b = 0.5 * *b + rate * g / (*s + 1e-3_f64).sqrt();
                    *w -= *b;
                }
                check(&weights, &expected);
                check(&rmsprop.momentum_buffers()[0], &buffers);
                check(&rmsprop.square_avgs()[0], &squares);
            }
        }
    }
}

/// Steps on the weights of a convolution agree in place in f32 and by candle's ops in f64.
fn f32_is_f64<O: Optimizer>(config: O::Config, state: fn(&O) -> Vec<&[Var]>)
where
    O::Config: Clone,
{
    let number = |i: usize| (i * 7_919 % 10_007) as f64 / 5_003.5 - 1.0;
    let numbers = |seed: usize| (0..54).map(|i| number(i + 97 * seed)).collect::<Vec<f64>>();
    let [(narrow, mut in_f32), (wide, mut in_f64)] = [DType::F32, DType::F64].map(|dtype| {
        let weights = var(&numbers(0), &[2, 3, 3, 3], dtype);
        let optimiser = O::new(vec![weights.clone()], config.clone()).unwrap();
        (weights, optimiser)
    });
    for seed in 1..6 {
        in_f32.step(&store(&narrow, &numbers(seed))).unwrap();
        in_f64.step(&store(&wide, &numbers(seed))).unwrap();
        check(&narrow, &values(&wide));
        for (narrow, wide) in state(&in_f32).into_iter().zip(state(&in_f64)) {
            check(&narrow[0], &values(&wide[0]));
        }
    }
}

#[test]
fn f32_steps_are_f64_steps() {
    f32_is_f64::<Sgd>(SGD, |sgd| vec![sgd.momentum_buffers()]);
    f32_is_f64::<RmsProp>(RMSPROP, |rmsprop| {
        vec![rmsprop.momentum_buffers(), rmsprop.square_avgs()]
    });
}

fn stays_without_a_gradient<O: Optimizer>(config: O::Config) {
    let [moved, kept] = [1.0, 2.0].map(|value| var(&[value], &[1, 1], DType::F32));
    let mut optimiser = O::new(vec![kept.clone(), moved.clone()], config).unwrap();
    optimiser.step(&store(&moved, &[1.0])).unwrap();
    check(&kept, &[2.0]);
    assert!(values(&moved)[0] < 1.0);
}

#[test]
fn a_variable_without_a_gradient_stays() {
    stays_without_a_gradient::<Sgd>(SGD);
    stays_without_a_gradient::<RmsProp>(RMSPROP);
}

fn finds_a_minimum<O: Optimizer>(config: O::Config) {
    let weights = var(&[3.0, -4.0], &[2], DType::F32);
    let mut optimiser = O::new(vec![weights.clone()], config).unwrap();
    optimiser.set_learning_rate(0.02);
    for _ in 0..200 {
        let loss = (weights.as_tensor() - 1.0).unwrap().sqr().unwrap().sum_all().unwrap();
        optimiser.backward_step(&loss).unwrap();
    }
    for value in values(&weights) {
        assert!((value - 1.0).abs() < 1e-2, "{value}");
    }
}

#[test]
fn backward_steps_find_a_minimum() {
    finds_a_minimum::<Sgd>(SGD);
    finds_a_minimum::<RmsProp>(RMSPROP);
}

#[test]
fn averages_and_norms() {
    let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
    let gradients = [tensor(&[3.0]), tensor(&[0.0, 4.0])];
    assert_eq!(clip_factor(&gradients, 1.0).unwrap(), 0.2);
    assert_eq!(clip_factor(&gradients, 10.0).unwrap(), 1.0);
    assert_eq!(clip_factor(&[], 1.0).unwrap(), 1.0);
    for dtype in [DType::F32, DType::F64] {
        let average = var(&[1.0], &[1], dtype);
        ema(&average, &tensor(&[3.0]).to_dtype(dtype).unwrap(), 0.75).unwrap();
        check(&average, &[1.5]);
    }
    let error = ema(&var(&[1.0], &[1], DType::F32), &tensor(&[1.0, 2.0]), 0.5);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("update: shapes: found [[2], [2]]; expected: [1]")
    );
}
