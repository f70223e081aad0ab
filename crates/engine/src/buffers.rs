//! Which buffer holds which value: a buffer is free again after its value's last reader.

/// Buffers as they are handed out while a plan is made.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// Length of each buffer.
    lengths: Vec<usize>,
    /// Buffers that hold nothing now.
    free: Vec<usize>,
}

impl Buffers {
    /// A free buffer of at least `len` numbers: the smallest that is large enough, else the largest
    /// grown, else a new one.
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

    /// Hands a buffer back.
    pub(crate) fn release(&mut self, index: usize) {
        debug_assert!(!self.free.contains(&index), "released twice");
        self.free.push(index);
    }

    /// The buffers themselves, zeroed.
    pub(crate) fn allocate(&self) -> Vec<Vec<f32>> {
        self.lengths.iter().map(|&len| vec![0.0; len]).collect()
    }
}
