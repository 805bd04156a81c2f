//! What is looked at, cut into parts that fit a model's context.

use std::collections::BTreeMap;

use crate::task::answer::Asker;
use crate::task::error::TaskResult;
use crate::task::unified::{DiffFile, DiffHunk, DiffLine, LineKind};

/// A file under review.
#[derive(Clone, Debug)]
pub struct ShownFile {
    /// Its path.
    pub path: String,
    /// Its hunks; of a whole file, one.
    pub hunks: Vec<DiffHunk>,
    /// The lines that are shown, by their numbers after the change, and whether
    /// the change brings them.
    pub lines: BTreeMap<usize, (String, bool)>,
    /// Its whole content after the change, where it is known.
    pub text: Option<String>,
}

impl ShownFile {
    /// A file of a diff.
    pub fn of_diff(file: DiffFile, text: Option<String>) -> Self {
        let lines = file.hunks.iter().flat_map(|hunk| &hunk.lines);
        let lines = lines.filter_map(|line| {
            Some((line.new?, (line.text.clone(), line.kind == LineKind::Added)))
        });
        Self { lines: lines.collect(), path: file.path, hunks: file.hunks, text }
    }

    /// A whole file: every line counts as new.
    pub fn whole(path: &str, text: String) -> Self {
        let of = |(index, line): (usize, &str)| DiffLine {
            kind: LineKind::Same,
            old: Some(index + 1),
            new: Some(index + 1),
            text: line.to_owned(),
        };
        let hunk =
            DiffHunk { heading: String::new(), lines: text.lines().enumerate().map(of).collect() };
        let lines =
            text.lines().enumerate().map(|(index, line)| (index + 1, (line.to_owned(), true)));
        Self { path: path.to_owned(), lines: lines.collect(), hunks: vec![hunk], text: Some(text) }
    }
}

/// Cuts files into texts that each fit: whole files together where they do,
/// else hunks, else parts of hunks.
pub fn parts(files: &[ShownFile], room: usize, asker: &Asker<'_>) -> TaskResult<Vec<String>> {
    let mut parts: Vec<String> = Vec::new();
    let mut current = String::new();
    let mut used = 0;
    for file in files {
        let heading = format!("### {}\n", file.path);
        let mut in_file = false;
        for hunk in &file.hunks {
            let mut waiting = vec![hunk.clone()];
            while let Some(piece) = waiting.pop() {
                let text = piece.numbered();
                let tokens = asker.count(&text)? + asker.count(&heading)?;
                if tokens > room && piece.lines.len() > 1 {
                    let (first, second) = halves(piece);
                    waiting.push(second);
                    waiting.push(first);
                    continue;
                }
                if used + tokens > room && !current.is_empty() {
                    parts.push(std::mem::take(&mut current));
                    (used, in_file) = (0, false);
                }
                if !in_file {
                    current.push_str(&heading);
                    in_file = true;
                }
                current.push_str(&text);
                used += tokens;
            }
        }
    }
    if !current.is_empty() {
        parts.push(current);
    }
    Ok(parts)
}

/// Cuts in the middle, at an empty line near it where there is one.
fn halves(mut hunk: DiffHunk) -> (DiffHunk, DiffHunk) {
    let middle = hunk.lines.len() / 2;
    let reach = hunk.lines.len() / 4;
    let blank = (0..reach)
        .flat_map(|by| [middle - by, middle + by])
        .find(|at| *at > 0 && *at < hunk.lines.len() && hunk.lines[*at].text.trim().is_empty());
    let second = hunk.lines.split_off(blank.unwrap_or(middle));
    let heading = hunk.heading.clone();
    (hunk, DiffHunk { heading, lines: second })
}
