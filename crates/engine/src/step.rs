//! One kernel call of a compiled network.

use kernels::{
    Activation, Bands, Conv, Depthwise, Epilogue, Geometry, Threads, add, avg_pool,
    channel_shuffle, copy_channels, global_avg_pool, max_pool, scale_channels,
};

/// Where a step finds an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The image.
    Image,
    /// The first `len` numbers of a buffer.
    Buffer { index: usize, len: usize },
}

/// What a step computes.
#[derive(Debug)]
pub(crate) enum Kernel {
    Conv {
        conv: Conv,
        geometry: Geometry,
        residual: Option<Place>,
        act: Activation,
    },
    Depthwise {
        depthwise: Depthwise,
        geometry: Geometry,
        act: Activation,
    },
    /// The geometry is the depthwise convolution's.
    Bands {
        bands: Bands,
        geometry: Geometry,
        residual: Option<Place>,
    },
    MaxPool {
        geometry: Geometry,
        channels: usize,
    },
    AvgPool {
        geometry: Geometry,
        channels: usize,
    },
    GlobalAvgPool {
        channels: usize,
    },
    Add {
        other: Place,
        act: Activation,
    },
    Split {
        channels: usize,
        start: usize,
        count: usize,
    },
    /// The inputs and their channels.
    Concat {
        parts: Vec<(Place, usize)>,
        channels: usize,
    },
    Shuffle {
        channels: usize,
        groups: usize,
    },
    /// In place: input and output are one buffer.
    Scale {
        by: Place,
    },
    /// In place.
    Act(Activation),
}

/// A kernel with its operands.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) kernel: Kernel,
    pub(crate) input: Place,
    /// Index and length of the output's buffer.
    pub(crate) output: (usize, usize),
    /// The unit that it belongs to.
    pub(crate) unit: usize,
}

impl Step {
    /// Numbers of scratch that the step needs a thread.
    pub(crate) fn scratch_len(&self) -> usize {
        match &self.kernel {
            Kernel::Conv { conv, geometry, .. } => conv.scratch_len(geometry),
            Kernel::Bands { bands, geometry, .. } => bands.scratch_len(geometry),
            _ => 0,
        }
    }
}

/// Runs a step with at least its scratch for every thread. The output's buffer is taken out while the kernel reads the others.
pub(crate) fn run(
    step: &Step,
    image: &[f32],
    buffers: &mut [Vec<f32>],
    scratch: &mut [f32],
    threads: Threads,
) {
    let (index, len) = step.output;
    let mut taken = std::mem::take(&mut buffers[index]);
    let out = &mut taken[..len];
    let read = |place: &Place| match *place {
        Place::Image => image,
        Place::Buffer { index, len } => &buffers[index][..len],
    };
    match &step.kernel {
        Kernel::Conv { conv, geometry, residual, act } => {
            let epilogue = Epilogue { residual: residual.as_ref().map(read), act: *act };
            conv.run(read(&step.input), geometry, epilogue, out, scratch, threads);
        }
        Kernel::Depthwise { depthwise, geometry, act } => {
            depthwise.run(read(&step.input), geometry, *act, out, threads);
        }
        Kernel::Bands { bands, geometry, residual } => {
            let residual = residual.as_ref().map(read);
            bands.run(read(&step.input), geometry, residual, out, scratch, threads);
        }
        Kernel::MaxPool { geometry, channels } => {
            max_pool(read(&step.input), geometry, *channels, out);
        }
        Kernel::AvgPool { geometry, channels } => {
            avg_pool(read(&step.input), geometry, *channels, out);
        }
        Kernel::GlobalAvgPool { channels } => {
            global_avg_pool(read(&step.input), *channels, out);
        }
        Kernel::Add { other, act } => add(read(&step.input), read(other), *act, out),
        Kernel::Split { channels, start, count } => {
            copy_channels(read(&step.input), (*channels, *start), out, (*count, 0), *count);
        }
        Kernel::Concat { parts, channels } => {
            let mut first = 0;
            for (part, count) in parts {
                copy_channels(read(part), (*count, 0), out, (*channels, first), *count);
                first += count;
            }
        }
        Kernel::Shuffle { channels, groups } => {
            channel_shuffle(read(&step.input), *channels, *groups, out);
        }
        Kernel::Scale { by } => scale_channels(out, read(by)),
        Kernel::Act(act) => act.apply(out),
    }
    buffers[index] = taken;
}
