//! A folder as transformers writes it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Checked, InstalledModel, WeightFiles, fits, most, refused, renders};
use crate::config::{ExpertLayout, ModelConfig, Quantization, ids};
use crate::error::{Error, Result};
use crate::files::{read_json, read_optional};
use crate::safetensors::{SafetensorsHeader, SafetensorsTensor};
use crate::template::{ChatTemplate, of_tokenizer_config, special_token};
use crate::tokenizer::Tokenizer;
use crate::validate::{FolderWeights, Layout, Naming, Steps, Stretch, VerifyId, check_tensors};

/// Beyond any configuration; `tokenizer_config.json` may list every added token.
const MOST_CONFIG_BYTES: u64 = 32 << 20;

/// Checks the folder's files and reads what is small.
pub fn check(path: PathBuf, steps: &mut impl Steps) -> Result<Checked> {
    let config = steps.step(VerifyId::Config, Some(()), |()| config(&path))?;
    let header = match &config {
        // Without a configuration it may be anything, weights included.
        None => steps.step(VerifyId::Header, None, |()| Ok(SafetensorsHeader::default()))?,
        Some(_) => {
            steps.step(VerifyId::Header, Some(()), |()| SafetensorsHeader::read_folder(&path))?
        }
    };
    let both = header.as_ref().zip(config);
    let weights = steps
        .step(VerifyId::Weights, both.clone(), |(header, config)| weights(&path, header, config))?;
    let mut settled = weights.as_ref().map(|weights| weights.config.clone());
    let config = settled.clone().or(both.map(|(_, config)| config));
    let tokenizer = steps.step(VerifyId::Tokenizer, config, |mut config| {
        let (tokenizer, about) = tokenizer(&path)?;
        config.eos_token_ids = ends(&path, &config, &tokenizer, &about)?;
        fits(&path, &config, &tokenizer)?;
        if let Some(settled) = &mut settled {
            settled.eos_token_ids = config.eos_token_ids;
        }
        Ok((tokenizer, about))
    })?;
    let template = steps.step(VerifyId::Template, tokenizer.as_ref(), |(_, about)| {
        renders(template(&path, about)?)
    })?;
    let packed = weights.as_ref().and_then(|weights| weights.config.quantization.as_ref());
    let stretches = header.as_ref().map(|header| stretches(header, packed)).unwrap_or_default();
    let parts = (header, settled, weights, tokenizer, template);
    let (Some(header), Some(config), Some(weights), Some((tokenizer, _)), Some(template)) = parts
    else {
        return Ok(Checked { model: None, stretches });
    };
    let model = InstalledModel {
        name: String::new(),
        path,
        files: WeightFiles::SafeTensors(header.files),
        config,
        weights: weights.most,
        parameters: weights.parameters,
        tokenizer,
        template,
        lease: None,
    };
    Ok(Checked { model: Some(model), stretches })
}

fn config(path: &Path) -> Result<ModelConfig> {
    let place = path.join("config.json");
    let Some(text) = read_optional(&place, MOST_CONFIG_BYTES)? else {
        return Err(Error::NotAModel { reason: no_config(path), path: path.to_owned() });
    };
    let text = String::from_utf8_lossy(&text);
    ModelConfig::from_json(&text).map_err(|problem| refused(&place, problem))
}

/// What the weights tell.
struct FoundWeights {
    /// The configuration with what only the weights say.
    config: ModelConfig,
    /// How most of them are stored.
    most: String,
    parameters: u64,
}

fn weights(
    path: &Path,
    header: &SafetensorsHeader,
    mut config: ModelConfig,
) -> Result<FoundWeights> {
    if let Some(experts) = &mut config.experts {
        experts.layout = layout(header);
    }
    let quantization = config.quantization.take();
    let mut weights = FolderWeights::new(path, &header.tensors, quantization)?;
    let parameters = check_tensors(path, &config, Naming::Folder, &mut weights)?;
    config.quantization = weights.quantization;
    Ok(FoundWeights { config, most: most(weights.numbers_by_kind), parameters })
}

