//! The headers of safetensors files.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::error::{Error, Result};
use crate::files::{open_regular, read_optional};

/// Real headers take some hundred kilobytes.
const MOST_HEADER_BYTES: u64 = 100 << 20;
const MOST_INDEX_BYTES: u64 = 64 << 20;

/// What a header says of a tensor.
#[derive(Clone, Debug, Deserialize)]
pub struct StoredTensor {
    pub dtype: String,
    pub shape: Vec<u64>,
    data_offsets: (u64, u64),
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The weight files of a folder, and all tensors in them by name.
pub fn headers(folder: &Path) -> Result<(Vec<PathBuf>, BTreeMap<String, StoredTensor>)> {
    let mut tensors = BTreeMap::new();
    let single = folder.join("model.safetensors");
    let place = folder.join("model.safetensors.index.json");
    if single.exists() {
        tensors.extend(read_header(&single)?);
        return Ok((vec![single], tensors));
    }
    let Some(text) = read_optional(&place, MOST_INDEX_BYTES)? else {
        return Err(Error::NotAModel {
            path: folder.to_owned(),
            reason: "it has neither model.safetensors nor model.safetensors.index.json".to_owned(),
        });
    };
    let index: Index = serde_json::from_slice(&text)
        .map_err(|error| Error::Damaged { path: place.clone(), reason: error.to_string() })?;
    let names: BTreeSet<&String> = index.weight_map.values().collect();
    let mut files = Vec::new();
    for name in names {
        if name.contains(['/', '\\', ':']) || !name.ends_with(".safetensors") {
            let reason = format!("it names the file {name:?}, which is none beside it");
            return Err(Error::Damaged { path: place, reason });
        }
        let file = folder.join(name);
        if !file.exists() {
            return Err(Error::MissingFile { path: file });
        }
        for (tensor, stored) in read_header(&file)? {
            if tensors.contains_key(&tensor) {
                let reason = format!("the tensor {tensor} is in another file too");
                return Err(Error::Damaged { path: file, reason });
            }
            tensors.insert(tensor, stored);
        }
        files.push(file);
    }
    match index.weight_map.keys().find(|name| !tensors.contains_key(*name)) {
        Some(missing) => Err(Error::MissingTensor { path: place, tensor: missing.clone() }),
        None => Ok((files, tensors)),
    }
}

/// Reads one header; the data must fill the rest of the file exactly.
fn read_header(path: &Path) -> Result<BTreeMap<String, StoredTensor>> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
    let (mut file, size) = open_regular(path)?;
    let mut length = [0; 8];
    if size < 8 {
        return Err(damaged("it is too short for a header".to_owned()));
    }
    file.read_exact(&mut length).map_err(io)?;
    let length = u64::from_le_bytes(length);
    if length > MOST_HEADER_BYTES || length > size - 8 {
        return Err(damaged(format!("its header claims to have {length} bytes")));
    }
    let mut text = vec![0; length as usize];
    file.read_exact(&mut text).map_err(io)?;
    let Header(tensors) =
        serde_json::from_slice(&text).map_err(|error| damaged(format!("its header: {error}")))?;
    let mut spans = Vec::new();
    for (name, tensor) in &tensors {
        let (start, end) = tensor.data_offsets;
        if let Some(bytes) = bytes_of(&tensor.dtype) {
            let numbers = tensor.shape.iter().try_fold(bytes, |n, dim| n.checked_mul(*dim));
            if numbers != end.checked_sub(start) {
                return Err(damaged(format!("the size of {name} does not fit its shape")));
            }
        }
        spans.push((start, end));
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

/// All entries but the free text; a name must not stand twice.
struct Header(BTreeMap<String, StoredTensor>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut tensors = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            match tensors.entry(name) {
                Entry::Vacant(place) => place.insert(map.next_value()?),
                Entry::Occupied(twice) => {
                    let message = format!("the tensor {} is there twice", twice.key());
                    return Err(A::Error::custom(message));
                }
            };
        }
        Ok(Header(tensors))
    }
}

fn bytes_of(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F64" | "I64" | "U64" => 8,
        "F32" | "I32" | "U32" => 4,
        "F16" | "BF16" | "I16" | "U16" => 2,
        "I8" | "U8" | "BOOL" => 1,
        _ => return None,
    })
}
