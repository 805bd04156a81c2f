//! Changes files safely: finds the edits in a model's reply, places them,
//! writes all or none, and takes them back.
//!
//! The principal type is [`EditPlan`]: what a reply's edits do to a tree, not
//! yet written. [`parse_reply`] and the streaming [`ReplyParser`] read the
//! edits, [`EditPlan::resolve`] places them, [`apply`] writes them and records
//! the change in a [`Journal`], which can undo it.
//!
//! ```
//! use mlxcode_base::Root;
//! use mlxcode_edit::{EditPlan, Journal, ResolveOptions, apply, parse_reply};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let tree = folder.path().join("tree");
//! # std::fs::create_dir(&tree)?;
//! std::fs::write(tree.join("a.txt"), "one\ntwo\n")?;
//! let reply = "a.txt\n<<<<<<< SEARCH\ntwo\n=======\n2\n>>>>>>> REPLACE\n";
//! let root = Root::open(&tree)?;
//! let plan = EditPlan::resolve(&root, &parse_reply(reply), &ResolveOptions::default())?;
//! let mut journal = Journal::open(&folder.path().join("journal"), &root)?;
//! let entry = apply(&plan, &mut journal, "example")?;
//! assert_eq!(std::fs::read_to_string(tree.join("a.txt"))?, "one\n2\n");
//! journal.undo(Some(&entry.id))?;
//! assert_eq!(std::fs::read_to_string(tree.join("a.txt"))?, "one\ntwo\n");
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make the files they need"))]

mod apply;
mod audit;
mod content;
mod diff;
mod error;
mod format;
mod journal;
mod layer;
mod locate;
mod merge;
mod plan;
mod policy;
mod refusal;
mod text;

pub use apply::apply;
pub use audit::{
    AuditFinding, AuditFlaw, AuditRecord, AuditReport, Audited, AuditedDecision, AuditedFile,
};
pub use diff::{DiffHunk, DiffLine, FileDiff};
pub use error::{Error, Result};
pub use format::{
    BrokenBlock, BrokenReason, EditAction, EditBlock, Naming, ParsedItem, PatchHunk, PatchLine,
    PatchLines, PatchLinesIter, ReplyParser, ShellCommand, parse_reply,
};
pub use journal::{Actor, EntryState, Journal, JournalEntry, JournalFile, JournalOptions};
pub use locate::MatchLevel;
pub use plan::{
    AlreadyThere, ChangeKind, EditPlan, FileChange, FileOperation, NameFlaw, Placement,
    RenamePattern, ResolveOptions, SyntaxCheck,
};
pub use policy::{EditPolicy, PROTECTED, PolicyLists, PolicyRefusal};
pub use refusal::{NearestMatch, Refusal, RefusalReason};
