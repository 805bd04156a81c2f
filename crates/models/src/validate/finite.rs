//! Weights that are numbers: no NaN and no infinity among the values, or among
//! the scales of packed blocks.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use mlxcode_base::CancelToken;

use super::floats::Layout;
use crate::error::{Error, Result};

/// A sample takes so much at once: a page of the disk, or of memory.
const WINDOW_BYTES: u64 = 4096;
/// Windows of all tensors together, so that a sample of a model of any size
/// takes some hundredths of a second. Every tensor gets one at least.
const WINDOWS: usize = 4096;
/// A tensor is not looked at in more places than this.
const MOST_WINDOWS: usize = 16;
/// What is read at once where all is looked at.
const PART_BYTES: u64 = 1 << 20;

/// How much of the weights is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Places of every tensor, spread over it.
    Sample,
    /// All of it.
    Every,
}

/// A tensor in its file.
#[derive(Clone, Debug)]
pub struct Stretch {
    pub tensor: String,
    pub file: PathBuf,
    pub offset: u64,
    pub size_bytes: u64,
    pub layout: Layout,
}

/// Checks that what is looked at holds numbers, and gives how many bytes that
/// were. `took` hears of every part, from several threads.
///
/// # Errors
/// The first value that is none names its tensor and place.
pub fn check_values(
    stretches: &[Stretch],
    depth: Depth,
    cancel: &CancelToken,
    took: &(dyn Fn(u64) + Sync),
) -> Result<u64> {
    let windows = (WINDOWS / stretches.len().max(1)).clamp(1, MOST_WINDOWS);
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    // The first failure by the order of the tensors, and the bytes seen.
    let found = Mutex::new((None::<(usize, Error)>, 0_u64));
    let work = || {
        let mut open: Option<(&Path, File)> = None;
        let mut buffer = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(stretch) = stretches.get(number) else { break };
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let parts = parts(stretch, depth, windows, number);
            let mut seen = 0;
            let result = parts.into_iter().try_for_each(|(at, length)| {
                if cancel.is_cancelled() {
                    return Err(Error::Cancelled);
                }
                check_part(stretch, at, length, &mut open, &mut buffer)?;
                seen += length;
                took(length);
                Ok(())
            });
            let Ok(mut found) = found.lock() else { break };
            found.1 += seen;
            if let Err(error) = result {
                stop.store(true, Ordering::Relaxed);
                if found.0.as_ref().is_none_or(|(first, _)| number < *first) {
                    found.0 = Some((number, error));
                }
            }
        }
    };
    let threads = match depth {
        Depth::Sample => 1,
        Depth::Every => thread::available_parallelism().map_or(1, usize::from),
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    match found.into_inner().unwrap_or_default() {
        (Some((_, error)), _) => Err(error),
        (None, seen) => Ok(seen),
    }
}

/// Where to look: places and lengths in the tensor, in whole blocks.
fn parts(stretch: &Stretch, depth: Depth, windows: usize, number: usize) -> Vec<(u64, u64)> {
    let block = stretch.layout.block_bytes();
    let blocks = stretch.size_bytes / block;
    let each = match depth {
        Depth::Every => PART_BYTES,
        Depth::Sample => WINDOW_BYTES,
    };
    let each = (each / block).max(1);
    if depth == Depth::Every || blocks <= each * windows as u64 {
        let starts = (0..blocks).step_by(each as usize);
        return starts.map(|at| (at * block, each.min(blocks - at) * block)).collect();
    }
    let last = blocks - each;
    let windows = windows as u64;
    let start = |window: u64| match windows {
        // Another place in each tensor: a golden section of it further.
        1 => (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) % (last + 1),
        _ => (u128::from(last) * u128::from(window) / u128::from(windows - 1)) as u64,
    };
    (0..windows).map(|window| (start(window) * block, each * block)).collect()
}

fn check_part<'s>(
    stretch: &'s Stretch,
    at: u64,
    length: u64,
    open: &mut Option<(&'s Path, File)>,
    buffer: &mut Vec<u8>,
) -> Result<()> {
    let io = |source: io::Error| Error::Io { path: stretch.file.clone(), source };
    let file = match open {
        Some((path, file)) if *path == stretch.file => file,
        _ => {
            let file = File::open(&stretch.file).map_err(io)?;
            &mut open.insert((&stretch.file, file)).1
        }
    };
    buffer.resize(length as usize, 0);
    file.seek(SeekFrom::Start(stretch.offset + at)).map_err(io)?;
    file.read_exact(buffer).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            let reason = format!("it ends within the weight {}", stretch.tensor);
            Error::Damaged { path: stretch.file.clone(), reason }
        }
        _ => io(error),
    })?;
    match stretch.layout.first_bad(buffer) {
        None => Ok(()),
        Some(place) => Err(Error::NotFinite {
            path: stretch.file.clone(),
            tensor: stretch.tensor.clone(),
            byte: stretch.offset + at + place,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn stretch(file: PathBuf, size_bytes: u64) -> Stretch {
        let layout = Layout::of_ggml(crate::gguf::GgmlType::Q8_0).unwrap();
        Stretch { tensor: "w".to_owned(), file, offset: 3, size_bytes, layout }
    }

    #[test]
    fn a_sample_is_spread_and_all_is_all() {
        let whole = |depth, blocks: u64, windows| {
            let parts = parts(&stretch(PathBuf::new(), blocks * 34), depth, windows, 5);
            let inside = parts
                .iter()
                .all(|(at, length)| at % 34 == 0 && length % 34 == 0 && at + length <= blocks * 34);
            assert!(inside, "{parts:?}");
            parts
        };
        assert_eq!(whole(Depth::Sample, 3, 4), [(0, 102)]);
        let all = whole(Depth::Every, 100_000, 4);
        assert_eq!(all.iter().map(|(_, length)| length).sum::<u64>(), 3_400_000);
        let sample = whole(Depth::Sample, 100_000, 4);
        assert_eq!(sample.len(), 4);
        assert_eq!((sample[0].0, sample[3].0), (0, (100_000 - 120) * 34));
        assert_eq!(whole(Depth::Sample, 100_000, 1).len(), 1);
        assert!(whole(Depth::Sample, 0, 1).is_empty());
    }

    #[test]
    fn a_bad_block_is_found_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("weights");
        let mut bytes = vec![0_u8; 3 + 34 * 100_000];
        fs::write(&place, &bytes).unwrap();
        let stretches = [stretch(place.clone(), 34 * 100_000)];
        let check = |depth| check_values(&stretches, depth, &CancelToken::new(), &|_| {});
        assert_eq!(check(Depth::Every).unwrap(), 3_400_000);
        assert!(check(Depth::Sample).unwrap() < 100_000);
        // Away from the ends, where a sample has no reason to look.
        let bad = 3 + 34 * 1_234;
        bytes[bad + 1] = 0x7c;
        fs::write(&place, &bytes).unwrap();
        assert!(check(Depth::Sample).is_ok());
        let found = check(Depth::Every).unwrap_err();
        assert!(matches!(found, Error::NotFinite { byte, .. } if byte == bad as u64), "{found}");
        bytes[4] = 0x7e;
        fs::write(&place, &bytes).unwrap();
        let found = check(Depth::Sample).unwrap_err();
        assert!(matches!(found, Error::NotFinite { byte: 3, .. }), "{found}");
        fs::write(&place, &bytes[..50]).unwrap();
        assert!(matches!(check(Depth::Sample), Err(Error::Damaged { .. })));
    }
}
