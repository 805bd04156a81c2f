mod hub;

use std::io;
use std::path::PathBuf;

use mlxcode_base::{BoxDiagnostic, Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

use crate::catalogue::CatalogueError;
use crate::records::RecordsError;
use crate::secrets::SecretProblem;
use crate::store::LeaseHolder;
pub use hub::HubError;

/// What can go wrong with a model.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The worker thread ended before the answer did.
    #[error("the model's worker stopped before the answer was finished")]
    EngineStopped,
    /// The prompt leaves no room for an answer.
    #[error("the prompt takes {prompt_tokens} tokens, the context holds {context_length}")]
    PromptTooLong {
        /// Tokens of the prompt.
        prompt_tokens: usize,
        /// Tokens that fit.
        context_length: usize,
    },
    /// An option is out of its range.
    #[error("{option} is {value}, it must be {range}")]
    InvalidOption {
        /// The option's name.
        option: &'static str,
        /// What was passed.
        value: String,
        /// What is allowed, in words.
        range: &'static str,
    },
    /// A scripted model was asked more often than it has replies.
    #[error("the scripted model has no reply left")]
    ScriptExhausted,
    /// A file of a model cannot be read or written.
    #[error("cannot use {path}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The path holds no model.
    #[error("{path} is no model: {reason}")]
    NotAModel {
        /// The file or folder.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// A file of a model does not hold what it should.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A sound model that this version cannot run.
    #[error("{path} cannot run here: {what} is not supported")]
    UnsupportedModel {
        /// The file.
        path: PathBuf,
        /// What is not supported, such as `the architecture mamba`.
        what: String,
    },
    /// A weight is missing.
    #[error("{path} lacks the weight {tensor}")]
    MissingTensor {
        /// The file or folder.
        path: PathBuf,
        /// The weight's name.
        tensor: String,
    },
    /// A weight has another shape than the configuration says.
    #[error(
        "the weight {tensor} in {path} has the shape {found:?}, the configuration says {expected:?}"
    )]
    WrongShape {
        /// The file or folder.
        path: PathBuf,
        /// The weight's name.
        tensor: String,
        /// The shape that the configuration asks for.
        expected: Vec<u64>,
        /// The shape that is there.
        found: Vec<u64>,
    },
    /// The tokenizer gives numbers that the model has no row for.
    #[error("the tokenizer of {path} has {tokens} tokens, the model has rows for {rows}")]
    TokenizerMismatch {
        /// The file or folder.
        path: PathBuf,
        /// The tokenizer's highest number plus one.
        tokens: usize,
        /// The rows of the embedding.
        rows: usize,
    },
    /// The tokenizer failed on a text.
    #[error("the tokenizer failed: {reason}")]
    Tokenizer {
        /// What it said.
        reason: String,
    },
    /// The model's chat template cannot be rendered.
    #[error("the chat template failed: {reason}")]
    Template {
        /// What it said.
        reason: String,
    },
    /// No installed model has this name.
    #[error("no model called {name} is installed")]
    NotInstalled {
        /// The name asked for.
        name: String,
    },
    /// A model with this name is installed already.
    #[error("a model called {name} is installed already")]
    AlreadyInstalled {
        /// The name.
        name: String,
    },
    /// A name that cannot be a folder's.
    #[error("`{name}` cannot be a model's name")]
    BadName {
        /// The name.
        name: String,
    },
    /// A file that belongs to a model is not there.
    #[error("{path} is missing")]
    MissingFile {
        /// The file.
        path: PathBuf,
    },
    /// What the store wrote about an installed model cannot be read.
    #[error("the description of an installed model, {path}, is damaged: {reason}")]
    BadManifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another process is changing the store.
    #[error("another process is changing the models in {path}")]
    StoreBusy {
        /// The store's folder.
        path: PathBuf,
    },
    /// An installed file is not what was installed.
    #[error("{path} changed after it was installed")]
    ChecksumMismatch {
        /// The file.
        path: PathBuf,
    },
    /// Something is wrong with a secret, or with where it is kept.
    #[error(transparent)]
    Secret {
        /// What it is; never the secret.
        #[from]
        problem: SecretProblem,
    },
    /// A weight is NaN or infinite.
    #[error("the weight {tensor} in {path} holds a value that is no number, at byte {byte}")]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The weight's name.
        tensor: String,
        /// Where in the file the value, or its block, begins.
        byte: u64,
    },
    /// An installed model is loaded.
    #[error("{name} is in use{}", by(holders))]
    InUse {
        /// The model.
        name: String,
        /// Who uses it.
        holders: Vec<LeaseHolder>,
    },
    /// Nothing tells where a broken file came from.
    #[error("{path} is broken, and nobody recorded where it came from")]
    NoOrigin {
        /// The file.
        path: PathBuf,
    },
    /// A broken file cannot be fetched here.
    #[error("{path} is broken, and there is nothing to fetch {origin} with")]
    NoSource {
        /// The file.
        path: PathBuf,
        /// Where it came from.
        origin: String,
    },
    /// A catalogue, or what was asked of one.
    #[error(transparent)]
    Catalogue {
        /// What is wrong with it.
        #[from]
        source: CatalogueError,
    },
    /// The records of models.
    #[error(transparent)]
    Records {
        /// What is wrong with them.
        #[from]
        source: RecordsError,
    },
    /// A model could not be fetched.
    #[error(transparent)]
    Hub {
        /// Why.
        #[from]
        source: HubError,
    },
    /// The caller stopped it.
    #[error("stopped")]
    Cancelled,
    /// Whatever runs the model failed; the source tells how.
    #[error(transparent)]
    Engine {
        /// The engine's own error.
        source: BoxDiagnostic,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The programs that use a model, in words.
fn by(holders: &[LeaseHolder]) -> String {
    let words = |holder: &LeaseHolder| match &*holder.program {
        "" => format!("process {}", holder.process),
        program => format!("{program} (process {})", holder.process),
    };
    let all: Vec<String> = holders.iter().map(words).collect();
    if all.is_empty() { String::new() } else { format!(": {}", all.join(", ")) }
}

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::EngineStopped | Self::Tokenizer { .. } => ErrorKind::Internal,
            Self::PromptTooLong { .. } => ErrorKind::ResourceExhausted,
            Self::InvalidOption { .. } => ErrorKind::InvalidInput,
            Self::ScriptExhausted
            | Self::StoreBusy { .. }
            | Self::InUse { .. }
            | Self::NoSource { .. } => ErrorKind::Unavailable,
            Self::Io { source, .. } => io_error_kind(source),
            Self::NotAModel { .. } | Self::BadName { .. } | Self::Template { .. } => {
                ErrorKind::InvalidInput
            }
            Self::Damaged { .. }
            | Self::MissingTensor { .. }
            | Self::WrongShape { .. }
            | Self::TokenizerMismatch { .. }
            | Self::MissingFile { .. }
            | Self::BadManifest { .. }
            | Self::ChecksumMismatch { .. }
            | Self::NotFinite { .. }
            | Self::NoOrigin { .. } => ErrorKind::Corrupt,
            Self::UnsupportedModel { .. } => ErrorKind::Unsupported,
            Self::NotInstalled { .. } => ErrorKind::NotFound,
            Self::AlreadyInstalled { .. } => ErrorKind::AlreadyExists,
            Self::Secret { problem } => problem.kind(),
            Self::Hub { source } => source.kind(),
            Self::Cancelled => ErrorKind::Cancelled,
            Self::Catalogue { source } => source.kind(),
            Self::Records { source } => source.kind(),
            Self::Engine { source } => source.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::EngineStopped => "models.engine_stopped",
            Self::PromptTooLong { .. } => "models.prompt_too_long",
            Self::InvalidOption { .. } => "models.invalid_option",
            Self::ScriptExhausted => "models.script_exhausted",
            Self::Io { .. } => "models.io",
            Self::NotAModel { .. } => "models.not_a_model",
            Self::Damaged { .. } => "models.damaged",
            Self::UnsupportedModel { .. } => "models.unsupported",
            Self::MissingTensor { .. } => "models.missing_tensor",
            Self::WrongShape { .. } => "models.wrong_shape",
            Self::TokenizerMismatch { .. } => "models.tokenizer_mismatch",
            Self::Tokenizer { .. } => "models.tokenizer",
            Self::Template { .. } => "models.template",
            Self::NotInstalled { .. } => "models.not_installed",
            Self::AlreadyInstalled { .. } => "models.already_installed",
            Self::BadName { .. } => "models.bad_name",
            Self::ChecksumMismatch { .. } => "models.checksum_mismatch",
            Self::MissingFile { .. } => "models.missing_file",
            Self::BadManifest { .. } => "models.bad_manifest",
            Self::StoreBusy { .. } => "models.store_busy",
            Self::Secret { problem } => problem.code(),
            Self::NotFinite { .. } => "models.not_finite",
            Self::InUse { .. } => "models.in_use",
            Self::NoOrigin { .. } => "models.no_origin",
            Self::NoSource { .. } => "models.no_source",
            Self::Hub { source } => source.code(),
            Self::Cancelled => "models.cancelled",
            Self::Catalogue { source } => source.code(),
            Self::Records { source } => source.code(),
            Self::Engine { source } => source.code(),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::EngineStopped => Some("load the model again; if it repeats, report it".into()),
            Self::PromptTooLong { .. } => {
                Some("shorten the prompt or use a model with a longer context".into())
            }
            Self::InvalidOption { range, .. } => Some(format!("pass a value that is {range}")),
            Self::ScriptExhausted => Some("give the script one reply for every request".into()),
            Self::Io { source, .. } => Some(
                match source.kind() {
                    io::ErrorKind::NotFound => "check the path",
                    io::ErrorKind::StorageFull => "free some disk space",
                    _ => "check the path, its permissions and the free space",
                }
                .into(),
            ),
            Self::NotAModel { .. } => Some(
                "name a GGUF file, or a folder with config.json, tokenizer.json and safetensors"
                    .into(),
            ),
            Self::Damaged { .. } | Self::MissingTensor { .. } => {
                Some("get the file again from where it came from".into())
            }
            Self::UnsupportedModel { .. } => Some(
                "the Llama, Mistral, Qwen2 and Qwen3 families run, as GGUF (F32, F16, BF16, Q4_0 to \
                 Q8_0, Q2_K to Q6_K, IQ4_NL, MXFP4), safetensors (F32, F16, BF16) and MLX folders"
                    .into(),
            ),
            Self::WrongShape { .. } => Some(
                "the configuration and the weights are of different models; get both again".into(),
            ),
            Self::TokenizerMismatch { .. } => {
                Some("the tokenizer is of another model; get the one that belongs to it".into())
            }
            Self::MissingFile { .. } => {
                Some("get the model again, complete; remove it first where it is installed".into())
            }
            Self::BadManifest { .. } => Some("remove that model and add it again".into()),
            Self::StoreBusy { .. } => Some("try again when it is done".into()),
            Self::Tokenizer { .. } => Some("report it with the text, if it can be shown".into()),
            Self::Template { .. } => {
                Some("the model's template is damaged, or takes no such conversation".into())
            }
            Self::NotInstalled { .. } => Some("`models list` shows what is installed".into()),
            Self::AlreadyInstalled { .. } => {
                Some("pass another name, or remove the installed one first".into())
            }
            Self::BadName { .. } => Some(
                "use letters, digits, `.`, `-` and `_`, beginning with a letter or digit".into(),
            ),
            Self::ChecksumMismatch { .. } => Some(
                "`models repair` fetches it again where it is known where it came from; else \
                 remove the model and add it again from a sound copy"
                    .into(),
            ),
            Self::Secret { problem } => problem.help(),
            Self::NotFinite { .. } => Some("get the model again from where it came from".into()),
            Self::InUse { .. } => Some("end what uses it, then try again".into()),
            Self::NoOrigin { .. } => {
                Some("remove the model and add it again from a sound copy".into())
            }
            Self::NoSource { .. } => Some("go online, or add the model from a sound copy".into()),
            Self::Hub { source } => source.help(),
            Self::Cancelled => None,
            Self::Catalogue { source } => source.help(),
            Self::Records { source } => source.help(),
            Self::Engine { source } => source.help(),
        }
    }
}
