//! The stock ops in f64: values against plain loops, and gradients against finite differences.

mod checks;

use candle_core::{DType, Tensor, Var};
use checks::{assert_close, check, given, gradients, tensor, values, windows};
use kernels::Activation;
use training::ops::{BatchNorm, Conv2d, Pool2d};
use training::stock::{self, norm_act};

const ACTIVATIONS: [Activation; 7] = [
    Activation::Linear,
    Activation::Relu,
    Activation::Relu6,
    Activation::HardSwish,
    Activation::Swish,
    Activation::Sigmoid,
    Activation::HardSigmoid,
];

fn conv_by_loops(x: &Tensor, weight: &Tensor, bias: &Tensor, conv: Conv2d) -> Vec<f64> {
    let (batch, height, width, channels) = x.dims4().unwrap();
    let (out, of_group, kernel, _) = weight.dims4().unwrap();
    let (x, weight, bias) = (values(x), values(weight), values(bias));
    let mut y = vec![0.0; batch * height * width * out];
    let pixels = windows([batch, height, width], (kernel, conv.stride), |to, tap, from| {
        for o in 0..out {
            let first = o / (out / conv.groups) * of_group;
            for i in 0..of_group {
                let weight = weight[(o * of_group + i) * kernel * kernel + tap];
                y[to * out + o] += weight * x[from * channels + first + i];
            }
        }
    });
    y.truncate(pixels * out);
    y.iter().enumerate().map(|(i, y)| y + bias[i % out]).collect()
}

#[test]
fn convolutions() {
    // Height and width, input and output channels, kernel, stride, groups.
    for (i, &(sides, channels, out, kernel, stride, groups)) in [
        ([3, 2], 3, 4, 1, 1, 1),
        ([5, 4], 2, 3, 1, 2, 1),
        ([4, 3], 4, 6, 1, 1, 2),
        ([5, 4], 3, 2, 3, 1, 1),
        ([4, 7], 3, 2, 3, 2, 1),
        ([1, 2], 2, 2, 5, 3, 1),
        ([5, 3], 4, 6, 3, 2, 2),
        ([5, 4], 3, 3, 3, 1, 3),
        ([6, 5], 2, 2, 5, 2, 2),
        ([7, 4], 2, 2, 3, 3, 2),
        ([4, 5], 2, 4, 3, 1, 2),
        ([2, 3], 2, 2, 7, 1, 2),
    ]
    .iter()
    .enumerate()
    {
        let x = tensor(&[2, sides[0], sides[1], channels], i);
        let weight = tensor(&[out, channels / groups, kernel, kernel], i + 1);
        let bias = tensor(&[out], i + 2);
        let conv = Conv2d { stride, groups };
        let expected = conv_by_loops(&x, &weight, &bias, conv);
        check(&format!("convolution {i}"), &[&x, &weight, &bias], &expected, |t| {
            stock::conv2d(&t[0], &t[1], Some(&t[2]), conv)
        });
        if kernel == 1 && groups == 1 {
            let weight = weight.reshape((out, channels)).unwrap();
            let y = stock::conv2d(&x, &weight, Some(&bias), conv).unwrap();
            assert_close(&values(&y), &expected, 1e-12, "matrix");
        }
    }
}

fn image(act: Activation, x: f64) -> f64 {
    let gate = ((x + 3.0) / 6.0).clamp(0.0, 1.0);
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    match act {
        Activation::Linear => x,
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::HardSwish => x * gate,
        Activation::Swish => x * sigmoid,
        Activation::Sigmoid => sigmoid,
        Activation::HardSigmoid => gate,
    }
}

