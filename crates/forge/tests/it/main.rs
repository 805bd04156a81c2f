//! The crate against a host on loopback that answers as GitHub and GitLab say
//! that theirs do.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]

mod fake;
mod github;
mod gitlab;
mod limits;
