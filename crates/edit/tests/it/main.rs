//! The crate from outside: replies on trees.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files they need")]

mod apply;
mod cases;
mod levels;
mod plan;
mod properties;
mod stream;
mod tree;
