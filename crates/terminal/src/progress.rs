//! What goes on, in one line that wipes itself.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::visible::visible;
use crate::{Role, Screen, shortened};

/// What takes less is not worth a word.
const PATIENCE: Duration = Duration::from_millis(500);
/// Redrawing more often than this only costs time.
const REDRAW: Duration = Duration::from_millis(100);
/// Columns of a bar.
const BAR: usize = 20;
const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const ASCII_FRAMES: [&str; 4] = ["|", "/", "-", "\\"];
/// Goes to the beginning of the line and wipes it.
const WIPE: &str = "\r\x1b[K";

/// Something that takes a while: nothing is shown in the first half second,
/// then one line with words and the time since it began. Nothing moves by
/// itself: the caller calls [`tick`](Activity::tick) as often as it likes.
///
/// In a pipe it is silent. Where no cursor moves or somebody listens, it says
/// once that something goes on, and once that it ended.
#[derive(Debug)]
pub struct Activity {
    words: String,
    started: Instant,
    drawn: Option<Instant>,
    said: bool,
    frame: usize,
    bar: Option<Bar>,
}

/// How far something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// What is done.
    pub done: u64,
    /// What there is; zero where nobody knows.
    pub total: u64,
}

impl Activity {
    /// Something begins `now`.
    pub fn new(words: impl Into<String>, now: Instant) -> Self {
        Self { words: words.into(), started: now, drawn: None, said: false, frame: 0, bar: None }
    }

    /// Other words from here on.
    pub fn set_words(&mut self, words: impl Into<String>) {
        self.words = words.into();
    }

    /// How far it is from here on.
    pub fn set_bar(&mut self, bar: Bar) {
        self.bar = Some(bar);
    }

    /// Shows how it goes, if it is time to.
    pub fn tick(&mut self, out: &mut dyn Write, screen: &Screen, now: Instant) -> io::Result<()> {
        let elapsed = now.saturating_duration_since(self.started);
        if elapsed < PATIENCE {
            return Ok(());
        }
        if screen.capabilities.plain {
            if !self.said {
                self.said = true;
                writeln!(out, "{} ...", visible(&self.words))?;
                out.flush()?;
            }
            return Ok(());
        }
        let early = self.drawn.is_some_and(|drawn| now.saturating_duration_since(drawn) < REDRAW);
        if !screen.capabilities.cursor || early {
            return Ok(());
        }
        self.drawn = Some(now);
        self.frame += 1;
        write!(out, "{WIPE}{}", self.line(screen, elapsed))?;
        out.flush()
    }

    /// Wipes the line: it ended, or something else is to be written.
    pub fn clear(&mut self, out: &mut dyn Write, screen: &Screen) -> io::Result<()> {
        if self.drawn.take().is_some() && screen.capabilities.cursor {
            out.write_all(WIPE.as_bytes())?;
            out.flush()?;
        }
        Ok(())
    }

    /// Ends it.
    pub fn finish(mut self, out: &mut dyn Write, screen: &Screen, now: Instant) -> io::Result<()> {
        self.clear(out, screen)?;
        if self.said {
            let elapsed = now.saturating_duration_since(self.started);
            writeln!(out, "{}: done, {}.", visible(&self.words), clock(elapsed))?;
        }
        Ok(())
    }

    fn line(&self, screen: &Screen, elapsed: Duration) -> String {
        let frames: &[&str] = if screen.capabilities.unicode { &FRAMES } else { &ASCII_FRAMES };
        let frame = frames[self.frame % frames.len()];
        let mut end = clock(elapsed);
        if let Some(Bar { done, total }) = self.bar.filter(|bar| bar.total > 0) {
            let done = done.min(total);
            let full = (u128::from(done) * BAR as u128 / u128::from(total)) as usize;
            let percent = u128::from(done) * 100 / u128::from(total);
            let (full, empty) =
                (screen.glyph("█", "#").repeat(full), screen.glyph("░", ".").repeat(BAR - full));
            if screen.columns() >= 60 {
                end = format!("{full}{empty} {percent:>3}%  {end}");
            } else {
                end = format!("{percent:>3}%  {end}");
            }
        }
        // One column stays free: some terminals wrap when the last is written.
        let room = screen.columns().saturating_sub(crate::display_width(&end) + 6);
        let words = shortened(&visible(&self.words).replace(['\n', '\t'], " "), room);
        let frame = screen.paint(Role::Prompt, frame);
        format!("{frame} {words}  {}", screen.paint(Role::Faint, &end))
    }
}

/// `0.7 s`, `12 s`, `3:07`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f32()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Capabilities, Theme, ThemeChoice};

    fn screen(cursor: bool, plain: bool, columns: usize) -> Screen {
        let capabilities = Capabilities { cursor, plain, unicode: true, ..Capabilities::default() };
        Screen::new(capabilities, Theme::new(&ThemeChoice::None, &capabilities), Some(columns))
    }

    /// What is written when it is looked at after these milliseconds.
    fn written(screen: &Screen, ticks: &[u64], bar: Option<Bar>) -> String {
        let now = Instant::now();
        let at = |ms| now + Duration::from_millis(ms);
        let mut activity = Activity::new("reading the tree", now);
        if let Some(bar) = bar {
            activity.set_bar(bar);
        }
        let mut out = Vec::new();
        for ms in ticks {
            activity.tick(&mut out, screen, at(*ms)).unwrap();
        }
        activity.finish(&mut out, screen, at(2000)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_comes_after_half_a_second_and_wipes_itself() {
        let live = screen(true, false, 80);
        assert_eq!(written(&live, &[100, 499], None), "");
        assert_eq!(
            written(&live, &[600, 650, 1200], None),
            "\r\x1b[K⠙ reading the tree  0.6 s\r\x1b[K⠹ reading the tree  1.2 s\r\x1b[K"
        );
    }

    #[test]
    fn a_pipe_hears_nothing_and_a_listener_two_sentences() {
        assert_eq!(written(&screen(false, false, 80), &[600, 1200], None), "");
        assert_eq!(
            written(&screen(false, true, 80), &[600, 1200], None),
            "reading the tree ...\nreading the tree: done, 2.0 s.\n"
        );
    }

    #[test]
    fn a_bar_fits_the_line() {
        let bar = Some(Bar { done: 3, total: 4 });
        for columns in [20, 30, 60, 80] {
            let text = written(&screen(true, false, columns), &[600], bar);
            let line = text.trim_start_matches(WIPE).trim_end_matches(WIPE);
            assert!(crate::display_width(line) < columns, "{columns}: {line:?}");
            assert!(line.contains("75%"), "{line:?}");
        }
    }

    #[test]
    fn a_time_is_short() {
        for (ms, expect) in
            [(700, "0.7 s"), (12_300, "12 s"), (187_000, "3:07"), (3_723_000, "1:02:03")]
        {
            assert_eq!(clock(Duration::from_millis(ms)), expect);
        }
    }
}
