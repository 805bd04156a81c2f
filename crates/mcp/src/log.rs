//! What servers say beside their answers, kept within bounds.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// How many lines of a server's log are kept.
const MOST_LINES: usize = 500;

/// How much of one line is kept.
const MOST_LINE_BYTES: usize = 2 << 10;

/// How much of the end of a program's error output is kept.
const TAIL_BYTES: usize = 64 << 10;

/// How long a value is that is looked for to be hidden. A shorter one would
/// hide half of what is said, such as a `1`.
const SHORTEST_SECRET: usize = 8;

/// One line of a server's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LogLine {
    /// How serious it is, in the protocol's words, such as `warning`.
    pub level: String,
    /// Which part of the server says it.
    pub logger: Option<String>,
    /// What it says.
    pub text: String,
}

/// What one server says: log, error output, and what of it to hide.
#[derive(Debug, Default)]
pub(crate) struct Record {
    lines: Mutex<VecDeque<LogLine>>,
    stderr: Mutex<VecDeque<u8>>,
    secrets: Mutex<Vec<String>>,
}

/// The data is whole after each operation, so a panic elsewhere harms none.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Record {
    /// Hides these values wherever they turn up.
    pub(crate) fn hide(&self, values: impl Iterator<Item = String>) {
        *lock(&self.secrets) = values.filter(|value| value.len() >= SHORTEST_SECRET).collect();
    }

    /// The text without what is to be hidden.
    pub(crate) fn without_secrets(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in lock(&self.secrets).iter() {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "***");
            }
        }
        text
    }

    /// Adds a line to the log.
    pub(crate) fn log(&self, level: &str, logger: Option<String>, text: &str) {
        let mut text = self.without_secrets(text);
        if text.len() > MOST_LINE_BYTES {
            text.truncate(text.floor_char_boundary(MOST_LINE_BYTES));
            text.push('…');
        }
        let mut lines = lock(&self.lines);
        if lines.len() == MOST_LINES {
            lines.pop_front();
        }
        lines.push_back(LogLine { level: level.to_owned(), logger, text });
    }

    /// The log.
    pub(crate) fn lines(&self) -> Vec<LogLine> {
        lock(&self.lines).iter().cloned().collect()
    }

    /// Adds to the error output.
    pub(crate) fn stderr(&self, bytes: &[u8]) {
        let mut tail = lock(&self.stderr);
        tail.extend(bytes);
        let surplus = tail.len().saturating_sub(TAIL_BYTES);
        tail.drain(..surplus);
    }

    /// The end of the error output.
    pub(crate) fn last_words(&self) -> String {
        let bytes: Vec<u8> = lock(&self.stderr).iter().copied().collect();
        self.without_secrets(&String::from_utf8_lossy(&bytes))
    }

    /// Forgets the error output, for a new process.
    pub(crate) fn begin(&self) {
        lock(&self.stderr).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_kept() {
        let record = Record::default();
        for number in 0..MOST_LINES + 3 {
            record.log("info", None, &number.to_string());
        }
        let lines = record.lines();
        assert_eq!(lines.len(), MOST_LINES);
        assert_eq!(lines[0].text, "3");
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let record = Record::default();
        record.log("info", None, &"ü".repeat(MOST_LINE_BYTES));
        assert!(record.lines()[0].text.len() <= MOST_LINE_BYTES + '…'.len_utf8());
    }

    #[test]
    fn the_end_of_the_error_output_is_kept() {
        let record = Record::default();
        record.stderr(&vec![b'a'; TAIL_BYTES]);
        record.stderr(b"end");
        let words = record.last_words();
        assert_eq!(words.len(), TAIL_BYTES);
        assert!(words.ends_with("aend"));
    }

    #[test]
    fn secrets_are_hidden() {
        let record = Record::default();
        record.hide(["long-secret".to_owned(), "1".to_owned()].into_iter());
        record.log("info", None, "1 long-secret 1");
        record.stderr(b"key=long-");
        record.stderr(b"secret");
        assert_eq!(record.lines()[0].text, "1 *** 1");
        assert_eq!(record.last_words(), "key=***");
    }
}
