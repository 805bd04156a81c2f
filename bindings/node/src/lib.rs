//! The Node face of `mlxcode-core`: convert, leave the event loop, call,
//! convert. No logic and no defaults live here.

mod error;
mod job;
mod model;
mod plan;
mod record;
mod turn;
mod workspace;
