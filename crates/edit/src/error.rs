use std::io;
use std::path::PathBuf;

use mlxcode_base::{Diagnostic, ErrorKind, PathError, RelPath, io_error_kind};
use thiserror::Error;

use crate::diff::FileDiff;

/// What can go wrong when files are changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The plan holds edits that fit nowhere.
    #[error("{count} of the edits fit nowhere, nothing was changed; the first: {first}")]
    Refused {
        /// How many.
        count: usize,
        /// Why the first one was refused.
        first: String,
    },
    /// The plan changes nothing.
    #[error("the edits change nothing")]
    NoChange,
    /// A file is not what it was when the plan was made.
    #[error("{path} changed after it was read, nothing was changed")]
    ChangedSince {
        /// The file.
        path: RelPath,
    },
    /// The policy does not let the file be changed.
    #[error("{path} {reason}, nothing was changed")]
    Policy {
        /// The file.
        path: RelPath,
        /// Why, as the end of a sentence.
        reason: String,
        /// The name of the reason.
        code: &'static str,
        /// How to insist.
        help: String,
    },
    /// A glob or a regular expression cannot be read.
    #[error("the pattern `{pattern}` is not valid: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A tree has more files than are looked through.
    #[error("there are more than {limit} files to look through")]
    TooManyFiles {
        /// The limit.
        limit: usize,
    },
    /// A path leads out of the root, or cannot be followed.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A file could not be read again before it was to be changed.
    #[error("cannot read {path}, nothing was changed")]
    Read {
        /// The file.
        path: RelPath,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file could not be written; all others are as they were.
    #[error("cannot write {path}, nothing was changed")]
    Write {
        /// The file.
        path: RelPath,
        /// What the operating system said.
        source: io::Error,
    },
    /// Writing failed, and putting the files back failed too.
    #[error("cannot write {path}, and not all files could be put back")]
    RollbackFailed {
        /// The file that could not be put back.
        path: RelPath,
        /// What the operating system said.
        source: io::Error,
    },
    /// The journal's folder cannot be used.
    #[error("cannot use the journal at {path}")]
    JournalIo {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Somebody else has the journal open.
    #[error("the journal at {path} is in use")]
    JournalBusy {
        /// The lock file.
        path: PathBuf,
    },
    /// Somebody else is changing the tree, with a journal elsewhere.
    #[error("somebody else is changing files in {root}")]
    RootBusy {
        /// The tree.
        root: PathBuf,
    },
    /// A file of the journal does not hold what it should.
    #[error("the journal file {path} is damaged: {reason}")]
    JournalCorrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is nothing to take back.
    #[error("nothing was applied here that could be taken back")]
    NothingToUndo,
    /// No entry has this name.
    #[error("no entry is called {id}")]
    EntryNotFound {
        /// The name asked for.
        id: String,
    },
    /// The entry was taken back before.
    #[error("{id} is already taken back")]
    AlreadyUndone {
        /// The entry.
        id: String,
    },
    /// Nothing was taken back that could be applied again.
    #[error("nothing was taken back here that could be applied again")]
    NothingToRedo,
    /// Something was applied after the entry was taken back.
    #[error("{newer} was applied since {id} was taken back")]
    RedoIsOver {
        /// The entry that was taken back last.
        id: String,
        /// The one that was applied since.
        newer: String,
    },
    /// The entry is not taken back.
    #[error("{id} is applied already")]
    AlreadyApplied {
        /// The entry.
        id: String,
    },
    /// Later edits touch the same lines.
    #[error(
        "{path} was edited since in the same place{}, nothing was changed\n\
         --- as it is now\n+++ as it was before {id}\n{}",
        later.as_ref().map(|later| format!(" by {later}")).unwrap_or_default(),
        sides(now, before)
    )]
    UndoConflict {
        /// The entry.
        id: String,
        /// The file.
        path: RelPath,
        /// The newest entry that edited the file since, where one did.
        later: Option<String>,
        /// The lines as they are now.
        now: String,
        /// The lines that undoing would bring back.
        before: String,
    },
    /// What was edited since the entry was taken back touches the same lines.
    #[error(
        "{path} was edited since in the same place, nothing was changed\n\
         --- as it is now\n+++ as {id} made it\n{}",
        sides(now, after)
    )]
    RedoConflict {
        /// The entry.
        id: String,
        /// The file.
        path: RelPath,
        /// The lines as they are now.
        now: String,
        /// The lines that applying again would bring.
        after: String,
    },
}

/// Both sides of a conflict as one diff.
fn sides(now: &str, then: &str) -> String {
    let line_ended = |text: &str| format!("{text}\n");
    FileDiff::of_passages(&line_ended(now), &line_ended(then)).to_string().trim_end().to_owned()
}

