//! The fused ops against their stock expansion in f64, finite differences, and bad input.

use candle_core::{DType, Device, Result, Tensor, Var};
use kernels::Activation;
use proptest::prelude::*;
use training::ops::{self, BatchNorm, BatchStatistics, Conv2d, Pool2d};
use training::stock;

/// `-1..1`, not symmetric.
fn numbers(dims: &[usize], seed: usize) -> Tensor {
    let number = |i: usize| ((i + 97 * seed + 1) * 7_919 % 10_007) as f32 / 5_003.5 - 1.0;
    let values: Vec<f32> = (0..dims.iter().product()).map(number).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
}

fn values(x: &Tensor) -> Vec<f64> {
    x.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// The output of `f`, and the gradient of its sum with fixed weights by each input.
fn run(inputs: &[Tensor], dtype: DType, f: &dyn Fn(&[Tensor]) -> Result<Tensor>) -> Vec<Vec<f64>> {
    let of = |x: &Tensor| Var::from_tensor(&x.to_dtype(dtype).unwrap()).unwrap();
    let vars: Vec<Var> = inputs.iter().map(of).collect();
    let y = f(&vars.iter().map(|x| x.as_tensor().clone()).collect::<Vec<_>>()).unwrap();
    let weights = numbers(y.dims(), 50).to_dtype(dtype).unwrap();
    let gradients = (&y * weights).unwrap().sum_all().unwrap().backward().unwrap();
    let of_inputs = vars.iter().map(|x| values(gradients.get(x).expect("tracked")));
    std::iter::once(values(&y)).chain(of_inputs).collect()
}

/// Output and gradients within 1e-4 of each tensor's largest. What a batch norm cancels is rounding
/// errors of sums of the others' size.
fn agree(what: &str, found: &[Vec<f64>], expected: &[Vec<f64>]) {
    let largest = |x: &[f64]| x.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    let floor = 1e-2 * expected.iter().map(|x| largest(x)).fold(0.0, f64::max);
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        let allowed = 1e-4 * largest(expected).max(floor);
        for (i, (a, b)) in found.iter().zip(expected).enumerate() {
            assert!((a - b).abs() <= allowed, "{what}, {place}, {i}: {a} for {b}");
        }
    }
}

fn same(
    what: &str,
    inputs: &[Tensor],
    fused: &dyn Fn(&[Tensor]) -> Result<Tensor>,
    stock: &dyn Fn(&[Tensor]) -> Result<Tensor>,
) {
    let found = run(inputs, DType::F32, fused);
    agree(what, &found, &run(inputs, DType::F64, stock));
    // Views of another order in memory.
    let turned = |x: &Tensor| {
        let last = x.rank().saturating_sub(1);
        x.transpose(0, last).unwrap().contiguous().unwrap().transpose(0, last).unwrap()
    };
    let views: Vec<Tensor> = inputs.iter().map(|x| turned(&x.detach())).collect();
    assert_eq!(values(&fused(&views).unwrap()), found[0], "{what}");
}

#[derive(Clone, Debug)]
struct Case {
    dims: [usize; 4],
    out: usize,
    kernel: usize,
    conv: Conv2d,
}

/// Dense, grouped and depthwise, on maps that are not square.
fn case() -> impl Strategy<Value = Case> {
    let kernel = prop_oneof![Just(1_usize), Just(3), Just(5), Just(7)];
    let sides = (1..4_usize, 2..9_usize, 1..9_usize, kernel, 1..4_usize);
    let channels = prop_oneof![
        (1..20_usize, 1..20_usize).prop_map(|(from, to)| (from, to, 1)),
        (1..5_usize, 1..5_usize, 2..5_usize).prop_map(|(from, to, g)| (from * g, to * g, g)),
        (2..40_usize).prop_map(|channels| (channels, channels, channels)),
    ];
    (sides, channels).prop_map(|((batch, height, width, kernel, stride), (from, out, groups))| {
        let dims = [batch, height, width, from];
        Case { dims, out, kernel, conv: Conv2d { stride, groups } }
    })
}

