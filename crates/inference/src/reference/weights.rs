//! The weights of a model, by the names that a source gives them.

use std::fs::File;
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::Content;
use candle_core::quantized::{QMatMul, QTensor};
use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Module, Result as CandleResult, Tensor};
use mlxcode_base::CancelToken;
use mlxcode_models::{InstalledModel, WeightFiles};

use crate::error::{Error, Result};

/// Where weights are read from. All are used on the CPU, dense ones as f32.
pub struct Weights {
    source: Source,
    path: PathBuf,
    cancel: CancelToken,
}

enum Source {
    Gguf(GgufSource),
    Folder(MmapedSafetensors),
}

struct GgufSource {
    content: Content,
    file: File,
    /// Turn every weight into f32: exact, slow and large.
    dequantize: bool,
}

/// A matrix, and what is added after it.
#[derive(Debug)]
pub struct Linear {
    weight: QMatMul,
    bias: Option<Tensor>,
}

impl Linear {
    /// A matrix that adds nothing.
    pub fn new(weight: QMatMul) -> Self {
        Self { weight, bias: None }
    }

    /// Multiplies rows of `x`, `[rows, in]`, to `[rows, out]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.weight.forward(x)?;
        Ok(match &self.bias {
            Some(bias) => y.broadcast_add(bias)?,
            None => y,
        })
    }
}

/// The two names of a weight: in a folder and in a GGUF file.
pub type Names<'n> = (&'n str, &'n str);

impl Weights {
    /// Opens the files of a model and reads what they hold, but no weight yet.
    pub fn open(model: &InstalledModel, dequantize: bool, cancel: CancelToken) -> Result<Self> {
        let path = model.path().to_owned();
        let source = match model.files() {
            WeightFiles::Gguf(file) => Source::Gguf(GgufSource::open(file, dequantize)?),
            WeightFiles::SafeTensors(files) => {
                // SAFETY: the files are only read, and every weight is copied
                // out of the mapping before `Weights` goes. Somebody who writes
                // to them meanwhile can make the weights wrong, as with any
                // mapping; the bytes are plain numbers, so no value is invalid.
                let mapped = unsafe { MmapedSafetensors::multi(files) };
                let mapped =
                    mapped.map_err(|source| Error::Weights { path: path.clone(), source })?;
                Source::Folder(mapped)
            }
            _ => {
                let what = "this kind of weight file".to_owned();
                return Err(mlxcode_models::Error::UnsupportedModel { path, what }.into());
            }
        };
        Ok(Self { source, path, cancel })
    }

    /// Whether names and layout are llama.cpp's.
    pub fn is_gguf(&self) -> bool {
        matches!(self.source, Source::Gguf(_))
    }

    /// A weight as an f32 tensor.
    pub fn tensor(&mut self, names: Names<'_>) -> Result<Tensor> {
        self.read(names, |source| source.tensor(names))
    }

    /// A weight that need not be there.
    pub fn optional_tensor(&mut self, names: Names<'_>) -> Result<Option<Tensor>> {
        let there = match &self.source {
            Source::Gguf(gguf) => gguf.content.tensor_infos.contains_key(names.1),
            Source::Folder(files) => files.get(names.0).is_ok(),
        };
        there.then(|| self.tensor(names)).transpose()
    }

    /// A matrix in the form that multiplies fastest here.
    pub fn matrix(&mut self, names: Names<'_>) -> Result<QMatMul> {
        self.read(names, |source| match source {
            Source::Gguf(gguf) if !gguf.dequantize => QMatMul::from_qtensor(gguf.weight(names.1)?),
            source => source.tensor(names).map(QMatMul::Tensor),
        })
    }

    /// A matrix, with its bias where `bias` names one.
    pub fn linear(&mut self, names: Names<'_>, bias: Option<Names<'_>>) -> Result<Linear> {
        let weight = self.matrix(names)?;
        let bias = bias.map(|bias| self.tensor(bias)).transpose()?;
        Ok(Linear { weight, bias })
    }

    fn read<T>(
        &mut self,
        names: Names<'_>,
        read: impl FnOnce(&mut Source) -> CandleResult<T>,
    ) -> Result<T> {
        if self.cancel.is_cancelled() {
            return Err(mlxcode_models::Error::Cancelled.into());
        }
        let name = if self.is_gguf() { names.1 } else { names.0 };
        read(&mut self.source).map_err(|source| Error::Weight {
            path: self.path.clone(),
            tensor: name.to_owned(),
            source: Box::new(source),
        })
    }
}

impl Source {
    fn tensor(&mut self, names: Names<'_>) -> CandleResult<Tensor> {
        match self {
            Self::Gguf(gguf) => gguf.weight(names.1)?.dequantize(&Device::Cpu),
            Self::Folder(files) => files.load(names.0, &Device::Cpu)?.to_dtype(DType::F32),
        }
    }
}

impl GgufSource {
    fn open(path: &Path, dequantize: bool) -> Result<Self> {
        let mut file =
            File::open(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
        let content = Content::read(&mut file)
            .map_err(|source| Error::Weights { path: path.to_owned(), source })?;
        Ok(Self { content, file, dequantize })
    }

    fn weight(&mut self, name: &str) -> CandleResult<QTensor> {
        self.content.tensor(&mut self.file, name, &Device::Cpu)
    }
}