fn tokenizer(path: &Path) -> Result<(Tokenizer, Value)> {
    let place = path.join("tokenizer.json");
    if !place.exists() {
        let reason = "it has no tokenizer.json".to_owned();
        return Err(Error::NotAModel { path: path.to_owned(), reason });
    }
    let tokenizer = Tokenizer::from_file(&place)?;
    let about = read_json(&path.join("tokenizer_config.json"), MOST_CONFIG_BYTES)?;
    Ok((tokenizer, about.unwrap_or(Value::Null)))
}

/// The tensors whose values can be looked at.
fn stretches(header: &SafetensorsHeader, packed: Option<&Quantization>) -> Vec<Stretch> {
    let stretch = |(name, tensor): (&String, &SafetensorsTensor)| {
        let base = name.strip_suffix(".scales");
        let packing = base.and_then(|base| packed?.of(base));
        Some(Stretch {
            tensor: name.clone(),
            file: header.files.get(tensor.file)?.clone(),
            offset: tensor.offset,
            size_bytes: tensor.size_bytes,
            layout: Layout::of_safetensors(&tensor.dtype, packing.map(|packing| packing.mode))?,
        })
    };
    header.tensors.iter().filter_map(stretch).collect()
}

/// Checks the configuration alone, before the weights are there.
pub fn check_config(path: &Path) -> Result<()> {
    let place = path.join("config.json");
    let Some(text) = read_optional(&place, MOST_CONFIG_BYTES)? else { return Ok(()) };
    let config = ModelConfig::from_json(&String::from_utf8_lossy(&text));
    config.map(drop).map_err(|problem| refused(&place, problem))
}

/// How the experts are stored, by the names that are there.
fn layout(header: &SafetensorsHeader) -> ExpertLayout {
    let any = |part: &str| header.tensors.keys().any(|name| name.contains(part));
    if any(".mlp.switch_mlp.") {
        ExpertLayout::Stacked
    } else if any(".mlp.experts.gate_up_proj") {
        ExpertLayout::Fused
    } else {
        ExpertLayout::Separate
    }
}

/// What is missing, in words; people often mean a file in the folder.
fn no_config(folder: &Path) -> String {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = files.map(|file| file.file_name());
    let gguf = names.filter(|name| {
        Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"))
    });
    match gguf.min() {
        Some(name) => {
            let name = name.to_string_lossy();
            format!("it has no config.json; the folder holds {name}: give that file")
        }
        None => "it has no config.json".to_owned(),
    }
}

/// The tokens that end an answer: those of `generation_config.json`, which
/// lists them in full, else of `config.json`, else the tokenizer's.
fn ends(
    folder: &Path,
    config: &ModelConfig,
    tokenizer: &Tokenizer,
    about: &Value,
) -> Result<Vec<u32>> {
    let generation = read_json(&folder.join("generation_config.json"), MOST_CONFIG_BYTES)?;
    let listed = generation.as_ref().and_then(|generation| generation.get("eos_token_id"));
    let listed = listed.map(ids).unwrap_or_default();
    if !listed.is_empty() {
        return Ok(listed);
    }
    if !config.eos_token_ids.is_empty() {
        return Ok(config.eos_token_ids.clone());
    }
    let token = special_token(about, "eos_token");
    Ok(token.and_then(|token| tokenizer.id_of(&token)).into_iter().collect())
}

fn template(folder: &Path, about: &Value) -> Result<Option<ChatTemplate>> {
    let own = read_optional(&folder.join("chat_template.jinja"), MOST_CONFIG_BYTES)?;
    let own = own.map(|text| String::from_utf8_lossy(&text).into_owned());
    let Some(source) = own.as_deref().or_else(|| of_tokenizer_config(about)) else {
        return Ok(None);
    };
    let token = |name| special_token(about, name);
    ChatTemplate::new(source, token("bos_token"), token("eos_token")).map(Some)
}
