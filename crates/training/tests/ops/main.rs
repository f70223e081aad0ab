//! The fused ops against the stock ops in f64, on views, against finite differences, and with bad
//! input.

mod checks;
mod refused;

use candle_core::{DType, Device, Tensor};
use checks::{agree, check, check_differences, numbers, run, values, variables};
use kernels::Activation;
use proptest::prelude::*;
use training::ops::{self, BatchNorm, BatchStatistics, Conv2d, Pool2d};
use training::stock;

const ACTIVATIONS: [Activation; 7] = [
    Activation::Linear,
    Activation::Relu,
    Activation::Relu6,
    Activation::HardSwish,
    Activation::Swish,
    Activation::Sigmoid,
    Activation::HardSigmoid,
];
/// Points where one of the activations is not differentiable.
const KINKS: [f64; 4] = [-3.0, 0.0, 3.0, 6.0];

/// Calls [`check`] with an op of both modules and these arguments.
macro_rules! check {
    ($op:ident, $inputs:expr, |$t:ident| ($($argument:expr),*)) => {
        check(
            stringify!($op),
            $inputs,
            |$t| ops::$op($($argument),*),
            |$t| stock::$op($($argument),*),
        )
    };
}

#[derive(Clone, Debug)]
struct Case {
    dims: [usize; 4],
    out: usize,
    kernel: usize,
    conv: Conv2d,
    seed: usize,
}

/// Dense, grouped and depthwise convolutions on maps that are not square.
fn case() -> impl Strategy<Value = Case> {
    let kernel = prop_oneof![Just(1_usize), Just(3), Just(5), Just(7)];
    let sides = (1..=3_usize, 1..=9_usize, 1..=9_usize, kernel, 1..=3_usize, 0..100_usize);
    let channels = prop_oneof![
        (1..=20_usize, 1..=20_usize).prop_map(|(from, to)| (from, to, 1)),
        (1..=5_usize, 1..=5_usize, 2..=4_usize).prop_map(|(from, to, g)| (from * g, to * g, g)),
        (2..=40_usize).prop_map(|channels| (channels, channels, channels)),
    ];
    (sides, channels).prop_map(|((batch, height, width, kernel, stride, seed), channels)| {
        let (from, out, groups) = channels;
        let dims = [batch, height, width, from];
        Case { dims, out, kernel, conv: Conv2d { stride, groups }, seed }
    })
}

impl Case {
    fn inputs(&self) -> [Tensor; 3] {
        let &Self { dims, out, kernel, conv, seed } = self;
        let weight = [out, dims[3] / conv.groups, kernel, kernel];
        [numbers(&dims, seed), numbers(&weight, seed + 1), numbers(&[out], seed + 2)]
    }

    /// Map, weight, and a batch norm's scale and shift, where the scale is large enough to reach
    /// all kinks.
    fn unit(&self) -> [Tensor; 4] {
        let ([x, weight, bias], scale) = (self.inputs(), numbers(&[self.out], self.seed + 3));
        [x, weight, (scale * 4.0).unwrap(), bias]
    }

    fn out_pixels(&self) -> usize {
        let out = |side: usize| side.div_ceil(self.conv.stride);
        self.dims[0] * out(self.dims[1]) * out(self.dims[2])
    }
}

fn norm(of: &[Tensor]) -> BatchNorm<'_> {
    BatchNorm { weight: &of[0], bias: &of[1], eps: 1e-2 }
}

