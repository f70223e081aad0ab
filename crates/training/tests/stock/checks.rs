//! Pseudo-random tensors, and checks of values and gradients.

use candle_core::{Device, Result, Tensor, Var};

/// Reproducible values from -1 to 1, not symmetric and all different.
pub(crate) fn numbers(count: usize, seed: usize) -> Vec<f64> {
    (0..count).map(|i| ((i + 97 * seed + 1) * 7_919 % 10_007) as f64 / 5_003.5 - 1.0).collect()
}

pub(crate) fn tensor(dims: &[usize], seed: usize) -> Tensor {
    given(&numbers(dims.iter().product(), seed), dims)
}

pub(crate) fn given(numbers: &[f64], dims: &[usize]) -> Tensor {
    Tensor::from_slice(numbers, dims, &Device::Cpu).unwrap()
}

pub(crate) fn values(x: &Tensor) -> Vec<f64> {
    x.flatten_all().unwrap().to_vec1().unwrap()
}

pub(crate) fn assert_close(found: &[f64], expected: &[f64], allowed: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= allowed * b.abs().max(1.0), "{what}, {i}: {a}, {b}");
    }
}

/// The gradient by each input of the sum of `f`'s elements times `weights`.
pub(crate) fn gradients(
    inputs: &[&Tensor],
    weights: &[f64],
    f: impl Fn(&[Tensor]) -> Result<Tensor>,
) -> Vec<Vec<f64>> {
    let inputs: Vec<Var> = inputs.iter().map(|x| Var::from_tensor(x).unwrap()).collect();
    let y = f(&inputs.iter().map(|x| x.as_tensor().clone()).collect::<Vec<_>>()).unwrap();
    let loss = (&y * given(weights, y.dims())).unwrap().sum_all().unwrap();
    let gradients = loss.backward().unwrap();
    inputs.iter().map(|x| values(gradients.get(x).expect("tracked"))).collect()
}

/// Compares the values of `f` with `expected` and its gradients by each input with differences, and
/// requires the same values for transposed views of the inputs.
pub(crate) fn check(
    what: &str,
    inputs: &[&Tensor],
    expected: &[f64],
    f: impl Fn(&[Tensor]) -> Result<Tensor>,
) {
    const STEP: f64 = 1e-5;
    let mut all: Vec<Tensor> = inputs.iter().map(|&x| x.clone()).collect();
    let y = f(&all).unwrap();
    assert!(y.is_contiguous(), "{what}");
    assert_close(&values(&y), expected, 1e-12, what);

    let last = |x: &Tensor| x.rank() - 1;
    let transpose = |x: &Tensor| x.transpose(0, last(x)).unwrap();
    let views: Vec<Tensor> =
        all.iter().map(|x| transpose(&transpose(x).contiguous().unwrap())).collect();
    assert_close(&values(&f(&views).unwrap()), expected, 1e-12, what);

    let weights = numbers(y.elem_count(), 50);
    let sum = |all: &[Tensor]| -> f64 {
        values(&f(all).unwrap()).iter().zip(&weights).map(|(a, b)| a * b).sum()
    };
    for (input, found) in gradients(inputs, &weights, &f).iter().enumerate() {
        let (at, dims) = (values(inputs[input]), inputs[input].dims());
        let mut sum_with = |i: usize, step: f64| {
            let mut moved = at.clone();
            moved[i] += step;
            all[input] = given(&moved, dims);
            sum(&all)
        };
        let differences: Vec<f64> = (0..at.len())
            .map(|i| (sum_with(i, STEP) - sum_with(i, -STEP)) / (2.0 * STEP))
            .collect();
        all[input] = inputs[input].clone();
        assert_close(found, &differences, 1e-7, &format!("{what}, gradient {input}"));
    }
}

/// Calls `visit(output pixel, tap, input pixel)` for each tap that lies on the map, in row-major
/// order, and returns the number of output pixels.
pub(crate) fn windows(
    [batch, height, width]: [usize; 3],
    (kernel, stride): (usize, usize),
    mut visit: impl FnMut(usize, usize, usize),
) -> usize {
    let pad = kernel / 2;
    let out = |side: usize| (side + 2 * pad - kernel) / stride + 1;
    let mut pixel = 0;
    for (image, y, x) in (0..batch)
        .flat_map(|n| (0..out(height)).flat_map(move |y| (0..out(width)).map(move |x| (n, y, x))))
    {
        for tap in 0..kernel * kernel {
            let (y, x) = (y * stride + tap / kernel, x * stride + tap % kernel);
            if (pad..pad + height).contains(&y) && (pad..pad + width).contains(&x) {
                visit(pixel, tap, (image * height + y - pad) * width + x - pad);
            }
        }
        pixel += 1;
    }
    pixel
}
