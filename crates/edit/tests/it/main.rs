//! The crate from outside: replies on trees.

mod apply;
mod cases;
mod properties;
mod tree;
