//! Matrices and vectors by the names that transformers gives them.

use std::ops::Range;

use mlxcode_kernels::{Source, WeightType};
use mlxcode_models::QuantizationMode;

use super::{Checkpoint, Naming, Tensor, TensorType, names};
use crate::error::Result;

/// Which rows of a weight are a matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The place in the first of three dimensions: an expert.
    pub expert: Option<usize>,
    /// The rows; `None`: all of them.
    pub rows: Option<Range<usize>>,
}

impl Part {
    /// All of a weight of two dimensions.
    pub const WHOLE: Self = Self { expert: None, rows: None };
}

impl Checkpoint {
    /// The numbers of a small weight, such as `model.norm.weight`.
    pub fn numbers(&self, path: &str, ending: &str) -> Result<Vec<f32>> {
        let found = self.optional_numbers(path, ending)?;
        found.ok_or_else(|| self.changed(&self.name(path, ending), "it is not there"))
    }

    /// The numbers of a small weight that need not be there.
    pub fn optional_numbers(&self, path: &str, ending: &str) -> Result<Option<Vec<f32>>> {
        let name = self.name(path, ending);
        let Some(tensor) = self.tensor(&name) else { return Ok(None) };
        let kind = match tensor.kind {
            TensorType::Weight(kind) if kind.is_float() => kind,
            _ => return Err(self.changed(&name, "its numbers are no plain floats")),
        };
        let (_, bytes) = kind.block();
        // Rows of 32, which a matrix has; a vector may have fewer.
        let mut padded = tensor.bytes.to_vec();
        let count = padded.len() / bytes;
        padded.resize(count.next_multiple_of(32) * bytes, 0);
        let columns = padded.len() / bytes;
        let mut numbers = vec![0.0; columns];
        if columns > 0 {
            let source = Source::new(kind, 1, columns, &padded);
            source.map_err(|e| self.changed(&name, e.to_string()))?.dequantise_row(0, &mut numbers);
        }
        numbers.truncate(count);
        Ok(Some(numbers))
    }

    /// Gives a matrix to `read`, and its pages back afterwards.
    pub fn with_matrix<T>(
        &self,
        path: &str,
        part: &Part,
        read: impl FnOnce(&Source<'_>) -> T,
    ) -> Result<T> {
        let name = self.name(path, "weight");
        // Fused experts have no ending of their own.
        let weight = self.tensor(&name).or_else(|| self.tensor(path));
        let weight = weight.ok_or_else(|| self.changed(&name, "it is not there"))?;
        let (arrays, kind) = match weight.kind {
            TensorType::Weight(kind) => (vec![weight], kind),
            _ => self.packed(path, weight)?,
        };
        let last = *weight.shape.last().unwrap_or(&0);
        let (block, bytes) = kind.block();
        let columns = match weight.kind {
            TensorType::Weight(_) => last,
            // A row is so many words.
            _ => last * 4 / bytes * block,
        };
        let mut rows = *weight.shape.iter().rev().nth(1).unwrap_or(&1);
        let mut parts = [&[][..]; 3];
        let mut used = Vec::new();
        for (array, bytes) in arrays.iter().zip(&mut parts) {
            let range = self.rows_of(array, part, rows)?;
            *bytes = &array.bytes[range.clone()];
            used.push((array, range));
        }
        if let Some(part) = &part.rows {
            rows = part.len();
        }
        let [data, scales, biases] = parts;
        let source = Source::with_scales(kind, rows, columns, data, scales, biases);
        let source = source.map_err(|error| self.changed(&name, error.to_string()))?;
        let result = read(&source);
        for (array, range) in used {
            self.release(array, range);
        }
        Ok(result)
    }

    /// Where the bytes of some rows are, in an array of two or three dimensions.
    fn rows_of(&self, array: &Tensor<'_>, part: &Part, rows: usize) -> Result<Range<usize>> {
        let stacked = if array.shape.len() > 2 { array.shape[0] } else { 1 };
        let row_bytes = array.bytes.len() / (stacked * rows).max(1);
        let range = part.rows.clone().unwrap_or(0..rows);
        let first = part.expert.unwrap_or(0) * rows;
        let bytes = (first + range.start) * row_bytes..(first + range.end) * row_bytes;
        if bytes.end > array.bytes.len() {
            return Err(self.changed(array.name, "it has fewer rows"));
        }
        Ok(bytes)
    }

    /// Weight, scales and biases of an MLX matrix, and its type.
    pub(super) fn packed<'a>(
        &'a self,
        path: &str,
        weight: Tensor<'a>,
    ) -> Result<(Vec<Tensor<'a>>, WeightType)> {
        let packing = self.quantization.as_ref().and_then(|all| all.of(path));
        let packing =
            packing.ok_or_else(|| self.changed(weight.name, "nothing tells how it is packed"))?;
        let array = |ending: &str| {
            let name = format!("{path}.{ending}");
            self.tensor(&name).ok_or_else(|| self.changed(&name, "it is not there"))
        };
        let scales = array("scales")?;
        let kind = match packing.mode {
            QuantizationMode::Affine => {
                let scale = scales.kind.float();
                let scale = scale
                    .ok_or_else(|| self.changed(scales.name, "its numbers are no plain floats"))?;
                let (bits, group) = (packing.bits as u8, packing.group_size as u8);
                let kind = WeightType::MlxAffine { bits, group, scale };
                return Ok((vec![weight, scales, array("biases")?], kind));
            }
            QuantizationMode::Mxfp4 => WeightType::MlxMxfp4,
            QuantizationMode::Mxfp8 => WeightType::MlxMxfp8,
            QuantizationMode::Nvfp4 => WeightType::MlxNvfp4,
            other => return Err(self.changed(weight.name, format!("the packing {other}"))),
        };
        Ok((vec![weight, scales], kind))
    }

    fn name(&self, path: &str, ending: &str) -> String {
        match self.naming {
            Naming::Gguf => format!("{}.{ending}", names::in_gguf(path)),
            Naming::Folder => format!("{path}.{ending}"),
        }
    }
}
