//! A file of which parts are there.
//!
//! Its bytes lie in a file of full length; beside it a file tells how much of
//! each part was written. That one is a header of 512 bytes and, for each
//! part, two numbers of 64 bits, little endian: bytes written, and bytes that
//! were on the disk when it was last flushed. The first is true after a
//! `kill`, the second after a loss of power.

#![allow(clippy::disallowed_methods, reason = "the cache is written here, and nothing else")]

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::position::{allocate, read_exact_at, write_all_at};
use crate::error::{Error, Result};
use crate::files::read_optional;

const HEADER_BYTES: usize = 512;
const ENTRY_BYTES: usize = 16;

/// A longer one is not remembered.
const MOST_ETAG: usize = 256;

/// 1 MiB of parts is a file of terabytes.
const MOST_BYTES: u64 = 64 << 20;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    version: u32,
    size_bytes: u64,
    part_bytes: u64,
    /// What the server called the bytes, for `If-Range`.
    etag: Option<String>,
    /// The start of the machine under which it was written.
    boot: Option<String>,
}

/// A file that comes in parts.
#[derive(Debug)]
pub struct Partial {
    path: PathBuf,
    parts_path: PathBuf,
    file: File,
    parts_file: File,
    header: Mutex<Header>,
    size_bytes: u64,
    part_bytes: u64,
    written: Vec<AtomicU64>,
}

