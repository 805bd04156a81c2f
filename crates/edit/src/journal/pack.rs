//! The contents that one entry needs, in one file: one wait for the disk.
//!
//! The first line is JSON and names each content by its SHA-256, the rest is
//! their bytes, one after the other. Equal contents are kept once. A content
//! that comes from another one by a change in the middle keeps the middle
//! alone. What gets smaller by it is compressed with LZ4: of the compressors
//! in pure Rust the one without dependencies, and fast enough to cost nothing
//! beside the disk (source code to about a half).

use std::collections::{HashMap, HashSet};

use lz4_flex::block::{compress, decompress};
use mlxcode_base::ContentHash;
use serde::{Deserialize, Serialize};

use crate::content::Content;

/// LZ4 makes no content more than this many times larger.
const MOST_GROWTH: usize = 256;

/// The first line of a pack.
#[derive(Debug, Serialize, Deserialize)]
struct Index {
    version: u32,
    blobs: Vec<Blob>,
}

/// One content.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Blob {
    hash: ContentHash,
    size_bytes: usize,
    stored_bytes: usize,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    lz4: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    near: Option<Near>,
}

/// What a content has in common with another one of the pack.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Near {
    base: ContentHash,
    head_bytes: usize,
    tail_bytes: usize,
}

/// Packs contents, each with the one that it is probably like.
pub fn encode(contents: &[(&Content, Option<&Content>)]) -> Vec<u8> {
    let mut index = Index { version: 1, blobs: Vec::new() };
    let mut payload = Vec::new();
    // A content that others lean on leans on nothing itself.
    let bases: HashSet<ContentHash> =
        contents.iter().filter_map(|(_, base)| base.map(Content::hash)).collect();
    let mut known = HashSet::new();
    for (content, base) in contents {
        let hash = content.hash();
        if !known.insert(hash) {
            continue;
        }
        let bytes = content.bytes();
        let near = base.filter(|_| !bases.contains(&hash)).map(|base| Near::of(base, bytes));
        let own = match near {
            Some(near) => &bytes[near.head_bytes..bytes.len() - near.tail_bytes],
            None => bytes,
        };
        let small = compress(own);
        let lz4 = small.len() < own.len();
        let stored = if lz4 { &small[..] } else { own };
        payload.extend_from_slice(stored);
        let (size_bytes, stored_bytes) = (bytes.len(), stored.len());
        index.blobs.push(Blob { hash, size_bytes, stored_bytes, lz4, near });
    }
    // Neither numbers nor hashes can fail to be written.
    let mut pack = serde_json::to_vec(&index).unwrap_or_default();
    pack.push(b'\n');
    pack.extend_from_slice(&payload);
    pack
}

impl Near {
    fn of(base: &Content, bytes: &[u8]) -> Self {
        let old = base.bytes();
        let same = |(a, b): &(&u8, &u8)| a == b;
        let head_bytes = old.iter().zip(bytes).take_while(same).count();
        let rest = (&old[head_bytes..], &bytes[head_bytes..]);
        let tail_bytes = rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(same).count();
        Self { base: base.hash(), head_bytes, tail_bytes }
    }
}

/// The contents of a pack that was read.
#[derive(Debug, Default)]
pub struct Pack {
    bytes: Vec<u8>,
    /// Where each one's bytes begin.
    blobs: HashMap<ContentHash, (Blob, usize)>,
}

