//! Memory for weights and maps, aligned to whole vectors and on huge pages where the system has them.

#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;
use std::sync::Arc;

/// Size of a cache line, and of the largest vector.
const LINE: usize = 64;
/// Size of a huge page on x86-64 and, with pages of 4 KiB, on AArch64.
const HUGE_PAGE: usize = 2 << 20;
/// Elements of a cache line.
const LINE_ELEMENTS: usize = LINE / size_of::<f32>();

/// A slice of elements, filled with zeros at first, that begins at a cache line. One that fills at
/// least half a huge page asks the system for huge pages: a network reads megabytes of weights in
/// each run, and with pages of 4 KiB their addresses do not fit into the second-level TLB.
#[derive(Debug)]
pub struct Memory {
    start: NonNull<f32>,
    len: usize,
    layout: Layout,
}

// SAFETY: the memory is owned, as that of a `Vec<f32>` is.
unsafe impl Send for Memory {}
// SAFETY: a shared reference only gives shared access to the elements.
unsafe impl Sync for Memory {}

impl Memory {
    /// Allocates `len` zeros.
    ///
    /// # Panics
    /// When the size overflows.
    pub fn zeroed(len: usize) -> Self {
        if len == 0 {
            return Self::default();
        }
        let size = len * size_of::<f32>();
        let huge = size >= HUGE_PAGE / 2;
        let (size, align) = match huge {
            true => (size.next_multiple_of(HUGE_PAGE), HUGE_PAGE),
            false => (size.next_multiple_of(LINE), LINE),
        };
        let layout = Layout::from_size_align(size, align).expect("the size overflows");
        // SAFETY: the size is above 0.
        let Some(start) = NonNull::new(unsafe { alloc(layout) }) else {
            handle_alloc_error(layout)
        };
        if huge {
            advise_huge_pages(start, size);
        }
        // SAFETY: all of the memory was allocated above, and zeros are elements of value 0.
        unsafe { start.write_bytes(0, size) };
        Self { start: start.cast(), len, layout }
    }
}

/// Asks the system for huge pages, which it need not grant. Pages that were touched stay as they are.
#[cfg(target_os = "linux")]
fn advise_huge_pages(start: NonNull<u8>, size: usize) {
    // SAFETY: the range is memory of ours, and the advice changes no contents.
    unsafe { libc::madvise(start.as_ptr().cast(), size, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise_huge_pages(_start: NonNull<u8>, _size: usize) {}

impl Default for Memory {
    /// No elements, for which nothing is allocated.
    fn default() -> Self {
        Self { start: NonNull::dangling(), len: 0, layout: Layout::new::<()>() }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.layout.size() > 0 {
            // SAFETY: it was allocated with this layout.
            unsafe { dealloc(self.start.as_ptr().cast(), self.layout) }
        }
    }
}

impl Deref for Memory {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `len` elements were initialised; without any, a dangling pointer will do.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and the reference is unique.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

/// Elements that a kernel only reads: packed weights. [`PackedWeights::gather`] moves those of a whole
/// network into one piece of memory.
#[derive(Clone, Debug)]
pub struct PackedWeights(Place);

#[derive(Clone, Debug)]
enum Place {
    Own(Vec<f32>),
    Gathered { memory: Arc<Memory>, range: Range<usize> },
}

impl PackedWeights {
    /// Moves all `parts` into one [`Memory`], in their order, each at the beginning of a cache line.
    pub fn gather(parts: &mut [&mut Self]) {
        let len = parts.iter().map(|part| part.len().next_multiple_of(LINE_ELEMENTS)).sum();
        let mut memory = Memory::zeroed(len);
        let mut start = 0;
        for part in parts.iter() {
            memory[start..start + part.len()].copy_from_slice(part);
            start += part.len().next_multiple_of(LINE_ELEMENTS);
        }
        let memory = Arc::new(memory);
        let mut start = 0;
        for part in parts {
            let range = start..start + part.len();
            start += part.len().next_multiple_of(LINE_ELEMENTS);
            part.0 = Place::Gathered { memory: memory.clone(), range };
        }
    }
}

impl From<Vec<f32>> for PackedWeights {
    fn from(elements: Vec<f32>) -> Self {
        Self(Place::Own(elements))
    }
}

impl Deref for PackedWeights {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.0 {
            Place::Own(elements) => elements,
            Place::Gathered { memory, range } => &memory[range.clone()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HUGE_PAGE, LINE, Memory, PackedWeights};

    #[test]
    fn memory_is_zeroed_and_aligned() {
        for len in [0, 1, 17, HUGE_PAGE / 8 - 1, HUGE_PAGE / 8, HUGE_PAGE / 4 + 1] {
            let mut memory = Memory::zeroed(len);
            assert_eq!(memory.len(), len);
            assert!(memory.iter().all(|&value| value.to_bits() == 0));
            assert!(len == 0 || memory.as_ptr().addr().is_multiple_of(LINE));
            memory.fill(1.0);
        }
    }

    #[test]
    fn gathered_weights_keep_their_elements() {
        let of = |len: usize| (0..len).map(|at| (len + at) as f32).collect::<Vec<_>>();
        let lens = [0, 3, 16, 300_000, 5];
        let mut parts = lens.map(|len| PackedWeights::from(of(len)));
        PackedWeights::gather(&mut parts.iter_mut().collect::<Vec<_>>());
        for (part, len) in parts.iter().zip(lens) {
            assert_eq!(**part, of(len)[..]);
            assert!(part.as_ptr().addr().is_multiple_of(LINE));
        }
        assert_eq!(*parts[1].clone(), of(3)[..]);
    }
}
