//! The headers of safetensors files.

use std::borrow::Cow;
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

/// How the numbers of a tensor are stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, non_camel_case_types, reason = "the names that the format gives them")]
pub enum SafetensorsType {
    F64,
    F32,
    F16,
    BF16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    BOOL,
    F8_E4M3,
    F8_E5M2,
    F8_E8M0,
    /// A type that is not known here, by its name.
    Other(String),
}

impl SafetensorsType {
    fn named(name: String) -> Self {
        match name.as_str() {
            "F64" => Self::F64,
            "F32" => Self::F32,
            "F16" => Self::F16,
            "BF16" => Self::BF16,
            "I64" => Self::I64,
            "I32" => Self::I32,
            "I16" => Self::I16,
            "I8" => Self::I8,
            "U64" => Self::U64,
            "U32" => Self::U32,
            "U16" => Self::U16,
            "U8" => Self::U8,
            "BOOL" => Self::BOOL,
            "F8_E4M3" => Self::F8_E4M3,
            "F8_E5M2" => Self::F8_E5M2,
            "F8_E8M0" => Self::F8_E8M0,
            _ => Self::Other(name),
        }
    }

    /// Bytes of a number; `None` for a type that is not known here.
    pub fn size_bytes(&self) -> Option<u64> {
        Some(match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 | Self::BOOL | Self::F8_E4M3 | Self::F8_E5M2 | Self::F8_E8M0 => 1,
            Self::Other(_) => return None,
        })
    }
}

impl fmt::Display for SafetensorsType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(name) => f.write_str(name),
            known => fmt::Debug::fmt(known, f),
        }
    }
}

/// Where a tensor lies in the files of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SafetensorsTensor {
    /// Which of [`SafetensorsHeader::files`] holds it.
    pub file: usize,
    /// How its numbers are stored.
    pub dtype: SafetensorsType,
    /// Its sizes, the fastest-running last; words, not numbers, where it is
    /// packed.
    pub shape: Vec<u64>,
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// How many bytes it takes.
    pub size_bytes: u64,
}

/// The headers of a folder's weight files, one or several with an index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SafetensorsHeader {
    /// The files.
    pub files: Vec<PathBuf>,
    /// All tensors by the names that a text model gives them: the language
    /// part of a model that sees pictures too is called as if it were alone.
    pub tensors: BTreeMap<String, SafetensorsTensor>,
}

#[derive(Deserialize)]
struct StoredTensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl SafetensorsHeader {
    /// Reads and checks the headers of `model.safetensors`, or of the files
    /// that `model.safetensors.index.json` names. After this, every tensor lies
    /// inside its file, overlaps no other, and fits its shape where its type is
    /// known.
    pub fn read_folder(folder: &Path) -> Result<Self> {
        let mut header = Self { files: Vec::new(), tensors: BTreeMap::new() };
        let single = folder.join("model.safetensors");
        if single.exists() {
            header.add(single)?;
            return Ok(header);
        }
        let place = folder.join("model.safetensors.index.json");
        let Some(text) = read_optional(&place, MOST_INDEX_BYTES)? else {
            return Err(Error::NotAModel {
                path: folder.to_owned(),
                reason: "it has neither model.safetensors nor model.safetensors.index.json"
                    .to_owned(),
            });
        };
        let index: Index = serde_json::from_slice(&text)
            .map_err(|error| Error::Damaged { path: place.clone(), reason: error.to_string() })?;
        let names: BTreeSet<&String> = index.weight_map.values().collect();
        for name in names {
            if name.contains(['/', '\\', ':']) || !name.ends_with(".safetensors") {
                let reason = format!("it names the file {name:?}, which is none beside it");
                return Err(Error::Damaged { path: place, reason });
            }
            let file = folder.join(name);
            if !file.exists() {
                return Err(Error::MissingFile { path: file });
            }
            header.add(file)?;
        }
        let missing = |name: &&String| !header.tensors.contains_key(text_name(name).as_ref());
        match index.weight_map.keys().find(missing) {
            Some(missing) => Err(Error::MissingTensor { path: place, tensor: missing.clone() }),
            None => Ok(header),
        }
    }

    /// A tensor by its name.
    pub fn tensor(&self, name: &str) -> Option<&SafetensorsTensor> {
        self.tensors.get(name)
    }

    fn add(&mut self, path: PathBuf) -> Result<()> {
        let (stored, data) = read_header(&path)?;
        for (name, stored) in stored {
            let (start, end) = stored.data_offsets;
            let tensor = SafetensorsTensor {
                file: self.files.len(),
                dtype: SafetensorsType::named(stored.dtype),
                shape: stored.shape,
                offset: data + start,
                size_bytes: end - start,
            };
            match self.tensors.entry(text_name(&name).into_owned()) {
                Entry::Vacant(place) => place.insert(tensor),
                Entry::Occupied(_) => {
                    let reason = format!("the tensor {name} is in another file too");
                    return Err(Error::Damaged { path, reason });
                }
            };
        }
        self.files.push(path);
        Ok(())
    }
}

/// The name of a weight of the language part as in a model of text alone.
pub fn text_name(name: &str) -> Cow<'_, str> {
    if let Some(rest) = name.strip_prefix("model.language_model.") {
        return Cow::Owned(format!("model.{rest}"));
    }
    Cow::Borrowed(name.strip_prefix("language_model.").unwrap_or(name))
}

/// Reads one header, and tells where the data begins; they must fill the rest
/// of the file exactly.
fn read_header(path: &Path) -> Result<(BTreeMap<String, StoredTensor>, u64)> {
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
        if let Some(bytes) = SafetensorsType::named(tensor.dtype.clone()).size_bytes() {
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
    Ok((tensors, 8 + length))
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
