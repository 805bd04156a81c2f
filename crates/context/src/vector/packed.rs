//! Vectors of a whole tree in one file, in the order in which a search
//! compares them.
//!
//! It is a copy: what is damaged, cut or of another state counts for nothing.
//! Numbers are little-endian: a mark, a [`State`] as three numbers of 8 bytes,
//! then of each file its number, its standing, how many bytes of vectors follow
//! and these; at the end a file of the number [`END`] and the CRC-32 of all
//! before it. The disk is not waited for, as the checksum tells what a loss of
//! power left.
//!
//! It is read in blocks and not mapped, which takes less time as long as each
//! process compares once or twice: 11 ms for 26 MB that lie in memory, where
//! mapping and its page faults take 15.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crc32fast::Hasher;

/// The last byte goes up with every change of the layout.
const MARK: [u8; 8] = *b"mlxivec\x01";

/// The number of no file.
const END: i64 = i64::MIN;

/// What is read and written at once: it fits the cache of a core.
const BLOCK_BYTES: usize = 256 << 10;

/// An unfinished file that is older was left by a process that was ended.
const LEFT: Duration = Duration::from_mins(1);

/// What the vectors are, and of which state of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Another after each change of what is packed, and in each index.
    pub changes: i64,
    /// The number of the model.
    pub model: i64,
    /// Numbers, which are bytes, in a vector.
    pub dimensions: usize,
}

impl State {
    fn bytes(self) -> Vec<u8> {
        let numbers = [self.changes, self.model, self.dimensions as i64];
        MARK.into_iter().chain(numbers.into_iter().flat_map(i64::to_le_bytes)).collect()
    }
}

/// Gives the number, the standing and the vectors of each file in `path` to
/// `each`; whether they were complete and of `state`. If not, what was given
/// counts for nothing.
pub fn read(path: &Path, state: State, each: impl FnMut(i64, u16, &[u8])) -> bool {
    let whole = || {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        whole(&mut BufReader::with_capacity(BLOCK_BYTES, file), size, state, each)
    };
    whole().unwrap_or(false)
}

/// Whether `path` begins as a file of `state` does.
pub fn is_of(path: &Path, state: State) -> bool {
    let mut head = vec![0; state.bytes().len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok()
        && head == state.bytes()
}

fn whole(
    file: &mut impl BufRead,
    size: u64,
    state: State,
    mut each: impl FnMut(i64, u16, &[u8]),
) -> io::Result<bool> {
    let mut sum = Hasher::new();
    let mut bytes = vec![0; state.bytes().len()];
    file.read_exact(&mut bytes)?;
    if bytes != state.bytes() {
        return Ok(false);
    }
    sum.update(&bytes);
    loop {
        let mut head = [0; 24];
        file.read_exact(&mut head)?;
        sum.update(&head);
        let mut numbers = head.as_chunks::<8>().0.iter().map(|one| i64::from_le_bytes(*one));
        let mut number = || numbers.next().unwrap_or_default();
        let (id, standing, count) = (number(), number(), number());
        if id == END {
            let mut expected = [0; 4];
            file.read_exact(&mut expected)?;
            return Ok(u32::from_le_bytes(expected) == sum.finalize());
        }
        // A wrong count would ask for any memory.
        let count = usize::try_from(count).ok().filter(|count| *count as u64 <= size);
        let (Some(count), Ok(standing)) = (count, u16::try_from(standing)) else {
            return Ok(false);
        };
        bytes.resize(count, 0);
        file.read_exact(&mut bytes)?;
        sum.update(&bytes);
        each(id, standing, &bytes);
    }
}

/// Writes such a file; nothing is seen of it before it is whole.
#[derive(Debug)]
pub struct Packing {
    path: PathBuf,
    beside: PathBuf,
    /// `None` once it is done, or has failed.
    file: Option<BufWriter<File>>,
    sum: Hasher,
}

impl Packing {
    /// Begins a file; `None` where another process is at it, or the folder
    /// cannot be written: it is a copy, and nobody needs it.
    #[allow(clippy::disallowed_methods, reason = "the index has a folder of its own")]
    pub fn begin(path: &Path, state: State) -> Option<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let beside = PathBuf::from(name);
        let is_left = |file: fs::Metadata| {
            file.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > LEFT))
        };
        if fs::metadata(&beside).is_ok_and(is_left) {
            fs::remove_file(&beside).ok()?;
        }
        let file = OpenOptions::new().write(true).create_new(true).open(&beside).ok()?;
        let file = Some(BufWriter::with_capacity(BLOCK_BYTES, file));
        let mut new = Self { path: path.to_owned(), beside, file, sum: Hasher::new() };
        new.put(&state.bytes());
        Some(new)
    }

    /// Adds the vectors of a file.
    pub fn file(&mut self, id: i64, standing: u16, vectors: &[u8]) {
        for number in [id, i64::from(standing), vectors.len() as i64] {
            self.put(&number.to_le_bytes());
        }
        self.put(vectors);
    }

    /// Puts the file in its place.
    #[allow(clippy::disallowed_methods, reason = "the index has a folder of its own")]
    pub fn finish(mut self) {
        self.file(END, 0, &[]);
        let sum = self.sum.clone().finalize().to_le_bytes();
        self.put(&sum);
        let Some(Ok(file)) = self.file.take().map(BufWriter::into_inner) else {
            self.file = None;
            return self.remove();
        };
        drop(file);
        // Where that is refused, the file goes, and the next search tries again.
        if fs::rename(&self.beside, &self.path).is_err() {
            self.remove();
        }
        self.path.clear();
    }

    fn put(&mut self, bytes: &[u8]) {
        self.sum.update(bytes);
        if self.file.as_mut().is_some_and(|file| file.write_all(bytes).is_err()) {
            self.file = None;
        }
    }

    #[allow(clippy::disallowed_methods, reason = "the index has a folder of its own")]
    fn remove(&self) {
        // It may be gone.
        let _ = fs::remove_file(&self.beside);
    }
}

