//! Which buffer holds which value. A buffer can be used again after the last reader of its value.

use kernels::Memory;

/// The buffers of a plan that is being made.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// The length of each buffer.
    lengths: Vec<usize>,
    /// The buffers that hold nothing at this point of the plan.
    free: Vec<usize>,
}

impl Buffers {
    /// A free buffer of at least `len` elements: the smallest that is large enough; if there is none,
    /// the largest, which is grown; and if none is free, a new one.
    pub(crate) fn take(&mut self, len: usize) -> usize {
        let fit = |index: &usize| {
            let have = self.lengths[*index];
            if have >= len { (0, have) } else { (1, usize::MAX - have) }
        };
        let best = self.free.iter().copied().min_by_key(fit);
        let index = match best {
            Some(index) => {
                self.free.retain(|&free| free != index);
                index
            }
            None => {
                self.lengths.push(0);
                self.lengths.len() - 1
            }
        };
        self.lengths[index] = self.lengths[index].max(len);
        index
    }

    /// Returns a buffer that nothing reads any more.
    pub(crate) fn release(&mut self, index: usize) {
        debug_assert!(!self.free.contains(&index), "buffer {index} is released twice");
        self.free.push(index);
    }

    /// Allocates the buffers, filled with zeros.
    pub(crate) fn allocate(&self) -> Vec<Memory> {
        self.lengths.iter().map(|&len| Memory::zeroed(len)).collect()
    }
}
