use std::fmt;

use crate::buffer::Buffer;
use crate::cache::row::{Rows, StoreBf16, StoreQ8, row_length, scales};
use crate::vector::level::Level;

/// Tokens that a page has room for.
pub const PAGE_TOKENS: usize = 32;

/// How keys and values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheType {
    /// Four bytes a number: exact, for comparisons.
    F32,
    /// bfloat16: 8 bits of mantissa.
    Bf16,
    /// 8 bits with a scale for 32 numbers, 8.5 bits a number.
    Q8,
}

/// What a model keeps of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CacheShape {
    /// Layers.
    pub layers: usize,
    /// Heads of keys and values in a layer.
    pub kv_heads: usize,
    /// Numbers of a key, and of a value.
    pub head_dim: usize,
    /// How they are stored.
    pub kind: CacheType,
}

impl CacheShape {
    /// Bytes of the keys, or of the values, of one head of one layer.
    const fn block_bytes(self) -> usize {
        let row = row_length(self.head_dim);
        PAGE_TOKENS
            * match self.kind {
                CacheType::F32 => 4 * row,
                CacheType::Bf16 => 2 * row,
                CacheType::Q8 => row + 2 * scales(row),
            }
    }

    /// Bytes of one page.
    pub const fn page_bytes(self) -> usize {
        self.layers * self.kv_heads * 2 * self.block_bytes()
    }
}

/// Memory for pages, which have the numbers from 0. Who holds which page is
/// for others to keep.
pub struct Pages {
    shape: CacheShape,
    capacity: usize,
    level: Level,
    base: *mut u8,
    /// Owns what `base` points to, and is not touched again.
    _buffer: Buffer,
}

// SAFETY: the memory is the buffer's, which is the pages' own; `write` leaves
// it to its callers that nobody touches what it writes.
unsafe impl Send for Pages {}
// SAFETY: as above; all other methods with `&self` only read.
unsafe impl Sync for Pages {}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("shape", &self.shape)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

/// The keys and the values of one head in one page.
#[derive(Clone, Copy, Debug)]
pub struct HeadPage<'a> {
    pub keys: Rows<'a>,
    pub values: Rows<'a>,
}

#[expect(clippy::cast_ptr_alignment, reason = "blocks and their parts begin on 64 bytes")]
impl Pages {
    /// Room for `capacity` pages of zeros. The system gives memory to a page
    /// when it is first written.
    ///
    /// # Panics
    /// Where the system has no address space left.
    pub fn new(shape: CacheShape, capacity: usize) -> Self {
        let mut buffer = Buffer::zeroed(shape.page_bytes().saturating_mul(capacity));
        let base = buffer.bytes_mut().as_mut_ptr();
        Self { shape, capacity, level: Level::best(), base, _buffer: buffer }
    }

    /// What a token takes.
    pub fn shape(&self) -> CacheShape {
        self.shape
    }

    /// Bytes of one page.
    pub fn page_bytes(&self) -> usize {
        self.shape.page_bytes()
    }

    /// Pages.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The bytes of a page, in this machine's order: for a file.
    ///
    /// # Panics
    /// Where there is no such page.
    pub fn page(&self, page: u32) -> &[u8] {
        let at = self.page_at(page);
        // SAFETY: the page lies in the buffer, and `write`'s callers promise
        // that nobody reads what they write.
        unsafe { std::slice::from_raw_parts(self.base.add(at), self.page_bytes()) }
    }

    /// The bytes of a page, to be read from a file: any bytes are some numbers.
    ///
    /// # Panics
    /// Where there is no such page.
    pub fn page_mut(&mut self, page: u32) -> &mut [u8] {
        let at = self.page_at(page);
        // SAFETY: as in `page`; `self` is borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.base.add(at), self.page_bytes()) }
    }

    /// Copies the first tokens of a page, in all layers, to another page.
    ///
    /// # Panics
    /// Where there is no such page, or one has fewer tokens.
    pub fn copy(&mut self, from: u32, to: u32, tokens: usize) {
        assert!(tokens <= PAGE_TOKENS);
        let (from, to) = (self.page_at(from), self.page_at(to));
        if from == to {
            return;
        }
        let row = row_length(self.shape.head_dim);
        // Rows of numbers, then rows of scales: each as (bytes before, bytes
        // of a token).
        let parts = match self.shape.kind {
            CacheType::F32 => [(0, 4 * row), (0, 0)],
            CacheType::Bf16 => [(0, 2 * row), (0, 0)],
            CacheType::Q8 => [(0, row), (PAGE_TOKENS * row, 2 * scales(row))],
        };
        let block = self.shape.block_bytes();
        for start in (0..self.page_bytes()).step_by(block) {
            for (before, bytes) in parts {
                let at = start + before;
                // SAFETY: both lie in their pages, which are not the same, and
                // `self` is borrowed alone.
                unsafe {
                    let source = self.base.add(from + at);
                    source.copy_to_nonoverlapping(self.base.add(to + at), tokens * bytes);
                }
            }
        }
    }