#[test]
fn activations() {
    let kinks = given(&[-3.0, 0.0, 3.0, 6.0], &[1, 1, 1, 4]);
    for act in ACTIVATIONS {
        let x = (tensor(&[2, 3, 5, 2], 1) * 9.0).unwrap();
        let expected: Vec<f64> = values(&x).iter().map(|&x| image(act, x)).collect();
        check(&format!("{act:?}"), &[&x], &expected, |t| stock::activation(&t[0], act));
        let expected = match act {
            Activation::Relu => [0.0, 0.0, 1.0, 1.0],
            Activation::Relu6 => [0.0, 0.0, 1.0, 0.0],
            Activation::HardSwish => [0.0, 0.5, 1.0, 1.0],
            Activation::HardSigmoid => [0.0, 1.0 / 6.0, 0.0, 0.0],
            _ => continue,
        };
        let found = gradients(&[&kinks], &[1.0; 4], |t| stock::activation(&t[0], act));
        assert_close(&found[0], &expected, 1e-12, &format!("{act:?} at its kinks"));
    }
    let far = given(&[-1e3, 1e3], &[1, 1, 1, 2]).to_dtype(DType::F32).unwrap();
    for act in ACTIVATIONS {
        let x = Var::from_tensor(&far).unwrap();
        let gradient = stock::activation(&x, act).unwrap().backward().unwrap();
        let gradient: Vec<f32> =
            gradient.get(&x).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        assert!(gradient.iter().all(|slope| slope.is_finite()), "{act:?} far out");
    }
}

#[test]
fn norms() {
    const EPS: f32 = 1e-3;
    let (dims, count) = ([3, 2, 5, 4], 30);
    let (x, weight, bias) = (tensor(&dims, 1), tensor(&[4], 2), tensor(&[4], 3));
    let of_channel = |c: usize| values(&x).into_iter().skip(c).step_by(4).collect::<Vec<_>>();
    let mean = |c: usize| of_channel(c).iter().sum::<f64>() / count as f64;
    let squares = |c: usize| of_channel(c).iter().map(|x| (x - mean(c)).powi(2)).sum::<f64>();
    let means: Vec<f64> = (0..4).map(mean).collect();
    let vars: Vec<f64> = (0..4).map(|c| squares(c) / count as f64).collect();
    let normed = |means: &[f64], vars: &[f64], act| -> Vec<f64> {
        let scale = |c: usize| values(&weight)[c] / (vars[c] + f64::from(EPS)).sqrt();
        let y = |(i, x): (usize, &f64)| (x - means[i % 4]) * scale(i % 4) + values(&bias)[i % 4];
        values(&x).iter().enumerate().map(|x| image(act, y(x))).collect()
    };
    for act in ACTIVATIONS {
        let inputs = [&x, &weight, &bias];
        check(&format!("norm, {act:?}"), &inputs, &normed(&means, &vars, act), |t| {
            let (y, of) = norm_act(&t[0], BatchNorm { weight: &t[1], bias: &t[2], eps: EPS }, act)?;
            assert_eq!((of.count, of.mean.dims(), of.var.dims()), (count, &[4][..], &[4][..]));
            Ok(y)
        });
        let running = [tensor(&[4], 4), (tensor(&[4], 5) + 1.5).unwrap()];
        let expected = normed(&values(&running[0]), &values(&running[1]), act);
        check(&format!("norm at evaluation, {act:?}"), &inputs, &expected, |t| {
            let norm = BatchNorm { weight: &t[1], bias: &t[2], eps: EPS };
            stock::norm_act_eval(&t[0], norm, &running[0], &running[1], act)
        });
    }
    let (_, found) =
        norm_act(&x, BatchNorm { weight: &weight, bias: &bias, eps: EPS }, Activation::Relu)
            .unwrap();
    assert_close(&values(&found.mean), &means, 1e-12, "mean");
    assert_close(&values(&found.var), &vars, 1e-12, "variance");
}

/// In f32 as well, where scalars have to be f32.
#[test]
fn convolution_norm_and_activation_are_the_three_in_a_row() {
    let inputs = [&tensor(&[2, 5, 4, 4], 1), &tensor(&[6, 2, 3, 3], 2), &tensor(&[6], 3)];
    let conv = Conv2d { stride: 2, groups: 2 };
    for act in ACTIVATIONS {
        let run = |t: &[Tensor]| {
            let norm = BatchNorm { weight: &t[2], bias: &t[2], eps: 1e-5 };
            let (fused, _) = stock::conv2d_norm_act(&t[0], &t[1], conv, norm, act)?;
            let (apart, _) = norm_act(&stock::conv2d(&t[0], &t[1], None, conv)?, norm, act)?;
            assert_eq!(values(&fused.to_dtype(DType::F64)?), values(&apart.to_dtype(DType::F64)?));
            Ok(fused)
        };
        let expected = values(&run(&inputs.map(Clone::clone)).unwrap());
        check(&format!("convolution and norm, {act:?}"), &inputs, &expected, run);
        let y = run(&inputs.map(|x| x.to_dtype(DType::F32).unwrap())).unwrap();
        assert_close(&values(&y.to_dtype(DType::F64).unwrap()), &expected, 1e-4, "f32");
    }
}