impl Partial {
    /// Opens what is there of a file of `size_bytes`, or begins it anew.
    pub fn open(path: &Path, parts_path: &Path, size_bytes: u64, part_bytes: u64) -> Result<Self> {
        let boot = boot_id();
        let found = read_parts(parts_path, size_bytes, boot.as_deref())?;
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io { path, source }
        };
        let open = |path: &Path| {
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
        };
        let file = open(path).map_err(io(path))?;
        let length = file.metadata().map_err(io(path))?.len();
        // A file of another length was never made by a pull of this one.
        let found = found.filter(|_| length == size_bytes);
        let (mut header, written) = found.unwrap_or_else(|| {
            let header = Header { version: 1, size_bytes, part_bytes, etag: None, boot: None };
            (header, Vec::new())
        });
        header.boot = boot;
        let part_bytes = header.part_bytes;
        let count = size_bytes.div_ceil(part_bytes) as usize;
        let fresh = written.is_empty();
        let mut written = written.into_iter().map(AtomicU64::new).collect::<Vec<_>>();
        written.resize_with(count, || AtomicU64::new(0));
        let parts_file = open(parts_path).map_err(io(parts_path))?;
        let partial = Self {
            path: path.to_owned(),
            parts_path: parts_path.to_owned(),
            file,
            parts_file,
            header: Mutex::new(header),
            size_bytes,
            part_bytes,
            written,
        };
        if fresh {
            partial.reset()?;
            partial.reserve()?;
        } else {
            partial.write_header()?;
            for part in 0..count {
                partial.write_part(part, partial.part_written(part))?;
            }
        }
        Ok(partial)
    }

    /// Forgets all that was written.
    pub fn reset(&self) -> Result<()> {
        // Shortened first: a header that is lost must not leave old parts.
        self.parts_file.set_len(0).map_err(|source| self.parts_io(source))?;
        for part in &self.written {
            part.store(0, Ordering::Release);
        }
        if let Ok(mut header) = self.header.lock() {
            header.etag = None;
        }
        let length = (HEADER_BYTES + self.written.len() * ENTRY_BYTES) as u64;
        self.parts_file.set_len(length).map_err(|source| self.parts_io(source))?;
        self.write_header()
    }

    /// Takes the space of the whole file, so that a disk that is too small is
    /// known before anything comes.
    fn reserve(&self) -> Result<()> {
        let io = |source| self.io(source);
        self.file.set_len(0).map_err(io)?;
        allocate(&self.file, self.size_bytes).map_err(io)?;
        self.file.set_len(self.size_bytes).map_err(io)
    }

    /// The file's size.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// How many parts there are; none of an empty file.
    pub fn part_count(&self) -> usize {
        self.written.len()
    }

    /// Where a part begins and ends.
    pub fn part_range(&self, part: usize) -> (u64, u64) {
        let start = part as u64 * self.part_bytes;
        (start, (start + self.part_bytes).min(self.size_bytes))
    }

    /// Bytes of a part that were written, from its beginning.
    pub fn part_written(&self, part: usize) -> u64 {
        self.written[part].load(Ordering::Acquire)
    }

    /// Whether a part is whole.
    pub fn part_is_whole(&self, part: usize) -> bool {
        let (start, end) = self.part_range(part);
        self.part_written(part) == end - start
    }

    /// Bytes that were written, of all parts.
    pub fn written_bytes(&self) -> u64 {
        (0..self.part_count()).map(|part| self.part_written(part)).sum()
    }

    /// Bytes from the beginning without a gap. The parts before `from` are
    /// known to be whole; gives the first that is not, too.
    pub fn frontier(&self, from: usize) -> (u64, usize) {
        let part = (from..self.part_count()).find(|part| !self.part_is_whole(*part));
        match part {
            Some(part) => (self.part_range(part).0 + self.part_written(part), part),
            None => (self.size_bytes, self.part_count()),
        }
    }

    /// Writes bytes that follow what is there of their part, and of the parts
    /// after it as far as they reach.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        write_all_at(&self.file, bytes, offset).map_err(|source| self.io(source))?;
        let end = offset + bytes.len() as u64;
        let mut at = offset;
        while at < end {
            let part = (at / self.part_bytes) as usize;
            let (start, part_end) = self.part_range(part);
            at = end.min(part_end);
            // After the bytes, so that what it tells is always there.
            self.write_part(part, at - start)?;
            self.written[part].store(at - start, Ordering::Release);
        }
        Ok(())
    }

    fn io(&self, source: io::Error) -> Error {
        Error::Io { path: self.path.clone(), source }
    }

    /// Reads bytes that were written.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        read_exact_at(&self.file, buffer, offset).map_err(|source| self.io(source))
    }

    /// Brings what was written onto the disk, and remembers that it is there.
    pub fn flush(&self) -> Result<()> {
        let written: Vec<u64> =
            (0..self.part_count()).map(|part| self.part_written(part)).collect();
        self.file.sync_data().map_err(|source| self.io(source))?;
        for (part, written) in written.into_iter().enumerate() {
            let place = (HEADER_BYTES + part * ENTRY_BYTES + 8) as u64;
            write_all_at(&self.parts_file, &written.to_le_bytes(), place)
                .map_err(|source| self.parts_io(source))?;
        }
        Ok(())
    }

    /// Brings the whole file onto the disk.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_all().map_err(|source| self.io(source))
    }

    /// What the server calls the bytes that are there.
    pub fn etag(&self) -> Option<String> {
        self.header.lock().ok().and_then(|header| header.etag.clone())
    }

    /// Remembers what the server calls them.
    pub fn set_etag(&self, etag: Option<&str>) -> Result<()> {
        let etag = etag.filter(|etag| etag.len() <= MOST_ETAG).map(str::to_owned);
        if let Ok(mut header) = self.header.lock() {
            if header.etag == etag {
                return Ok(());
            }
            header.etag = etag;
        }
        self.write_header()
    }

    fn write_header(&self) -> Result<()> {
        let header = self.header.lock().map(|header| header.clone());
        let Ok(header) = header else { return Ok(()) };
        let mut text = serde_json::to_vec(&header).unwrap_or_default();
        text.resize(HEADER_BYTES, b' ');
        write_all_at(&self.parts_file, &text, 0).map_err(|source| self.parts_io(source))
    }

    fn write_part(&self, part: usize, written: u64) -> Result<()> {
        let place = (HEADER_BYTES + part * ENTRY_BYTES) as u64;
        write_all_at(&self.parts_file, &written.to_le_bytes(), place)
            .map_err(|source| self.parts_io(source))
    }

    fn parts_io(&self, source: io::Error) -> Error {
        Error::Io { path: self.parts_path.clone(), source }
    }
}

/// How many bytes of a file are there, as whoever fetches it says.
pub fn written_bytes(parts_path: &Path, size_bytes: u64) -> Option<u64> {
    let (_, written) = read_parts(parts_path, size_bytes, boot_id().as_deref()).ok()??;
    Some(written.iter().sum())
}

