use std::path::PathBuf;

use clap::Subcommand;

use super::pull::{Pull, Queue};

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
    /// Fetch a model from the hub, check it and install it
    Pull(Pull),
    /// Show and change the queue of pulls
    #[command(subcommand_required = false, args_conflicts_with_subcommands = true)]
    Queue {
        /// What to do [default: list]
        #[command(subcommand)]
        what: Option<Queue>,
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
    /// Remove a model
    Rm {
        /// Its name
        name: String,
    },
}
