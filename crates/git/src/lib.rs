//! A git repository: where it is, what changed, what was said.
//!
//! The principal type is [`Repository`]. Finding one reads a few files; all
//! else runs the `git` program in one place, so that nothing which the
//! repository's own configuration names is ever started: no hook, filter,
//! signing program or file watcher, and no connection to anywhere. The one
//! exception is asked for by name: [`Repository::commit_staged`] with
//! [`CommitPrograms::AsGitDoes`].
//!
//! ```no_run
//! use mlxcode_git::Repository;
//!
//! # fn main() -> Result<(), mlxcode_git::Error> {
//! if let Some(repository) = Repository::discover(std::path::Path::new("."))? {
//!     for change in repository.status()? {
//!         println!("{:?} {}", change.kind, change.path);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod commit;
mod config;
mod error;
mod history;
mod log;
mod program;
mod range;
mod repository;
mod staged;
mod status;
mod tip;

pub use error::{Error, Result};
pub use history::Change;
pub use log::Commit;
pub use range::{FileCount, Range};
pub use repository::{Head, Repository};
pub use staged::CommitPrograms;
pub use status::{FileStatus, StatusKind};