/// A result with this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused { .. }
            | Self::ChangedSince { .. }
            | Self::UndoConflict { .. }
            | Self::RedoConflict { .. }
            | Self::RedoIsOver { .. } => ErrorKind::Conflict,
            Self::NoChange
            | Self::NothingToUndo
            | Self::NothingToRedo
            | Self::EntryNotFound { .. } => ErrorKind::NotFound,
            Self::AlreadyUndone { .. } | Self::AlreadyApplied { .. } => ErrorKind::AlreadyExists,
            Self::Policy { .. } => ErrorKind::PermissionDenied,
            Self::Pattern { .. } => ErrorKind::InvalidInput,
            Self::TooManyFiles { .. } => ErrorKind::ResourceExhausted,
            Self::JournalCorrupt { .. } => ErrorKind::Corrupt,
            Self::Path(source) => source.kind(),
            Self::JournalBusy { .. } | Self::RootBusy { .. } => ErrorKind::Unavailable,
            Self::Read { source, .. }
            | Self::Write { source, .. }
            | Self::RollbackFailed { source, .. }
            | Self::JournalIo { source, .. } => io_error_kind(source),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "edit.refused",
            Self::NoChange => "edit.no_change",
            Self::ChangedSince { .. } => "edit.changed_since",
            Self::Path(source) => source.code(),
            Self::Read { .. } => "edit.read_failed",
            Self::Write { .. } => "edit.write_failed",
            Self::RollbackFailed { .. } => "edit.rollback_failed",
            Self::JournalIo { .. } => "edit.journal_unusable",
            Self::JournalBusy { .. } => "edit.journal_busy",
            Self::JournalCorrupt { .. } => "edit.journal_damaged",
            Self::NothingToUndo => "edit.nothing_to_undo",
            Self::EntryNotFound { .. } => "edit.entry_not_found",
            Self::AlreadyUndone { .. } => "edit.already_undone",
            Self::UndoConflict { .. } => "edit.undo_conflict",
            Self::RootBusy { .. } => "edit.root_busy",
            Self::NothingToRedo => "edit.nothing_to_redo",
            Self::RedoIsOver { .. } => "edit.redo_is_over",
            Self::AlreadyApplied { .. } => "edit.already_applied",
            Self::RedoConflict { .. } => "edit.redo_conflict",
            Self::Policy { code, .. } => code,
            Self::Pattern { .. } => "edit.bad_pattern",
            Self::TooManyFiles { .. } => "edit.too_many_files",
        }
    }

    fn help(&self) -> Option<String> {
        let text = match self {
            Self::Refused { .. } => "correct the edits, or ask the model again with the reason",
            Self::NoChange => "the files hold what the edits ask for already",
            Self::ChangedSince { .. } => "make the plan again from the files as they are now",
            Self::Path(source) => return source.help(),
            Self::Read { .. } => "make the file readable and apply again",
            Self::Write { source, .. } => match io_error_kind(source) {
                ErrorKind::ResourceExhausted => "free some disk space and apply again",
                _ => "make the file and its folder writable and apply again",
            },
            Self::JournalIo { source, .. } => match io_error_kind(source) {
                ErrorKind::ResourceExhausted => {
                    "free some disk space; every change is recorded there before it is made"
                }
                ErrorKind::PermissionDenied => {
                    "make the folder writable; every change is recorded there"
                }
                _ => {
                    "check that the folder can be read and written; every change is recorded there"
                }
            },
            Self::RollbackFailed { .. } => {
                "the contents from before are in the journal; once the disk is writable again, \
                 any command that opens it puts the files back"
            }
            Self::JournalBusy { .. } | Self::RootBusy { .. } => {
                "wait until the other command ends, then try again"
            }
            Self::JournalCorrupt { .. } => "move the file away; that entry cannot be taken back",
            Self::NothingToUndo => "`history` lists what was applied",
            Self::EntryNotFound { .. } => "`history` lists the entries by name",
            Self::AlreadyUndone { .. } => "`history` tells which entries are still applied",
            Self::UndoConflict { later: Some(later), .. } => {
                return Some(format!("take {later} back first, or merge by hand"));
            }
            Self::UndoConflict { .. } | Self::RedoConflict { .. } => {
                "merge by hand: the file was edited by somebody else"
            }
            Self::NothingToRedo | Self::AlreadyApplied { .. } => {
                "`history` tells which entries are taken back"
            }
            Self::RedoIsOver { id, .. } => {
                return Some(format!("name the entry to apply it all the same: `redo {id}`"));
            }
            Self::Policy { help, .. } => return Some(help.clone()),
            Self::Pattern { .. } => {
                "write a glob such as `src/**/*.js`, or a regular expression with `--regex`"
            }
            Self::TooManyFiles { .. } => "name the folder that the files are in",
        };
        Some(text.to_owned())
    }
}