/// Whether no value is so near a kink that rounding could move it across.
fn is_clear_of_kinks(before: &Tensor) -> bool {
    values(before).iter().all(|x| KINKS.iter().all(|kink| (x - kink).abs() > 1e-5))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn convolutions(case in case()) {
        let (conv, inputs) = (case.conv, case.inputs());
        check!(conv2d, &inputs, |t| (&t[0], &t[1], Some(&t[2]), conv));
        check!(conv2d, &inputs[..2], |t| (&t[0], &t[1], None, conv));
        let linear = Case { kernel: 1, conv: Conv2d { groups: 1, ..conv }, ..case };
        let [x, weight, bias] = linear.inputs();
        let weight = weight.flatten_from(1).unwrap();
        check!(conv2d, &[x, weight, bias], |t| (&t[0], &t[1], Some(&t[2]), linear.conv));
    }

    #[test]
    fn units(case in case(), act in 0..ACTIVATIONS.len()) {
        // The variance over a single pixel is 0.
        prop_assume!(case.out_pixels() > 1);
        let (act, conv, inputs) = (ACTIVATIONS[act], case.conv, case.unit());
        let wide = variables(&inputs, DType::F64).1;
        let convolved = stock::conv2d(&wide[0], &wide[1], None, conv).unwrap();
        let before = stock::norm_act(&convolved, norm(&wide[2..]), Activation::Linear).unwrap().0;
        prop_assume!(is_clear_of_kinks(&before));
        check!(conv2d_norm_act, &inputs, |t| (&t[0], &t[1], conv, norm(&t[2..]), act));
    }

    /// Bit-identical with its own statistics, and equal up to the order of sums with new ones.
    #[test]
    fn a_unit_is_its_parts(case in case(), act in 0..ACTIVATIONS.len()) {
        prop_assume!(case.out_pixels() > 1);
        let (act, conv) = (ACTIVATIONS[act], case.conv);
        let (vars, t) = variables(&case.unit(), DType::F32);
        let (y, BatchStatistics { mean, var, .. }) =
            ops::conv2d_norm_act(&t[0], &t[1], conv, norm(&t[2..]), act).unwrap();
        let convolved = ops::conv2d(&t[0], &t[1], None, conv).unwrap();
        let parts = ops::norm_act_eval(&convolved, norm(&t[2..]), &mean, &var, act).unwrap();
        prop_assert_eq!(values(&y), values(&parts));
        let act = Activation::Swish;
        let unit = |t: &[Tensor]| ops::conv2d_norm_act(&t[0], &t[1], conv, norm(&t[2..]), act);
        let parts = |t: &[Tensor]| {
            ops::norm_act(&ops::conv2d(&t[0], &t[1], None, conv)?, norm(&t[2..]), act)
        };
        agree("parts", &run(unit, &t, &vars), &run(parts, &t, &vars));
    }

    #[test]
    fn norms(case in case(), act in 0..ACTIVATIONS.len()) {
        let Case { dims, seed, .. } = case;
        prop_assume!(dims[..3].iter().product::<usize>() > 1);
        let act = ACTIVATIONS[act];
        let vector = |seed| numbers(&[dims[3]], seed);
        let inputs = [numbers(&dims, seed), (vector(seed + 1) * 4.0).unwrap(), vector(seed + 2)];
        let (mean, var) = (vector(seed + 3), (vector(seed + 4) + 1.5).unwrap());
        let wide = variables(&inputs, DType::F64).1;
        let linear = Activation::Linear;
        let (before, _) = stock::norm_act(&wide[0], norm(&wide[1..]), linear).unwrap();
        let as_in = |t: &Tensor, x: &Tensor| x.to_dtype(t.dtype()).unwrap();
        let (w_mean, w_var) = (as_in(&before, &mean), as_in(&before, &var));
        let eval = stock::norm_act_eval(&wide[0], norm(&wide[1..]), &w_mean, &w_var, linear);
        let eval = eval.unwrap();
        prop_assume!(is_clear_of_kinks(&before) && is_clear_of_kinks(&eval));
        check!(norm_act, &inputs, |t| (&t[0], norm(&t[1..]), act));
        let [x, learned @ ..] = inputs;
        let norm_as = |t: &Tensor| learned.each_ref().map(|x| as_in(t, x));
        check!(norm_act_eval, &[x], |t| (
            &t[0], norm(&norm_as(&t[0])), &as_in(&t[0], &mean), &as_in(&t[0], &var), act
        ));
    }

    #[test]
    fn pools_and_maps(case in case(), groups in 1..=4_usize) {
        let pool = Pool2d { kernel: case.kernel, stride: case.conv.stride };
        let [batch, height, width, channels] = case.dims;
        let dims = [batch, height, width, channels * groups];
        let [x, other] = [numbers(&dims, case.seed), numbers(&dims, case.seed + 1)];
        let scale = numbers(&[batch, 1, 1, dims[3]], case.seed + 2);
        let one = std::slice::from_ref(&x);
        check!(max_pool2d, one, |t| (&t[0], pool));
        check!(avg_pool2d, one, |t| (&t[0], pool));
        check!(global_avg_pool, one, |t| (&t[0]));
        check!(channel_shuffle, one, |t| (&t[0], groups));
        let (start, len) = (channels / 2, dims[3] - channels / 2);
        check!(split, one, |t| (&t[0], start, len));
        let three = [x.clone(), other.narrow(3, start, len).unwrap(), other.clone()];
        check!(concat, &three, |t| (&[&t[0], &t[1], &t[2]]));
        check!(add, &[x.clone(), other], |t| (&t[0], &t[1]));
        check!(multiply, &[x, scale], |t| (&t[0], &t[1]));
    }

    #[test]
    fn losses(images in 1..=6_usize, classes in 1..=12_usize, seed in 0..100_usize) {
        let targets = (numbers(&[images, classes], seed) + 1.1).unwrap();
        let targets = targets.broadcast_div(&targets.sum_keepdim(1).unwrap()).unwrap();
        let targets_as = |t: &Tensor| targets.to_dtype(t.dtype()).unwrap();
        let logits = (numbers(&[images, classes], seed + 1) * 9.0).unwrap();
        check!(cross_entropy, &[logits], |t| (&t[0], &targets_as(&t[0])));
    }
}

