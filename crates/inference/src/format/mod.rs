//! The weights of a model in its files, one face for all kinds of files.
//!
//! A [`Checkpoint`] maps the files and gives every tensor by name with type,
//! shape and bytes. Matrices and vectors are asked for by the names that
//! transformers gives them, such as `model.layers.0.self_attn.q_proj`, whatever
//! the file calls them.

mod folder;
mod gguf;
mod mapped;
mod matrix;
mod names;
mod sizes;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use mlxcode_base::ContentHash;
use mlxcode_kernels::{FloatType, WeightType};
use mlxcode_models::{InstalledModel, Quantization, WeightFiles};

use crate::error::{Error, Result};
pub use folder::tensor_type;
pub use gguf::weight_type as ggml_weight_type;
pub use mapped::MappedFile;
pub use matrix::Part;
pub use names::in_gguf;
pub use sizes::WeightSize;

/// The type of a tensor's numbers, or words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorType {
    /// Numbers that kernels know.
    Weight(WeightType),
    /// Words of an MLX weight.
    U32,
    /// Scales of an MLX weight.
    U8,
}

/// A tensor as it lies in a mapped file.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    /// Its name in the file.
    pub name: &'a str,
    /// The type of its numbers.
    pub kind: TensorType,
    /// Its sizes, the fastest-running last.
    pub shape: &'a [usize],
    /// Its bytes.
    pub bytes: &'a [u8],
    file: usize,
    start: usize,
}

/// The files of a model, mapped and not yet read.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    naming: Naming,
    files: Vec<MappedFile>,
    entries: BTreeMap<String, Entry>,
    quantization: Option<Quantization>,
}

/// Which names the files use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    Gguf,
    Folder,
}

/// Where a tensor lies.
#[derive(Debug)]
struct Entry {
    kind: TensorType,
    shape: Vec<usize>,
    file: usize,
    range: Range<usize>,
}

impl Checkpoint {
    /// Maps the files of a model that was checked, and refuses one with a
    /// tensor that no kernel knows.
    pub fn open(model: &InstalledModel) -> Result<Self> {
        let (naming, paths, entries) = match model.files() {
            WeightFiles::Gguf(file) => {
                (Naming::Gguf, vec![file.clone()], gguf::entries(model.path(), file)?)
            }
            WeightFiles::SafeTensors(_) => {
                let (files, entries) = folder::entries(model.path())?;
                (Naming::Folder, files, entries)
            }
            _ => {
                let what = "this kind of weight file".to_owned();
                let path = model.path().to_owned();
                return Err(mlxcode_models::Error::UnsupportedModel { path, what }.into());
            }
        };
        let files = paths.iter().map(|path| MappedFile::open(path));
        let files = files.collect::<Result<Vec<_>>>()?;
        let path = model.path().to_owned();
        for (name, entry) in &entries {
            if files[entry.file].bytes().get(entry.range.clone()).is_none() {
                let reason = "it reaches beyond the end of its file".to_owned();
                return Err(Error::Changed { path, tensor: name.clone(), reason });
            }
        }
        let quantization = model.config().quantization.clone();
        Ok(Self { path, naming, files, entries, quantization })
    }

    /// All tensors, by the names that the files give them.
    pub fn tensors(&self) -> impl Iterator<Item = Tensor<'_>> {
        self.entries.iter().map(|(name, entry)| self.tensor_of(name, entry))
    }

    /// What tells this model from others: a hash of names, types, shapes and
    /// the first bytes of all tensors.
    pub fn fingerprint(&self) -> String {
        let mut known = Vec::new();
        for tensor in self.tensors() {
            known.extend_from_slice(
                format!("{:?}", (tensor.name, tensor.kind, tensor.shape)).as_bytes(),
            );
            known.extend_from_slice(&tensor.bytes[..tensor.bytes.len().min(64)]);
            // The system maps up to megabytes around the bytes that were read.
            let file = &self.files[tensor.file];
            file.release(0, file.bytes().len());
        }
        ContentHash::of(&known).to_string()
    }

    fn tensor(&self, name: &str) -> Option<Tensor<'_>> {
        self.entries.get_key_value(name).map(|(name, entry)| self.tensor_of(name, entry))
    }

    fn tensor_of<'a>(&'a self, name: &'a str, entry: &'a Entry) -> Tensor<'a> {
        Tensor {
            name,
            kind: entry.kind,
            shape: &entry.shape,
            bytes: &self.files[entry.file].bytes()[entry.range.clone()],
            file: entry.file,
            start: entry.range.start,
        }
    }

    /// Tells the system that some bytes of a tensor are not needed any more.
    fn release(&self, tensor: &Tensor<'_>, range: Range<usize>) {
        self.files[tensor.file].release(tensor.start + range.start, range.len());
    }

    fn changed(&self, tensor: &str, reason: impl Into<String>) -> Error {
        let (path, tensor) = (self.path.clone(), tensor.to_owned());
        Error::Changed { path, tensor, reason: reason.into() }
    }
}

impl TensorType {
    /// The type of plain floats.
    fn float(self) -> Option<FloatType> {
        match self {
            Self::Weight(WeightType::F32) => Some(FloatType::F32),
            Self::Weight(WeightType::F16) => Some(FloatType::F16),
            Self::Weight(WeightType::BF16) => Some(FloatType::BF16),
            _ => None,
        }
    }
}
