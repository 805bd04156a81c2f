//! The weights of a model where they lie, read by position.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use mlxcode_kernels::{Source as Rows, WeightType};
use mlxcode_models::{
    Error as ModelsError, GgufHeader, InstalledModel, SafetensorsHeader, SafetensorsType,
    WeightFiles,
};

use super::quantise;
use super::run::positioned;
use crate::error::{Error, Result};
use crate::format::ggml_weight_type;

/// The weights of a model's files.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    files: Vec<(PathBuf, File)>,
    tensors: BTreeMap<String, Stored>,
    /// The types of those that are not read, by name.
    foreign: BTreeMap<String, String>,
    /// The header, where it is one file.
    pub gguf: Option<GgufHeader>,
}

/// Where a weight lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The type of its numbers.
    pub kind: WeightType,
    /// All rows, those of stacked matrices together; one for a vector.
    pub rows: usize,
    /// Numbers in a row.
    pub columns: usize,
    file: usize,
    offset: u64,
}

impl Stored {
    /// The bytes of a row.
    pub fn row_bytes(&self) -> usize {
        let (block, bytes) = self.kind.block();
        self.columns / block * bytes
    }
}

impl Source {
    /// Opens the files of a model.
    pub fn open(model: &InstalledModel) -> Result<Self> {
        let path = model.path().to_owned();
        let (files, gguf) = (Vec::new(), None);
        let (tensors, foreign) = (BTreeMap::new(), BTreeMap::new());
        let mut source = Self { path, files, tensors, foreign, gguf };
        match model.files() {
            WeightFiles::Gguf(file) => {
                source.add_file(file)?;
                source.read_gguf(GgufHeader::read(file)?);
            }
            WeightFiles::SafeTensors(_) => source.read_folder()?,
            _ => return Err(source.unsupported("this kind of weight file".to_owned())),
        }
        Ok(source)
    }

    /// A weight by the name that the files give it.
    pub fn get(&self, name: &str) -> Result<Stored> {
        if let Some(kind) = self.foreign.get(name) {
            return Err(self.unsupported(format!("the weight type {kind} of {name}")));
        }
        self.tensors.get(name).copied().ok_or_else(|| {
            ModelsError::MissingTensor { path: self.path.clone(), tensor: name.to_owned() }.into()
        })
    }

    /// An error about this model.
    pub fn unsupported(&self, what: String) -> Error {
        Error::Convert { path: self.path.clone(), what }
    }

    /// What changes when a file of the model is written to.
    pub fn stamp(&self) -> Result<String> {
        let mut stamp = self.path.display().to_string();
        for (path, file) in &self.files {
            let meta = file.metadata();
            let meta = meta.map_err(|source| Error::Open { path: path.clone(), source })?;
            let changed = meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            let changed = changed.unwrap_or_default().as_nanos();
            stamp += &format!("\n{} {} {changed}", path.display(), meta.len());
        }
        Ok(stamp)
    }

    /// Reads a whole file beside the weights; `None` where there is none.
    pub fn file_beside(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Open { path, source }),
        }
    }

    /// The bytes of some rows, which follow one another.
    pub fn read(&self, stored: &Stored, first: usize, rows: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; rows * stored.row_bytes()];
        let (path, file) = &self.files[stored.file];
        let at = stored.offset + (first * stored.row_bytes()) as u64;
        let read = positioned::read(file, &mut bytes, at);
        read.map_err(|source| Error::Open { path: path.clone(), source })?;
        Ok(bytes)
    }

    /// The numbers that the bytes of some rows stand for.
    pub fn decode(&self, stored: &Stored, bytes: &[u8], values: &mut [f32]) -> Result<()> {
        if let Some(float) = float_of(stored.kind) {
            quantise::decode(bytes, float, values);
            return Ok(());
        }
        let count = values.len() / stored.columns;
        let rows = Rows::new(stored.kind, count, stored.columns, bytes)
            .map_err(|error| self.unsupported(format!("a weight of {error}")))?;
        for (row, values) in values.chunks_exact_mut(stored.columns).enumerate() {
            rows.dequantise_row(row, values);
        }
        Ok(())
    }

    fn read_gguf(&mut self, header: GgufHeader) {
        for tensor in &header.tensors {
            let Some(kind) = ggml_weight_type(tensor.ggml_type) else {
                self.foreign.insert(tensor.name.clone(), tensor.ggml_type.to_string());
                continue;
            };
            let columns = tensor.dims.first().map_or(1, |columns| *columns as usize);
            let rows = tensor.dims.iter().skip(1).product::<u64>() as usize;
            let stored = Stored { kind, rows, columns, file: 0, offset: tensor.offset };
            self.tensors.insert(tensor.name.clone(), stored);
        }
        self.gguf = Some(header);
    }

    fn read_folder(&mut self) -> Result<()> {
        let header = SafetensorsHeader::read_folder(&self.path)?;
        for path in &header.files {
            self.add_file(path)?;
        }
        for (name, tensor) in header.tensors {
            let kind = match tensor.dtype {
                SafetensorsType::F32 => WeightType::F32,
                SafetensorsType::F16 => WeightType::F16,
                SafetensorsType::BF16 => WeightType::BF16,
                other => {
                    self.foreign.insert(name, other.to_string());
                    continue;
                }
            };
            let columns = tensor.shape.last().map_or(1, |columns| *columns as usize);
            let leading = tensor.shape.len().saturating_sub(1);
            let rows = tensor.shape[..leading].iter().product::<u64>() as usize;
            let stored = Stored { kind, rows, columns, file: tensor.file, offset: tensor.offset };
            self.tensors.insert(name, stored);
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path) -> Result<()> {
        let file = File::open(path);
        let file = file.map_err(|source| Error::Open { path: path.to_owned(), source })?;
        self.files.push((path.to_owned(), file));
        Ok(())
    }
}

/// The type of plain floats.
pub fn float_of(kind: WeightType) -> Option<mlxcode_kernels::FloatType> {
    use mlxcode_kernels::FloatType;
    Some(match kind {
        WeightType::F32 => FloatType::F32,
        WeightType::F16 => FloatType::F16,
        WeightType::BF16 => FloatType::BF16,
        _ => return None,
    })
}
