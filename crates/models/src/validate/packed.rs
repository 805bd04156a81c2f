//! The weights of a folder, packed by MLX or not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Weights;
use crate::config::{ConfigProblem, Packing, Quantization};
use crate::error::{Error, Result};
use crate::safetensors::{SafetensorsTensor, SafetensorsType};

/// A folder's weights as the layers see them: packed ones have the shape of
/// the numbers in them.
#[derive(Debug)]
pub struct FolderWeights<'f> {
    /// Where they are, for errors.
    pub path: &'f Path,
    /// All tensors.
    pub tensors: &'f BTreeMap<String, SafetensorsTensor>,
    /// How they are packed, filled in as they are asked for.
    pub quantization: Option<Quantization>,
    /// Scales and biases that belong to a weight asked for.
    companions: BTreeSet<String>,
    /// Bytes by the name of their type or packing.
    pub bytes_by_kind: BTreeMap<String, u64>,
}

impl<'f> FolderWeights<'f> {
    /// The weights before the first is asked for. One of a type that no layer
    /// can use is refused by name.
    pub fn new(
        path: &'f Path,
        tensors: &'f BTreeMap<String, SafetensorsTensor>,
        quantization: Option<Quantization>,
    ) -> Result<Self> {
        for (name, tensor) in tensors {
            let usable = match &tensor.dtype {
                SafetensorsType::F32 | SafetensorsType::F16 | SafetensorsType::BF16 => true,
                SafetensorsType::U32 | SafetensorsType::U8 => quantization.is_some(),
                _ => false,
            };
            if !usable {
                let what = format!("the weight type {} of {name}", tensor.dtype);
                return Err(Error::UnsupportedModel { path: path.to_owned(), what });
            }
        }
        let (companions, bytes_by_kind) = Default::default();
        Ok(Self { path, tensors, quantization, companions, bytes_by_kind })
    }

    fn damaged(&self, reason: String) -> Error {
        Error::Damaged { path: self.path.to_owned(), reason }
    }

    /// The packing of a weight with scales, once all its parts fit together.
    fn packing(&mut self, base: &str, expected: &[u64]) -> Result<Option<(Packing, u64)>> {
        let scales_name = format!("{base}.scales");
        let Some(scales) = self.tensors.get(&scales_name).filter(|_| expected.len() > 1) else {
            return Ok(None);
        };
        let Some(quantization) = &mut self.quantization else { return Ok(None) };
        let name = format!("{base}.weight");
        let Some(weight) = self.tensors.get(&name) else { return Ok(None) };
        let last = |tensor: &SafetensorsTensor| tensor.shape.last().copied().unwrap_or(0);
        let bytes = scales.dtype == SafetensorsType::U8;
        let columns = expected.last().copied();
        let packing = quantization.settle(base, last(weight), last(scales), bytes, columns);
        let packing = packing.map_err(|problem| match problem {
            ConfigProblem::Damaged(reason) => self.damaged(reason),
            ConfigProblem::Unsupported(what) => {
                Error::UnsupportedModel { path: self.path.to_owned(), what }
            }
        })?;
        if weight.dtype != SafetensorsType::U32 {
            return Err(self.damaged(format!("{name} is {}, its scales say U32", weight.dtype)));
        }
        let mut parts = vec![(scales_name, scales)];
        let affine = packing.mode == crate::config::QuantizationMode::Affine;
        if affine {
            let name = format!("{base}.biases");
            let Some(biases) = self.tensors.get(&name) else {
                return Err(Error::MissingTensor { path: self.path.to_owned(), tensor: name });
            };
            if biases.dtype != scales.dtype {
                return Err(self.damaged(format!("scales and biases of {base} differ in type")));
            }
            parts.push((name, biases));
        }
        let mut size_bytes = weight.size_bytes;
        let rows = weight.shape.get(..weight.shape.len().saturating_sub(1)).unwrap_or_default();
        let columns = last(weight).saturating_mul(32) / packing.bits;
        for (name, part) in parts {
            let bytes = part.dtype == SafetensorsType::U8;
            if bytes == affine || part.dtype == SafetensorsType::U32 {
                let words = format!("{name} is {}, the mode is {}", part.dtype, packing.mode);
                return Err(self.damaged(words));
            }
            let groups = [rows, &[columns / packing.group_size][..]].concat();
            if part.shape != groups {
                return Err(Error::WrongShape {
                    path: self.path.to_owned(),
                    tensor: name,
                    expected: groups,
                    found: part.shape.clone(),
                });
            }
            size_bytes += part.size_bytes;
            self.companions.insert(name);
        }
        if packing.words(columns) != Some(last(weight)) {
            return Err(self.damaged(format!("the rows of {name} are no whole groups")));
        }
        Ok(Some((packing, size_bytes)))
    }
}

impl Weights for FolderWeights<'_> {
    fn shape(&mut self, name: &str, expected: &[u64]) -> Result<Option<Vec<u64>>> {
        let Some(tensor) = self.tensors.get(name) else { return Ok(None) };
        let base = name.strip_suffix(".weight").unwrap_or(name);
        if let Some((packing, size_bytes)) = self.packing(base, expected)? {
            *self.bytes_by_kind.entry(format!("MLX {packing}")).or_default() += size_bytes;
            let mut shape = tensor.shape.clone();
            if let Some(last) = shape.last_mut() {
                *last = last.saturating_mul(32) / packing.bits;
            }
            return Ok(Some(shape));
        }
        if matches!(tensor.dtype, SafetensorsType::U32 | SafetensorsType::U8) {
            let reason = format!("{name} is {}, but has no scales", tensor.dtype);
            return Err(self.damaged(reason));
        }
        *self.bytes_by_kind.entry(tensor.dtype.to_string()).or_default() += tensor.size_bytes;
        Ok(Some(tensor.shape.clone()))
    }

    fn rest(&self, asked: &BTreeSet<String>) -> Vec<String> {
        let known = |name: &String| asked.contains(name) || self.companions.contains(name);
        self.tensors.keys().filter(|name| !known(name)).cloned().collect()
    }
}