#[test]
fn pools() {
    for (sides, kernel, stride) in [
        ([5, 4], 3, 1),
        ([5, 4], 3, 2),
        ([4, 7], 3, 3),
        ([1, 2], 5, 2),
        ([6, 5], 5, 1),
        ([4, 3], 1, 2),
    ] {
        let x = (tensor(&[2, sides[0], sides[1], 3], kernel) - 2.0).unwrap();
        let (of, numbers, pool) = ([2, sides[0], sides[1]], values(&x), Pool2d { kernel, stride });
        let mut most = vec![f64::NEG_INFINITY; x.elem_count()];
        let mut sum = vec![0.0; x.elem_count()];
        let pixels = windows(of, (kernel, stride), |to, _, from| {
            for c in 0..3 {
                most[to * 3 + c] = numbers[from * 3 + c].max(most[to * 3 + c]);
                sum[to * 3 + c] += numbers[from * 3 + c] / (kernel * kernel) as f64;
            }
        });
        let what = format!("{pool:?} over {sides:?}");
        check(&what, &[&x], &most[..pixels * 3], |t| stock::max_pool2d(&t[0], pool));
        check(&what, &[&x], &sum[..pixels * 3], |t| stock::avg_pool2d(&t[0], pool));

        // Few different values, so that windows have several equal maxima.
        let tied: Vec<f64> = numbers.iter().map(|x| (x * 1.5).floor()).collect();
        let tied = given(&tied, x.dims());
        let weights: Vec<f64> = (0..pixels * 3).map(|i| (i + 1) as f64).collect();
        let mut first = vec![None; pixels * 3];
        let numbers = values(&tied);
        windows(of, (kernel, stride), |to, _, from| {
            for c in 0..3 {
                let (to, from) = (to * 3 + c, from * 3 + c);
                if first[to].is_none_or(|first: usize| numbers[from] > numbers[first]) {
                    first[to] = Some(from);
                }
            }
        });
        let mut expected = vec![0.0; numbers.len()];
        first.iter().zip(&weights).for_each(|(first, weight)| expected[first.unwrap()] += weight);
        let found = gradients(&[&tied], &weights, |t| stock::max_pool2d(&t[0], pool));
        assert_close(&found[0], &expected, 1e-12, &format!("ties of {what}"));
    }
}

#[test]
fn maps() {
    let (x, other, scale) =
        (tensor(&[2, 3, 2, 6], 1), tensor(&[2, 3, 2, 6], 2), tensor(&[2, 1, 1, 6], 3));
    let (a, b, of_image) = (values(&x), values(&other), values(&scale));
    let by_index = |f: &dyn Fn(usize) -> f64| (0..72).map(f).collect::<Vec<f64>>();
    let sums = by_index(&|i| a[i] + b[i]);
    check("add", &[&x, &other], &sums, |t| stock::add(&t[0], &t[1]));
    let products = by_index(&|i| a[i] * of_image[i / 36 * 6 + i % 6]);
    check("multiply", &[&x, &scale], &products, |t| stock::multiply(&t[0], &t[1]));
    let shuffled = by_index(&|i| a[i / 6 * 6 + i % 3 * 2 + i % 6 / 3]);
    check("shuffle", &[&x], &shuffled, |t| stock::channel_shuffle(&t[0], 3));
    let middle: Vec<f64> = a.chunks(6).flat_map(|pixel| pixel[1..4].to_vec()).collect();
    check("split", &[&x], &middle, |t| stock::split(&t[0], 1, 3));
    let both: Vec<f64> = a.chunks(6).zip(b.chunks(6)).flat_map(|(a, b)| [a, b].concat()).collect();
    check("concat", &[&x, &other], &both, |t| stock::concat(&[&t[0], &t[1]]));
    let mean = |i: usize| a[i / 6 * 36..][..36].iter().skip(i % 6).step_by(6).sum::<f64>() / 6.0;
    let means: Vec<f64> = (0..12).map(mean).collect();
    check("global average", &[&x], &means, |t| stock::global_avg_pool(&t[0]));
}

