//! The weights of a model like BERT, packed for the kernels.

use mlxcode_kernels::{Packed, Source, WeightType};
use mlxcode_models::{EncoderModel, Error as ModelsError, SafetensorsTensor};

use crate::error::{Error, Result};
use crate::format::{MappedFile, TensorType, tensor_type};

/// What stands before the names, where a head was trained on top.
const PREFIXES: [&str; 3] = ["", "bert.", "roberta."];

/// A matrix with its bias.
#[derive(Debug)]
pub struct Linear {
    pub weight: Packed,
    pub bias: Vec<f32>,
}

/// The weight and the bias of a norm.
#[derive(Debug)]
pub struct Norm {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

/// What the first states are made of.
#[derive(Debug)]
pub struct Embeddings {
    pub tokens: Packed,
    pub positions: Packed,
    /// Texts stand alone: all tokens are of the first kind.
    pub kind: Vec<f32>,
}

/// The weights of a layer.
#[derive(Debug)]
pub struct Layer {
    pub query: Linear,
    pub key: Linear,
    pub value: Linear,
    pub attended: Linear,
    pub attention_norm: Norm,
    pub widen: Linear,
    pub narrow: Linear,
    pub feed_forward_norm: Norm,
}

/// All weights.
#[derive(Debug)]
pub struct Weights {
    pub embeddings: Embeddings,
    pub norm: Norm,
    pub layers: Vec<Layer>,
}

impl Weights {
    /// Reads and packs all weights. Those of 32 bits become bfloat16 where
    /// `halve` says so.
    pub fn load(model: &EncoderModel, halve: bool) -> Result<Self> {
        let config = model.config();
        let files = model.header().files.iter();
        let files = files.map(|file| MappedFile::open(file)).collect::<Result<Vec<_>>>()?;
        let named = |prefix: &&str| {
            let name = format!("{prefix}embeddings.word_embeddings.weight");
            model.header().tensor(&name).is_some()
        };
        let prefix = PREFIXES.into_iter().find(named).unwrap_or_default();
        let reader = Reader { model, files, prefix, halve };
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let embeddings = Embeddings {
            tokens: reader.matrix(
                "embeddings.word_embeddings.weight",
                config.vocab_size,
                hidden,
            )?,
            positions: reader.matrix(
                "embeddings.position_embeddings.weight",
                config.positions,
                hidden,
            )?,
            kind: reader.first_row("embeddings.token_type_embeddings.weight", hidden)?,
        };
        let layer = |number: usize| -> Result<Layer> {
            let linear = |name: &str, rows, columns| {
                reader.linear(&format!("encoder.layer.{number}.{name}"), rows, columns)
            };
            let norm = |name: &str| reader.norm(&format!("encoder.layer.{number}.{name}"), hidden);
            Ok(Layer {
                query: linear("attention.self.query", hidden, hidden)?,
                key: linear("attention.self.key", hidden, hidden)?,
                value: linear("attention.self.value", hidden, hidden)?,
                attended: linear("attention.output.dense", hidden, hidden)?,
                attention_norm: norm("attention.output.LayerNorm")?,
                widen: linear("intermediate.dense", inner, hidden)?,
                narrow: linear("output.dense", hidden, inner)?,
                feed_forward_norm: norm("output.LayerNorm")?,
            })
        };
        let layers = (0..config.num_layers).map(layer).collect::<Result<Vec<_>>>()?;
        Ok(Self { embeddings, norm: reader.norm("embeddings.LayerNorm", hidden)?, layers })
    }
}

struct Reader<'m> {
    model: &'m EncoderModel,
    files: Vec<MappedFile>,
    prefix: &'static str,
    halve: bool,
}

