//! A single file with everything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Checked, InstalledModel, WeightFiles, fits, most, refused, renders};
use crate::config::ModelConfig;
use crate::error::{Error, Result};
use crate::gguf::{GgmlType, GgufHeader, GgufValue};
use crate::template::ChatTemplate;
use crate::tokenizer::Tokenizer;
use crate::validate::{Layout, Naming, Shapes, Steps, Stretch, VerifyId, check_tensors};

/// Checks the file's header and reads what is small.
pub fn check(path: PathBuf, steps: &mut impl Steps) -> Result<Checked> {
    let header = steps.step(VerifyId::Header, Some(()), |()| GgufHeader::read(&path))?;
    let config = steps.step(VerifyId::Config, header.as_ref(), |header| {
        ModelConfig::from_gguf(header).map_err(|problem| refused(&path, problem))
    })?;
    let both = header.as_ref().zip(config.as_ref());
    let weights =
        steps.step(VerifyId::Weights, both, |(header, config)| weights(&path, header, config))?;
    let tokenizer = steps.step(VerifyId::Tokenizer, both, |(header, config)| {
        let tokenizer = Tokenizer::from_gguf(header, &path)?;
        fits(&path, config, &tokenizer)?;
        Ok(tokenizer)
    })?;
    let all = both.zip(tokenizer.as_ref());
    let template = steps.step(VerifyId::Template, all, |((header, config), tokenizer)| {
        renders(template(header, config, tokenizer)?)
    })?;
    let stretches = header.as_ref().map(|header| stretches(&path, header)).unwrap_or_default();
    let parts = (config, weights, tokenizer, template);
    let (Some(config), Some((weights, parameters)), Some(tokenizer), Some(template)) = parts else {
        return Ok(Checked { model: None, stretches });
    };
    let model = InstalledModel {
        name: String::new(),
        files: WeightFiles::Gguf(path.clone()),
        path,
        config,
        weights,
        parameters,
        tokenizer,
        template,
        lease: None,
    };
    Ok(Checked { model: Some(model), stretches })
}

/// The most frequent type, and the number of weights.
fn weights(path: &Path, header: &GgufHeader, config: &ModelConfig) -> Result<(String, u64)> {
    let unsupported = |what| Err(Error::UnsupportedModel { path: path.to_owned(), what });
    let mut bytes_by_type: BTreeMap<String, u64> = BTreeMap::new();
    let mut shapes = Shapes::new();
    let mut parameters = 0;
    for tensor in &header.tensors {
        if let GgmlType::Other(_) = tensor.ggml_type {
            return unsupported(format!("the weight type {}", tensor.ggml_type));
        }
        *bytes_by_type.entry(tensor.ggml_type.to_string()).or_default() += tensor.size_bytes;
        parameters += tensor.dims.iter().product::<u64>();
        shapes.insert(tensor.name.clone(), tensor.dims.iter().rev().copied().collect());
    }
    check_tensors(path, config, Naming::Gguf, &mut shapes)?;
    Ok((most(bytes_by_type), parameters))
}

fn template(
    header: &GgufHeader,
    config: &ModelConfig,
    tokenizer: &Tokenizer,
) -> Result<Option<ChatTemplate>> {
    let Some(source) = header.get("tokenizer.chat_template").and_then(GgufValue::as_str) else {
        return Ok(None);
    };
    let token = |id: Option<u32>| tokenizer.token(id?);
    let bos = token(config.bos_token_id);
    let eos = token(config.eos_token_ids.first().copied());
    ChatTemplate::new(source, bos, eos).map(Some)
}

/// The tensors whose values can be looked at.
fn stretches(path: &Path, header: &GgufHeader) -> Vec<Stretch> {
    let stretch = |tensor: &crate::gguf::GgufTensor| {
        Some(Stretch {
            tensor: tensor.name.clone(),
            file: path.to_owned(),
            offset: tensor.offset,
            size_bytes: tensor.size_bytes,
            layout: Layout::of_ggml(tensor.ggml_type)?,
        })
    };
    header.tensors.iter().filter_map(stretch).collect()
}
