//! A bar that tells how far a pull is.

use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use mlxcode_core::{ByteSize, PullEvent, PullObserver, PullState};

use super::progress::draw;
use super::visible;

/// Redrawing more often than this only costs time.
const REDRAW: Duration = Duration::from_millis(100);
/// Why a request is made again stands so long at least.
const NOTE: Duration = Duration::from_secs(1);
/// A line fits a terminal of eighty columns; a narrower one cuts off the bar.
const NAME: usize = 20;
const BAR: usize = 14;

/// A bar on the standard error stream, shown on a terminal only.
pub struct PullBar {
    live: bool,
    drawn: Mutex<Drawn>,
}

#[derive(Default)]
struct Drawn {
    at: Option<Instant>,
    note_until: Option<Instant>,
}

impl PullBar {
    /// Makes a bar; `live` tells whether anybody sees it.
    pub fn new(live: bool) -> Self {
        Self { live, drawn: Mutex::default() }
    }

    /// Wipes the bar, so that a message can stand in its place.
    pub fn clear(&self) {
        if self.live && self.drawn.lock().is_ok_and(|drawn| drawn.at.is_some()) {
            let _ = std::io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

impl PullObserver for PullBar {
    fn report(&self, event: &PullEvent) {
        if !self.live {
            return;
        }
        let Ok(mut drawn) = self.drawn.lock() else { return };
        let now = Instant::now();
        let note = matches!(event.state, PullState::Retrying { .. });
        let early = drawn.at.is_some_and(|at| now.duration_since(at) < REDRAW);
        if !note && (early || drawn.note_until.is_some_and(|until| now < until)) {
            return;
        }
        drawn.at = Some(now);
        drawn.note_until = note.then(|| now + NOTE);
        draw(visible(line(event)));
    }
}

/// The bar's line.
fn line(event: &PullEvent) -> String {
    let doing = match &event.state {
        PullState::Asking => return "asking the hub …".to_owned(),
        PullState::Retrying { reason } => {
            let reason: String = reason.chars().take(60).collect();
            return format!("trying again: {reason}");
        }
        PullState::Waiting if event.file.is_empty() => "another process",
        PullState::Installing => "installing",
        PullState::Checking => "checking the cache",
        _ => event.file.rsplit('/').next().unwrap_or(&event.file),
    };
    let (done, total) = (event.done_bytes.min(event.total_bytes), event.total_bytes);
    let percent = if total == 0 { 0 } else { u128::from(done) * 100 / u128::from(total) };
    let full = percent as usize * BAR / 100;
    let bar = format!("{}{}", "#".repeat(full), "-".repeat(BAR - full));
    let mut line = format!("{:NAME$} {percent:3}%  {}", short(doing), sizes(done, total));
    if let Some(speed) = event.bytes_per_second {
        line.push_str(&format!("  {}/s", ByteSize(speed)));
    }
    if let Some(left) = event.remaining {
        line.push_str(&format!("  {}", clock(left)));
    }
    format!("{line}  [{bar}]")
}

/// A name of at most [`NAME`] characters, its end kept: shards differ there.
fn short(name: &str) -> String {
    let count = name.chars().count();
    if count <= NAME {
        return name.to_owned();
    }
    let end: String = name.chars().skip(count - (NAME - 1)).collect();
    format!("…{end}")
}

/// `1.2/4.0 GiB`: both in the unit of the larger.
fn sizes(done: u64, total: u64) -> String {
    let whole = ByteSize(total).to_string();
    let Some((number, unit)) = whole.split_once(' ') else { return whole };
    let factor = match unit {
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        "TiB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return format!("{done}/{whole}"),
    };
    format!("{:.1}/{number} {unit}", done as f64 / factor)
}

/// `0:07`, `12:30`, `1:02:03`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_share_a_unit_and_times_are_those_of_a_clock() {
        assert_eq!(sizes(0, 0), "0/0 B");
        assert_eq!(sizes(7, 900), "7/900 B");
        assert_eq!(sizes(1 << 30, 4 << 30), "1.0/4.0 GiB");
        assert_eq!(sizes(100 << 10, 4 << 20), "0.1/4.0 MiB");
        for (seconds, expect) in [(7, "0:07"), (750, "12:30"), (3723, "1:02:03")] {
            assert_eq!(clock(Duration::from_secs(seconds)), expect);
        }
        assert_eq!(short("model-00002-of-00003.safetensors"), "…f-00003.safetensors");
        assert_eq!(short("model.gguf"), "model.gguf");
    }

    #[test]
    fn a_line_fits_eighty_columns() {
        let mut event = PullEvent::new(PullState::Fetching);
        event.file = "sub/model-00002-of-00003.safetensors".to_owned();
        (event.done_bytes, event.total_bytes) = (123 << 20, 334 << 20);
        event.bytes_per_second = Some(999 << 20);
        event.remaining = Some(Duration::from_secs(7));
        let expect = "…f-00003.safetensors  36%  123.0/334.0 MiB  999.0 MiB/s  0:07  \
                      [#####---------]";
        assert_eq!(line(&event), expect);
        assert!(line(&event).chars().count() <= 80);
    }
}
