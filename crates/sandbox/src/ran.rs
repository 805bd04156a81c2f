use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::output::Output;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "how")]
#[non_exhaustive]
pub enum Ended {
    /// By itself.
    Exited {
        /// Its exit status; 0 is success.
        code: i32,
    },
    /// By a signal that was not ours.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// It took longer than it may.
    TimedOut,
    /// Somebody cancelled.
    Cancelled,
    /// It printed more than it may.
    TooMuchOutput,
    /// It started more processes than it may.
    TooManyProcesses,
    /// It took more memory than it may.
    TooMuchMemory,
    /// It took more of the disk than it may, or the disk is nearly full.
    TooMuchDisk,
}

impl Ended {
    /// Whether it ended by itself and reports success.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Exited { code: 0 })
    }
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Ran {
    /// How it ended.
    pub ended: Ended,
    /// What it printed to both of its outputs, in the order of printing.
    pub output: Output,
    /// How long it took.
    #[serde(rename = "wall_ms", serialize_with = "as_milliseconds")]
    pub wall: Duration,
    /// Processes that it had left running, and that were ended.
    pub left_running: usize,
    /// Guarded places that it had changed and that were put back, relative to
    /// the root.
    pub put_back: Vec<PathBuf>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn as_milliseconds<S: serde::Serializer>(wall: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(wall.as_millis() as u64)
}
