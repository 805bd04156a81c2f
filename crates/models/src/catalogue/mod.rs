//! Models that are known by name, and where to get them.
//!
//! The catalogue of the repository is TOML, one `[[model]]` for each model
//! with its sizes; [`Catalogue::add`] puts others on top of it. A name is
//! `MODEL`, `MODEL:SIZE` or `MODEL:SIZE-FORMAT`, such as
//! `qwen2.5-coder:7b-q8_0`.

mod error;
mod need;
mod read;
mod remote;
mod search;
mod source;

use std::path::{Path, PathBuf};

use crate::error::Result;

pub use error::CatalogueError;
pub use need::{ModelShape, memory_needed};
pub use remote::{RemoteCatalogue, RemoteCatalogues};
pub use search::{CatalogueHit, CatalogueQuery};
pub use source::{CatalogueSource, FetchText};

/// The files of the repository, with the names that errors call them.
const BUILT_IN: [(&str, &str); 3] = [
    ("qwen.toml", include_str!("../../catalogue/qwen.toml")),
    ("mistral.toml", include_str!("../../catalogue/mistral.toml")),
    ("llama.toml", include_str!("../../catalogue/llama.toml")),
];

/// The most names that an error offers in place of one that is not known.
const MOST_NEAR: usize = 3;

/// How a model is best asked for changes of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditFormat {
    /// Blocks with the lines to find and the lines to put there.
    SearchReplace,
    /// Each file that changes, whole.
    WholeFile,
    /// Hunks as `diff -u` writes them.
    UnifiedDiff,
    /// A patch between `*** Begin Patch` and `*** End Patch`.
    ApplyPatch,
}

impl EditFormat {
    /// All there are.
    pub const ALL: [Self; 4] =
        [Self::SearchReplace, Self::WholeFile, Self::UnifiedDiff, Self::ApplyPatch];

    /// Its stable name: `search_replace`, `whole_file`, `unified_diff` or
    /// `apply_patch`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SearchReplace => "search_replace",
            Self::WholeFile => "whole_file",
            Self::UnifiedDiff => "unified_diff",
            Self::ApplyPatch => "apply_patch",
        }
    }

    /// The format of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }
}

/// One model in one size.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CatalogueEntry {
    /// The model's name, such as `qwen2.5-coder`.
    pub model: String,
    /// The size's name, such as `7b`.
    pub tag: String,
    /// Whether the model's name alone means this size.
    pub is_default: bool,
    /// The family, such as `qwen2`.
    pub family: String,
    /// The number of weights.
    pub parameters: u64,
    /// The number of weights that one token takes: fewer in a mixture of
    /// experts.
    pub active_parameters: u64,
    /// What keys and values are made of.
    pub shape: ModelShape,
    /// The context, in tokens.
    pub context_length: usize,
    /// The licence: its SPDX name, or what its owner calls it.
    pub licence: String,
    /// What it is good at, in words.
    pub good_at: String,
    /// How it is best asked for changes of files.
    pub edit_format: EditFormat,
    /// Whether it calls tools well.
    pub tools: bool,
    /// Words to filter by.
    pub tags: Vec<String>,
    /// The files to get; the first is what the name without a format means.
    pub files: Vec<CatalogueFile>,
    /// The extra catalogue that it comes from; `None`: the repository's own.
    pub origin: Option<PathBuf>,
}

/// A model in one format.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CatalogueFile {
    /// The format, such as `Q4_K_M` or `MLX 4-bit`.
    pub format: String,
    /// About how large it is: to a hundredth of a gigabyte, or computed from
    /// the format where the catalogue does not say.
    pub size_bytes: u64,
    /// Where it is: `hf:ORG/NAME[@REVISION][/FILE]`, or a path.
    pub source: String,
}

impl CatalogueEntry {
    /// The name to ask for it: `qwen2.5-coder:7b`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.model, self.tag)
    }

    /// Bytes of memory that `file` takes with a context of `tokens`.
    pub fn memory_needed(&self, file: &CatalogueFile, tokens: usize) -> u64 {
        memory_needed(file.size_bytes, self.shape, tokens.min(self.context_length))
    }
}

