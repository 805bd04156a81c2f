use std::fmt;

use memmap2::{MmapMut, MmapOptions};

/// What a huge page is on the machines that have them.
const HUGE_PAGE: usize = 2 << 20;

/// Bytes that begin on a cache line, zero at first and large ones in huge
/// pages where the system gives them: a decode reads every weight once, and
/// small pages would cost a walk of the page table for every 4 KiB.
pub struct Buffer {
    map: MmapMut,
    start: usize,
    len: usize,
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.len)
    }
}

impl Buffer {
    /// `len` zeros.
    ///
    /// # Panics
    /// Where the system has no address space left; memory itself is taken
    /// when it is first written.
    pub fn zeroed(len: usize) -> Self {
        let huge = len >= HUGE_PAGE;
        let spare = if huge { HUGE_PAGE } else { 0 };
        // An anonymous mapping of length 0 is an error.
        let map = MmapOptions::new().len((len + spare).max(1)).map_anon();
        let map = map.unwrap_or_else(|error| {
            std::panic::panic_any(format!("no address space for {len} bytes: {error}"))
        });
        let start = if huge { map.as_ptr().align_offset(HUGE_PAGE) } else { 0 };
        #[cfg(target_os = "linux")]
        if huge {
            // Without huge pages it is slower, not wrong.
            let _ = map.advise_range(memmap2::Advice::HugePage, start, len);
        }
        Self { map, start, len }
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.map[self.start..self.start + self.len]
    }

    /// All bytes, to be written.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.map[self.start..self.start + self.len]
    }
}
