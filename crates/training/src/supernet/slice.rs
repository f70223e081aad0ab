//! The part of a stored tensor that is a tensor of a subnet.

/// The dimensions of a tensor in PyTorch's layout, `[out, input, kernel, kernel]`. Trailing
/// dimensions that it lacks are 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Dims {
    out: usize,
    /// Input channels that each filter reads.
    input: usize,
    kernel: usize,
}

impl Dims {
    fn of(shape: &[usize]) -> Self {
        let dim = |index: usize| shape.get(index).copied().unwrap_or(1);
        Self { out: dim(0), input: dim(1), kernel: dim(2) }
    }

    fn taps(self) -> usize {
        self.kernel * self.kernel
    }
}

/// The part of a stored tensor that is a tensor of a subnet: of each group the leading output and
/// input channels, and of kernels the centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// Index of the stored tensor.
    pub(super) stored: usize,
    /// The tensor of the subnet.
    part: Dims,
    /// The stored tensor.
    whole: Dims,
    groups: usize,
}

/// Elements that are consecutive in both tensors.
struct Run {
    /// Index of the first one in the tensor of the subnet.
    part: usize,
    /// Index of the first one in the stored tensor.
    whole: usize,
    len: usize,
}

impl Slice {
    /// The slice of shape `part` of the stored tensor of this index and shape. Both have output
    /// channels in as many groups, and no dimension of `part` is the greater one.
    pub(super) fn new(stored: usize, whole: &[usize], part: &[usize], groups: usize) -> Self {
        Self { stored, part: Dims::of(part), whole: Dims::of(whole), groups }
    }

    /// The elements of the slice, in the order of the subnet's tensor.
    pub(super) fn of(&self, stored: &[f32]) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.part.out * self.part.input * self.part.taps());
        self.runs(|run| values.extend_from_slice(&stored[run.whole..run.whole + run.len]));
        values
    }

    /// Adds the elements of a subnet's tensor to those of the stored one.
    pub(super) fn add(&self, values: &[f32], stored: &mut [f32]) {
        self.runs(|run| {
            let to = &mut stored[run.whole..run.whole + run.len];
            let from = &values[run.part..run.part + run.len];
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        });
    }

    fn runs(&self, mut each: impl FnMut(Run)) {
        let Self { part, whole, groups, .. } = *self;
        let (part_rows, whole_rows) = (part.out / groups, whole.out / groups);
        let margin = (whole.kernel - part.kernel) / 2;
        for row in 0..part.out {
            let whole_row = row / part_rows * whole_rows + row % part_rows;
            if part.kernel == whole.kernel {
                let [part_len, len] = [part.input, whole.input].map(|input| input * part.taps());
                each(Run { part: row * part_len, whole: whole_row * len, len: part_len });
                continue;
            }
            for input in 0..part.input {
                let from = (row * part.input + input) * part.taps();
                let to = (whole_row * whole.input + input) * whole.taps();
                for line in 0..part.kernel {
                    each(Run {
                        part: from + line * part.kernel,
                        whole: to + (margin + line) * whole.kernel + margin,
                        len: part.kernel,
                    });
                }
            }
        }
    }
}
