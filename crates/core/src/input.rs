use std::io;
use std::path::PathBuf;

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

use crate::library::HOW_TO_GET_A_MODEL;

/// What can be wrong with what a person hands to a face.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InputError {
    /// A file that was named cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file that was named cannot be written.
    #[error("cannot write {path}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A text file is not UTF-8.
    #[error("{path} is not UTF-8 text")]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// A text is too long.
    #[error("{path} is longer than {most} bytes")]
    TextTooLong {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        most: u64,
    },
    /// A project's prompts hold more than anybody says yes to.
    #[error("the prompts in {folder} are longer than {most} bytes together")]
    PromptsTooLong {
        /// Their folder.
        folder: PathBuf,
        /// The most bytes that are read.
        most: u64,
    },
    /// A conversation file is not what the program understands.
    #[error("{path} holds no conversation: {source}")]
    Messages {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// There is no model for vectors where one was named.
    #[error("{path} is no folder with a model for vectors")]
    NoEmbedder {
        /// As given.
        path: PathBuf,
    },
    /// There is nothing to answer from.
    #[error("{root} holds no text file to answer from")]
    EmptyTree {
        /// The folder.
        root: PathBuf,
    },
    /// There is no help on this.
    #[error("there is no help on `{name}`")]
    NoTopic {
        /// As given.
        name: String,
        /// Names that are written alike.
        near: Vec<String>,
    },
    /// A text is no `NAME=VALUE`.
    #[error("`{text}` is no NAME=VALUE that is known here")]
    NoPair {
        /// The text.
        text: String,
    },
    /// Nothing tells how the project tests itself.
    #[error("nothing here tells how the project is tested")]
    NoTestCommand,
    /// A reply holds nothing to apply.
    #[error("the reply holds no edit")]
    NoEdits,
    /// The model reached its limit before the reply ended.
    #[error("the model's reply was cut at its token limit, nothing was changed")]
    ReplyCut,
    /// A decision is needed and there is no terminal.
    #[error("cannot ask whether to apply the change: there is no terminal")]
    NobodyToAsk,
    /// A deletion is to be confirmed and there is no terminal.
    #[error("cannot ask whether to delete: there is no terminal")]
    NobodyToConfirm,
    /// Something is to be typed and there is no terminal that hides it.
    #[error("cannot ask for it: there is no terminal on which typing can be hidden")]
    NobodyToType,
    /// A text is to be edited and no editor is named.
    #[error("no editor is named")]
    NoEditor,
    /// The editor could not be started, or said that it failed.
    #[error("the editor `{program}` failed")]
    Editor {
        /// Its name.
        program: String,
        /// What the operating system said; `None`: it ended by itself.
        source: Option<io::Error>,
        /// Where what was written in it lies.
        kept: Option<PathBuf>,
    },
    /// What was typed twice is not the same.
    #[error("the two are not the same")]
    NotTheSame,
    /// A model is needed and none is installed.
    #[error("no model is installed")]
    NoModel,
    /// Several models are installed and none is chosen.
    #[error("several models are installed and none is chosen: {}", names.join(", "))]
    SeveralModels {
        /// Their names.
        names: Vec<String>,
    },
    /// No task is called so.
    #[error("there is no task `{name}`")]
    NoTask {
        /// As given.
        name: String,
        /// Tasks that are called alike.
        near: Vec<String>,
    },
    /// A point in time cannot be read.
    #[error("`{text}` is no point in time")]
    BadTime {
        /// As given.
        text: String,
    },
    /// A hash cannot be read.
    #[error("`{text}` is not 64 hexadecimal digits")]
    BadHash {
        /// As given.
        text: String,
    },
    /// A place in a file is not told.
    #[error("`{place}` is no place in a file")]
    NoPlace {
        /// As given.
        place: String,
    },
    /// The environment names no home folder.
    #[error("no folder for models and journals: the environment names no home folder")]
    NoHome,
}

