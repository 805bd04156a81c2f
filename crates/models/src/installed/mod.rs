//! A model that passed its checks.

mod folder;
mod gguf;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::chat::{Chat, Message};
use crate::config::{ConfigProblem, ModelConfig};
use crate::error::{Error, Result};
use crate::store::Lease;
use crate::template::ChatTemplate;
use crate::tokenizer::Tokenizer;
use crate::validate::{Steps, Stretch, Strict};

pub(crate) use folder::check_config;

/// A model whose files were checked: the only thing that an engine loads.
#[derive(Clone, Debug)]
pub struct InstalledModel {
    pub(crate) name: String,
    path: PathBuf,
    files: WeightFiles,
    config: ModelConfig,
    weights: String,
    parameters: u64,
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    pub(crate) lease: Option<Arc<Lease>>,
}

/// What the checks of a file or folder gave.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The model, where all of them passed.
    pub model: Option<InstalledModel>,
    /// The weights whose values can be looked at.
    pub stretches: Vec<Stretch>,
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
        match check(path, &mut Strict)?.model {
            Some(model) => Ok(model),
            // Strict checks end with the first failure.
            None => Err(Error::Damaged { path: path.to_owned(), reason: "a check failed".into() }),
        }
    }

    /// Says that the files, and nothing else, now lie in `folder`.
    pub(crate) fn move_to(&mut self, folder: &Path) {
        let moved = |path: &Path| match path.file_name() {
            Some(name) => folder.join(name),
            None => folder.to_owned(),
        };
        match &mut self.files {
            WeightFiles::Gguf(file) => {
                *file = moved(file);
                self.path.clone_from(file);
            }
            WeightFiles::SafeTensors(files) => {
                for file in files {
                    *file = moved(file);
                }
                folder.clone_into(&mut self.path);
            }
        }
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

    /// How most of the weights are stored, such as `Q4_K`, `BF16` or
    /// `MLX 4-bit`.
    pub fn weights(&self) -> &str {
        &self.weights
    }

    /// The number of weights.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }

    /// What keeps the files from being removed, for a model of a store. It
    /// ends with the last clone: hold one as long as the files are in use.
    pub fn lease(&self) -> Option<Arc<Lease>> {
        self.lease.clone()
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
        Ok(self.tokenizer.clone())
    }

    /// The model's chat template; `None` for a model that only continues text.
    pub fn chat_template(&self) -> Result<Option<ChatTemplate>> {
        Ok(self.template.clone())
    }
}

/// Carries out the checks of a file or folder where it lies.
pub(crate) fn check(path: &Path, steps: &mut impl Steps) -> Result<Checked> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let meta = fs::metadata(path).map_err(io)?;
    // Named as the caller does: the target of a link may be a mere hash.
    let name = stem(path, meta.is_dir());
    let path = resolved(path, meta.is_dir()).map_err(io)?;
    let mut checked =
        if meta.is_dir() { folder::check(path, steps)? } else { gguf::check(path, steps)? };
    if let Some(model) = &mut checked.model {
        // A path such as `..` has a name only when it is resolved.
        model.name = name.or_else(|| stem(&model.path, meta.is_dir())).unwrap_or_default();
    }
    Ok(checked)
}

/// Every number that the tokenizer or the configuration gives has a row.
fn fits(path: &Path, config: &ModelConfig, tokenizer: &Tokenizer) -> Result<()> {
    let rows = config.vocab_size;
    let tokens = tokenizer.vocab_size();
    if tokens == 0 {
        let reason = "its tokenizer has no tokens".to_owned();
        return Err(Error::Damaged { path: path.to_owned(), reason });
    }
    let named = config.eos_token_ids.iter().chain(&config.bos_token_id);
    let tokens = named.map(|id| *id as usize + 1).chain([tokens]).max().unwrap_or(tokens);
    if tokens > rows {
        return Err(Error::TokenizerMismatch { path: path.to_owned(), tokens, rows });
    }
    Ok(())
}

/// A template that renders the shortest conversation.
fn renders(template: Option<ChatTemplate>) -> Result<Option<ChatTemplate>> {
    if let Some(template) = &template {
        template.render(&Chat::from([Message::user("Hello")]), true)?;
    }
    Ok(template)
}

pub(crate) fn refused(path: &Path, problem: ConfigProblem) -> Error {
    let path = path.to_owned();
    match problem {
        ConfigProblem::Damaged(reason) => Error::Damaged { path, reason },
        ConfigProblem::Unsupported(what) => Error::UnsupportedModel { path, what },
    }
}

fn most(by_kind: BTreeMap<String, u64>) -> String {
    let most = by_kind.into_iter().max_by_key(|(_, much)| *much);
    most.map(|(name, _)| name).unwrap_or_default()
}

/// A folder without links on the way, and a file in such a one, under the name
/// that it was given: errors show that name, where a download cache's file is
/// called by a hash.
fn resolved(path: &Path, folder: bool) -> io::Result<PathBuf> {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if !folder => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            Ok(fs::canonicalize(parent)?.join(name))
        }
        _ => fs::canonicalize(path),
    }
}

fn stem(path: &Path, folder: bool) -> Option<String> {
    let name = if folder { path.file_name() } else { path.file_stem() };
    name.map(|name| name.to_string_lossy().into_owned())
}
