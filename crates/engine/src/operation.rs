//! One kernel call of a compiled network.

use kernels::{
    Activation, ChannelsFrom, Conv, Depthwise, Epilogue, FusedInvertedResidual, Geometry, Memory,
    PackedWeights, Threads, Workspace, add, avg_pool, channel_shuffle, copy_channels,
    global_avg_pool, max_pool, scale_channels,
};

/// The first `len` elements of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The index of the buffer.
    pub(crate) index: usize,
    pub(crate) len: usize,
}

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The image that the network runs on.
    Image,
    Buffer(Slot),
}

/// One input of a concat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConcatPart {
    pub(crate) place: Place,
    pub(crate) channels: usize,
}

/// What an operation computes.
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
    FusedInvertedResidual {
        block: Box<FusedInvertedResidual>,
        /// Of the depthwise convolution.
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
    /// A copy of `count` channels.
    Split {
        from: ChannelsFrom,
        count: usize,
    },
    Concat {
        parts: Vec<ConcatPart>,
        channels: usize,
    },
    Shuffle {
        channels: usize,
        groups: usize,
    },
    /// In place: the input and the output share a buffer.
    Scale {
        by: Place,
    },
    /// In place as well.
    Act(Activation),
}

/// A kernel with its operands: one or more ops of the graph, compiled to run.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) kernel: Kernel,
    pub(crate) input: Place,
    pub(crate) output: Slot,
    /// The index of the unit that the ops belong to.
    pub(crate) unit: usize,
}

/// What all operations of a run share.
pub(crate) struct Run<'a> {
    pub(crate) image: &'a [f32],
    pub(crate) buffers: &'a mut [Memory],
    /// At least [`Operation::scratch_len`] for each thread.
    pub(crate) scratch: &'a mut [f32],
    pub(crate) threads: Threads,
}

impl Kernel {
    /// The weights of the kernel, to be gathered with those of others.
    pub(crate) fn packed_weights(&mut self) -> Vec<&mut PackedWeights> {
        match self {
            Self::Conv { conv, .. } => conv.packed_weights().collect(),
            Self::Depthwise { depthwise, .. } => depthwise.packed_weights().into(),
            Self::FusedInvertedResidual { block, .. } => block.packed_weights().collect(),
            _ => Vec::new(),
        }
    }
}

impl Operation {
    /// The elements of scratch memory that the operation needs for each thread.
    pub(crate) fn scratch_len(&self) -> usize {
        match &self.kernel {
            Kernel::Conv { conv, geometry, .. } => conv.scratch_len(geometry),
            Kernel::FusedInvertedResidual { block, geometry, .. } => block.scratch_len(geometry),
            _ => 0,
        }
    }

    /// Runs the operation. The buffer of its output is taken out of the buffers while the kernel reads
    /// the others.
    pub(crate) fn run(&self, run: &mut Run<'_>) {
        let Slot { index, len } = self.output;
        let mut taken = std::mem::take(&mut run.buffers[index]);
        let out = &mut taken[..len];
        let buffers = &*run.buffers;
        let read = |place: &Place| match *place {
            Place::Image => run.image,
            Place::Buffer(Slot { index, len }) => &buffers[index][..len],
        };
        // Only read when a kernel asks for it: the input of kernels that work in place has been taken out.
        let input = || read(&self.input);
        let workspace = Workspace { threads: run.threads, scratch: &mut *run.scratch };
        match &self.kernel {
            Kernel::Conv { conv, geometry, residual, act } => {
                let epilogue = Epilogue { residual: residual.as_ref().map(read), act: *act };
                conv.run(input(), geometry, epilogue, out, workspace);
            }
            Kernel::Depthwise { depthwise, geometry, act } => {
                depthwise.run(input(), geometry, *act, out, run.threads);
            }
            Kernel::FusedInvertedResidual { block, geometry, residual } => {
                block.run(input(), geometry, residual.as_ref().map(read), out, workspace);
            }
            Kernel::MaxPool { geometry, channels } => max_pool(input(), geometry, *channels, out),
            Kernel::AvgPool { geometry, channels } => avg_pool(input(), geometry, *channels, out),
            Kernel::GlobalAvgPool { channels } => global_avg_pool(input(), *channels, out),
            Kernel::Add { other, act } => add(input(), read(other), *act, out),
            Kernel::Split { from, count } => {
                let to = ChannelsFrom { first: 0, channels: *count };
                copy_channels(input(), *from, out, to, *count);
            }
            Kernel::Concat { parts, channels } => {
                let mut to = ChannelsFrom { first: 0, channels: *channels };
                for ConcatPart { place, channels } in parts {
                    let from = ChannelsFrom { first: 0, channels: *channels };
                    copy_channels(read(place), from, out, to, *channels);
                    to.first += channels;
                }
            }
            Kernel::Shuffle { channels, groups } => {
                channel_shuffle(input(), *channels, *groups, out);
            }
            Kernel::Scale { by } => scale_channels(out, read(by)),
            Kernel::Act(act) => act.apply(out),
        }
        run.buffers[index] = taken;
    }
}
