//! What a session may do, decided by rules.
//!
//! [`Permissions`] is the [`Policy`](crate::Policy) of a session: rules from
//! the user's configuration and stricter ones from the project's, the mode, and
//! what somebody allowed on the way. Commands are compared by the words that
//! the shell would make of them: a line is allowed where each of its commands
//! is, and what cannot be read for sure is asked. Every [`Ruling`] names what
//! decided, and says why in the words that the audit log keeps.

mod config;
mod line;
mod named;
mod names;
mod offer;
mod permissions;
mod reader;
mod rules;
mod ruling;
mod shell;
mod wrapper;

pub use config::{PermissionConfig, PermissionRule};
pub use permissions::Permissions;
pub use rules::PermissionError;
pub use ruling::{Answer, DecidedBy, Grant, RuleSource, Ruling};
