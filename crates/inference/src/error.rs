use std::io;
use std::path::PathBuf;

use mlxcode_base::{BoxDiagnostic, ByteSize, Diagnostic, ErrorKind, io_error_kind};
use mlxcode_kernels::Tier;
use thiserror::Error;

/// What can go wrong when a model runs.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A step of the computation failed.
    #[error("the computation failed")]
    Compute {
        /// What candle said.
        #[from]
        source: candle_core::Error,
    },
    /// The model's files do not hold what they should.
    #[error(transparent)]
    Model {
        /// What is wrong with them.
        #[from]
        source: mlxcode_models::Error,
    },
    /// A file of weights cannot be opened.
    #[error("cannot open the weights in {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of weights changed or broke after it was checked.
    #[error("cannot read the weights in {path}")]
    Weights {
        /// The file or folder.
        path: PathBuf,
        /// What candle said.
        source: candle_core::Error,
    },
    /// One weight cannot be read.
    #[error("cannot read the weight {tensor} in {path}")]
    Weight {
        /// The file or folder.
        path: PathBuf,
        /// The weight's name.
        tensor: String,
        /// What candle said.
        source: Box<candle_core::Error>,
    },
    /// A weight is not what it was when the model was checked.
    #[error("the weight {tensor} in {path} cannot be used: {reason}")]
    Changed {
        /// The file or folder.
        path: PathBuf,
        /// The weight's name.
        tensor: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The processor has not the instructions that were asked for.
    #[error("this processor cannot run the {tier} kernels")]
    Tier {
        /// The name that was asked for.
        tier: String,
    },
    /// Only the reference runs models of this family.
    #[error("there are no kernels for the architecture {name}")]
    Architecture {
        /// The family.
        name: String,
    },
    /// The worker thread could not be started.
    #[error("cannot start the model's thread")]
    Thread {
        /// What the operating system said.
        source: io::Error,
    },
    /// The model takes more memory than is free.
    #[error(
        "{path} takes {} of memory ({} are weights), {} are free",
        ByteSize(*needed_bytes),
        ByteSize(*weights_bytes),
        ByteSize(*available_bytes)
    )]
    Memory {
        /// The file or folder.
        path: PathBuf,
        /// What its weights and the shortest request take.
        needed_bytes: u64,
        /// The weights of that.
        weights_bytes: u64,
        /// What there is.
        available_bytes: u64,
        /// What could be done.
        remedies: Vec<String>,
    },
    /// There is no room for more keys and values.
    #[error("the cache has no page left")]
    Pages,
    /// What was saved of past prompts cannot be used.
    #[error("the saved prompts cannot be used: {reason}")]
    Snapshot {
        /// What is wrong with the bytes.
        reason: String,
    },
    /// The reference keeps nothing of past prompts.
    #[error("the reference engine keeps no prompts")]
    NoPrompts,
    /// What a model is to be converted to is none of what there is.
    #[error("there is no conversion to `{text}`")]
    ConvertTarget {
        /// What was asked for.
        text: String,
    },
    /// A model cannot be converted.
    #[error("{path} cannot be converted: {what} is not supported")]
    Convert {
        /// The model.
        path: PathBuf,
        /// What of it, such as `the weight type F64 of lm_head.weight`.
        what: String,
    },
    /// Where the result of a conversion would go is something already.
    #[error("{path} is there already")]
    OutputExists {
        /// The file or folder.
        path: PathBuf,
    },
    /// The result of a conversion does not fit on the disk.
    #[error(
        "{path} takes {} of the disk, {} are free",
        ByteSize(*needed_bytes),
        ByteSize(*available_bytes)
    )]
    ConvertSpace {
        /// The file or folder.
        path: PathBuf,
        /// What is still to be written.
        needed_bytes: u64,
        /// What is free.
        available_bytes: u64,
    },
    /// Another process converts to the same place.
    #[error("another process is converting in {path}")]
    ConvertBusy {
        /// The folder in which the result grows.
        path: PathBuf,
    },
    /// What a conversion made is not what it should be.
    #[error("the conversion to {path} made no sound model: {reason}")]
    ConvertUnsound {
        /// The file or folder.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The caller stopped a conversion.
    #[error("stopped; what is done is kept")]
    ConvertStopped,
    /// A file of a conversion's result cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// No token is the likeliest: the logits are not all numbers.
    #[error("the model's logits are not all finite numbers")]
    NotFinite,
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Compute { .. } => ErrorKind::Internal,
            Self::Model { source } => source.kind(),
            Self::Open { source, .. } | Self::Thread { source } | Self::Write { source, .. } => {
                io_error_kind(source)
            }
            Self::Weights { .. }
            | Self::Weight { .. }
            | Self::Changed { .. }
            | Self::Snapshot { .. }
            | Self::ConvertUnsound { .. }
            | Self::NotFinite => ErrorKind::Corrupt,
            Self::Tier { .. } | Self::ConvertTarget { .. } => ErrorKind::InvalidInput,
            Self::Architecture { .. } | Self::NoPrompts | Self::Convert { .. } => {
                ErrorKind::Unsupported
            }
            Self::Memory { .. } | Self::Pages | Self::ConvertSpace { .. } => {
                ErrorKind::ResourceExhausted
            }
            Self::OutputExists { .. } => ErrorKind::AlreadyExists,
            Self::ConvertBusy { .. } => ErrorKind::Unavailable,
            Self::ConvertStopped => ErrorKind::Cancelled,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Compute { .. } => "inference.compute",
            Self::Model { source } => source.code(),
            Self::Open { .. } => "inference.open",
            Self::Weights { .. } => "inference.weights",
            Self::Weight { .. } => "inference.weight",
            Self::Changed { .. } => "inference.changed",
            Self::Tier { .. } => "inference.tier",
            Self::Architecture { .. } => "inference.architecture",
            Self::Thread { .. } => "inference.thread",
            Self::Memory { .. } => "inference.memory",
            Self::Pages => "inference.pages",
            Self::Snapshot { .. } => "inference.snapshot",
            Self::NoPrompts => "inference.no_prompts",
            Self::NotFinite => "inference.not_finite",
            Self::ConvertTarget { .. } => "inference.convert_target",
            Self::Convert { .. } => "inference.convert",
            Self::OutputExists { .. } => "inference.output_exists",
            Self::ConvertSpace { .. } => "inference.convert_space",
            Self::ConvertBusy { .. } => "inference.convert_busy",
            Self::ConvertStopped => "inference.convert_stopped",
            Self::ConvertUnsound { .. } => "inference.convert_unsound",
            Self::Write { .. } => "inference.write",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Compute { .. } => Some("report it with the model's name".to_owned()),
            Self::Model { source } => source.help(),
            Self::Open { .. } => {
                Some("check that the file is still there and may be read".to_owned())
            }
            Self::Thread { .. } => Some("close other programs and try again".to_owned()),
            Self::Memory { remedies, .. } => {
                let insist = "`--over-memory` loads it all the same";
                Some(format!("{}; {insist}", remedies.join("; ")))
            }
            Self::Tier { .. } => {
                let tiers = Tier::available().into_iter().map(Tier::name);
                Some(format!("it has {}", tiers.collect::<Vec<_>>().join(", ")))
            }
            Self::Snapshot { .. } => {
                Some("leave them out: the prompts are computed again".to_owned())
            }
            Self::NoPrompts => Some("use the engine `cpu`".to_owned()),
            Self::ConvertTarget { .. } => Some(format!("pass one of {}", crate::convert::TARGETS)),
            Self::Convert { .. } => Some(
                "safetensors of plain floats become GGUF or MLX, GGUF becomes safetensors, in the \
                 Llama, Mistral, Qwen2 and Qwen3 families"
                    .to_owned(),
            ),
            Self::OutputExists { .. } => Some("pass another path, or remove it first".to_owned()),
            Self::ConvertSpace { .. } => {
                Some("free some space, or pass a path on another disk".to_owned())
            }
            Self::ConvertBusy { .. } => Some("wait for it, or pass another path".to_owned()),
            Self::ConvertStopped => Some("convert again to go on where it stopped".to_owned()),
            Self::ConvertUnsound { .. } => {
                Some("`models verify` tells whether the original is sound".to_owned())
            }
            Self::Write { .. } => {
                Some("check the path, its permissions and the free space".to_owned())
            }
            Self::Pages => Some("ask for shorter answers, or for fewer at once".to_owned()),
            Self::Architecture { .. } => Some("use the engine `reference`".to_owned()),
            Self::Weights { .. } | Self::Weight { .. } | Self::Changed { .. } | Self::NotFinite => {
                Some("`models verify` tells whether the weights are damaged".to_owned())
            }
        }
    }
}

/// As the `LanguageModel` trait reports it.
pub fn into_models(error: Error) -> mlxcode_models::Error {
    match error {
        Error::Model { source } => source,
        error => mlxcode_models::Error::Engine { source: BoxDiagnostic::new(error) },
    }
}
