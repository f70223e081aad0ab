//! Kernels on one thread, with the shapes of layers of MobileNetV2 and MobileNetV3 at 224 x 224.
//! Throughput is in multiply-adds.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kernels::training::{ConvGradients, ConvShape, OutGradient, conv_backward, depthwise_backward};
use kernels::{
    Activation, Depthwise, FusedInvertedResidual, Geometry, InstructionSet, MatrixProduct,
    PackedMatrix, Pointwise, Rows, Threads, Workspace, gemm,
};

/// Values in -1..1 that look random.
fn values(count: usize) -> Vec<f32> {
    let mix = |i: usize| i.wrapping_mul(2_654_435_761) % 2_001;
    (0..count).map(|i| mix(i) as f32 / 1_000.0 - 1.0).collect()
}

fn square(side: usize, kernel: usize, stride: usize) -> Geometry {
    Geometry { height: side, width: side, kernel, stride }
}

fn packed(depth: usize, columns: usize) -> PackedMatrix {
    PackedMatrix::new(InstructionSet::detect(), &values(depth * columns), &values(columns), depth)
}

fn depthwise(channels: usize, kernel: usize) -> Depthwise {
    let weights = values(channels * kernel * kernel);
    Depthwise::new(InstructionSet::detect(), &weights, &values(channels), kernel)
}

fn matrix_products(c: &mut Criterion) {
    let mut group = c.benchmark_group("pointwise");
    for (side, depth, columns) in [(112, 16, 96), (28, 192, 32), (14, 96, 576), (7, 160, 960)] {
        let rows = side * side;
        let (a, weights) = (values(rows * depth), packed(depth, columns));
        let mut out = vec![0.0; rows * columns];
        let product = MatrixProduct {
            a: &a,
            a_rows: Rows { offset: 0, stride: depth },
            weights: &weights,
            residual: None,
            act: Activation::Relu6,
            out_rows: Rows { offset: 0, stride: columns },
            rows,
        };
        group.throughput(Throughput::Elements((rows * depth * columns) as u64));
        group.bench_function(format!("{side} x {side}, {depth} to {columns}"), |bencher| {
            bencher.iter(|| gemm(black_box(&product), &mut out, Threads::One));
        });
    }
    group.finish();
}

fn depthwise_convolutions(c: &mut Criterion) {
    let mut group = c.benchmark_group("depthwise");
    for (side, channels, kernel, stride) in
        [(112, 96, 3, 2), (56, 144, 3, 1), (14, 384, 3, 1), (28, 120, 5, 1), (14, 672, 5, 2)]
    {
        let geometry = square(side, kernel, stride);
        let (input, depthwise) = (values(side * side * channels), depthwise(channels, kernel));
        let mut out = vec![0.0; geometry.out_pixels() * channels];
        group.throughput(Throughput::Elements((out.len() * kernel * kernel) as u64));
        let name = format!("{kernel} x {kernel}, {side} x {side}, {channels}, stride {stride}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let input = black_box(&input[..]);
                depthwise.run(input, &geometry, Activation::Relu6, &mut out, Threads::One);
            });
        });
    }
    group.finish();
}

fn fused_inverted_residuals(c: &mut Criterion) {
    let mut group = c.benchmark_group("fused inverted residual");
    for (side, in_channels, expanded, out_channels, kernel, stride) in
        [(112, 16, 96, 24, 3, 2), (56, 24, 144, 24, 3, 1), (28, 32, 192, 32, 3, 1)]
    {
        let geometry = square(side, kernel, stride);
        let block = FusedInvertedResidual {
            expand: Some(Pointwise {
                weights: packed(in_channels, expanded),
                act: Activation::Relu6,
            }),
            depthwise: depthwise(expanded, kernel),
            act: Activation::Relu6,
            project: Some(Pointwise {
                weights: packed(expanded, out_channels),
                act: Activation::Linear,
            }),
        };
        let input = values(side * side * in_channels);
        let mut out = vec![0.0; geometry.out_pixels() * out_channels];
        let mut scratch = vec![0.0; block.scratch_len(&geometry)];
        let macs = geometry.in_pixels() * in_channels * expanded
            + geometry.out_pixels() * expanded * (kernel * kernel + out_channels);
        group.throughput(Throughput::Elements(macs as u64));
        let name =
            format!("{side} x {side}, {in_channels}-{expanded}-{out_channels}, stride {stride}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let workspace = Workspace { threads: Threads::One, scratch: &mut scratch };
                block.run(black_box(&input), &geometry, None, &mut out, workspace);
            });
        });
    }
    group.finish();
}

/// The gradients of the input and the weights for a batch of 8 images.
fn backward(c: &mut Criterion) {
    const IMAGES: usize = 8;
    let mut group = c.benchmark_group("backward, 8 images");
    for (side, in_channels, out_channels, groups, kernel, stride) in
        [(28, 32, 192, 1, 1, 1), (14, 64, 64, 1, 3, 1), (28, 192, 192, 192, 3, 1)]
    {
        let geometry = square(side, kernel, stride);
        let shape = ConvShape { geometry, in_channels, out_channels, groups };
        let input = values(IMAGES * geometry.in_pixels() * in_channels);
        let weights = values(out_channels * in_channels / groups * kernel * kernel);
        let gradient = values(IMAGES * geometry.out_pixels() * out_channels);
        let (mut of_input, mut of_weights) = (Vec::new(), vec![0.0; weights.len()]);
        let macs = 2 * IMAGES * geometry.out_pixels() * weights.len();
        group.throughput(Throughput::Elements(macs as u64));
        let name = format!(
            "{kernel} x {kernel}, {side} x {side}, {in_channels} to {out_channels}, groups {groups}"
        );
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                of_input.clear();
                let to = ConvGradients { input: Some(&mut of_input), weights: &mut of_weights };
                let gradient = OutGradient::Plain(black_box(&gradient));
                if groups == 1 {
                    conv_backward(&shape, &input, &weights, &gradient, to);
                } else {
                    depthwise_backward(&geometry, groups, &input, &weights, &gradient, to);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(
    benches,
    matrix_products,
    depthwise_convolutions,
    fused_inverted_residuals,
    backward
);
criterion_main!(benches);