/// The header and what can be relied on of each part; `None` where the file
/// tells nothing of a file of this size.
fn read_parts(
    path: &Path,
    size_bytes: u64,
    boot: Option<&str>,
) -> Result<Option<(Header, Vec<u64>)>> {
    let Some(bytes) = read_optional(path, MOST_BYTES)? else { return Ok(None) };
    let Some((header, entries)) = bytes.split_at_checked(HEADER_BYTES) else { return Ok(None) };
    let Ok(header) = serde_json::from_slice::<Header>(header) else { return Ok(None) };
    if header.version != 1 || header.size_bytes != size_bytes || header.part_bytes == 0 {
        return Ok(None);
    }
    let count = size_bytes.div_ceil(header.part_bytes);
    if entries.len() as u64 != count.saturating_mul(ENTRY_BYTES as u64) {
        return Ok(None);
    }
    let same_boot = boot.is_some() && header.boot.as_deref() == boot;
    let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    let parts = entries.chunks_exact(ENTRY_BYTES).enumerate().map(|(part, entry)| {
        let start = part as u64 * header.part_bytes;
        let length = header.part_bytes.min(size_bytes - start);
        let (written, flushed) = entry.split_at(8);
        let sure = if same_boot { number(written) } else { number(flushed) };
        if sure <= length { sure } else { 0 }
    });
    let parts = parts.collect();
    Ok(Some((header, parts)))
}

/// Tells one start of the machine from another; what was not flushed may be
/// lost between them. `None` where the system does not tell.
fn boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn open(&self, size: u64, part: u64) -> Partial {
            let path = self.0.path();
            Partial::open(&path.join("a"), &path.join("a.parts"), size, part).unwrap()
        }

        fn parts(&self) -> PathBuf {
            self.0.path().join("a.parts")
        }
    }

    fn written(partial: &Partial) -> Vec<u64> {
        (0..partial.part_count()).map(|part| partial.part_written(part)).collect()
    }

    #[test]
    fn what_was_written_is_known_again() {
        let place = Place(tempfile::tempdir().unwrap());
        let partial = place.open(10, 4);
        assert_eq!((partial.part_count(), partial.part_range(2)), (3, (8, 10)));
        partial.write(4, b"45").unwrap();
        partial.write(0, b"0").unwrap();
        partial.set_etag(Some("\"x\"")).unwrap();
        assert_eq!(partial.frontier(0), (1, 0));
        drop(partial);
        let partial = place.open(10, 99);
        assert_eq!((written(&partial), partial.etag().as_deref()), (vec![1, 2, 0], Some("\"x\"")));
        // One write may end a part and begin the next.
        partial.write(1, b"12345678").unwrap();
        assert_eq!((written(&partial), partial.frontier(0)), (vec![4, 4, 1], (9, 2)));
        let mut bytes = [0; 9];
        partial.read(0, &mut bytes).unwrap();
        assert_eq!(&bytes, b"012345678");
        assert_eq!(written_bytes(&place.parts(), 10), Some(9));
        partial.reset().unwrap();
        assert_eq!((partial.written_bytes(), partial.etag()), (0, None));
        drop(partial);
        assert_eq!(written(&place.open(10, 4)), [0, 0, 0]);
    }

    #[test]
    fn after_a_loss_of_power_only_what_was_flushed_counts() {
        let place = Place(tempfile::tempdir().unwrap());
        let partial = place.open(10, 4);
        partial.write(0, b"01").unwrap();
        partial.flush().unwrap();
        partial.write(2, b"23").unwrap();
        drop(partial);
        let mut bytes = fs::read(place.parts()).unwrap();
        if let Some(boot) = boot_id() {
            let at = bytes.windows(boot.len()).position(|part| part == boot.as_bytes()).unwrap();
            bytes[at] = b'_';
            fs::write(place.parts(), &bytes).unwrap();
        }
        assert_eq!(written(&place.open(10, 4)), [2, 0, 0]);
    }

    #[test]
    fn what_makes_no_sense_is_begun_anew() {
        let check = |spoil: &dyn Fn(&Path, &mut Vec<u8>)| {
            let place = Place(tempfile::tempdir().unwrap());
            place.open(10, 4).write(0, b"0123").unwrap();
            let mut bytes = fs::read(place.parts()).unwrap();
            spoil(&place.0.path().join("a"), &mut bytes);
            fs::write(place.parts(), bytes).unwrap();
            assert_eq!(written(&place.open(10, 4)), [0, 0, 0]);
            assert_eq!(fs::metadata(place.0.path().join("a")).unwrap().len(), 10);
        };
        check(&|_, bytes| bytes.clear());
        check(&|_, bytes| bytes.truncate(520));
        check(&|_, bytes| bytes[0] = b'x');
        // More than a part can hold.
        check(&|_, bytes| bytes[512] = 200);
        check(&|file, _| fs::write(file, "short").unwrap());
        check(&|file, _| fs::remove_file(file).unwrap());
        let place = Place(tempfile::tempdir().unwrap());
        place.open(10, 4).write(0, b"0123").unwrap();
        assert_eq!(place.open(11, 4).written_bytes(), 0);
    }
}
