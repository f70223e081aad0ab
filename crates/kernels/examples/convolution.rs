//! The speed of one convolution in GFLOP/s, where a multiply-add is two operations:
//! `cargo run --release -p kernels --example convolution -- RESOLUTION IN OUT KERNEL STRIDE`

use std::error::Error;
use std::time::Instant;
use std::{env, iter};

use kernels::{
    Activation, Conv, ConvWeights, Epilogue, Geometry, InstructionSet, Threads, Workspace,
};

fn main() -> Result<(), Box<dyn Error>> {
    let sizes: Option<Vec<usize>> = env::args().skip(1).map(|arg| arg.parse().ok()).collect();
    let [side, in_channels, out_channels, kernel, stride] = match sizes.as_deref() {
        Some([]) => [56, 64, 64, 3, 1],
        Some(&[side, ins, outs, kernel, stride])
            if side * ins * outs * stride * (kernel % 2) > 0 =>
        {
            [side, ins, outs, kernel, stride]
        }
        _ => return Err("usage: convolution [RESOLUTION IN OUT KERNEL STRIDE], KERNEL odd".into()),
    };
    let geometry = Geometry { height: side, width: side, kernel, stride };
    let weights = vec![0.01; out_channels * in_channels * kernel * kernel];
    let bias = vec![0.0; out_channels];
    let weights = ConvWeights { weights: &weights, bias: &bias, in_channels, kernel, groups: 1 };
    let conv = Conv::new(InstructionSet::detect(), &weights);

    let input = vec![0.5; geometry.in_pixels() * in_channels];
    let mut out = vec![0.0; geometry.out_pixels() * out_channels];
    let mut scratch = vec![0.0; conv.scratch_len(&geometry)];
    let epilogue = Epilogue { residual: None, act: Activation::Relu };
    let mut run = || {
        let start = Instant::now();
        let workspace = Workspace { threads: Threads::One, scratch: &mut scratch };
        conv.run(&input, &geometry, epilogue, &mut out, workspace);
        start.elapsed().as_secs_f64()
    };
    let fastest = iter::repeat_with(&mut run).take(50).fold(f64::INFINITY, f64::min);
    let macs = weights.weights.len() * geometry.out_pixels();
    println!("{:?}, one thread", InstructionSet::detect());
    println!("{:.3} ms, {:.1} GFLOP/s", fastest * 1e3, 2.0 * macs as f64 / fastest / 1e9);
    Ok(())
}
