use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use crate::error::{Error, Result};

/// A file of weights in the address space.
#[derive(Debug)]
pub struct MappedFile {
    map: Mmap,
}

impl MappedFile {
    /// Maps a file, to be read.
    pub fn open(path: &Path) -> Result<Self> {
        let open = |source| Error::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(open)?;
        // SAFETY: the bytes are only read, and all of them are valid numbers.
        // Somebody who writes to the file meanwhile can make weights wrong, and
        // who cuts it short can end the process, as with any mapping.
        let map = unsafe { Mmap::map(&file) }.map_err(open)?;
        Ok(Self { map })
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Gives the pages that lie wholly in a range back to the system. They are
    /// read from the file again if somebody asks for them.
    pub fn release(&self, start: usize, len: usize) {
        #[cfg(unix)]
        {
            const PAGE: usize = 4096;
            let (first, end) = (start.next_multiple_of(PAGE), (start + len) / PAGE * PAGE);
            if first < end {
                // SAFETY: a mapping of a file, whose pages come back with the
                // same content; nothing was written to them.
                let released = unsafe {
                    let advice = memmap2::UncheckedAdvice::DontNeed;
                    self.map.unchecked_advise_range(advice, first, end - first)
                };
                // A page that stays costs memory, nothing else.
                let _ = released;
            }
        }
        #[cfg(not(unix))]
        let _ = (start, len);
    }
}