impl CatalogueFile {
    /// The format as a name has it: `q4_k_m`, `mlx-4bit`.
    pub fn slug(&self) -> String {
        slug(&self.format)
    }
}

fn slug(format: &str) -> String {
    format.to_ascii_lowercase().replace("-bit", "bit").replace(' ', "-")
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found<'c> {
    /// The model in its size.
    pub entry: &'c CatalogueEntry,
    /// The format that was asked for, or the first.
    pub file: &'c CatalogueFile,
}

/// All models that are known by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    entries: Vec<CatalogueEntry>,
}

impl Catalogue {
    /// The repository's own.
    ///
    /// # Errors
    /// None in a released version: a test reads every file.
    pub fn built_in() -> Result<Self> {
        let mut catalogue = Self::default();
        for (name, text) in BUILT_IN {
            catalogue.add(Path::new(name), text)?;
        }
        for entry in &mut catalogue.entries {
            entry.origin = None;
        }
        Ok(catalogue)
    }

    /// Puts the models of another catalogue on top: one with the name and size
    /// of one that is there takes its place. `path` says where `text` is from.
    ///
    /// # Errors
    /// The first thing that is wrong, with file, line and key. Nothing is
    /// added then.
    pub fn add(&mut self, path: &Path, text: &str) -> Result<()> {
        for mut entry in read::entries(path, text)? {
            let is_same =
                |one: &CatalogueEntry| (&one.model, &one.tag) == (&entry.model, &entry.tag);
            let place = self.entries.iter().position(is_same);
            let mut sizes = self.entries.iter_mut().filter(|one| one.model == entry.model);
            if entry.is_default {
                // One default a model: the newest that says so.
                sizes.for_each(|one| one.is_default = false);
            } else {
                entry.is_default = match place {
                    Some(_) => sizes.any(|one| one.tag == entry.tag && one.is_default),
                    None => sizes.next().is_none(),
                };
            }
            match place {
                Some(place) => self.entries[place] = entry,
                None => self.entries.push(entry),
            }
        }
        Ok(())
    }

    /// Everything in it, the repository's own first.
    pub fn entries(&self) -> &[CatalogueEntry] {
        &self.entries
    }

    /// What `name` means; upper and lower case are the same.
    ///
    /// # Errors
    /// A name that is not known, with those that are written alike.
    pub fn find(&self, name: &str) -> Result<Found<'_>> {
        let wanted = name.trim().to_ascii_lowercase();
        let found = match wanted.split_once(':') {
            None => self.entries.iter().find(|entry| entry.is_default && entry.model == wanted),
            Some((model, tag)) => {
                let mut sizes = self.entries.iter().filter(|entry| entry.model == model);
                let whole = sizes.clone().find(|entry| entry.tag == tag);
                whole.or_else(|| sizes.find(|entry| format_of(entry, tag).is_some()))
            }
        };
        let tag = wanted.split_once(':').map_or("", |(_, tag)| tag);
        let with_file = found.and_then(|entry| {
            let file = format_of(entry, tag).or_else(|| entry.files.first())?;
            Some(Found { entry, file })
        });
        with_file.ok_or_else(|| {
            let near = mlxcode_base::nearest(&wanted, self.names(), MOST_NEAR);
            CatalogueError::NotFound { name: name.to_owned(), near }.into()
        })
    }

    /// Every name that means something.
    fn names(&self) -> impl Iterator<Item = String> {
        let models = self.entries.iter().filter(|entry| entry.is_default);
        let models = models.map(|entry| entry.model.clone());
        models.chain(self.entries.iter().map(CatalogueEntry::name))
    }
}

/// The file that the part of `tag` after the size's name asks for.
fn format_of<'c>(entry: &'c CatalogueEntry, tag: &str) -> Option<&'c CatalogueFile> {
    let format = tag.strip_prefix(&entry.tag)?.strip_prefix('-')?;
    entry.files.iter().find(|file| file.slug() == format)
}

#[cfg(test)]
mod tests;
