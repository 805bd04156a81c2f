//! Issues, changes and reviews where a repository is published: GitHub and
//! GitLab, public or of one's own.
//!
//! The principal type is [`Forge`]: a host, what it runs, and a token for it.
//! [`Place`] says what a URL, `owner/name#12` or a git remote means. Only what
//! is asked for leaves the machine, only to that host; offline, it is refused
//! before a name is resolved.
//!
//! ```
//! use mlxcode_forge::{Host, Place};
//!
//! let hosts = Host::usual();
//! let place = Place::of_url("https://github.com/rust-lang/rust/pull/12", &hosts).unwrap();
//! assert_eq!((place.repository.as_str(), place.number), ("rust-lang/rust", 12));
//! ```

#![forbid(unsafe_code)]

mod address;
mod client;
mod error;
mod forge;
mod github;
mod gitlab;
mod host;
mod patch;
mod place;
mod remote;
mod review;
mod token;
mod types;

pub use error::{Error, Result};
pub use forge::{Forge, ForgeOptions};
pub use host::{ForgeKind, Host};
pub use patch::PatchLines;
pub use place::{Place, PlaceKind};
pub use remote::RemoteRepository;
pub use review::{PostedReview, Review, ReviewComment, Verdict};
pub use token::Token;
pub use types::{ChangeRequest, ChangedFile, Comment, FileState, Issue};
