//! What goes wrong between a reference and a file from the hub.

use std::path::PathBuf;

use mlxcode_base::{ByteSize, Diagnostic, ErrorKind};
use thiserror::Error;

use crate::reference::HubReference;

/// What can go wrong with the hub and with the queue of pulls.
///
/// No message holds a token, nor a query, in which redirects carry secrets.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum HubError {
    /// A text that names no model.
    #[error("`{text}` names no model: {reason}")]
    BadReference {
        /// The text.
        text: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// An option of the hub that cannot be used.
    #[error("the hub's {option} is `{value}`, it must be {range}")]
    BadOption {
        /// The option.
        option: &'static str,
        /// What was passed.
        value: String,
        /// What is allowed, in words.
        range: &'static str,
    },
    /// A reference that names nothing of the hub.
    #[error("`{reference}` is nothing that can be pulled")]
    NotPullable {
        /// The reference.
        reference: String,
    },
    /// The network must not be used.
    #[error("{repo} is needed from the hub, and the network must not be used")]
    Offline {
        /// The repository.
        repo: String,
        /// A commit of it that is on this machine.
        cached: Option<String>,
    },
    /// The hub does not answer.
    #[error("{host} does not answer: {reason}")]
    Unreachable {
        /// The host.
        host: String,
        /// What was seen last.
        reason: String,
        /// The repository with a commit of it that is on this machine.
        cached: Option<String>,
    },
    /// The hub does not know the token.
    #[error("the hub does not accept the token for {repo}")]
    BadToken {
        /// The repository.
        repo: String,
    },
    /// The repository's owner decides who may read it.
    #[error("{repo} is gated: its owner wants to know who reads it")]
    Gated {
        /// The repository.
        repo: String,
        /// Whether a token was sent.
        token: bool,
    },
    /// The hub refuses access.
    #[error("the hub refuses access to {repo}")]
    Forbidden {
        /// The repository.
        repo: String,
    },
    /// There is no such repository, or it is private.
    #[error("the hub has no repository {repo}, or does not show it")]
    RepoNotFound {
        /// The repository.
        repo: String,
        /// Whether a token was sent.
        token: bool,
    },
    /// There is no such branch, tag or commit.
    #[error("{repo} has no revision {revision}")]
    RevisionNotFound {
        /// The repository.
        repo: String,
        /// The revision.
        revision: String,
        /// A commit of it that is on this machine.
        cached: Option<String>,
    },
    /// There is no such file.
    #[error("{repo} has no file {file}")]
    FileNotFound {
        /// The repository.
        repo: String,
        /// The file.
        file: String,
        /// Files that could have been meant.
        choices: Vec<String>,
    },
    /// The repository holds nothing that can run, or several such things.
    #[error("{repo} {reason}")]
    NothingToPull {
        /// The repository.
        repo: String,
        /// What it holds instead.
        reason: &'static str,
        /// What could be named.
        choices: Vec<String>,
    },
    /// The hub has enough of requests.
    #[error("{host} asks to wait {wait_s} s before the next request")]
    RateLimited {
        /// The host.
        host: String,
        /// Seconds to wait.
        wait_s: u64,
    },
    /// An answer that makes no sense.
    #[error("{place} gave no sensible answer: {reason}")]
    BadAnswer {
        /// The host and path, without a query.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A path of a repository that would leave its folder.
    #[error("{repo} lists the path `{path}`, which is no plain path below a folder")]
    UnsafePath {
        /// The repository.
        repo: String,
        /// The path.
        path: String,
    },
    /// A file could not be fetched in all the attempts that are allowed.
    #[error("{file} could not be fetched in {attempts} attempts; the last: {reason}")]
    GaveUp {
        /// The file.
        file: String,
        /// Attempts in all.
        attempts: u32,
        /// What was wrong with the last.
        reason: String,
        /// Bytes that are kept.
        kept_bytes: u64,
    },
    /// All bytes came, and they are not those of the file.
    #[error("{file} came damaged: its checksum is {found}, the hub says {expected}")]
    WrongChecksum {
        /// The file.
        file: String,
        /// The checksum that the hub gives.
        expected: String,
        /// The checksum of what came.
        found: String,
    },
    /// There is no room.
    #[error("{path} needs {} more, {} are free", ByteSize(*needed_bytes), ByteSize(*free_bytes))]
    DiskFull {
        /// Where it is to be written.
        path: PathBuf,
        /// Bytes still to be written, and the reserve.
        needed_bytes: u64,
        /// Bytes that are free.
        free_bytes: u64,
    },
    /// No pull has this number.
    #[error("the queue has no pull {id}")]
    NoSuchPull {
        /// The number.
        id: i64,
    },
    /// A pull failed, in this process or in another.
    #[error("pull {id} failed: {reason}")]
    PullFailed {
        /// The number.
        id: i64,
        /// What went wrong, as it was told then.
        reason: String,
        /// The class of what went wrong.
        kind: ErrorKind,
        /// What to do about it.
        help: Option<String>,
    },
    /// A pull in this state cannot be changed so.
    #[error("pull {id} is {state}, so it cannot be {change}")]
    WrongState {
        /// The number.
        id: i64,
        /// Its state.
        state: &'static str,
        /// What was asked for.
        change: &'static str,
    },
    /// The queue's file cannot be used.
    #[error("the queue of pulls in {path} cannot be used: {reason}")]
    Queue {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
}

fn is_repo(text: &str) -> bool {
    format!("hf:{text}").parse::<HubReference>().is_ok()
}

impl Diagnostic for HubError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::BadReference { .. }
            | Self::BadOption { .. }
            | Self::NotPullable { .. }
            | Self::NothingToPull { .. } => ErrorKind::InvalidInput,
            Self::Offline { .. }
            | Self::Unreachable { .. }
            | Self::RateLimited { .. }
            | Self::GaveUp { .. }
            | Self::BadAnswer { .. } => ErrorKind::Unavailable,
            Self::BadToken { .. } | Self::Gated { .. } | Self::Forbidden { .. } => {
                ErrorKind::PermissionDenied
            }
            Self::RepoNotFound { .. }
            | Self::RevisionNotFound { .. }
            | Self::FileNotFound { .. }
            | Self::NoSuchPull { .. } => ErrorKind::NotFound,
            Self::UnsafePath { .. } | Self::WrongChecksum { .. } | Self::Queue { .. } => {
                ErrorKind::Corrupt
            }
            Self::DiskFull { .. } => ErrorKind::ResourceExhausted,
            Self::WrongState { .. } => ErrorKind::Conflict,
            Self::PullFailed { kind, .. } => *kind,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BadReference { .. } => "models.bad_reference",
            Self::BadOption { .. } => "models.bad_hub_option",
            Self::NotPullable { .. } => "models.not_pullable",
            Self::Offline { .. } => "models.offline",
            Self::Unreachable { .. } => "models.hub_unreachable",
            Self::BadToken { .. } => "models.bad_token",
            Self::Gated { .. } => "models.gated",
            Self::Forbidden { .. } => "models.forbidden",
            Self::RepoNotFound { .. } => "models.repo_not_found",
            Self::RevisionNotFound { .. } => "models.revision_not_found",
            Self::FileNotFound { .. } => "models.file_not_found",
            Self::NothingToPull { .. } => "models.nothing_to_pull",
            Self::RateLimited { .. } => "models.rate_limited",
            Self::BadAnswer { .. } => "models.bad_answer",
            Self::UnsafePath { .. } => "models.unsafe_path",
            Self::GaveUp { .. } => "models.gave_up",
            Self::WrongChecksum { .. } => "models.wrong_checksum",
            Self::DiskFull { .. } => "models.disk_full",
            Self::NoSuchPull { .. } => "models.no_such_pull",
            Self::WrongState { .. } => "models.wrong_state",
            Self::PullFailed { .. } => "models.pull_failed",
            Self::Queue { .. } => "models.queue",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::NotPullable { reference } if is_repo(reference) => {
                format!("pull `hf:{reference}` if the hub's repository is meant")
            }
            Self::BadReference { .. } | Self::NotPullable { .. } => {
                "name one such as `hf:org/name`, `hf:org/name/file.gguf` or \
                 `hf:org/name@revision`"
                    .to_owned()
            }
            Self::BadOption { range, .. } => format!("pass one that is {range}"),
            Self::Offline { cached, .. } => match cached {
                Some(cached) => format!("pull `{cached}`, which is on this machine"),
                None => "allow the network (HF_HUB_OFFLINE), or add a model from a path".to_owned(),
            },
            Self::Unreachable { cached, .. } => match cached {
                Some(cached) => format!(
                    "try again later; an older state is on this machine: pull `{cached}` to use it"
                ),
                None => "check the connection and HF_ENDPOINT, then pull again".to_owned(),
            },
            Self::BadToken { .. } => {
                "make a new token in the hub's settings, and set HF_TOKEN to it, or keep it with \
                 `mlx-code secret set huggingface`"
                    .to_owned()
            }
            Self::Gated { repo, token: true } => {
                format!("ask for access on the hub's page of {repo}; the token lacks it")
            }
            Self::Gated { repo, token: false } => format!(
                "ask for access on the hub's page of {repo}, then set HF_TOKEN to your token, or \
                 keep it with `mlx-code secret set huggingface`"
            ),
            Self::Forbidden { .. } => {
                "the token may not read this repository; give it that permission".to_owned()
            }
            Self::RepoNotFound { token: true, .. } => {
                "check the spelling; a private one needs a token that may read it".to_owned()
            }
            Self::RepoNotFound { token: false, .. } => {
                "check the spelling; a private or gated one needs HF_TOKEN, or a token kept with \
                 `mlx-code secret set huggingface`"
                    .to_owned()
            }
            Self::RevisionNotFound { cached, .. } => match cached {
                Some(cached) => format!("pull `{cached}`, which is on this machine"),
                None => "name a branch, a tag or a commit that it has".to_owned(),
            },
            Self::FileNotFound { choices, .. } if choices.is_empty() => {
                "look at the repository's page for its files".to_owned()
            }
            Self::NothingToPull { choices, .. } if choices.is_empty() => {
                "name a repository with GGUF files, or with config.json and safetensors".to_owned()
            }
            Self::FileNotFound { choices, .. } | Self::NothingToPull { choices, .. } => {
                format!("name one of: {}", choices.join(", "))
            }
            Self::RateLimited { .. } => {
                "pull again later; with HF_TOKEN the limits are higher".to_owned()
            }
            Self::BadAnswer { .. } => {
                "check HF_ENDPOINT; a proxy or a login page may answer in the hub's place"
                    .to_owned()
            }
            Self::UnsafePath { .. } => "do not use this repository".to_owned(),
            Self::GaveUp { kept_bytes: 0, .. } => {
                "check the connection, then pull again".to_owned()
            }
            Self::GaveUp { kept_bytes, .. } => {
                format!("pull again: it goes on from the {} that came", ByteSize(*kept_bytes))
            }
            Self::WrongChecksum { .. } => {
                "pull again; if it repeats, a proxy or the hub itself changes the file".to_owned()
            }
            Self::DiskFull { .. } => {
                "free some disk space, then pull again: what came is kept".to_owned()
            }
            Self::NoSuchPull { .. } => "`models queue` shows the numbers".to_owned(),
            Self::WrongState { .. } => "`models queue` shows the states".to_owned(),
            Self::PullFailed { id, help, .. } => match help {
                Some(help) => help.clone(),
                None => format!("`models queue retry {id}` tries it again"),
            },
            Self::Queue { .. } => {
                "remove that file and pull again: what came is in the cache and is kept".to_owned()
            }
        })
    }
}
