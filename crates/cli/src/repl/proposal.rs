//! A proposed change, as it is shown.

use std::io::{self, Write};

use mlxcode_core::{Proposal, ProposedChange};
use mlxcode_terminal::{DiffView, FileView, HunkView, LineView, Role, Screen, visible};

/// The files of a proposal.
pub(super) fn files(proposal: &Proposal) -> Vec<FileView> {
    proposal.changes.iter().map(file).collect()
}

/// Shows files that change.
pub(super) fn show(files: &[FileView], screen: &Screen, out: &mut dyn Write) -> io::Result<()> {
    for file in files {
        writeln!(out)?;
        DiffView::default().file(out, file, screen)?;
    }
    if !files.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

/// Tells of edits that fit nowhere.
pub(super) fn show_refusals(
    proposal: &Proposal,
    screen: &Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    for refusal in &proposal.refusals {
        let first = refusal.lines().next().unwrap_or_default();
        writeln!(
            out,
            "{}",
            screen.paint(Role::Warning, &visible(&format!("not placed: {first}")))
        )?;
    }
    for path in &proposal.already_there {
        let text = format!("{path} is as the edit would make it");
        writeln!(out, "{}", screen.paint(Role::Faint, &visible(&text)))?;
    }
    Ok(())
}

/// A file of a proposal.
pub(super) fn file(change: &ProposedChange) -> FileView {
    let mut file = FileView {
        action: change.kind.to_string(),
        path: change.path.clone(),
        moved_to: change.to.clone(),
        ..FileView::default()
    };
    for line in change.diff.lines() {
        if let Some(hunk) = line.strip_prefix("@@ ").and_then(begin) {
            file.hunks.push(hunk);
            continue;
        }
        let Some(hunk) = file.hunks.last_mut() else {
            note(&mut file, line);
            continue;
        };
        let (sign, text) = line.split_at(usize::from(!line.is_empty()));
        hunk.lines.push(match sign {
            "-" => LineView::Removed(text.to_owned()),
            "+" => LineView::Added(text.to_owned()),
            "\\" => LineView::Note(text.trim().to_owned()),
            _ => LineView::Context(text.to_owned()),
        });
    }
    file
}

/// What stands before the first hunk and is worth a word.
fn note(file: &mut FileView, line: &str) {
    if line.starts_with("Binary files") {
        file.notes.push("not shown: no text".to_owned());
    } else if let Some(mode) = line.strip_prefix("new mode ") {
        let program = mode == "100755";
        let text = if program { "becomes executable" } else { "is no longer executable" };
        file.notes.push(text.to_owned());
    }
}

/// Reads `-1,4 +1,5 @@`.
fn begin(place: &str) -> Option<HunkView> {
    let mut sides = place.split(' ');
    let first = |side: Option<&str>, sign| {
        side?.strip_prefix(sign)?.split(',').next()?.parse::<usize>().ok()
    };
    let old_line = first(sides.next(), '-')?;
    let new_line = first(sides.next(), '+')?;
    Some(HunkView { old_line, new_line, lines: Vec::new() })
}

#[cfg(test)]
mod tests {
    use mlxcode_core::ChangeKind;

    use super::*;

    #[test]
    fn a_unified_diff_becomes_hunks() {
        let change = ProposedChange {
            path: "a.py".to_owned(),
            to: None,
            kind: ChangeKind::Modify,
            diff: "diff --git a/a.py b/a.py\nold mode 100644\nnew mode 100755\n--- a/a.py\n\
                   +++ b/a.py\n@@ -3,2 +3,3 @@\n x\n--- y\n+++ z\n+\n\\ No newline at end of file\n\
                   @@ -9 +10 @@\n-a\n+b\n"
                .to_owned(),
            after: None,
        };
        let file = file(&change);
        assert_eq!(file.notes, ["becomes executable"]);
        let lines = |index: usize| file.hunks[index].lines.clone();
        assert_eq!((file.hunks[0].old_line, file.hunks[1].new_line), (3, 10));
        assert_eq!(
            lines(0),
            [
                LineView::Context("x".to_owned()),
                LineView::Removed("-- y".to_owned()),
                LineView::Added("++ z".to_owned()),
                LineView::Added(String::new()),
                LineView::Note("No newline at end of file".to_owned()),
            ]
        );
        assert_eq!(lines(1).len(), 2);
    }
}
