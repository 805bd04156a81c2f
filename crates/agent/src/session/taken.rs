//! What of a change somebody took, in words for the model: it wrote all of it,
//! and would go on as if all were there.

use minijinja::context;
use mlxcode_edit::{DiffHunk, DiffLine, EditPlan, FileChange};

use super::event::{FilePart, PartOfFile};
use super::worker::Worker;
use crate::error::Result;

/// The most places that are told of each file. Somebody who leaves more of a
/// file out has rather another file in mind, which the model is shown.
const MOST_PLACES: usize = 12;

impl Worker<'_> {
    /// Notes for the model what of `proposed` is in `kept` and what is not, and
    /// why where somebody said so. Nothing is noted where all of it was taken.
    pub fn note_taken(
        &mut self,
        proposed: &[FileChange],
        kept: &EditPlan,
        parts: &[PartOfFile],
        why: Option<&str>,
    ) -> Result<()> {
        let (mut taken, mut left) = (Vec::new(), Vec::new());
        for change in proposed {
            let path = change.to.as_ref().unwrap_or(&change.path);
            let Some(now) = kept.changes().iter().find(|one| one.path == change.path) else {
                left.push(path.to_string());
                continue;
            };
            if now.after_bytes() == change.after_bytes() {
                taken.push(path.to_string());
                continue;
            }
            let of_it = parts.iter().find(|one| one.path == change.path.as_str());
            match of_it.map(|one| &one.part) {
                Some(FilePart::Hunks(wanted)) => {
                    let hunks = change.diff().hunks;
                    let is_taken = |at: usize| wanted.get(at) == Some(&true);
                    taken.extend(places(path.as_str(), &hunks, is_taken));
                    left.extend(places(path.as_str(), &hunks, |at| !is_taken(at)));
                }
                _ => taken.push(format!("{path} as a person wrote it in place of yours")),
            }
        }
        let is_whole = left.is_empty() && taken.iter().all(|one| is_path(one, proposed));
        self.note =
            if is_whole { None } else { Some(self.words("taken", context! { taken, left, why })?) };
        Ok(())
    }
}

fn is_path(told: &str, proposed: &[FileChange]) -> bool {
    proposed.iter().any(|one| one.to.as_ref().unwrap_or(&one.path).as_str() == told)
}

/// The hunks of a file that are wanted, by the lines at which they begin.
fn places(path: &str, hunks: &[DiffHunk], wanted: impl Fn(usize) -> bool) -> Option<String> {
    let lines: Vec<usize> = hunks
        .iter()
        .enumerate()
        .filter(|(at, _)| wanted(*at))
        .map(|(_, hunk)| first_line(hunk))
        .collect();
    let more = if lines.len() > MOST_PLACES { " and more" } else { "" };
    let told: Vec<String> = lines.iter().take(MOST_PLACES).map(ToString::to_string).collect();
    let (noun, told) = (if lines.len() == 1 { "line" } else { "lines" }, told.join(", "));
    (!lines.is_empty()).then(|| format!("{path} at {noun} {told}{more}"))
}

/// The line of the file as it was at which a hunk begins to change it.
fn first_line(hunk: &DiffHunk) -> usize {
    let around = hunk.lines.iter().take_while(|line| matches!(line, DiffLine::Context(_)));
    hunk.old.0.max(1) + around.count()
}
