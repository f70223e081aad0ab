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
    /// The size of pieces into which `total` units are cut: few enough to keep caches warm, enough
    /// for every thread.
    pub(crate) fn piece(self, total: usize, largest: usize) -> usize {
        match self {
            Threads::One => largest,
            Threads::Pool(threads) => largest.min(total.div_ceil(threads)),
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
}