impl Pack {
    /// Reads the index; the contents are looked at when they are asked for.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub fn read(bytes: Vec<u8>) -> Result<Self, String> {
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or("it has no index")?;
        let index: Index =
            serde_json::from_slice(&bytes[..end]).map_err(|error| error.to_string())?;
        if index.version != 1 {
            return Err(format!("its format {} is not known here", index.version));
        }
        let mut blobs = HashMap::new();
        let mut at = end + 1;
        for blob in index.blobs {
            let start = at;
            at = at
                .checked_add(blob.stored_bytes)
                .filter(|at| *at <= bytes.len())
                .ok_or("it was cut off")?;
            blobs.insert(blob.hash, (blob, start));
        }
        Ok(Self { bytes, blobs })
    }

    /// Gives a content back, after checking that it is still the same.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub fn content(&self, hash: ContentHash) -> Result<Content, String> {
        let (blob, start) = self.blobs.get(&hash).ok_or("a content is missing")?;
        let own = self.own(blob, *start)?;
        let bytes = match blob.near {
            None => own,
            Some(Near { base, head_bytes, tail_bytes }) => {
                let (base, start) = self.blobs.get(&base).ok_or("a content is missing")?;
                if base.near.is_some() {
                    return Err("a content leans on one that leans itself".to_owned());
                }
                let base = self.own(base, *start)?;
                let head = base.get(..head_bytes);
                let tail = base.len().checked_sub(tail_bytes).and_then(|at| base.get(at..));
                let (head, tail) = head.zip(tail).ok_or("a content leans on more than there is")?;
                [head, &own, tail].concat()
            }
        };
        let content = Content::from(bytes);
        if content.hash() != hash {
            return Err("a content does not fit its name".to_owned());
        }
        Ok(content)
    }

    fn own(&self, blob: &Blob, start: usize) -> Result<Vec<u8>, String> {
        let stored = self.bytes.get(start..start + blob.stored_bytes).ok_or("it was cut off")?;
        if !blob.lz4 {
            return Ok(stored.to_vec());
        }
        let common = blob.near.map_or(0, |near| near.head_bytes.saturating_add(near.tail_bytes));
        let size = blob.size_bytes.checked_sub(common).ok_or("a content has no size")?;
        if size > stored.len().saturating_mul(MOST_GROWTH) {
            return Err("a content claims to be larger than it can be".to_owned());
        }
        decompress(stored, size).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn content(text: &str) -> Content {
        Content::from(text.to_owned())
    }

    #[test]
    fn equal_contents_are_kept_once_and_a_change_costs_its_middle() {
        let number = |n| format!("line {}", n * 7919 % 10_007);
        let lines = (0..2_000).map(number).collect::<Vec<_>>().join("\n") + "\n";
        let (before, after) = (content(&lines), content(&lines.replace("line 7919\n", "LINE\n")));
        assert_ne!(before, after);
        let pack = encode(&[(&before, None), (&after, Some(&before)), (&before, None)]);
        let alone = encode(&[(&before, None)]);
        assert!(alone.len() < lines.len(), "{} of {}", alone.len(), lines.len());
        assert!(pack.len() < alone.len() + 400, "{} after {}", pack.len(), alone.len());
        let pack = Pack::read(pack).unwrap();
        assert_eq!(pack.content(before.hash()).unwrap(), before);
        assert_eq!(pack.content(after.hash()).unwrap(), after);
        assert!(pack.content(content("other").hash()).is_err());
    }

    #[test]
    fn a_damaged_pack_is_an_error_and_no_wrong_content() {
        let (before, after) = (content("one\ntwo\nthree\n"), content("one\n2\nthree\n"));
        let pack = encode(&[(&before, None), (&after, Some(&before))]);
        for at in 0..pack.len() {
            let mut damaged = pack.clone();
            damaged[at] ^= 0x15;
            let Ok(damaged) = Pack::read(damaged) else { continue };
            for whole in [&before, &after] {
                if let Ok(read) = damaged.content(whole.hash()) {
                    assert_eq!(&read, whole);
                }
            }
        }
        for end in 0..pack.len() {
            let cut = Pack::read(pack[..end].to_vec());
            assert!(cut.is_err(), "{end}");
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(
            pairs in prop::collection::vec(
                (prop::collection::vec(0_u8..3, 0..40), prop::collection::vec(0_u8..3, 0..40)), 0..6
            )
        ) {
            let pairs: Vec<(Content, Content)> =
                pairs.into_iter().map(|(a, b)| (a.into(), b.into())).collect();
            let list: Vec<_> =
                pairs.iter().flat_map(|(a, b)| [(a, None), (b, Some(a))]).collect();
            let pack = Pack::read(encode(&list)).unwrap();
            for (content, _) in list {
                prop_assert_eq!(&pack.content(content.hash()).unwrap(), content);
            }
        }
    }
}
