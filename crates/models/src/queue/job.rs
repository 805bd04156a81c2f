//! One pull of the queue.

use crate::error::{Error, HubError, Result};
use crate::hub::PullPlan;
use crate::reference::{HubReference, ModelReference};
use mlxcode_base::{Diagnostic, ErrorKind};

/// Looks a name of the catalogue up, with its tag or without: a reference of
/// the hub as text, `None` where there is no such name.
pub type LookUp<'l> = &'l dyn Fn(&str, Option<&str>) -> Result<Option<String>>;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewPull {
    /// What the user typed.
    pub reference: ModelReference,
    /// What it names of the hub.
    pub source: HubReference,
    /// The name to install it under; `None` is the one that its source gives.
    pub name: Option<String>,
    /// Whether it is installed, or only brought into the cache.
    pub install: bool,
    /// Before which others it is fetched.
    pub priority: PullPriority,
    /// Bytes a second; `None` is the queue's own limit.
    pub limit_bytes_per_second: Option<u64>,
}

impl NewPull {
    /// A pull of what a reference names. `catalogue` gives the hub's reference
    /// of a name and its tag, such as `hf:org/name/file.gguf`; a name without
    /// a tag is looked up too.
    ///
    /// # Errors
    /// Where nothing of the hub is named.
    pub fn new(reference: ModelReference, catalogue: LookUp<'_>) -> Result<Self> {
        let mut chosen = None;
        let found = match &reference {
            ModelReference::Hub(source) => Some(source.clone()),
            ModelReference::Catalogue { name, tag } => {
                chosen = Some(format!("{name}-{tag}"));
                catalogue(name, Some(tag))?.map(|text| text.parse::<HubReference>()).transpose()?
            }
            ModelReference::Installed(name) => {
                chosen = Some(name.clone());
                catalogue(name, None)?.map(|text| text.parse::<HubReference>()).transpose()?
            }
            ModelReference::Path(_) => None,
        };
        let Some(source) = found else {
            return Err(HubError::NotPullable { reference: reference.to_string() }.into());
        };
        Ok(Self {
            reference,
            source,
            name: chosen,
            install: true,
            priority: PullPriority::Normal,
            limit_bytes_per_second: None,
        })
    }
}

/// Before which others a pull is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PullPriority {
    /// After all others.
    Low,
    /// In the order in which they were added.
    #[default]
    Normal,
    /// Before all others.
    High,
}

impl PullPriority {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }

    pub(super) fn number(self) -> i64 {
        self as i64
    }

    pub(super) fn from_number(number: i64) -> Self {
        match number {
            ..=0 => Self::Low,
            1 => Self::Normal,
            2.. => Self::High,
        }
    }
}

/// Where a pull stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PullJobState {
    /// Its turn is to come.
    Waiting,
    /// A process works on it.
    Running,
    /// Somebody stopped it; it goes on when asked to.
    Paused,
    /// All is here.
    Done,
    /// It could not go on.
    Failed,
    /// Nobody wants it any more.
    Cancelled,
}

impl PullJobState {
    /// All of them.
    pub(super) const ALL: [Self; 6] =
        [Self::Waiting, Self::Running, Self::Paused, Self::Done, Self::Failed, Self::Cancelled];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens unless somebody asks for it anew.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }
}

/// Why a pull failed, as it was told then.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PullError {
    /// The error's stable name.
    pub code: String,
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The error's class; `None` where a program before this one failed.
    pub kind: Option<ErrorKind>,
}

impl PullError {
    pub(super) fn new(error: &Error) -> Self {
        let mut message = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            message.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        let kind = Some(error.kind());
        Self { code: error.code().to_owned(), message, help: error.help(), kind }
    }

    /// The class of this name.
    pub(super) fn kind_named(name: &str) -> Option<ErrorKind> {
        ErrorKind::from_name(name)
    }
}

/// One pull of the queue, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PullJob {
    /// Its number, which is never used again.
    pub id: i64,
    /// What the user typed.
    pub reference: String,
    /// What it names of the hub.
    pub source: HubReference,
    /// The name that it was or will be installed under.
    pub name: String,
    /// Whether it is installed, or only brought into the cache.
    pub install: bool,
    /// Where it stands.
    pub state: PullJobState,
    /// Before which others it is fetched.
    pub priority: PullPriority,
    /// Bytes a second; `None` is the queue's own limit.
    pub limit_bytes_per_second: Option<u64>,
    /// The files at their commit, once the hub told them.
    pub plan: Option<PullPlan>,
    /// The size of all files; 0 while it is not known.
    pub total_bytes: u64,
    /// Bytes that are here.
    pub done_bytes: u64,
    /// Bytes a second, while it runs.
    pub bytes_per_second: Option<u64>,
    /// The name that it is installed under.
    pub installed: Option<String>,
    /// Why it failed last.
    pub error: Option<PullError>,
}