impl Diagnostic for InputError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreadable { source, .. } | Self::Unwritable { source, .. } => {
                io_error_kind(source)
            }
            Self::NoTestCommand
            | Self::NoEdits
            | Self::NoModel
            | Self::NoEmbedder { .. }
            | Self::NoTopic { .. }
            | Self::EmptyTree { .. } => ErrorKind::NotFound,
            Self::Editor { .. } => ErrorKind::Unavailable,
            Self::ReplyCut | Self::TextTooLong { .. } | Self::PromptsTooLong { .. } => {
                ErrorKind::ResourceExhausted
            }
            Self::SeveralModels { .. }
            | Self::NotUtf8 { .. }
            | Self::Messages { .. }
            | Self::NobodyToAsk
            | Self::NobodyToType
            | Self::NotTheSame
            | Self::NobodyToConfirm
            | Self::NoEditor
            | Self::NoPair { .. }
            | Self::BadTime { .. }
            | Self::NoTask { .. }
            | Self::NoPlace { .. }
            | Self::BadHash { .. }
            | Self::NoHome => ErrorKind::InvalidInput,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "input.unreadable",
            Self::Unwritable { .. } => "input.unwritable",
            Self::NotUtf8 { .. } => "input.not_utf8",
            Self::TextTooLong { .. } => "input.too_long",
            Self::PromptsTooLong { .. } => "input.prompts_too_long",
            Self::Messages { .. } => "input.not_a_conversation",
            Self::NoEmbedder { .. } => "input.no_embedder",
            Self::EmptyTree { .. } => "input.empty_tree",
            Self::NoPair { .. } => "input.no_pair",
            Self::NoTopic { .. } => "input.no_topic",
            Self::NoTestCommand => "input.no_test_command",
            Self::NoEdits => "edit.no_edits",
            Self::ReplyCut => "edit.reply_cut",
            Self::NobodyToAsk => "input.nobody_to_ask",
            Self::NobodyToConfirm => "input.nobody_to_confirm",
            Self::NobodyToType => "input.nobody_to_type",
            Self::NotTheSame => "input.not_the_same",
            Self::NoEditor => "input.no_editor",
            Self::Editor { .. } => "input.editor",
            Self::NoModel => "models.none_installed",
            Self::SeveralModels { .. } => "models.not_chosen",
            Self::BadTime { .. } => "input.bad_time",
            Self::NoTask { .. } => "input.no_task",
            Self::BadHash { .. } => "input.bad_hash",
            Self::NoPlace { .. } => "input.no_place",
            Self::NoHome => "input.no_home",
        }
    }

    fn help(&self) -> Option<String> {
        if let Self::NoTask { near, .. } = self
            && let Some(first) = near.first()
        {
            return Some(format!("did you mean `{first}`?"));
        }
        Some(
            match self {
                Self::NoEmbedder { .. } => {
                    "name a folder that holds config.json, tokenizer.json and model.safetensors, \
                     of a model like BERT or of static embeddings"
                }
                Self::Unreadable { .. } => "check the path and its permissions",
                Self::Unwritable { source, .. }
                    if source.kind() == io::ErrorKind::AlreadyExists =>
                {
                    "name another file, or pass --force to write over it"
                }
                Self::Unwritable { .. } => "check the path, its permissions and the free space",
                Self::NotUtf8 { .. } => "convert the file to UTF-8",
                Self::TextTooLong { .. } => "make it shorter, or pass a part of it",
                Self::PromptsTooLong { .. } => "make them shorter, or take some away",
                Self::Messages { .. } => {
                    "write a JSON list such as [{\"role\": \"user\", \"content\": \"hello\"}]"
                }
                Self::EmptyTree { .. } => {
                    "run it in a folder with code, or name one with --root; ignored, hidden, \
                     binary and large files are not read"
                }
                Self::NoEdits => {
                    "an edit is a SEARCH/REPLACE block, a unified diff, an apply_patch envelope \
                     or a whole file in a fence under its path"
                }
                Self::ReplyCut => "allow more with --max-tokens, or ask for a smaller change",
                Self::NoTask { .. } => "`mlx-code route` lists all",
                Self::NobodyToAsk => "pass --yes to apply it, or --dry-run to look at it",
                Self::NobodyToConfirm => "pass --yes to delete without being asked",
                Self::NobodyToType => "run it in a terminal, or pipe the value in",
                Self::NotTheSame => "type it again",
                Self::NoEditor => "set VISUAL or EDITOR to the editor of your choice",
                Self::Editor { kept: Some(path), .. } => {
                    let path = path.display();
                    return Some(format!("nothing was changed; what was written is in {path}"));
                }
                Self::Editor { .. } => "check VISUAL and EDITOR; nothing was changed",
                Self::NoPair { .. } => {
                    "write a name, `=` and a value; with --host, `git.example.org=github` or `=gitlab`"
                }
                Self::NoTopic { near, .. } if !near.is_empty() => {
                    return Some(format!("did you mean `{}`?", near.join("` or `")));
                }
                Self::NoTopic { .. } => "`mlx-code help` lists the topics",
                Self::NoTestCommand => "name the command: mlx-code fix 'make check'",
                Self::NoModel => HOW_TO_GET_A_MODEL,
                Self::SeveralModels { .. } => {
                    "pass --model NAME, or set `model` in the configuration file"
                }
                Self::BadTime { .. } => "write `2h`, `3d`, `2026-01-31` or `2026-01-31T23:59:59Z`",
                Self::BadHash { .. } => "`audit verify` prints the head to note",
                Self::NoPlace { .. } => "write FILE:LINE:COLUMN, both from one",
                Self::NoHome => "set HOME, or MLX_CODE_HOME to a folder of your choice",
            }
            .to_owned(),
        )
    }
}
