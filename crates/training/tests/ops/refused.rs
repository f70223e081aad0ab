//! Inputs that do not fit are errors that name the op and the input.

use candle_core::{DType, Result, Tensor};
use kernels::Activation;
use training::ops::{self, BatchNorm, Conv2d, Pool2d};

use super::checks::numbers;

fn refuse(found: Result<impl Sized>, expected: &str) {
    let message = found.err().expect(expected).to_string();
    assert!(message.starts_with(expected), "{message} for {expected}");
}

fn norm<'a>(weight: &'a Tensor, bias: &'a Tensor) -> BatchNorm<'a> {
    BatchNorm { weight, bias, eps: 1e-2 }
}

#[test]
fn maps_that_do_not_fit_are_named() {
    let (weight, conv) = (numbers(&[4, 6, 3, 3], 2), Conv2d { stride: 1, groups: 1 });
    let (four, six) = (numbers(&[4], 3), numbers(&[6], 4));
    let (of_four, of_six) = (norm(&four, &four), norm(&six, &six));
    let (act, pool) = (Activation::Relu, Pool2d { kernel: 3, stride: 1 });
    let other = numbers(&[2, 4, 4, 6], 2);
    type OfMap<'a> = &'a dyn Fn(&Tensor) -> Result<Tensor>;
    let ops: [(&str, OfMap<'_>); 11] = [
        ("conv2d: x", &|x| ops::conv2d(x, &weight, None, conv)),
        ("conv2d_norm_act: x", &|x| {
            ops::conv2d_norm_act(x, &weight, conv, of_four, act).map(|(y, _)| y)
        }),
        ("norm_act: x", &|x| Ok(ops::norm_act(x, of_six, act)?.0)),
        ("norm_act_eval: x", &|x| ops::norm_act_eval(x, of_six, &six, &six, act)),
        ("max_pool2d: x", &|x| ops::max_pool2d(x, pool)),
        ("avg_pool2d: x", &|x| ops::avg_pool2d(x, pool)),
        ("global_avg_pool: x", &|x| ops::global_avg_pool(x)),
        ("multiply: x", &|x| ops::multiply(x, &numbers(&[2, 1, 1, 6], 1))),
        ("concat: maps", &|x| ops::concat(&[x, &other])),
        ("split: x", &|x| ops::split(x, 1, 2)),
        ("channel_shuffle: x", &|x| ops::channel_shuffle(x, 2)),
    ];
    let wrong = [
        (other.to_dtype(DType::F64).unwrap(), "F64; expected: F32"),
        (numbers(&[4, 4, 6], 1), "[4, 4, 6]; expected: [batch, height, width, channels]"),
        (numbers(&[0, 4, 4, 6], 1), "[0, 4, 4, 6]; expected: dimensions of at least 1"),
    ];
    for (name, op) in ops {
        op(&other).unwrap();
        for (x, found) in &wrong {
            refuse(op(x), &format!("{name}: found {found}"));
        }
    }
    for (x, found) in [&wrong[0], &wrong[2]] {
        refuse(ops::activation(x, act), &format!("activation: x: found {found}"));
    }
    refuse(ops::add(&other, &six), "add: b: found [6]; expected: [2, 4, 4, 6]");
    refuse(ops::concat(&[&six]), "concat: maps: found [6]");
}

#[test]
fn what_else_does_not_fit_is_named() {
    let of = |dims: &[usize]| numbers(dims, 1);
    let (x, weight, conv) = (of(&[2, 4, 4, 6]), of(&[4, 6, 3, 3]), Conv2d { stride: 1, groups: 1 });
    let ([four, five], act) = ([of(&[4]), of(&[5])], Activation::Relu);
    let of_weight = |dims: &[usize]| ops::conv2d(&x, &of(dims), None, conv);
    refuse(
        ops::conv2d(&x, &weight.to_dtype(DType::F64).unwrap(), None, conv),
        "conv2d: weight: found F64",
    );
    refuse(of_weight(&[4, 6, 2, 2]), "conv2d: kernel: found 2; expected: an odd number");
    refuse(of_weight(&[4, 6, 0, 0]), "conv2d: weight: found [4, 6, 0, 0]; expected: dim");
    refuse(
        of_weight(&[4, 6, 3, 1]),
        "conv2d: weight: found [4, 6, 3, 1]; expected: [out, in / groups",
    );
    refuse(of_weight(&[6]), "conv2d: weight: found [6]; expected: [out, in / groups");
    refuse(
        of_weight(&[4, 5, 3, 3]),
        "conv2d: weight: found [4, 5, 3, 3]; expected: [out, 6, kernel",
    );
    let of_conv = |stride, groups| ops::conv2d(&x, &weight, None, Conv2d { stride, groups });
    refuse(of_conv(0, 1), "conv2d: stride: found 0; expected: at least 1");
    refuse(of_conv(1, 0), "conv2d: groups: found 0; expected: a divisor of the 6 input");
    refuse(of_conv(1, 4), "conv2d: groups: found 4; expected: a divisor of the 6 input");
    refuse(of_conv(1, 2), "conv2d: weight: found [4, 6, 3, 3]; expected: [out, 3, kernel");
    refuse(ops::conv2d(&x, &weight, Some(&five), conv), "conv2d: bias: found [5]; expected: [4]");
    let unit = |a: &Tensor, b: &Tensor| ops::conv2d_norm_act(&x, &weight, conv, norm(a, b), act);
    refuse(unit(&five, &four), "conv2d_norm_act: norm.weight: found [5]; expected: [4]");
    refuse(unit(&four, &of(&[2, 2])), "conv2d_norm_act: norm.bias: found [2, 2]; expected: [4]");
    let six = of(&[6]);
    let alone = |a: &Tensor, b: &Tensor| ops::norm_act(&x, norm(a, b), act);
    refuse(alone(&four, &six), "norm_act: norm.weight: found [4]; expected: [6]");
    refuse(alone(&six, &five), "norm_act: norm.bias: found [5]; expected: [6]");
    let eval =
        |mean: &Tensor, var: &Tensor| ops::norm_act_eval(&x, norm(&six, &six), mean, var, act);
    refuse(eval(&four, &six), "norm_act_eval: running_mean: found [4]; expected: [6]");
    refuse(eval(&six, &four), "norm_act_eval: running_var: found [4]; expected: [6]");
    for (name, pool) in
        [("max", ops::max_pool2d as fn(&Tensor, Pool2d) -> _), ("avg", ops::avg_pool2d)]
    {
        let pool = |kernel, stride| pool(&x, Pool2d { kernel, stride });
        refuse(pool(2, 1), &format!("{name}_pool2d: kernel: found 2; expected: an odd number"));
        refuse(pool(0, 1), &format!("{name}_pool2d: kernel: found 0; expected: an odd number"));
        refuse(pool(3, 0), &format!("{name}_pool2d: stride: found 0; expected: at least 1"));
    }
    refuse(
        ops::multiply(&x, &of(&[2, 6])),
        "multiply: scale: found [2, 6]; expected: [2, 1, 1, 6]",
    );
    refuse(
        ops::multiply(&x, &of(&[2, 1, 1, 5])),
        "multiply: scale: found [2, 1, 1, 5]; expected: [2, 1, 1, 6]",
    );
    refuse(ops::concat(&[]), "concat: maps: found 0; expected: at least 1");
    refuse(
        ops::concat(&[&x, &of(&[2, 4, 5, 6])]),
        "concat: maps: found [2, 4, 5, 6]; expected: [2, 4, 4, 6]",
    );
    for (start, len) in [(4, 3), (6, 1), (usize::MAX, 2), (0, 0)] {
        let expected =
            format!("split: start and len: found ({start}, {len}); expected: a range of the 6");
        refuse(ops::split(&x, start, len), &expected);
    }
    refuse(
        ops::channel_shuffle(&x, 0),
        "channel_shuffle: groups: found 0; expected: a divisor of the 6",
    );
    refuse(
        ops::channel_shuffle(&x, 4),
        "channel_shuffle: groups: found 4; expected: a divisor of the 6",
    );
    refuse(
        ops::cross_entropy(&x, &x),
        "cross_entropy: logits: found [2, 4, 4, 6]; expected: [batch",
    );
    refuse(
        ops::cross_entropy(&of(&[2, 3]), &of(&[2, 4])),
        "cross_entropy: targets: found [2, 4]; expected: [2, 3]",
    );
    let logits = of(&[2, 3]).to_dtype(DType::F64).unwrap();
    refuse(ops::cross_entropy(&logits, &logits), "cross_entropy: logits: found F64; expected: F32");
}
