use std::path::PathBuf;

use clap::Subcommand;

use super::library::{
    Alias, Compare, Export, Favourite, Import, Note, Recommend, Search, Stats, Tag,
};

/// What to do with models.
#[derive(Debug, Subcommand)]
pub enum Models {
    /// Check a GGUF file or a model folder and install it; the original stays
    Add {
        /// A GGUF file, or a folder with config.json, tokenizer.json and safetensors
        path: PathBuf,
        /// The name to install it under [default: from the path]
        #[arg(long)]
        name: Option<String>,
    },
    /// List the installed models
    List,
    /// Show one model in full
    Show {
        /// Its name
        name: String,
    },
    /// Read every byte of a model again and compare
    Verify {
        /// Its name
        name: String,
    },
    /// Remove a model; what is said of it and was counted stays
    Rm {
        /// Its name
        name: String,
        /// Forget what is said of it and was counted, too
        #[arg(long)]
        forget: bool,
    },
    /// Find models that can be had
    Search(Search),
    /// Name the models that suit a task on this machine, and say why
    Recommend(Recommend),
    /// Put models side by side: size, memory, speed, perplexity, edits
    Compare(Compare),
    /// Give a model tags and a category
    Tag(Tag),
    /// Make a model a favourite
    Favourite(Favourite),
    /// Write a note about a model
    Note(Note),
    /// Give a model another name to use it by
    Alias(Alias),
    /// Show how much models were used, and what was measured of them
    Stats(Stats),
    /// Write what is said of models, and was counted, as one JSON document
    Export(Export),
    /// Merge an exported library into this one
    Import(Import),
}
