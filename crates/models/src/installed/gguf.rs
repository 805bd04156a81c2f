//! A single file with everything.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{InstalledModel, WeightFiles, most, refused};
use crate::config::ModelConfig;
use crate::error::{Error, Result};
use crate::gguf::{GgmlType, GgufHeader, GgufValue};
use crate::template::ChatTemplate;
use crate::tokenizer::Tokenizer;
use crate::validate::{Naming, Shapes, check_tensors};

/// Checks the file's header and reads what is small.
pub fn check(path: PathBuf) -> Result<InstalledModel> {
    let header = GgufHeader::read(&path)?;
    let config = ModelConfig::from_gguf(&header).map_err(|problem| refused(&path, problem))?;
    let mut bytes_by_type: BTreeMap<String, u64> = BTreeMap::new();
    let mut shapes = Shapes::new();
    let mut parameters = 0;
    for tensor in &header.tensors {
        if let GgmlType::Other(_) = tensor.ggml_type {
            let what = format!("the weight type {}", tensor.ggml_type);
            return Err(Error::UnsupportedModel { path, what });
        }
        *bytes_by_type.entry(tensor.ggml_type.to_string()).or_default() += tensor.size_bytes;
        parameters += tensor.dims.iter().product::<u64>();
        shapes.insert(tensor.name.clone(), tensor.dims.iter().rev().copied().collect());
    }
    check_tensors(&path, &config, Naming::Gguf, &mut shapes)?;
    let tokenizer = Tokenizer::from_gguf(&header, &path)?;
    let template = match header.get("tokenizer.chat_template").and_then(GgufValue::as_str) {
        None => None,
        Some(source) => {
            let token = |id: Option<u32>| tokenizer.token(id?);
            let bos = token(config.bos_token_id);
            let eos = token(config.eos_token_ids.first().copied());
            Some(ChatTemplate::new(source, bos, eos)?)
        }
    };
    Ok(InstalledModel {
        name: String::new(),
        files: WeightFiles::Gguf(path.clone()),
        path,
        config,
        weights: most(bytes_by_type),
        parameters,
        tokenizer,
        template,
    })
}
