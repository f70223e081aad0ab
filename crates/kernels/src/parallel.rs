//! Splitting the work of a kernel over threads.

use rayon::prelude::*;

/// The threads that run a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// The calling thread alone; rayon is not used.
    One,
    /// The rayon pool that the caller is installed in, which should have this many threads.
    Pool(usize),
}

impl Threads {
    /// The number of threads.
    pub fn count(self) -> usize {
        match self {
            Threads::One => 1,
            Threads::Pool(threads) => threads.max(1),
        }
    }

    /// The size of the pieces into which `total` units of work are cut. Pieces of up to `largest`
    /// units keep the caches warm, and there are enough of them for every thread.
    pub(crate) fn piece(self, total: usize, largest: usize) -> usize {
        match self {
            Threads::One => largest,
            Threads::Pool(_) => largest.min(total.div_ceil(self.count())),
        }
        .max(1)
    }

    /// Calls `work(index, piece)` for every piece of `out`. Each piece is `piece` long, except that
    /// the last may be shorter.
    pub(crate) fn for_each_piece(
        self,
        out: &mut [f32],
        piece: usize,
        work: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        match self {
            Threads::One => out.chunks_mut(piece).enumerate().for_each(|(i, out)| work(i, out)),
            Threads::Pool(_) => {
                out.par_chunks_mut(piece).enumerate().for_each(|(i, out)| work(i, out));
            }
        }
    }
}

/// The threads that run a kernel, and the scratch memory that they share out among themselves.
#[derive(Debug)]
pub struct Workspace<'a> {
    /// Who computes.
    pub threads: Threads,
    /// At least `scratch_len` elements of the kernel for each thread; the contents do not matter.
    pub scratch: &'a mut [f32],
}

impl Workspace<'_> {
    /// A workspace for kernels that need no scratch memory.
    pub fn without_scratch(threads: Threads) -> Self {
        Self { threads, scratch: &mut [] }
    }

    /// Cuts `out`, which has rows of `row` elements, into one piece for each thread and calls
    /// `work(first_row, piece, scratch)` for each piece, with `scratch_len` elements of scratch.
    ///
    /// # Panics
    /// When there are fewer than `scratch_len` elements of scratch for each thread.
    pub(crate) fn for_each_share(
        self,
        out: &mut [f32],
        row: usize,
        scratch_len: usize,
        work: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
    ) {
        let Self { threads, scratch } = self;
        let needed = scratch_len * threads.count();
        let found = scratch.len();
        assert!(
            found >= needed,
            "the scratch memory has {found} elements, but {needed} are needed"
        );
        if out.is_empty() {
            return;
        }
        let rows = out.len() / row;
        let share = rows.div_ceil(threads.count());
        match threads {
            Threads::One => work(0, out, &mut scratch[..scratch_len]),
            // Chunks cannot be empty, scratch can.
            Threads::Pool(_) if scratch_len == 0 => {
                let shares = out.par_chunks_mut(share * row).enumerate();
                shares.for_each(|(i, out)| work(i * share, out, &mut []));
            }
            Threads::Pool(_) => {
                let shares = out.par_chunks_mut(share * row).enumerate();
                shares
                    .zip(scratch.par_chunks_mut(scratch_len))
                    .for_each(|((i, out), scratch)| work(i * share, out, scratch));
            }
        }
    }
}
