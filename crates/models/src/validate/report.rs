//! What a full check found.

use std::fmt;

use mlxcode_base::Diagnostic;

use crate::error::{Error, Result};

/// What a full check of a model found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyReport {
    /// The installed model's name, or the path of the file or folder.
    pub name: String,
    /// The checks, in order.
    pub checks: Vec<VerifyCheck>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyCheck {
    /// Which check it is.
    pub id: VerifyId,
    /// What was checked, for people.
    pub name: String,
    /// How it went.
    pub status: VerifyStatus,
    /// What is wrong, why it was skipped, or what was seen.
    pub detail: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// The name of the error where the check failed, such as
    /// `models.checksum_mismatch`.
    pub code: Option<&'static str>,
}

/// The checks that there are. Their names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyId {
    /// The bytes of a file against the recorded SHA-256.
    Checksum,
    /// The record of where the files came from against what is there now.
    Origin,
    /// The headers of the weight files, and the index over them.
    Header,
    /// The configuration.
    Config,
    /// Every weight's presence, type and shape against the configuration.
    Weights,
    /// The tokenizer, and its numbers against the rows of the embedding.
    Tokenizer,
    /// The chat template: it compiles, and renders a conversation.
    Template,
    /// The values of the weights: none is NaN or infinite.
    Values,
}

impl VerifyId {
    /// The stable name, such as `checksum`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Checksum => "checksum",
            Self::Origin => "origin",
            Self::Header => "header",
            Self::Config => "config",
            Self::Weights => "weights",
            Self::Tokenizer => "tokenizer",
            Self::Template => "template",
            Self::Values => "values",
        }
    }

    /// What it checks, for people.
    fn words(self) -> &'static str {
        match self {
            Self::Checksum => "checksums",
            Self::Origin => "where the files came from",
            Self::Header => "headers of the weight files",
            Self::Config => "configuration",
            Self::Weights => "presence, types and shapes of the weights",
            Self::Tokenizer => "tokenizer, against the vocabulary",
            Self::Template => "chat template",
            Self::Values => "values of the weights",
        }
    }
}

impl fmt::Display for VerifyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyStatus {
    /// Nothing is wrong.
    Passed,
    /// Something is wrong.
    Failed,
    /// It could not be carried out, or there was nothing to check.
    Skipped,
}

impl VerifyStatus {
    /// The stable name: `passed`, `failed` or `skipped`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl VerifyReport {
    /// Whether no check failed, and one passed at least.
    pub fn is_sound(&self) -> bool {
        let any = |status| self.checks.iter().any(|check| check.status == status);
        any(VerifyStatus::Passed) && !any(VerifyStatus::Failed)
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &VerifyCheck> {
        self.checks.iter().filter(|check| check.status == VerifyStatus::Failed)
    }
}

impl VerifyCheck {
    /// A check that found nothing wrong.
    pub(crate) fn passed(id: VerifyId, detail: Option<String>) -> Self {
        Self::new(id, VerifyStatus::Passed, detail)
    }

    /// A check that was not carried out.
    pub(crate) fn skipped(id: VerifyId, why: impl Into<String>) -> Self {
        Self::new(id, VerifyStatus::Skipped, Some(why.into()))
    }

    /// A check that found `error`.
    pub(crate) fn failed(id: VerifyId, error: &Error) -> Self {
        let mut detail = error.to_string();
        if let Some(source) = std::error::Error::source(error) {
            detail = format!("{detail}: {source}");
        }
        Self {
            help: error.help(),
            code: Some(error.code()),
            ..Self::new(id, VerifyStatus::Failed, Some(detail))
        }
    }

    fn new(id: VerifyId, status: VerifyStatus, detail: Option<String>) -> Self {
        Self { id, name: id.words().to_owned(), status, detail, help: None, code: None }
    }

    /// The same under a name of its own, such as `bytes of config.json`.
    pub(crate) fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

/// The checks of a model's contents, one after the other.
pub trait Steps {
    /// Carries out a check that needs `input`; nothing where that is missing
    /// because the check before failed.
    ///
    /// # Errors
    /// Where the first failure ends all.
    fn step<I, T>(
        &mut self,
        id: VerifyId,
        input: Option<I>,
        work: impl FnOnce(I) -> Result<T>,
    ) -> Result<Option<T>>;
}

/// Before a load: the first failure is the answer.
#[derive(Debug)]
pub struct Strict;

impl Steps for Strict {
    fn step<I, T>(
        &mut self,
        _: VerifyId,
        input: Option<I>,
        work: impl FnOnce(I) -> Result<T>,
    ) -> Result<Option<T>> {
        input.map(work).transpose()
    }
}

/// For a report: every check that can be carried out is.
#[derive(Debug, Default)]
pub struct Recorded(pub Vec<VerifyCheck>);

impl Steps for Recorded {
    fn step<I, T>(
        &mut self,
        id: VerifyId,
        input: Option<I>,
        work: impl FnOnce(I) -> Result<T>,
    ) -> Result<Option<T>> {
        let Some(input) = input else {
            self.0.push(VerifyCheck::skipped(id, "what it needs did not pass"));
            return Ok(None);
        };
        match work(input) {
            Ok(value) => {
                self.0.push(VerifyCheck::passed(id, None));
                Ok(Some(value))
            }
            Err(Error::Cancelled) => Err(Error::Cancelled),
            Err(error) => {
                self.0.push(VerifyCheck::failed(id, &error));
                Ok(None)
            }
        }
    }
}
