use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

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
    /// Show what a model would take of memory, and whether it fits; loads nothing
    Fit {
        /// An installed one's name, or a path
        model: String,
        /// Tokens of prompt and answer together [default: what the model was made for]
        #[arg(long, value_name = "N")]
        context: Option<usize>,
        /// Answers at once, each with such a context
        #[arg(long, value_name = "N", default_value_t = 1)]
        answers: usize,
        /// How keys and values are kept
        #[arg(long, value_enum, default_value_t = Cache::Bf16)]
        cache: Cache,
    },
    /// List the models that processes on this machine use now
    Ps,
    /// Remove a model
    Rm {
        /// Its name
        name: String,
    },
}

/// How keys and values are kept.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Cache {
    /// Two bytes a number
    Bf16,
    /// A byte a number, with scales
    Q8,
}
