//! The lines of one hunk, as both patch formats write them.

use super::{PatchHunk, PatchLine};

/// A hunk that is being read.
#[derive(Clone, Debug, Default)]
pub struct HunkReader {
    hunk: PatchHunk,
    /// Lines that the heading still promises, before and after the change.
    promised: Option<(usize, usize)>,
    /// Empty lines that are context if the hunk goes on below them.
    blanks: usize,
    /// Whether any line goes or comes.
    has_signs: bool,
    /// Whether changed lines end with CRLF, and without.
    ends: (bool, bool),
}

impl HunkReader {
    /// Begins at `@@ -12,3 +12,4 @@ label`, `@@ label` or `@@`.
    pub fn open(heading: &str) -> Self {
        let body = heading.trim_start_matches('@').trim();
        let signs = memchr::memmem::find(body.as_bytes(), b"@@");
        let (ranges, label) = match signs {
            Some(at) => (body[..at].trim(), body[at + 2..].trim()),
            None if body.starts_with('-') && body.contains(" +") => (body, ""),
            None => ("", body),
        };
        let (mut old, mut new) = (None, None);
        for word in ranges.split_ascii_whitespace() {
            match word.as_bytes()[0] {
                b'-' => _ = old.get_or_insert(&word[1..]),
                b'+' => _ = new.get_or_insert(&word[1..]),
                _ => {}
            }
        }
        let (old, new) = (old.and_then(side), new.and_then(side));
        let promised = old.zip(new).map(|((_, old), (_, new))| (old, new));
        Self {
            hunk: PatchHunk {
                first_line: old.map(|(first, _)| first),
                old_count: old.map(|(_, count)| count),
                labels: (!label.is_empty()).then(|| label.to_owned()).into_iter().collect(),
                ..PatchHunk::default()
            },
            promised,
            blanks: 0,
            has_signs: false,
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
        if self.ends != (true, true) {
            return false;
        }
        let removed = self.hunk.lines.iter().filter_map(|line| match line {
            PatchLine::Removed(text) => Some(text),
            _ => None,
        });
        let added = self.hunk.lines.iter().filter_map(|line| match line {
            PatchLine::Added(text) => Some(text),
            _ => None,
        });
        removed.eq(added)
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
        if self.has_signs {
            return false;
        }
        let pair = |text: &str, open, close| {
            text.split_once(open).is_some_and(|(_, below)| below.contains(close))
        };
        let mut texts = self.hunk.lines.iter().filter_map(PatchLine::before);
        texts.any(|text| pair(text, "[-", "-]") || pair(text, "{+", "+}"))
    }

    /// Reads a line of the hunk; false where it is none.
    pub fn line(&mut self, text: &str) -> bool {
        let Some(sign) = text.as_bytes().first() else {
            self.blanks += 1;
            return true;
        };
        let line = match sign {
            b' ' => PatchLine::Context(&text[1..]),
            b'-' => PatchLine::Removed(&text[1..]),
            b'+' => PatchLine::Added(&text[1..]),
            b'\\' => {
                self.open_end();
                return true;
            }
            _ => return false,
        };
        self.take_blanks();
        self.take(line);
        true
    }

    /// Reads lines of the hunk, so many of each kind, each with its sign and
    /// with `\n` behind it.
    pub fn lines(&mut self, text: &str, context: usize, removed: usize, added: usize) {
        self.take_blanks();
        self.hunk.lines.push_written(text, context + removed + added);
        self.come(context + removed, context + added);
        self.has_signs |= removed + added > 0;
        self.ends.1 |= removed + added > 0;
    }

    /// Reads a line that stands for no hunk's line as context whose leading
    /// space was lost.
    pub fn unspaced_line(&mut self, text: &str) {
        self.take_blanks();
        self.hunk.unspaced.push(self.hunk.lines.len());
        self.take(PatchLine::Context(text));
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

    /// The hunk goes on below empty lines: they are context.
    fn take_blanks(&mut self) {
        for _ in 0..std::mem::take(&mut self.blanks) {
            self.take(PatchLine::Context(""));
        }
    }

    fn take(&mut self, line: PatchLine<'_>) {
        self.come(usize::from(line.before().is_some()), usize::from(line.after().is_some()));
        self.has_signs |= !matches!(line, PatchLine::Context(_));
        self.hunk.lines.push(line);
    }

    /// So many lines came of what is promised, before and after the change.
    fn come(&mut self, before: usize, after: usize) {
        if let Some((old, new)) = &mut self.promised {
            *old = old.saturating_sub(before);
            *new = new.saturating_sub(after);
        }
    }

    /// Gives the hunk. Empty lines at its end count where they are promised.
    pub fn close(mut self) -> PatchHunk {
        while self.blanks > 0 && self.promised.is_some_and(|(old, new)| old > 0 && new > 0) {
            self.blanks -= 1;
            self.take(PatchLine::Context(""));
        }
        self.hunk
    }
}

/// Where a side of a heading begins, and how many lines it has: `12,3` or `12`.
fn side(word: &str) -> Option<(usize, usize)> {
    let (first, count) = word.split_once(',').unwrap_or((word, "1"));
    Some((first.parse().ok()?, count.parse().ok()?))
}
