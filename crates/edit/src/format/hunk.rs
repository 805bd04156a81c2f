//! The lines of one hunk, as both patch formats write them.

use super::{PatchHunk, PatchLine};

/// Room is made beforehand for so many lines at most.
const MOST_ROOM: usize = 64;

/// A hunk that is being read.
#[derive(Clone, Debug, Default)]
pub struct HunkReader {
    hunk: PatchHunk,
    /// Lines that the heading still promises, before and after the change.
    promised: Option<(usize, usize)>,
    /// Empty lines that are context if the hunk goes on below them.
    blanks: usize,
    /// Whether changed lines end with CRLF, and without.
    ends: (bool, bool),
}

impl HunkReader {
    /// Begins at `@@ -12,3 +12,4 @@ label`, `@@ label` or `@@`.
    pub fn open(heading: &str) -> Self {
        let body = heading.trim_start_matches('@').trim();
        let signs = body.as_bytes().windows(2).position(|pair| pair == b"@@");
        let (ranges, label) = match signs {
            Some(at) => (body[..at].trim(), body[at + 2..].trim()),
            None if body.starts_with('-') && body.contains(" +") => (body, ""),
            None => ("", body),
        };
        let side = |sign: char| {
            let word = ranges.split_whitespace().find_map(|word| word.strip_prefix(sign))?;
            let (first, count) = word.split_once(',').unwrap_or((word, "1"));
            Some((first.parse::<usize>().ok()?, count.parse::<usize>().ok()?))
        };
        let (old, new) = (side('-'), side('+'));
        let promised = old.zip(new).map(|((_, old), (_, new))| (old, new));
        // What is promised need not come.
        let room = promised.map_or(0, |(old, new)| old.saturating_add(new).min(MOST_ROOM));
        Self {
            hunk: PatchHunk {
                lines: Vec::with_capacity(room),
                first_line: old.map(|(first, _)| first),
                old_count: old.map(|(_, count)| count),
                labels: (!label.is_empty()).then(|| label.to_owned()).into_iter().collect(),
                ..PatchHunk::default()
            },
            promised,
            blanks: 0,
            ends: (false, false),
        }
    }

    /// Begins the next hunk and gives this one. Headings right below each
    /// other belong to one hunk: `@@ class A`, `@@ def f`.
    pub fn next(this: Option<Self>, heading: &str) -> (Option<PatchHunk>, Self) {
        let mut next = Self::open(heading);
        match this {
            Some(only_labels) if only_labels.is_empty() && only_labels.promised.is_none() => {
                next.hunk.labels.splice(0..0, only_labels.hunk.labels);
                (None, next)
            }
            this => (this.map(Self::close), next),
        }
    }

    /// Takes note that the hunk stands at the end of the file.
    pub fn set_at_end(&mut self) {
        self.hunk.at_end = true;
    }

    /// Whether the heading promises more lines than were read.
    pub fn expects_more(&self) -> bool {
        self.promised.is_some_and(|(old, new)| old > 0 || new > 0)
    }

    /// Whether the heading promises lines of both sides.
    pub fn expects_both(&self) -> bool {
        self.promised.is_some_and(|(old, new)| old > 0 && new > 0)
    }

    /// Whether nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.hunk.lines.is_empty()
    }

    /// Whether nothing changes but how lines end.
    pub fn changes_line_ends(&self) -> bool {
        let removed = self.hunk.lines.iter().filter_map(|line| match line {
            PatchLine::Removed(text) => Some(text),
            _ => None,
        });
        let added = self.hunk.lines.iter().filter_map(|line| match line {
            PatchLine::Added(text) => Some(text),
            _ => None,
        });
        self.ends == (true, true) && removed.eq(added)
    }

    /// Takes note of how the line that was read ends.
    pub fn ended(&mut self, crlf: bool) {
        if let Some(PatchLine::Added(_) | PatchLine::Removed(_)) = self.hunk.lines.last() {
            self.ends.0 |= crlf;
            self.ends.1 |= !crlf;
        }
    }

    /// Whether the lines are those of `git diff --word-diff`: none begins with a
    /// sign, and words are marked.
    pub fn marks_words(&self) -> bool {
        let marked = |line: &PatchLine| match line {
            PatchLine::Context(text) => {
                let pair = |open, close| {
                    text.split_once(open).is_some_and(|(_, b): (_, &str)| b.contains(close))
                };
                pair("[-", "-]") || pair("{+", "+}")
            }
            _ => false,
        };
        self.hunk.lines.iter().all(|line| matches!(line, PatchLine::Context(_)))
            && self.hunk.lines.iter().any(marked)
    }

    /// Reads a line of the hunk; false where it is none.
    pub fn line(&mut self, text: &str) -> bool {
        let make: fn(String) -> PatchLine = match text.as_bytes().first() {
            None => {
                self.blanks += 1;
                return true;
            }
            Some(b' ') => PatchLine::Context,
            Some(b'-') => PatchLine::Removed,
            Some(b'+') => PatchLine::Added,
            Some(b'\\') => {
                self.open_end();
                return true;
            }
            Some(_) => return false,
        };
        for _ in 0..std::mem::take(&mut self.blanks) {
            self.take(PatchLine::Context(String::new()));
        }
        self.take(make(text[1..].to_owned()));
        true
    }

    /// Reads a line that stands for no hunk's line as context whose leading
    /// space was lost.
    pub fn unspaced_line(&mut self, text: &str) {
        for _ in 0..std::mem::take(&mut self.blanks) {
            self.take(PatchLine::Context(String::new()));
        }
        self.hunk.unspaced.push(self.hunk.lines.len());
        self.take(PatchLine::Context(text.to_owned()));
    }

    /// `\ No newline at end of file` speaks of the line above it.
    fn open_end(&mut self) {
        let (old, new) = match self.hunk.lines.last() {
            Some(PatchLine::Removed(_)) => (true, false),
            Some(PatchLine::Added(_)) => (false, true),
            Some(PatchLine::Context(_)) => (true, true),
            None => (false, false),
        };
        self.hunk.old_open |= old;
        self.hunk.new_open |= new;
    }

    fn take(&mut self, line: PatchLine) {
        if let Some((old, new)) = &mut self.promised {
            if !matches!(line, PatchLine::Added(_)) {
                *old = old.saturating_sub(1);
            }
            if !matches!(line, PatchLine::Removed(_)) {
                *new = new.saturating_sub(1);
            }
        }
        self.hunk.lines.push(line);
    }

    /// Gives the hunk. Empty lines at its end count where they are promised.
    pub fn close(mut self) -> PatchHunk {
        while self.blanks > 0 && self.promised.is_some_and(|(old, new)| old > 0 && new > 0) {
            self.blanks -= 1;
            self.take(PatchLine::Context(String::new()));
        }
        self.hunk
    }
}
