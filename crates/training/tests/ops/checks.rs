//! Pseudo-random tensors, and checks of outputs and gradients.

use candle_core::{DType, Device, Result, Tensor, Var};
use training::ops::BatchStatistics;

/// Reproducible values from -1 to 1 that are not symmetric.
pub(crate) fn numbers(dims: &[usize], seed: usize) -> Tensor {
    let number = |i: usize| ((i + 97 * seed + 1) * 7_919 % 10_007) as f32 / 5_003.5 - 1.0;
    let values: Vec<f32> = (0..dims.iter().product()).map(number).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
}

pub(crate) fn values(x: &Tensor) -> Vec<f64> {
    x.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

pub(crate) fn largest(x: &Tensor) -> f64 {
    values(x).iter().fold(0.0, |a, b| a.max(b.abs()))
}

/// An op's output and the statistics that it returns beside.
pub(crate) trait Given {
    fn list(self) -> Vec<Tensor>;
}

impl Given for Tensor {
    fn list(self) -> Vec<Tensor> {
        vec![self]
    }
}

impl Given for (Tensor, BatchStatistics) {
    fn list(self) -> Vec<Tensor> {
        let (y, BatchStatistics { mean, var, count }) = self;
        assert_eq!(count * mean.elem_count(), y.elem_count());
        assert!(!mean.track_op() && !var.track_op());
        vec![y, mean, var]
    }
}

pub(crate) fn variables(inputs: &[Tensor], dtype: DType) -> (Vec<Var>, Vec<Tensor>) {
    let var = |x: &Tensor| Var::from_tensor(&x.to_dtype(dtype).unwrap()).unwrap();
    let vars: Vec<Var> = inputs.iter().map(var).collect();
    let tensors = vars.iter().map(|x| x.as_tensor().clone()).collect();
    (vars, tensors)
}

/// The results of `op`, and the gradients by `vars` of the sum of its output times fixed factors.
pub(crate) fn run<G: Given>(
    op: impl Fn(&[Tensor]) -> Result<G>,
    inputs: &[Tensor],
    vars: &[Var],
) -> Vec<Tensor> {
    let mut all = op(inputs).unwrap().list();
    let weights = numbers(all[0].dims(), 50).to_dtype(all[0].dtype()).unwrap();
    let gradients = (&all[0] * weights).unwrap().sum_all().unwrap().backward().unwrap();
    all.extend(vars.iter().map(|x| gradients.get(x).expect("a gradient").clone()));
    all
}

/// Requires tensors to agree within 1e-4 of the largest element of each. Gradients that a batch
/// norm cancels are rounding errors of sums as large as the other tensors, and have to agree within
/// 1e-6 of those.
pub(crate) fn agree(what: &str, found: &[Tensor], expected: &[Tensor]) {
    let floor = 1e-2 * expected.iter().map(largest).fold(0.0, f64::max);
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.dims(), expected.dims(), "{what}, {place}");
        let allowed = 1e-4 * largest(expected).max(floor);
        for (i, (a, b)) in values(found).iter().zip(values(expected)).enumerate() {
            assert!((a - b).abs() <= allowed, "{what}, {place}, {i}: {a} for {b}");
        }
    }
}

fn turned(x: &Tensor) -> Tensor {
    x.transpose(0, x.rank() - 1).unwrap()
}

/// Makes a tensor that contains another one, and a view of the latter in it.
type Frame = (fn(&Tensor) -> Tensor, fn(&Tensor) -> Tensor);

/// A contiguous view that does not start at 0, and a view with swapped axes that is not contiguous.
const FRAMES: [Frame; 2] = [
    (|x| Tensor::stack(&[&x.ones_like().unwrap(), x], 0).unwrap(), |x| x.get(1).unwrap()),
    (
        |x| Tensor::stack(&[&x.ones_like().unwrap(), x], x.rank()).map(|x| turned(&x)).unwrap(),
        |x| turned(x).narrow(x.rank() - 1, 1, 1).unwrap().squeeze(x.rank() - 1).unwrap(),
    ),
];

/// Compares outputs and gradients of `fused` with those of `stock` in f64. Views have to give the
/// same bits as contiguous inputs, and so does each variable among inputs that are not tracked.
pub(crate) fn check<G: Given>(
    what: &str,
    inputs: &[Tensor],
    fused: impl Fn(&[Tensor]) -> Result<G>,
    stock: impl Fn(&[Tensor]) -> Result<G>,
) {
    let (vars, tensors) = variables(inputs, DType::F32);
    let found = run(&fused, &tensors, &vars);
    let (wide, tensors) = variables(inputs, DType::F64);
    agree(what, &found, &run(stock, &tensors, &wide));

    let outputs = found.len() - inputs.len();
    for (around, inside) in FRAMES {
        let (outer, tensors) =
            variables(&inputs.iter().map(around).collect::<Vec<_>>(), DType::F32);
        let views: Vec<Tensor> = tensors.iter().map(inside).collect();
        for (place, of_views) in run(&fused, &views, &outer).iter().enumerate() {
            let of_views = if place < outputs { of_views.clone() } else { inside(of_views) };
            assert_eq!(values(&of_views), values(&found[place]), "{what}, views, {place}");
        }
    }

    assert!(!fused(inputs).unwrap().list()[0].track_op(), "{what}");
    for (i, var) in vars.iter().enumerate() {
        let mut alone = inputs.to_vec();
        alone[i] = var.as_tensor().clone();
        let of_alone = run(&fused, &alone, std::slice::from_ref(var));
        assert_eq!(values(&of_alone[outputs]), values(&found[outputs + i]), "{what}, {i} alone");
    }
}

/// Compares the gradients of `op` with central differences.
pub(crate) fn check_differences<G: Given>(
    what: &str,
    inputs: &[Tensor],
    op: impl Fn(&[Tensor]) -> Result<G>,
) {
    let (vars, tensors) = variables(inputs, DType::F32);
    let found = run(&op, &tensors, &vars);
    let sum = |inputs: &[Tensor]| -> f64 {
        let y = &op(inputs).unwrap().list()[0];
        values(y).iter().zip(values(&numbers(y.dims(), 50))).map(|(a, b)| a * b).sum()
    };
    for (input, gradient) in found[found.len() - inputs.len()..].iter().enumerate() {
        let (allowed, gradient) = (1e-2 * largest(gradient), values(gradient));
        for at in (0..gradient.len()).step_by(3) {
            let moved = |step: f64| {
                let (mut moved, mut x) = (inputs.to_vec(), values(&inputs[input]));
                x[at] += step;
                let x = Tensor::from_vec(x, inputs[input].dims(), &Device::Cpu).unwrap();
                moved[input] = x.to_dtype(DType::F32).unwrap();
                sum(&moved)
            };
            let difference = (moved(0.01) - moved(-0.01)) / 0.02;
            let off = (gradient[at] - difference).abs();
            assert!(off < allowed, "{what}, {input}, {at}: {} for {difference}", gradient[at]);
        }
    }
}
