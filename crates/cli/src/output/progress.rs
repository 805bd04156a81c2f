//! One line that tells how far a long operation has come.

use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use mlxcode_core::{ByteSize, Progress, ProgressEvent};

use super::visible;

/// Redrawing more often than this only costs time.
const REDRAW: Duration = Duration::from_millis(100);

/// A progress line on the standard error stream, shown on a terminal only.
pub struct ProgressLine {
    live: bool,
    drawn: Mutex<Option<Instant>>,
}

impl ProgressLine {
    /// Makes a line; `live` tells whether anybody sees it.
    pub fn new(live: bool) -> Self {
        Self { live, drawn: Mutex::new(None) }
    }

    /// Wipes the line, so that a message can stand in its place.
    pub fn clear(&self) {
        if self.live && self.drawn.lock().is_ok_and(|drawn| drawn.is_some()) {
            let _ = std::io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

/// Writes a line over the last one. A terminal that is too narrow for it cuts
/// it off: a line that went on below could not be wiped.
pub fn draw(line: impl std::fmt::Display) {
    let _ = write!(std::io::stderr(), "\r\x1b[K\x1b[?7l{line}\x1b[?7h");
}

impl Progress for ProgressLine {
    fn report(&self, event: ProgressEvent) {
        if !self.live {
            return;
        }
        let Ok(mut drawn) = self.drawn.lock() else { return };
        if drawn.is_some_and(|at| at.elapsed() < REDRAW) {
            return;
        }
        *drawn = Some(Instant::now());
        let how_far = match event.total {
            Some(total) if total > 0 => format!("{:3}%", event.done * 100 / total),
            _ => ByteSize(event.done).to_string(),
        };
        draw(visible(format!("{how_far} {}", event.task)));
    }
}
