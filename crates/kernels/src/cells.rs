use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Numbers that the workers of a team write in turns: one part each, then a
/// barrier, then all of them read.
///
/// Clones and views share the numbers. Reading derefs to a slice; that is
/// sound only while nobody writes, which is what the writers promise.
pub struct Cells<T> {
    numbers: Arc<[UnsafeCell<T>]>,
    start: usize,
    len: usize,
}

// SAFETY: whoever writes promises that nobody reads or writes the same numbers
// meanwhile (`part_mut`), so threads may share them as they share `&mut [T]`.
unsafe impl<T: Send + Sync> Sync for Cells<T> {}
// SAFETY: as above; the numbers themselves may move between threads.
unsafe impl<T: Send + Sync> Send for Cells<T> {}

impl<T> Clone for Cells<T> {
    fn clone(&self) -> Self {
        Self { numbers: Arc::clone(&self.numbers), start: self.start, len: self.len }
    }
}

impl<T> fmt::Debug for Cells<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cells({} numbers)", self.len)
    }
}

impl<T: Copy + Default> Cells<T> {
    /// `len` zeros.
    pub fn new(len: usize) -> Self {
        let numbers = (0..len).map(|_| UnsafeCell::new(T::default())).collect();
        Self { numbers, start: 0, len }
    }

    /// A part of the same numbers.
    ///
    /// # Panics
    /// Where the range reaches beyond the end.
    pub fn view(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len);
        Self {
            numbers: Arc::clone(&self.numbers),
            start: self.start + range.start,
            len: range.len(),
        }
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
        let first =
            UnsafeCell::raw_get(self.numbers.as_ptr()).wrapping_add(self.start + range.start);
        // SAFETY: the part lies within the cells, as just checked, and is the
        // caller's alone.
        unsafe { std::slice::from_raw_parts_mut(first, range.len()) }
    }

    /// The start of the numbers, for outputs that several threads share.
    pub fn base(&self) -> *mut T {
        UnsafeCell::raw_get(self.numbers.as_ptr()).wrapping_add(self.start)
    }
}

impl<T> Deref for Cells<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        let first = UnsafeCell::raw_get(self.numbers.as_ptr()).wrapping_add(self.start);
        // SAFETY: the numbers lie within the cells, which live as long as
        // `self`; nobody writes them now, as the writers promised.
        unsafe { std::slice::from_raw_parts(first, self.len) }
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
