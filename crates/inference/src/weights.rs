//! The weights of a model, by the names that a source gives them.

use std::fs::File;
use std::path::Path;

use candle_core::quantized::gguf_file::Content;
use candle_core::quantized::{QMatMul, QTensor};
use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Module, Tensor};
use mlxcode_models::{InstalledModel, WeightFiles};

use crate::error::{Error, Result};

/// Where weights are read from. All are used on the CPU, dense ones as f32.
pub enum Weights {
    Gguf {
        content: Content,
        file: File,
        /// Turn every weight into f32: exact, slow and large.
        dequantize: bool,
    },
    Folder(MmapedSafetensors),
}

/// A matrix, and what is added after it.
#[derive(Debug)]
pub struct Linear {
    weight: QMatMul,
    bias: Option<Tensor>,
}

impl Linear {
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
    pub fn open(model: &InstalledModel, dequantize: bool) -> Result<Self> {
        match model.files() {
            WeightFiles::Gguf(path) => Self::open_gguf(path, dequantize),
            WeightFiles::SafeTensors(paths) => {
                // SAFETY: the files are only read. Somebody who writes to them
                // meanwhile can make the weights wrong, as with any mapping;
                // the bytes are plain numbers, so no value is invalid.
                let mapped = unsafe { MmapedSafetensors::multi(paths)? };
                Ok(Self::Folder(mapped))
            }
            _ => Err(Error::Model(mlxcode_models::Error::UnsupportedModel {
                path: model.path().to_owned(),
                what: "this kind of weight file".to_owned(),
            })),
        }
    }

    fn open_gguf(path: &Path, dequantize: bool) -> Result<Self> {
        let mut file = File::open(path).map_err(|source| Error::Read { source })?;
        let content = Content::read(&mut file)?;
        Ok(Self::Gguf { content, file, dequantize })
    }

    pub fn is_gguf(&self) -> bool {
        matches!(self, Self::Gguf { .. })
    }

    /// A weight as an f32 tensor.
    pub fn tensor(&mut self, names: Names<'_>) -> Result<Tensor> {
        match self {
            Self::Gguf { .. } => Ok(self.quantized(names.1)?.dequantize(&Device::Cpu)?),
            Self::Folder(files) => Ok(files.load(names.0, &Device::Cpu)?.to_dtype(DType::F32)?),
        }
    }

    /// A weight that need not be there.
    pub fn optional_tensor(&mut self, names: Names<'_>) -> Result<Option<Tensor>> {
        let there = match self {
            Self::Gguf { content, .. } => content.tensor_infos.contains_key(names.1),
            Self::Folder(files) => files.get(names.0).is_ok(),
        };
        there.then(|| self.tensor(names)).transpose()
    }

    /// A matrix in the form that multiplies fastest here.
    pub fn matrix(&mut self, names: Names<'_>) -> Result<Linear> {
        let weight = match self {
            Self::Gguf { dequantize: false, .. } => {
                QMatMul::from_qtensor(self.quantized(names.1)?)?
            }
            _ => QMatMul::Tensor(self.tensor(names)?),
        };
        Ok(Linear { weight, bias: None })
    }

    /// A matrix with its bias.
    pub fn matrix_with_bias(&mut self, names: Names<'_>, bias: Names<'_>) -> Result<Linear> {
        let bias = self.tensor(bias)?;
        Ok(Linear { bias: Some(bias), ..self.matrix(names)? })
    }

    fn quantized(&mut self, name: &str) -> Result<QTensor> {
        let Self::Gguf { content, file, .. } = self else {
            return Err(Error::Compute(candle_core::Error::Msg("no GGUF file".to_owned())));
        };
        Ok(content.tensor(file, name, &Device::Cpu)?)
    }
}

/// Dense f32 numbers as a matrix: for an output layer tied to the embedding.
pub fn tied(embedding: &Tensor) -> Linear {
    Linear { weight: QMatMul::Tensor(embedding.clone()), bias: None }
}
