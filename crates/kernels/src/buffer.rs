use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use memmap2::{MmapOptions, MmapRaw};

/// What a huge page is on the machines that have them.
const HUGE_PAGE: usize = 2 << 20;

/// The most address space that an arena asks for at once: much more than one
/// matrix takes, so that little of it is left over.
const REGION: usize = 256 << 20;

/// What a buffer begins on: a cache line.
const ALIGNMENT: usize = 64;

/// Bytes that begin on a cache line, zero at first.
pub struct Buffer {
    map: Arc<MmapRaw>,
    start: usize,
    len: usize,
}

/// Memory that some buffers share, in huge pages where the system gives them:
/// a decode reads every weight once, and small pages would cost a walk of the
/// page table for every 4 KiB. By itself a matrix would have its end in small
/// pages, and one under 2 MiB all of it.
#[derive(Debug)]
pub struct Arena {
    region_bytes: usize,
    region: Mutex<Option<Region>>,
}

#[derive(Debug)]
struct Region {
    map: Arc<MmapRaw>,
    free: usize,
    end: usize,
}

impl Arena {
    /// Room for buffers of about `bytes` in all; more follows where they take
    /// more.
    pub fn new(bytes: usize) -> Self {
        Self { region_bytes: bytes.min(REGION), region: Mutex::new(None) }
    }

    /// `len` zeros.
    ///
    /// # Panics
    /// As [`Buffer::zeroed`] does.
    pub fn zeroed(&self, len: usize) -> Buffer {
        let mut region = self.region.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = len.next_multiple_of(ALIGNMENT);
        let has_room = region.as_ref().is_some_and(|region| region.end - region.free >= taken);
        if !has_room {
            *region = Some(Region::new(self.region_bytes.max(taken)));
        }
        let Some(region) = region.as_mut() else { return Buffer::zeroed(len) };
        let start = region.free;
        region.free += taken;
        Buffer { map: Arc::clone(&region.map), start, len }
    }
}

impl Region {
    fn new(len: usize) -> Self {
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
        Self { map: Arc::new(map.into()), free: start, end: start + len }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.len)
    }
}

impl Buffer {
    /// `len` zeros, in memory of their own.
    ///
    /// # Panics
    /// Where the system has no address space left; memory itself is taken
    /// when it is first written.
    pub fn zeroed(len: usize) -> Self {
        let Region { map, free, .. } = Region::new(len);
        Self { map, start: free, len }
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the bytes are this buffer's alone, and live as long as it.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().add(self.start), self.len) }
    }

    /// All bytes, to be written.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `&mut self` is the only way to write them.
        unsafe { std::slice::from_raw_parts_mut(self.map.as_mut_ptr().add(self.start), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_of_an_arena_do_not_touch() {
        for room in [0, 1000, 3 << 20] {
            let arena = Arena::new(room);
            let lengths = [1, 64, 0, 65, 1 << 20, 5 << 20, 100];
            let mut buffers: Vec<Buffer> = lengths.iter().map(|len| arena.zeroed(*len)).collect();
            drop(arena);
            for (number, buffer) in (1_u8..).zip(&mut buffers) {
                assert!(buffer.bytes().iter().all(|byte| *byte == 0));
                assert_eq!(buffer.bytes().as_ptr().align_offset(ALIGNMENT), 0);
                buffer.bytes_mut().fill(number);
            }
            for ((number, len), buffer) in (1_u8..).zip(lengths).zip(&buffers) {
                assert_eq!(buffer.bytes().len(), len);
                assert!(buffer.bytes().iter().all(|byte| *byte == number), "{room} {number}");
            }
        }
    }
}
