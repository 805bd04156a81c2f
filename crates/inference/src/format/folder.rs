use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mlxcode_kernels::WeightType;
use mlxcode_models::{Error as ModelsError, SafetensorsHeader, SafetensorsType};

use super::{Entry, TensorType};
use crate::error::Result;

/// The files of a folder and the tensors in them. What no layer uses, such as
/// tables of positions in other types, is left out.
pub fn entries(folder: &Path) -> Result<(Vec<PathBuf>, BTreeMap<String, Entry>)> {
    let header = SafetensorsHeader::read_folder(folder)?;
    let mut entries = BTreeMap::new();
    for (name, tensor) in header.tensors {
        let Some(kind) = tensor_type(&tensor.dtype) else {
            let what = format!("the weight type {} of {name}", tensor.dtype);
            return Err(ModelsError::UnsupportedModel { path: folder.to_owned(), what }.into());
        };
        let start = tensor.offset as usize;
        let shape = tensor.shape.iter().map(|dim| *dim as usize).collect();
        let range = start..start + tensor.size_bytes as usize;
        entries.insert(name, Entry { kind, shape, file: tensor.file, range });
    }
    Ok((header.files, entries))
}

/// The type of numbers that layers are made of; `None` of others.
pub fn tensor_type(dtype: &SafetensorsType) -> Option<TensorType> {
    Some(match dtype {
        SafetensorsType::F32 => TensorType::Weight(WeightType::F32),
        SafetensorsType::F16 => TensorType::Weight(WeightType::F16),
        SafetensorsType::BF16 => TensorType::Weight(WeightType::BF16),
        SafetensorsType::U32 => TensorType::U32,
        SafetensorsType::U8 => TensorType::U8,
        _ => return None,
    })
}