    /// Stores the key and the value of one token, of one head of one layer,
    /// in one of the 32 slots of a page.
    ///
    /// # Safety
    /// While this runs, no other thread writes this slot of this head and
    /// layer of this page, nor reads it: by [`page`](Self::page), whose result
    /// may not live meanwhile, or by an attention to this head of this layer
    /// whose sequence has this page and whose length reaches the slot.
    ///
    /// # Panics
    /// Where there is no such page, layer, head or slot, or the key or the
    /// value is not of the head's length.
    pub unsafe fn write(
        &self,
        page: u32,
        layer: usize,
        head: usize,
        slot: usize,
        key: &[f32],
        value: &[f32],
    ) {
        assert!(slot < PAGE_TOKENS);
        assert!(key.len() == self.shape.head_dim && value.len() == self.shape.head_dim);
        let at = self.head_at(page, layer, head);
        let row = row_length(self.shape.head_dim);
        for (at, from) in [(at, key), (at + self.shape.block_bytes(), value)] {
            // SAFETY: the row of the slot lies in the page, begins on a
            // multiple of its numbers' size, and by the caller's promise
            // nobody else reads or writes it.
            unsafe {
                let block = self.base.add(at);
                match self.shape.kind {
                    CacheType::F32 => {
                        let start = block.cast::<f32>().add(slot * row);
                        std::slice::from_raw_parts_mut(start, from.len()).copy_from_slice(from);
                    }
                    CacheType::Bf16 => {
                        let start = block.cast::<u16>().add(slot * row);
                        let into = std::slice::from_raw_parts_mut(start, row);
                        self.level.run(StoreBf16 { from, into });
                    }
                    CacheType::Q8 => {
                        let codes = block.cast::<i8>().add(slot * row);
                        let codes = std::slice::from_raw_parts_mut(codes, row);
                        let start = block.add(PAGE_TOKENS * row).cast::<u16>();
                        let start = start.add(slot * scales(row));
                        let scales = std::slice::from_raw_parts_mut(start, scales(row));
                        self.level.run(StoreQ8 { from, codes, scales });
                    }
                }
            }
        }
    }

    /// Some slots of one head, none of which may be written meanwhile:
    /// `write`'s callers promise that.
    #[inline]
    pub(crate) fn head(
        &self,
        page: u32,
        layer: usize,
        head: usize,
        slots: std::ops::Range<usize>,
    ) -> HeadPage<'_> {
        assert!(slots.start <= slots.end && slots.end <= PAGE_TOKENS);
        let at = self.head_at(page, layer, head);
        let row = row_length(self.shape.head_dim);
        let rows = |at: usize| {
            // SAFETY: the rows lie in the page and begin on a multiple of
            // their numbers' size; nobody writes them, as said above.
            unsafe {
                let block = self.base.add(at);
                match self.shape.kind {
                    CacheType::F32 => {
                        let start = block.cast::<f32>().add(slots.start * row);
                        Rows::F32(std::slice::from_raw_parts(start, slots.len() * row))
                    }
                    CacheType::Bf16 => {
                        let start = block.cast::<u16>().add(slots.start * row);
                        Rows::Bf16(std::slice::from_raw_parts(start, slots.len() * row))
                    }
                    CacheType::Q8 => {
                        let codes = block.cast::<i8>().add(slots.start * row);
                        let start = block.add(PAGE_TOKENS * row).cast::<u16>();
                        let start = start.add(slots.start * scales(row));
                        Rows::Q8 {
                            codes: std::slice::from_raw_parts(codes, slots.len() * row),
                            scales: std::slice::from_raw_parts(start, slots.len() * scales(row)),
                        }
                    }
                }
            }
        };
        HeadPage { keys: rows(at), values: rows(at + self.shape.block_bytes()) }
    }

    fn page_at(&self, page: u32) -> usize {
        assert!((page as usize) < self.capacity, "page {page} of {}", self.capacity);
        page as usize * self.page_bytes()
    }

    fn head_at(&self, page: u32, layer: usize, head: usize) -> usize {
        assert!(layer < self.shape.layers && head < self.shape.kv_heads);
        let number = layer * self.shape.kv_heads + head;
        self.page_at(page) + number * 2 * self.shape.block_bytes()
    }
}
