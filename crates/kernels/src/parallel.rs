//! Work split over threads, or not at all.

use rayon::prelude::*;

/// Who does the work of one kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// The calling thread, without touching rayon.
    One,
    /// The rayon pool that the caller is installed in, with about this many threads.
    Pool(usize),
}

impl Threads {
    /// How many there are.
    pub fn count(self) -> usize {
        match self {
            Threads::One => 1,
            Threads::Pool(threads) => threads.max(1),
        }
    }

    /// The size of pieces into which `total` units are cut: few enough to keep caches warm, enough
    /// for every thread.
    pub(crate) fn piece(self, total: usize, largest: usize) -> usize {
        match self {
            Threads::One => largest,
            Threads::Pool(_) => largest.min(total.div_ceil(self.count())),
        }
        .max(1)
    }

    /// Calls `work(index, piece)` for every piece of `out`, each `piece` long but the last.
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

    /// Cuts `out`, rows of `row` numbers, into one piece a thread and calls
    /// `work(first_row, piece, scratch)` for each, with `scratch_len` numbers of scratch.
    ///
    /// # Panics
    /// When `scratch` has fewer than `scratch_len` numbers a thread.
    pub(crate) fn for_each_share(
        self,
        out: &mut [f32],
        row: usize,
        scratch: &mut [f32],
        scratch_len: usize,
        work: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
    ) {
        assert!(scratch.len() >= scratch_len * self.count(), "scratch for every thread");
        if out.is_empty() {
            return;
        }
        let rows = out.len() / row;
        let share = rows.div_ceil(self.count());
        match self {
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
