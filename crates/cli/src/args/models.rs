use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Subcommand;

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
    /// Make a model in another format; the original stays
    ///
    /// Safetensors become GGUF or MLX, GGUF becomes safetensors. Interrupted, it
    /// keeps what is done in a folder that ends in `.converting`; the same command
    /// goes on there.
    Convert {
        /// An installed model, a GGUF file or a folder
        source: String,
        /// gguf:f32, f16, bf16, q8_0, q4_0 or q4_k_m; mlx:BITS[:GROUP] with 2, 3, 4, 5,
        /// 6 or 8 bits and groups of 32, 64 or 128; safetensors[:f32, f16 or bf16]
        #[arg(long, value_name = "FORMAT")]
        to: String,
        /// The file or folder to make [default: named after the source, here]
        #[arg(long)]
        output: Option<PathBuf>,
        /// Threads to work with [default: one for each processor]
        #[arg(long)]
        threads: Option<NonZeroUsize>,
    },
    /// Remove a model
    Rm {
        /// Its name
        name: String,
    },
}
