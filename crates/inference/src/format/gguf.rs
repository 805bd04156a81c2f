use std::collections::BTreeMap;
use std::path::Path;

use mlxcode_kernels::WeightType;
use mlxcode_models::{Error as ModelsError, GgmlType, GgufHeader};

use super::{Entry, TensorType};
use crate::error::Result;

/// The tensors of a GGUF file.
pub fn entries(model: &Path, file: &Path) -> Result<BTreeMap<String, Entry>> {
    let header = GgufHeader::read(file)?;
    let mut entries = BTreeMap::new();
    for tensor in header.tensors {
        let Some(kind) = weight_type(tensor.ggml_type) else {
            let what = format!("the weight type {} of {}", tensor.ggml_type, tensor.name);
            return Err(ModelsError::UnsupportedModel { path: model.to_owned(), what }.into());
        };
        let start = tensor.offset as usize;
        let shape = tensor.dims.iter().rev().map(|dim| *dim as usize).collect();
        let range = start..start + tensor.size_bytes as usize;
        let entry = Entry { kind: TensorType::Weight(kind), shape, file: 0, range };
        entries.insert(tensor.name, entry);
    }
    Ok(entries)
}

/// The type by the kernels' name; `None` for one that they do not know.
pub fn weight_type(kind: GgmlType) -> Option<WeightType> {
    Some(match kind {
        GgmlType::F32 => WeightType::F32,
        GgmlType::F16 => WeightType::F16,
        GgmlType::BF16 => WeightType::BF16,
        GgmlType::Q4_0 => WeightType::Q4_0,
        GgmlType::Q4_1 => WeightType::Q4_1,
        GgmlType::Q5_0 => WeightType::Q5_0,
        GgmlType::Q5_1 => WeightType::Q5_1,
        GgmlType::Q8_0 => WeightType::Q8_0,
        GgmlType::Q2_K => WeightType::Q2_K,
        GgmlType::Q3_K => WeightType::Q3_K,
        GgmlType::Q4_K => WeightType::Q4_K,
        GgmlType::Q5_K => WeightType::Q5_K,
        GgmlType::Q6_K => WeightType::Q6_K,
        GgmlType::IQ4_NL => WeightType::IQ4_NL,
        GgmlType::MXFP4 => WeightType::MXFP4,
        _ => return None,
    })
}
