//! What a model was asked and what it answered, kept so that it can be played
//! again without the model.
//!
//! The principal types are [`RecordingModel`], which writes all that passes
//! through it, and [`ReplayModel`], which answers from what was written. A
//! recording is JSON, a line an item.

mod error;
mod line;
mod record;
mod replay;

pub use error::RecordingError;
pub use line::{MOST_RECORDING_BYTES, RECORDING_VERSION};
pub use record::RecordingModel;
pub use replay::ReplayModel;
