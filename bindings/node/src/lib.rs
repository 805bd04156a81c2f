//! The Node face of `mlxcode-core`: convert, leave the event loop, call,
//! convert. No logic and no defaults live here.

mod error;
mod generation;
mod job;
mod model;
mod options;
mod plan;
mod record;
mod turn;
mod workspace;
