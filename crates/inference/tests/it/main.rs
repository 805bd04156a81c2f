//! Tiny checkpoints against what the reference implementations compute:
//! `tools/make_fixtures.py` makes both. `checkpoint` makes its own, of every
//! format and family, for the goldens of `tools/make_goldens.py`.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files they need")]

mod checkpoint;
mod convert;
mod encoder;
mod generate;
mod golden;
mod likelihood;
