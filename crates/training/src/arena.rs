//! Buffers that are used again, since fresh memory costs a page fault every 4 KiB.

/// Free buffers and scratch of one thread.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    free: Vec<Vec<f32>>,
    /// For kernels that grow it as they need.
    pub(crate) scratch: Vec<f32>,
}

impl Arena {
    /// A buffer of `len` numbers of any value.
    pub(crate) fn take(&mut self, len: usize) -> Vec<f32> {
        let fits = |buffer: &Vec<f32>| (len..=2 * len).contains(&buffer.capacity());
        let best = (0..self.free.len())
            .filter(|&index| fits(&self.free[index]))
            .min_by_key(|&index| self.free[index].capacity());
        match best {
            Some(index) => {
                let mut buffer = self.free.swap_remove(index);
                buffer.resize(len, 0.0);
                buffer
            }
            None => vec![0.0; len],
        }
    }

    pub(crate) fn give(&mut self, buffer: Vec<f32>) {
        if buffer.capacity() > 0 {
            self.free.push(buffer);
        }
    }
}
