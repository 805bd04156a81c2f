use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::sync::Arc;

use crate::buffer::Buffer;

/// Numbers that the workers of a team write in turns: one part each, then a
/// barrier, then all of them read.
///
/// Clones and views share the numbers, which lie in huge pages where there are
/// many: a product goes through the states of hundreds of tokens for each panel
/// of weights, one page after another. Reading derefs to a slice; that is sound
/// only while nobody writes, which is what the writers promise.
pub struct Cells<T> {
    memory: Arc<Memory>,
    start: usize,
    len: usize,
    kind: PhantomData<T>,
}

/// A buffer, and where it begins, for it is written through shared references.
struct Memory {
    base: *mut u8,
    _buffer: Buffer,
}

// SAFETY: the pointer is to the buffer's own bytes, whose writers promise that
// nobody reads or writes the same ones meanwhile (`part_mut`).
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

/// What cells may hold.
///
/// # Safety
/// Any bytes are a value of the kind, and zero bytes are its zero.
pub unsafe trait Number: Copy + Send + Sync {}

macro_rules! numbers {
    ($($kind:ty),*) => {
        $(
            // SAFETY: a number of the language has no invalid bytes.
            unsafe impl Number for $kind {}
        )*
    };
}
numbers!(f32, i8, i32, u16, u32);

impl<T> Clone for Cells<T> {
    fn clone(&self) -> Self {
        let Self { memory, start, len, kind } = self;
        Self { memory: Arc::clone(memory), start: *start, len: *len, kind: *kind }
    }
}

impl<T> fmt::Debug for Cells<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cells({} numbers)", self.len)
    }
}

impl<T: Number> Cells<T> {
    /// `len` zeros.
    ///
    /// # Panics
    /// Where the system has no address space left.
    pub fn new(len: usize) -> Self {
        let mut buffer = Buffer::zeroed(len * size_of::<T>());
        let base = buffer.bytes_mut().as_mut_ptr();
        let memory = Arc::new(Memory { base, _buffer: buffer });
        Self { memory, start: 0, len, kind: PhantomData }
    }

    /// A part of the same numbers.
    ///
    /// # Panics
    /// Where the range reaches beyond the end.
    pub fn view(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len);
        Self { start: self.start + range.start, len: range.len(), ..self.clone() }
    }

    /// A part of the numbers, to be written.
    ///
    /// # Safety
    /// While the part is borrowed, nobody else reads or writes any of it,
    /// through this value or any clone or view of it.
    ///
    /// # Panics
    /// Where the range reaches beyond the end.
    #[allow(clippy::mut_from_ref, reason = "the caller promises that the part is its own")]
    pub unsafe fn part_mut(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.len);
        let first = self.base().wrapping_add(range.start);
        // SAFETY: the part lies within the cells, as just checked, and is the
        // caller's alone.
        unsafe { std::slice::from_raw_parts_mut(first, range.len()) }
    }

    /// The start of the numbers, for outputs that several threads share.
    pub fn base(&self) -> *mut T {
        self.memory.base.cast::<T>().wrapping_add(self.start)
    }
}

impl<T: Number> Deref for Cells<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the numbers lie within the cells, which live as long as
        // `self`; nobody writes them now, as the writers promised.
        unsafe { std::slice::from_raw_parts(self.base(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_share_the_numbers() {
        let cells = Cells::<i32>::new(6);
        let view = cells.view(2..5);
        // SAFETY: nobody else has them now.
        unsafe { view.part_mut(1..3) }.copy_from_slice(&[7, 8]);
        assert_eq!(&*cells, [0, 0, 0, 7, 8, 0]);
        assert_eq!(&*view.view(1..2), [7]);
    }
}
