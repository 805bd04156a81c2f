use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::config::ModelConfig;
use crate::config::{ConfigProblem, ids};
use crate::error::{Error, Result};
use crate::gguf::{GgmlType, GgufHeader, GgufValue};
use crate::template::{ChatTemplate, of_tokenizer_config, special_token};
use crate::tokenizer::Tokenizer;
use crate::validate::{Naming, check_tensors, headers};

/// A model whose files were checked: the only thing that an engine loads.
#[derive(Clone, Debug)]
pub struct InstalledModel {
    pub(crate) name: String,
    path: PathBuf,
    files: WeightFiles,
    config: ModelConfig,
    weights: String,
    parameters: u64,
}

/// Where the weights lie.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightFiles {
    /// One GGUF file with everything.
    Gguf(PathBuf),
    /// Safetensors beside `config.json` and `tokenizer.json`.
    SafeTensors(Vec<PathBuf>),
}

impl InstalledModel {
    /// Checks a GGUF file or a model folder where it lies: the configuration,
    /// every weight's presence and shape, the tokenizer, the chat template.
    ///
    /// # Errors
    /// Each thing that is wrong is named, with a remedy. Nothing is loaded.
    pub fn check_in_place(path: &Path) -> Result<Self> {
        let meta =
            fs::metadata(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        let path =
            fs::canonicalize(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        let model = if meta.is_dir() { Self::of_folder(path)? } else { Self::of_gguf(path)? };
        let tokenizer = model.tokenizer()?;
        let (tokens, rows) = (tokenizer.vocab_size(), model.config.vocab_size);
        if tokens > rows {
            return Err(Error::TokenizerMismatch { path: model.path, tokens, rows });
        }
        model.chat_template()?;
        Ok(model)
    }

    fn of_gguf(path: PathBuf) -> Result<Self> {
        let header = GgufHeader::read(&path)?;
        let config = ModelConfig::from_gguf(&header).map_err(|problem| refused(&path, problem))?;
        let mut bytes_by_type: BTreeMap<String, u64> = BTreeMap::new();
        let mut parameters = 0;
        for tensor in &header.tensors {
            if let GgmlType::Other(_) = tensor.ggml_type {
                let what = format!("the weight type {}", tensor.ggml_type);
                return Err(Error::UnsupportedModel { path, what });
            }
            *bytes_by_type.entry(tensor.ggml_type.to_string()).or_default() += tensor.size_bytes;
            parameters += tensor.dims.iter().product::<u64>();
        }
        check_tensors(&path, &config, Naming::Gguf, |name| {
            let tensor = header.tensor(name)?;
            Some(tensor.dims.iter().rev().copied().collect())
        })?;
        let weights = most(bytes_by_type);
        Ok(Self {
            name: stem(&path),
            files: WeightFiles::Gguf(path.clone()),
            path,
            config,
            weights,
            parameters,
        })
    }

    fn of_folder(path: PathBuf) -> Result<Self> {
        let place = path.join("config.json");
        let text = match fs::read_to_string(&place) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NotAModel { path, reason: "it has no config.json".to_owned() });
            }
            Err(source) => return Err(Error::Io { path: place, source }),
        };
        let mut config =
            ModelConfig::from_json(&text).map_err(|problem| refused(&place, problem))?;
        let (files, tensors) = headers(&path)?;
        let mut bytes_by_type: BTreeMap<String, u64> = BTreeMap::new();
        let mut parameters = 0;
        for (name, tensor) in &tensors {
            if !matches!(tensor.dtype.as_str(), "F32" | "F16" | "BF16") {
                let what = format!("the weight type {} of {name}", tensor.dtype);
                return Err(Error::UnsupportedModel { path, what });
            }
            let numbers = tensor.shape.iter().product::<u64>();
            *bytes_by_type.entry(tensor.dtype.clone()).or_default() += numbers;
            parameters += numbers;
        }
        check_tensors(&path, &config, Naming::Folder, |name| {
            tensors.get(name).map(|tensor| tensor.shape.clone())
        })?;
        // What ends an answer stands in full only here.
        if let Some(generation) = optional_json(&path.join("generation_config.json"))?
            && let Some(eos) = generation.get("eos_token_id")
        {
            config.eos_token_ids = ids(eos);
        }
        let weights = most(bytes_by_type);
        let name = stem(&path);
        Ok(Self { name, path, files: WeightFiles::SafeTensors(files), config, weights, parameters })
    }

    /// The name that people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the weights lie.
    pub fn files(&self) -> &WeightFiles {
        &self.files
    }

    /// The GGUF file or the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The model's sizes and constants.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// How most of the weights are stored, such as `Q4_K` or `BF16`.
    pub fn weights(&self) -> &str {
        &self.weights
    }

    /// The number of weights.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }

    /// All files that the model is made of.
    pub(crate) fn all_files(&self) -> Vec<PathBuf> {
        match &self.files {
            WeightFiles::Gguf(file) => vec![file.clone()],
            WeightFiles::SafeTensors(weights) => {
                let mut files = weights.clone();
                files.extend(
                    [
                        "config.json",
                        "generation_config.json",
                        "tokenizer.json",
                        "tokenizer_config.json",
                        "chat_template.jinja",
                        "model.safetensors.index.json",
                    ]
                    .map(|name| self.path.join(name))
                    .into_iter()
                    .filter(|file| file.exists()),
                );
                files
            }
        }
    }

    /// All files together.
    pub fn size_bytes(&self) -> u64 {
        let sizes = self.all_files().into_iter().filter_map(|file| fs::metadata(file).ok());
        sizes.map(|meta| meta.len()).sum()
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> Result<Tokenizer> {
        match &self.files {
            WeightFiles::Gguf(file) => Tokenizer::from_gguf(&GgufHeader::read(file)?, file),
            WeightFiles::SafeTensors(_) => {
                let place = self.path.join("tokenizer.json");
                if !place.exists() {
                    let reason = "it has no tokenizer.json".to_owned();
                    return Err(Error::NotAModel { path: self.path.clone(), reason });
                }
                Tokenizer::from_file(&place)
            }
        }
    }

    /// The model's chat template; `None` for a model that only continues text.
    pub fn chat_template(&self) -> Result<Option<ChatTemplate>> {
        match &self.files {
            WeightFiles::Gguf(file) => {
                let header = GgufHeader::read(file)?;
                let source = header.get("tokenizer.chat_template").and_then(GgufValue::as_str);
                let Some(source) = source else { return Ok(None) };
                let tokens = header.get("tokenizer.ggml.tokens").and_then(GgufValue::as_list);
                let token = |id: Option<u32>| Some(tokens?.get(id? as usize)?.as_str()?.to_owned());
                let eos = self.config.eos_token_ids.first().copied();
                ChatTemplate::new(source, token(self.config.bos_token_id), token(eos)).map(Some)
            }
            WeightFiles::SafeTensors(_) => {
                let place = self.path.join("tokenizer_config.json");
                let config = optional_json(&place)?.unwrap_or(Value::Null);
                let beside = self.path.join("chat_template.jinja");
                let own = match fs::read_to_string(&beside) {
                    Ok(text) => Some(text),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                    Err(source) => return Err(Error::Io { path: beside, source }),
                };
                let source = own.as_deref().or_else(|| of_tokenizer_config(&config));
                let Some(source) = source else { return Ok(None) };
                let token = |name| special_token(&config, name);
                ChatTemplate::new(source, token("bos_token"), token("eos_token")).map(Some)
            }
        }
    }
}

fn refused(path: &Path, problem: ConfigProblem) -> Error {
    let path = path.to_owned();
    match problem {
        ConfigProblem::Damaged(reason) => Error::Damaged { path, reason },
        ConfigProblem::Unsupported(what) => Error::UnsupportedModel { path, what },
    }
}

fn optional_json(path: &Path) -> Result<Option<Value>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| Error::Damaged { path: path.to_owned(), reason: error.to_string() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Io { path: path.to_owned(), source }),
    }
}

fn most(bytes_by_type: BTreeMap<String, u64>) -> String {
    let most = bytes_by_type.into_iter().max_by_key(|(_, bytes)| *bytes);
    most.map(|(name, _)| name).unwrap_or_default()
}

fn stem(path: &Path) -> String {
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    name.unwrap_or_default().to_string_lossy().into_owned()
}
