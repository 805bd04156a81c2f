use std::fmt;

use mlxcode_base::RelPath;
use similar::{DiffTag, TextDiff};

use crate::content::Content;

/// Lines shown around a change.
const CONTEXT_LINES: usize = 3;

/// A unified diff of one file. Shown, it is what `git apply` reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiff {
    /// The two heading lines, without `--- ` and `+++ `; `None` for a diff
    /// between two passages.
    pub names: Option<(String, String)>,
    /// Whether the file becomes a program or stops being one; `None` where that
    /// stays.
    pub executable: Option<bool>,
    /// The places that differ, in order.
    pub hunks: Vec<DiffHunk>,
    /// Whether the contents differ and cannot be shown, being no text.
    pub is_binary: bool,
}

/// One place that differs, with the lines around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffHunk {
    /// First line and number of lines, before.
    pub old: (usize, usize),
    /// First line and number of lines, after.
    pub new: (usize, usize),
    /// The lines in order.
    pub lines: Vec<DiffLine>,
}

/// One line of a diff, without its line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiffLine {
    /// On both sides.
    Context(String),
    /// Only before.
    Removed(String),
    /// Only after.
    Added(String),
    /// The line above has no line end.
    NoNewline,
}

impl DiffHunk {
    /// The hunk's heading, such as `@@ -1,4 +1,5 @@`.
    pub fn header(&self) -> String {
        let side = |(first, count): (usize, usize)| match count {
            1 => first.to_string(),
            _ => format!("{first},{count}"),
        };
        format!("@@ -{} +{} @@", side(self.old), side(self.new))
    }
}

impl FileDiff {
    /// Compares a file before and after; `None` stands for no file.
    pub(crate) fn of_contents(
        old_path: &RelPath,
        new_path: &RelPath,
        before: Option<&Content>,
        after: Option<&Content>,
    ) -> Self {
        let name = |side: &str, path: &RelPath, there: bool| {
            if there { format!("{side}/{path}") } else { "/dev/null".to_owned() }
        };
        let names = (name("a", old_path, before.is_some()), name("b", new_path, after.is_some()));
        let (hunks, is_binary) = match (text(before), text(after)) {
            (Some(before), Some(after)) => (compare(before, after), false),
            _ => (Vec::new(), before != after),
        };
        Self { names: Some(names), executable: None, hunks, is_binary }
    }

    /// Compares two passages.
    pub(crate) fn of_passages(old: &str, new: &str) -> Self {
        Self { names: None, executable: None, hunks: compare(old, new), is_binary: false }
    }
}

/// A file that is not there is an empty one.
fn text(content: Option<&Content>) -> Option<&str> {
    content.map_or(Some(""), Content::text)
}

fn compare(old: &str, new: &str) -> Vec<DiffHunk> {
    // A line ends with a line feed, as for everybody else here; a carriage
    // return alone ends none.
    let lines = |text| str::split_inclusive(text, '\n').collect::<Vec<&str>>();
    let (old, new) = (lines(old), lines(new));
    let diff = TextDiff::from_slices(&old, &new);
    diff.grouped_ops(CONTEXT_LINES)
        .iter()
        .map(|group| {
            let mut lines = Vec::new();
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let raw = change.value();
                let text = raw.strip_suffix('\n').unwrap_or(raw).to_owned();
                lines.push(match change.tag() {
                    similar::ChangeTag::Equal => DiffLine::Context(text),
                    similar::ChangeTag::Delete => DiffLine::Removed(text),
                    similar::ChangeTag::Insert => DiffLine::Added(text),
                });
                if !raw.ends_with('\n') {
                    lines.push(DiffLine::NoNewline);
                }
            }
            let start = |range: std::ops::Range<usize>| {
                if range.is_empty() { range.start } else { range.start + 1 }
            };
            let span = |of: fn(&similar::DiffOp) -> std::ops::Range<usize>| {
                let first = group.first().map_or(0..0, of);
                let last = group.last().map_or(0..0, of);
                let range = first.start..last.end;
                (start(range.clone()), range.len())
            };
            DiffHunk {
                old: span(similar::DiffOp::old_range),
                new: span(similar::DiffOp::new_range),
                lines,
            }
        })
        .collect()
}

/// The steps from `old` to `new` as line ranges: equal, or replaced.
pub fn steps(old: &[&str], new: &[&str]) -> Vec<Step> {
    TextDiff::from_slices(old, new)
        .ops()
        .iter()
        .map(|op| Step {
            equal: op.tag() == DiffTag::Equal,
            old: op.old_range(),
            new: op.new_range(),
        })
        .collect()
}

/// One step of a comparison.
#[derive(Clone, Debug)]
pub struct Step {
    pub equal: bool,
    pub old: std::ops::Range<usize>,
    pub new: std::ops::Range<usize>,
}

impl fmt::Display for FileDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((old, new)) = &self.names {
            if let Some(executable) = self.executable {
                let mode = |program| if program { "100755" } else { "100644" };
                let below = new.strip_prefix("b/").unwrap_or(new);
                writeln!(f, "diff --git a/{below} b/{below}")?;
                if old == "/dev/null" {
                    writeln!(f, "new file mode {}", mode(executable))?;
                } else {
                    writeln!(f, "old mode {}\nnew mode {}", mode(!executable), mode(executable))?;
                }
            }
            if self.is_binary {
                writeln!(f, "Binary files {old} and {new} differ")?;
            } else if !self.hunks.is_empty() || self.executable.is_none() {
                writeln!(f, "--- {old}\n+++ {new}")?;
            }
        }
        for hunk in &self.hunks {
            writeln!(f, "{}", hunk.header())?;
            for line in &hunk.lines {
                match line {
                    DiffLine::Context(text) => writeln!(f, " {text}")?,
                    DiffLine::Removed(text) => writeln!(f, "-{text}")?,
                    DiffLine::Added(text) => writeln!(f, "+{text}")?,
                    DiffLine::NoNewline => writeln!(f, "\\ No newline at end of file")?,
                }
            }
        }
        Ok(())
    }
}
