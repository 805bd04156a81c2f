//! Whole conversations of a scripted model over small trees.

mod additions;
mod edits;
mod limits;
mod memory;
mod tools;
pub mod world;
