//! Tiny checkpoints against what the reference implementations compute:
//! `tools/make_fixtures.py` makes both.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]

mod generate;
mod golden;
