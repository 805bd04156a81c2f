//! Reads the text of documents that nobody vouches for.
//!
//! The principal function is [`read_pdf`]. A file that was made to do harm may
//! still take all memory, or more time than anybody has, or overflow the stack:
//! who reads such a file calls this in a process of its own, with limits.

#![forbid(unsafe_code)]

mod error;
mod pdf;

pub use error::{Error, Result};
pub use pdf::{PdfPart, read_pdf};
