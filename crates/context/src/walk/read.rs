//! Reads the texts of files.

use std::fs::File;
use std::io::Read as _;
use std::thread;

use mlxcode_base::{CancelToken, RelPath};

use super::listing::Place;
use super::{WalkOptions, threads};
use crate::encoding::{Decoded, Encoding, decode};
use crate::origin::Origin;

/// A file's text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    pub path: RelPath,
    pub text: String,
    pub origin: Origin,
    /// How the file holds the text.
    pub encoding: Encoding,
}

/// What reading a file gave.
#[derive(Debug)]
pub enum Read {
    File(SourceFile),
    Binary,
    TooLarge,
    NotUtf8,
    Unreadable,
}

/// Reads files on several threads, in their order; fewer where it is cancelled.
pub fn read_all(places: &[Place], options: &WalkOptions, cancel: &CancelToken) -> Vec<Read> {
    let each = places.len().div_ceil(threads()).max(1);
    thread::scope(|scope| {
        let workers: Vec<_> = places
            .chunks(each)
            .map(|part| {
                scope.spawn(move || {
                    let some = part.iter().take_while(|_| !cancel.is_cancelled());
                    some.map(|one| read_text(one, options)).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    })
}

/// Reads one file.
pub fn read_text(one: &Place, options: &WalkOptions) -> Read {
    let max_bytes = options.most_bytes(one.path.as_path());
    let mut bytes = Vec::with_capacity(one.size_bytes as usize + 1);
    // The file may have grown since it was found.
    let read = File::open(one.full())
        .and_then(|file| file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes));
    if read.is_err() {
        return Read::Unreadable;
    }
    if bytes.len() as u64 > max_bytes {
        return Read::TooLarge;
    }
    match decode(bytes) {
        Decoded::Text(text, encoding) => {
            let origin = Origin::of(&one.path, &text);
            Read::File(SourceFile { path: one.path.clone(), text, origin, encoding })
        }
        Decoded::Binary => Read::Binary,
        Decoded::Unknown => Read::NotUtf8,
    }
}