impl Case {
    fn inputs(&self) -> [Tensor; 3] {
        let Self { dims, out, kernel, conv } = self;
        let weight = [*out, dims[3] / conv.groups, *kernel, *kernel];
        [numbers(dims, 1), numbers(&weight, 2), numbers(&[*out], 3)]
    }
}

const SMOOTH: [Activation; 3] = [Activation::Linear, Activation::Swish, Activation::Sigmoid];

fn norm<'a>(weight: &'a Tensor, bias: &'a Tensor) -> BatchNorm<'a> {
    BatchNorm { weight, bias, eps: 1e-2 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn convolutions(case in case()) {
        let conv = case.conv;
        same(&format!("{case:?}"), &case.inputs(), &|x| ops::conv2d(&x[0], &x[1], Some(&x[2]), conv),
            &|x| stock::conv2d(&x[0], &x[1], Some(&x[2]), conv));
        same(&format!("{case:?}"), &case.inputs()[..2], &|x| ops::conv2d(&x[0], &x[1], None, conv),
            &|x| stock::conv2d(&x[0], &x[1], None, conv));
    }

    #[test]
    fn units(case in case(), act in 0..SMOOTH.len()) {
        let (act, conv) = (SMOOTH[act], case.conv);
        // Gradients through the norm of few pixels cancel; those of one pixel are 0.
        let [batch, height, width, _] = case.dims;
        prop_assume!(batch * height.div_ceil(conv.stride) * width.div_ceil(conv.stride) > 8);
        let [x, weight, bias] = case.inputs();
        let inputs = [x, weight, numbers(&[case.out], 4), bias];
        let fused = |x: &[Tensor]| ops::conv2d_norm_act(&x[0], &x[1], conv, norm(&x[2], &x[3]), act);
        let stock = |x: &[Tensor]| stock::conv2d_norm_act(&x[0], &x[1], conv, norm(&x[2], &x[3]), act);
        same(&format!("{case:?}, {act:?}"), &inputs, &|x| Ok(fused(x)?.0), &|x| Ok(stock(x)?.0));
        let (_, found) = fused(&inputs).unwrap();
        let (y, expected) = stock(&inputs.each_ref().map(|x| x.to_dtype(DType::F64).unwrap())).unwrap();
        prop_assert_eq!(found.count, expected.count);
        prop_assert_eq!(found.count, y.elem_count() / case.out);
        let scattered = |s: &BatchStatistics| values(&(&s.mean + s.var.sqrt().unwrap()).unwrap());
        agree("mean and deviation", &[scattered(&found)], &[scattered(&expected)]);
        agree("variance", &[values(&found.var)], &[values(&expected.var)]);
    }

    #[test]
    fn norms(batch in 1..4_usize, side in 2..7_usize, channels in 1..40_usize) {
        let inputs = [numbers(&[batch, side, 3, channels], 1), numbers(&[channels], 2), numbers(&[channels], 3)];
        let (mean, var) = (numbers(&[channels], 4), (numbers(&[channels], 5) + 1.5).unwrap());
        let act = Activation::Swish;
        same("norm_act", &inputs, &|x| Ok(ops::norm_act(&x[0], norm(&x[1], &x[2]), act)?.0),
            &|x| Ok(stock::norm_act(&x[0], norm(&x[1], &x[2]), act)?.0));
        let [x, weight, bias] = inputs;
        let wide = |x: &Tensor| x.to_dtype(DType::F64).unwrap();
        same("norm_act_eval", &[x], &|x| ops::norm_act_eval(&x[0], norm(&weight, &bias), &mean, &var, act),
            &|x| stock::norm_act_eval(&x[0], norm(&wide(&weight), &wide(&bias)), &wide(&mean), &wide(&var), act));
    }

    #[test]
    fn pools_and_maps(case in case(), groups in 1..4_usize) {
        let pool = Pool2d { kernel: case.kernel, stride: case.conv.stride };
        let [batch, height, width, channels] = case.dims;
        let dims = [batch, height, width, channels * groups];
        let [x, other] = [numbers(&dims, 1), numbers(&dims, 2)];
        let scale = numbers(&[batch, 1, 1, dims[3]], 3);
        let one = std::slice::from_ref(&x);
        same("max_pool2d", one, &|x| ops::max_pool2d(&x[0], pool), &|x| stock::max_pool2d(&x[0], pool));
        same("avg_pool2d", one, &|x| ops::avg_pool2d(&x[0], pool), &|x| stock::avg_pool2d(&x[0], pool));
        same("global_avg_pool", one, &|x| ops::global_avg_pool(&x[0]), &|x| stock::global_avg_pool(&x[0]));
        same("channel_shuffle", one, &|x| ops::channel_shuffle(&x[0], groups), &|x| stock::channel_shuffle(&x[0], groups));
        let (start, len) = (channels / 2, dims[3] - channels / 2);
        same("split", one, &|x| ops::split(&x[0], start, len), &|x| stock::split(&x[0], start, len));
        let narrow = ops::split(&other, start, len).unwrap();
        same("concat", &[x.clone(), narrow, scale.broadcast_as(&dims[..]).unwrap()],
            &|x| ops::concat(&[&x[0], &x[1], &x[2]]), &|x| stock::concat(&[&x[0], &x[1], &x[2]]));
        same("add", &[x.clone(), other], &|x| ops::add(&x[0], &x[1]), &|x| stock::add(&x[0], &x[1]));
        same("multiply", &[x, scale], &|x| ops::multiply(&x[0], &x[1]), &|x| stock::multiply(&x[0], &x[1]));
    }

    #[test]
    fn losses(images in 1..6_usize, classes in 2..12_usize) {
        let targets = (numbers(&[images, classes], 2) + 1.1).unwrap();
        let targets = targets.broadcast_div(&targets.sum_keepdim(1).unwrap()).unwrap();
        let wide = targets.to_dtype(DType::F64).unwrap();
        let logits = [numbers(&[images, classes], 1)];
        let found = run(&logits, DType::F32, &|x| ops::cross_entropy(&x[0], &targets));
        let expected = run(&logits, DType::F64, &|x| stock::cross_entropy(&x[0], &wide));
        agree("cross_entropy", &found, &expected);
    }
}

/// Away from the kinks, where rounding would choose the side; at them, by the flat side.
#[test]
fn activations() {
    use Activation::{HardSigmoid, HardSwish, Linear, Relu, Relu6, Sigmoid, Swish};
    let x: Vec<f32> = (-40..40).map(|i| i as f32 * 0.2 + 0.05).collect();
    let x = [Tensor::new(x, &Device::Cpu).unwrap()];
    for act in [Linear, Relu, Relu6, HardSwish, Swish, Sigmoid, HardSigmoid] {
        let found = run(&x, DType::F32, &|x| ops::activation(&x[0], act));
        agree(
            &format!("{act:?}"),
            &found,
            &run(&x, DType::F64, &|x| stock::activation(&x[0], act)),
        );
    }
    let kinks = [Tensor::new(&[-3.0_f32, 0.0, 3.0, 6.0], &Device::Cpu).unwrap()];
    for act in [Relu, Relu6, HardSwish, HardSigmoid] {
        let found = run(&kinks, DType::F32, &|x| ops::activation(&x[0], act));
        agree(
            &format!("{act:?}"),
            &found,
            &run(&kinks, DType::F64, &|x| stock::activation(&x[0], act)),
        );
    }
}

#[test]
fn gradients_are_finite_differences() {
    let conv = Conv2d { stride: 2, groups: 1 };
    let inputs =
        [numbers(&[2, 5, 4, 3], 1), numbers(&[6, 3, 3, 3], 2), numbers(&[6], 3), numbers(&[6], 4)];
    let unit = |x: &[Tensor]| {
        let (y, _) =
            ops::conv2d_norm_act(&x[0], &x[1], conv, norm(&x[2], &x[3]), Activation::Swish)?;
        ops::multiply(&y, &ops::activation(&ops::global_avg_pool(&y)?, Activation::Sigmoid)?)
    };
    let found = run(&inputs, DType::F32, &unit);
    let sum = |inputs: &[Tensor]| -> f64 {
        let y = unit(inputs).unwrap();
        values(&(&y * numbers(y.dims(), 50)).unwrap()).iter().sum()
    };
    for (input, gradient) in found[1..].iter().enumerate() {
        let largest = gradient.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        for at in (0..gradient.len()).step_by(7) {
            let moved = |step: f32| {
                let mut moved = inputs.to_vec();
                let mut x: Vec<f32> = moved[input].flatten_all().unwrap().to_vec1().unwrap();
                x[at] += step;
                moved[input] = Tensor::from_vec(x, inputs[input].dims(), &Device::Cpu).unwrap();
                sum(&moved)
            };
            let difference = (moved(0.01) - moved(-0.01)) / 0.02;
            let off = (gradient[at] - difference).abs();
            assert!(off < 1e-2 * largest, "{input}, {at}: {} for {difference}", gradient[at]);
        }
    }
}

/// A unit is its parts, but for the order of sums; and only what is tracked gets a gradient.
#[test]
fn only_what_is_tracked_gets_a_gradient() {
    let conv = Conv2d { stride: 1, groups: 1 };
    let [x, weight] = [numbers(&[2, 4, 4, 3], 1), numbers(&[5, 3, 3, 3], 2)];
    let [gamma, beta] = [numbers(&[5], 3), numbers(&[5], 4)];
    let unit = |x: &Tensor, weight: &Tensor| {
        ops::conv2d_norm_act(x, weight, conv, norm(&gamma, &beta), Activation::Relu6).unwrap().0
    };
    assert!(!unit(&x, &weight).track_op());
    let learned = Var::from_tensor(&weight).unwrap();
    let gradients = unit(&x, &learned).sqr().unwrap().sum_all().unwrap().backward().unwrap();
    assert!(gradients.get(&learned).is_some() && gradients.get(&x).is_none());
    let image = Var::from_tensor(&x).unwrap();
    let twice = unit(&unit(&image, &weight).narrow(3, 1, 3).unwrap(), &weight);
    let gradients = twice.sqr().unwrap().sum_all().unwrap().backward().unwrap();
    assert!(gradients.get(&image).is_some() && gradients.get(&weight).is_none());
}

#[test]
fn bad_input_is_named() {
    let (x, weight) = (numbers(&[2, 4, 4, 6], 1), numbers(&[4, 6, 3, 3], 2));
    let (four, conv) = (numbers(&[4], 3), Conv2d { stride: 1, groups: 1 });
    let with = |stride, groups| Conv2d { stride, groups };
    let of = |dims: &[usize]| numbers(dims, 1);
    let double = x.to_dtype(DType::F64).unwrap();
    let pool = |kernel, stride| ops::max_pool2d(&x, Pool2d { kernel, stride });
    let unit = |a: &Tensor, b: &Tensor| {
        ops::conv2d_norm_act(&x, &weight, conv, norm(a, b), Activation::Relu).map(|(y, _)| y)
    };
    let eval = |mean: &Tensor, var: &Tensor| {
        let six = of(&[6]);
        ops::norm_act_eval(&x, norm(&six, &six), mean, var, Activation::Relu)
    };
    let cases: Vec<(Result<Tensor>, &str)> = vec![
        (ops::conv2d(&double, &weight, None, conv), "conv2d: x: found F64; allowed: F32"),
        (
            ops::conv2d(&of(&[4, 4, 6]), &weight, None, conv),
            "conv2d: x: found [4, 4, 6]; allowed: [batch,",
        ),
        (ops::conv2d(&of(&[0, 4, 4, 6]), &weight, None, conv), "conv2d: x: found [0, 4, 4, 6]"),
        (ops::conv2d(&x, &double, None, conv), "conv2d: weight: found F64"),
        (ops::conv2d(&x, &of(&[4, 6, 2, 2]), None, conv), "conv2d: kernel: found 2; allowed: odd"),
        (ops::conv2d(&x, &of(&[4, 6, 3, 1]), None, conv), "conv2d: weight: found [4, 6, 3, 1]"),
        (
            ops::conv2d(&x, &of(&[4, 5, 3, 3]), None, conv),
            "conv2d: weight: found [4, 5, 3, 3]; allowed: [out, 6,",
        ),
        (ops::conv2d(&x, &weight, None, with(0, 1)), "conv2d: stride: found 0"),
        (ops::conv2d(&x, &weight, None, with(1, 0)), "conv2d: groups: found 0"),
        (
            ops::conv2d(&x, &weight, None, with(1, 4)),
            "conv2d: groups: found 4; allowed: divisors of 6 and 4",
        ),
        (ops::conv2d(&x, &weight, Some(&of(&[5])), conv), "conv2d: bias: found [5]; allowed: [4]"),
        (unit(&of(&[5]), &four), "conv2d_norm_act: norm.weight: found [5]; allowed: [4]"),
        (unit(&four, &of(&[2, 2])), "conv2d_norm_act: norm.bias: found [2, 2]"),
        (
            ops::norm_act(&x, norm(&four, &four), Activation::Relu).map(|(y, _)| y),
            "norm_act: norm.weight: found [4]; allowed: [6]",
        ),
        (eval(&four, &of(&[6])), "norm_act_eval: running_mean: found [4]"),
        (eval(&of(&[6]), &four), "norm_act_eval: running_var: found [4]"),
        (ops::activation(&double, Activation::Relu), "activation: x: found F64"),
        (pool(2, 1), "max_pool2d: kernel: found 2"),
        (pool(3, 0), "max_pool2d: stride: found 0"),
        (ops::avg_pool2d(&of(&[4]), Pool2d { kernel: 3, stride: 1 }), "avg_pool2d: x: found [4]"),
        (ops::global_avg_pool(&of(&[2, 6])), "global_avg_pool: x: found [2, 6]"),
        (ops::multiply(&x, &of(&[2, 6])), "multiply: scale: found [2, 6]; allowed: [2, 1, 1, 6]"),
        (ops::concat(&[]), "concat: maps: found 0"),
        (ops::concat(&[&x, &of(&[2, 4, 5, 6])]), "concat: maps: found [2, 4, 5, 6]"),
        (ops::split(&x, 4, 3), "split: start and len: found (4, 3); allowed: some of 6 channels"),
        (ops::split(&x, usize::MAX, 2), "split: start and len"),
        (ops::split(&x, 0, 0), "split: start and len"),
        (ops::channel_shuffle(&x, 0), "channel_shuffle: groups: found 0"),
        (ops::channel_shuffle(&x, 4), "channel_shuffle: groups: found 4; allowed: divisors of 6"),
        (ops::cross_entropy(&x, &x), "cross_entropy: logits: found [2, 4, 4, 6]"),
        (
            ops::cross_entropy(&of(&[2, 3]), &of(&[2, 4])),
            "cross_entropy: targets: found [2, 4]; allowed: [2, 3]",
        ),
    ];
    for (found, expected) in cases {
        let message = found.expect_err(expected).to_string();
        assert!(message.starts_with(expected), "{message} for {expected}");
    }
    assert!(ops::add(&x, &of(&[2, 4, 4, 5])).is_err());
}
