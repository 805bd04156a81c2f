//! The headers of safetensors files.

mod dtype;
mod parse;

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files::{open_regular, read_optional};
use parse::{Index, read_header};

pub use dtype::SafetensorsType;

const MOST_INDEX_BYTES: u64 = 64 << 20;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SafetensorsHeader {
    /// The files.
    pub files: Vec<PathBuf>,
    /// All tensors by the names that a text model gives them: the language
    /// part of a model that sees pictures too is called as if it were alone.
    pub tensors: BTreeMap<String, SafetensorsTensor>,
}

impl SafetensorsHeader {
    /// Reads and checks the headers of `model.safetensors`, or of the files
    /// that `model.safetensors.index.json` names. After this, every tensor lies
    /// inside its file, overlaps no other, fits its shape where its type is
    /// known, and is in the file that the index says.
    pub fn read_folder(folder: &Path) -> Result<Self> {
        let mut header = Self::default();
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
        let map = Index::parse(&text, &place)?;
        let names: BTreeSet<&String> = map.values().collect();
        for name in names {
            let file = folder.join(name);
            if !file.exists() {
                return Err(Error::MissingFile { path: file });
            }
            header.add(file)?;
        }
        for (tensor, file) in &map {
            let Some(found) = header.tensors.get(text_name(tensor).as_ref()) else {
                return Err(Error::MissingTensor { path: place, tensor: tensor.clone() });
            };
            if header.files.get(found.file) != Some(&folder.join(file)) {
                let reason = format!("the tensor {tensor} is not in {file}, as it says");
                return Err(Error::Damaged { path: place, reason });
            }
        }
        Ok(header)
    }

    /// Reads and checks the header of one file, as
    /// [`read_folder`](Self::read_folder) does, from anything that gives the
    /// file's `size` bytes in order. `path` stands in errors and in
    /// [`files`](Self::files).
    pub fn read_from(input: impl Read, size: u64, path: &Path) -> Result<Self> {
        let mut header = Self::default();
        header.take(read_header(input, size, path)?, path.to_owned())?;
        Ok(header)
    }

    /// A tensor by its name.
    pub fn tensor(&self, name: &str) -> Option<&SafetensorsTensor> {
        self.tensors.get(name)
    }

    fn add(&mut self, path: PathBuf) -> Result<()> {
        let (file, size) = open_regular(&path)?;
        self.take(read_header(file, size, &path)?, path)
    }

    fn take(&mut self, stored: BTreeMap<String, SafetensorsTensor>, path: PathBuf) -> Result<()> {
        for (name, mut tensor) in stored {
            tensor.file = self.files.len();
            match self.tensors.entry(text_name(&name).into_owned()) {
                Entry::Vacant(place) => place.insert(tensor),
                Entry::Occupied(there) => {
                    let same = there.get().file == self.files.len();
                    let place = if same { "under another name" } else { "in another file" };
                    let reason = format!("the tensor {name} is {place} too");
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