impl Drop for Packing {
    fn drop(&mut self) {
        // The path is empty once the file has its place: another may be at
        // work by now.
        if !self.path.as_os_str().is_empty() {
            self.file = None;
            self.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: State = State { changes: 7, model: 2, dimensions: 3 };

    fn pack(path: &Path) {
        let mut packing = Packing::begin(path, STATE).unwrap();
        packing.file(5, 1, &[1, 2, 3, 4, 5, 6]);
        packing.file(-9, 0, &[]);
        packing.file(6, 4, &[7, 8, 9]);
        packing.finish();
    }

    fn found(path: &Path, state: State) -> Option<Vec<(i64, u16, Vec<u8>)>> {
        let mut all = Vec::new();
        let is_whole =
            read(path, state, |id, standing, bytes| all.push((id, standing, bytes.to_vec())));
        is_whole.then_some(all)
    }

    #[test]
    fn what_was_packed_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        assert_eq!(found(&path, STATE), None);
        pack(&path);
        let expect = vec![(5, 1, vec![1, 2, 3, 4, 5, 6]), (-9, 0, vec![]), (6, 4, vec![7, 8, 9])];
        assert_eq!(found(&path, STATE), Some(expect));
        for other in [
            State { changes: 8, ..STATE },
            State { model: 3, ..STATE },
            State { dimensions: 4, ..STATE },
        ] {
            assert_eq!(found(&path, other), None);
            assert!(!is_of(&path, other));
        }
        assert!(is_of(&path, STATE));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "it damages a file")]
    fn no_damage_is_taken_for_vectors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        pack(&path);
        let sound = fs::read(&path).unwrap();
        for place in 0..sound.len() {
            fs::write(&path, &sound[..place]).unwrap();
            assert_eq!(found(&path, STATE), None, "cut at {place}");
            for bit in 0..8 {
                let mut damaged = sound.clone();
                damaged[place] ^= 1 << bit;
                fs::write(&path, damaged).unwrap();
                assert_eq!(found(&path, STATE), None, "bit {bit} of byte {place}");
            }
        }
    }

    #[test]
    fn one_packs_at_a_time_and_leaves_nothing_unfinished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        let first = Packing::begin(&path, STATE).unwrap();
        assert!(Packing::begin(&path, STATE).is_none());
        drop(first);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        pack(&path);
        assert!(Packing::begin(&path.join("no folder"), STATE).is_none());
    }
}