impl Reader<'_> {
    fn linear(&self, name: &str, rows: usize, columns: usize) -> Result<Linear> {
        let weight = self.matrix(&format!("{name}.weight"), rows, columns)?;
        Ok(Linear { weight, bias: self.numbers(&format!("{name}.bias"), rows)? })
    }

    /// The names of the oldest checkpoints are other ones.
    fn norm(&self, name: &str, columns: usize) -> Result<Norm> {
        let old = self.entry(&format!("{name}.weight")).is_none()
            && self.entry(&format!("{name}.gamma")).is_some();
        let [weight, bias] = if old { ["gamma", "beta"] } else { ["weight", "bias"] };
        Ok(Norm {
            weight: self.numbers(&format!("{name}.{weight}"), columns)?,
            bias: self.numbers(&format!("{name}.{bias}"), columns)?,
        })
    }

    fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Packed> {
        let (kind, bytes, tensor) = self.tensor(name, &[rows, columns])?;
        let halved: Vec<u8>;
        let (kind, data) = if self.halve && kind == WeightType::F32 {
            halved = bytes.as_chunks::<4>().0.iter().flat_map(|one| narrow(*one)).collect();
            (WeightType::BF16, &halved[..])
        } else {
            (kind, bytes)
        };
        let source = Source::new(kind, rows, columns, data);
        let source = source.map_err(|error| self.changed(name, error.to_string()))?;
        let packed = Packed::new(&source);
        self.files[tensor.file].release(tensor.offset as usize, tensor.size_bytes as usize);
        Ok(packed)
    }

    fn numbers(&self, name: &str, count: usize) -> Result<Vec<f32>> {
        let (kind, bytes, _) = self.tensor(name, &[count])?;
        self.row(name, kind, bytes, count)
    }

    /// The first row of a table, which may have any number of them.
    fn first_row(&self, name: &str, columns: usize) -> Result<Vec<f32>> {
        let rows = self.entry(name).and_then(|tensor| tensor.shape.first().copied());
        let rows = rows.unwrap_or(1).max(1) as usize;
        let (kind, bytes, _) = self.tensor(name, &[rows, columns])?;
        self.row(name, kind, &bytes[..bytes.len() / rows], columns)
    }

    fn row(&self, name: &str, kind: WeightType, bytes: &[u8], count: usize) -> Result<Vec<f32>> {
        let source = Source::new(kind, 1, count, bytes);
        let source = source.map_err(|error| self.changed(name, error.to_string()))?;
        let mut numbers = vec![0.0; count];
        source.dequantise_row(0, &mut numbers);
        Ok(numbers)
    }

    fn entry(&self, name: &str) -> Option<&SafetensorsTensor> {
        self.model.header().tensor(&format!("{}{name}", self.prefix))
    }

    fn tensor(
        &self,
        name: &str,
        shape: &[usize],
    ) -> Result<(WeightType, &[u8], &SafetensorsTensor)> {
        let path = || self.model.path().to_owned();
        let tensor = self
            .entry(name)
            .ok_or_else(|| ModelsError::MissingTensor { path: path(), tensor: name.to_owned() })?;
        let shape: Vec<u64> = shape.iter().map(|size| *size as u64).collect();
        if tensor.shape != shape {
            return Err(ModelsError::WrongShape {
                path: path(),
                tensor: name.to_owned(),
                expected: shape,
                found: tensor.shape.clone(),
            }
            .into());
        }
        let Some(TensorType::Weight(kind)) = tensor_type(&tensor.dtype) else {
            let what = format!("the weight type {} of {name}", tensor.dtype);
            return Err(ModelsError::UnsupportedModel { path: path(), what }.into());
        };
        let start = tensor.offset as usize;
        let range = start..start + tensor.size_bytes as usize;
        let bytes = self.files.get(tensor.file).and_then(|file| file.bytes().get(range));
        let bytes = bytes.ok_or_else(|| self.changed(name, "the file is shorter".to_owned()))?;
        Ok((kind, bytes, tensor))
    }

    fn changed(&self, name: &str, reason: String) -> Error {
        Error::Changed { path: self.model.path().to_owned(), tensor: name.to_owned(), reason }
    }
}

/// A number of 32 bits as bfloat16, rounded to the nearest, halves to even.
fn narrow(bytes: [u8; 4]) -> [u8; 2] {
    let bits = u32::from_le_bytes(bytes);
    let rounded = if f32::from_bits(bits).is_nan() {
        bits | 0x0040_0000
    } else {
        bits.wrapping_add(0x7fff + (bits >> 16 & 1))
    };
    ((rounded >> 16) as u16).to_le_bytes()
}