#[test]
fn losses() {
    let (logits, targets) = (tensor(&[4, 5], 1), tensor(&[4, 5], 2));
    let (x, of) = (values(&logits), values(&targets));
    let log_sum = |row: &[f64]| row.iter().map(|x| x.exp()).sum::<f64>().ln();
    let loss: f64 = (0..20).map(|i| of[i] * (log_sum(&x[i / 5 * 5..][..5]) - x[i])).sum();
    check("loss", &[&logits, &targets], &[loss], |t| {
        stock::cross_entropy(&t[0], &t[1])?.reshape((1, 1))
    });
}

#[test]
fn what_does_not_fit_is_an_error() {
    let x = &tensor(&[2, 3, 4, 6], 1);
    let conv = |weight: &[usize], stride, groups| {
        stock::conv2d(x, &tensor(weight, 1), None, Conv2d { stride, groups }).is_err()
    };
    assert!(conv(&[4, 6, 2, 2], 1, 1) && conv(&[4, 6, 3, 1], 1, 1) && conv(&[4, 5, 1, 1], 1, 1));
    assert!(conv(&[4, 6, 1, 1], 0, 1) && conv(&[4, 6, 1, 1], 1, 0) && conv(&[4, 2, 1, 1], 1, 3));
    assert!(conv(&[4, 3], 1, 2) && conv(&[4], 1, 1) && conv(&[0, 6, 1, 1], 1, 1));
    let bias = Some(&tensor(&[1], 1)).cloned();
    let weight = tensor(&[4, 6], 1);
    assert!(stock::conv2d(x, &weight, bias.as_ref(), Conv2d { stride: 1, groups: 1 }).is_err());
    let (one, six) = (&tensor(&[1], 1), &tensor(&[6], 1));
    for (weight, bias) in [(one, six), (six, one)] {
        assert!(norm_act(x, BatchNorm { weight, bias, eps: 1e-5 }, Activation::Relu).is_err());
    }
    for (kernel, stride) in [(2, 1), (0, 1), (3, 0)] {
        assert!(stock::max_pool2d(x, Pool2d { kernel, stride }).is_err());
        assert!(stock::avg_pool2d(x, Pool2d { kernel, stride }).is_err());
    }
    let other = &tensor(&[2, 3, 1, 6], 1);
    assert!(stock::add(x, other).is_err() && stock::concat(&[x, other]).is_err());
    assert!(stock::multiply(x, other).is_err() && stock::concat(&[]).is_err());
    assert!(stock::split(x, 4, 3).is_err() && stock::split(x, usize::MAX, 2).is_err());
    assert!(stock::channel_shuffle(x, 4).is_err() && stock::channel_shuffle(x, 0).is_err());
    assert!(stock::global_avg_pool(six).is_err() && stock::cross_entropy(six, six).is_err());
    assert!(stock::max_pool2d(&tensor(&[0, 3, 4, 6], 1), Pool2d { kernel: 3, stride: 1 }).is_err());
}

/// As in PyTorch, in these ops and in those of the kernels.
#[test]
fn nan_stays_nan() {
    for act in ACTIVATIONS {
        let x = given(&[1.0, f64::NAN, -9.0, 9.0], &[1, 2, 2, 1]);
        let stock = values(&stock::activation(&x, act).unwrap());
        assert_eq!(stock.iter().position(|y| y.is_nan()), Some(1), "{act:?}");
    }
    let pool = Pool2d { kernel: 3, stride: 2 };
    for at in 0..25 {
        let mut x: Vec<f64> = (0..25).map(|i| f64::from(i % 7)).collect();
        x[at] = f64::NAN;
        let (row, column) = (at / 5, at % 5);
        let near = |of: usize, at: usize| (2 * of).abs_diff(at) <= 1;
        let expected: Vec<bool> = (0..9).map(|i| near(i / 3, row) && near(i % 3, column)).collect();
        let x = given(&x, &[1, 5, 5, 1]);
        let stock = values(&stock::max_pool2d(&x, pool).unwrap());
        let x = x.to_dtype(DType::F32).unwrap();
        let fused = training::ops::max_pool2d(&x, pool).unwrap().to_dtype(DType::F64).unwrap();
        for found in [stock, values(&fused)] {
            let found: Vec<bool> = found.iter().map(|y| y.is_nan()).collect();
            assert_eq!(found, expected, "{at}");
        }
    }
}
