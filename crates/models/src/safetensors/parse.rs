//! One header, and the index over several files.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::io::{self, Read};
use std::marker::PhantomData;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::{SafetensorsTensor, SafetensorsType};
use crate::error::{Error, Result};

/// The limit of the format's own library. Real headers take some hundred
/// kilobytes.
const MOST_HEADER_BYTES: u64 = 100_000_000;

#[derive(Deserialize)]
struct StoredTensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// Which file holds a tensor, by the tensor's name.
#[derive(Deserialize)]
pub struct Index {
    weight_map: Files,
}

impl Index {
    /// Reads the index at `path`, whose bytes are `text`. The files that it
    /// names lie beside it.
    pub fn parse(text: &[u8], path: &Path) -> Result<BTreeMap<String, String>> {
        let damaged = |reason| Error::Damaged { path: path.to_owned(), reason };
        let index: Self =
            serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
        let outside = |name: &&String| {
            name.contains(['/', '\\', ':', '\0']) || !name.ends_with(".safetensors")
        };
        match index.weight_map.0.values().find(outside) {
            Some(name) => {
                Err(damaged(format!("it names the file {name:?}, which is none beside it")))
            }
            None => Ok(index.weight_map.0),
        }
    }
}

/// Reads a header from the beginning of a file of `size` bytes, and places its
/// tensors in the file; they must fill the rest of it exactly.
pub fn read_header(
    mut input: impl Read,
    size: u64,
    path: &Path,
) -> Result<BTreeMap<String, SafetensorsTensor>> {
    let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
    let io = |source: io::Error| match source.kind() {
        io::ErrorKind::UnexpectedEof => damaged("it became shorter while it was read".to_owned()),
        _ => Error::Io { path: path.to_owned(), source },
    };
    let mut length = [0; 8];
    if size < 8 {
        return Err(damaged("it is too short for a header".to_owned()));
    }
    input.read_exact(&mut length).map_err(io)?;
    let length = u64::from_le_bytes(length);
    if length > MOST_HEADER_BYTES || length > size - 8 {
        return Err(damaged(format!("its header claims to have {length} bytes")));
    }
    let mut text = vec![0; length as usize];
    input.read_exact(&mut text).map_err(io)?;
    let Header(entries) =
        serde_json::from_slice(&text).map_err(|error| damaged(format!("its header: {error}")))?;
    let mut tensors = BTreeMap::new();
    let mut spans = Vec::new();
    for (name, stored) in entries {
        let dtype = SafetensorsType::named(&stored.dtype);
        let (start, end) = stored.data_offsets;
        let takes = bytes_of(&dtype, &stored.shape).map_err(|()| {
            damaged(format!("the shape {:?} of {name} is too large or unaligned", stored.shape))
        })?;
        if takes.is_some_and(|bytes| end.checked_sub(start) != Some(bytes)) {
            return Err(damaged(format!("the size of {name} does not fit its shape")));
        }
        spans.push((start, end));
        let tensor = SafetensorsTensor {
            file: 0,
            dtype,
            shape: stored.shape,
            offset: (8 + length).saturating_add(start),
            size_bytes: end.saturating_sub(start),
        };
        tensors.insert(name, tensor);
    }
    spans.sort_unstable();
    let mut at = 0;
    for (start, end) in spans {
        if start != at || end < start {
            return Err(damaged("its tensors leave a hole or overlap".to_owned()));
        }
        at = end;
    }
    let data = size - 8 - length;
    if at != data {
        return Err(damaged(format!("its tensors take {at} bytes, it holds {data}: not complete")));
    }
    Ok(tensors)
}

/// The bytes of a tensor; `None` where its type is not known. An error is a
/// product beyond 64 bits, or numbers of less than a byte that fill none.
fn bytes_of(dtype: &SafetensorsType, shape: &[u64]) -> Result<Option<u64>, ()> {
    let numbers = shape.iter().try_fold(1_u64, |n, dim| n.checked_mul(*dim)).ok_or(())?;
    let Some(bits) = dtype.bits() else { return Ok(None) };
    let bits = numbers.checked_mul(bits).ok_or(())?;
    if bits % 8 == 0 { Ok(Some(bits / 8)) } else { Err(()) }
}

/// All entries but the free text.
struct Header(BTreeMap<String, StoredTensor>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Unique { text: true, of: PhantomData }).map(Self)
    }
}

/// The index's map.
struct Files(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Unique { text: false, of: PhantomData }).map(Self)
    }
}

/// Values by the name of a tensor, which must not stand twice.
struct Unique<T> {
    /// Whether there may be free text under a name of its own.
    text: bool,
    of: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Unique<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = BTreeMap::new();
        let mut text = false;
        while let Some(name) = map.next_key::<String>()? {
            if self.text && name == "__metadata__" {
                map.next_value::<Option<BTreeMap<String, String>>>()?;
                if text {
                    return Err(A::Error::custom("__metadata__ is there twice"));
                }
                text = true;
                continue;
            }
            match values.entry(name) {
                Entry::Vacant(place) => place.insert(map.next_value()?),
                Entry::Occupied(twice) => {
                    let message = format!("the tensor {} is there twice", twice.key());
                    return Err(A::Error::custom(message));
                }
            };
        }
        Ok(values)
    }
}