/// Between the kinks and at them.
#[test]
fn activations() {
    let x: Vec<f32> = (-80..80).map(|i| i as f32 * 0.125).collect();
    let x = Tensor::from_vec(x, (2, 16, 5), &Device::Cpu).unwrap();
    for act in ACTIVATIONS {
        check!(activation, std::slice::from_ref(&x), |t| (&t[0], act));
    }
}

#[test]
fn gradients_are_finite_differences() {
    for (groups, stride) in [(1, 2), (2, 1), (6, 1)] {
        let conv = Conv2d { stride, groups };
        let unit = Case { dims: [2, 5, 4, 6], out: 6, kernel: 3, conv, seed: 1 }.unit();
        check_differences(&format!("unit, {conv:?}"), &unit, |t| {
            ops::conv2d_norm_act(&t[0], &t[1], conv, norm(&t[2..]), Activation::Swish)
        });
    }
    let map_and_scale = [numbers(&[2, 3, 4, 5], 1), numbers(&[2, 1, 1, 5], 2)];
    check_differences("multiply", &map_and_scale, |t| ops::multiply(&t[0], &t[1]));
    let targets = Tensor::full(0.25_f32, (3, 4), &Device::Cpu).unwrap();
    check_differences("loss", &[numbers(&[3, 4], 1)], |t| ops::cross_entropy(&t[0], &targets));
}

#[test]
fn what_is_not_tracked_gets_no_gradient() {
    let case = Case {
        dims: [2, 4, 4, 3],
        out: 3,
        kernel: 3,
        conv: Conv2d { stride: 1, groups: 1 },
        seed: 1,
    };
    let (conv, (_, t)) = (case.conv, variables(&case.unit(), DType::F32));
    let (image, scale) = (numbers(&case.dims, 1), t[2].reshape((1, 1, 1, 3)).unwrap());
    let scale = scale.broadcast_as((2, 1, 1, 3)).unwrap();
    for y in [
        ops::conv2d(&image, &t[1], Some(&t[3]), conv),
        ops::conv2d_norm_act(&image, &t[1], conv, norm(&t[2..]), Activation::Relu).map(|(y, _)| y),
        ops::multiply(&image, &scale),
        ops::concat(&[&image, &t[0]]),
    ] {
        let gradients = y.unwrap().sum_all().unwrap().backward().unwrap();
        assert!(gradients.get(&image).is_none());
        assert!(t.iter().any(|x| gradients.get(x).is_some()));
    }
}
