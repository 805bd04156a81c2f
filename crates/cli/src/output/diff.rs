//! Diffs for people.

use mlxcode_core::{DiffLine, FileChange, FileDiff};

use crate::output::{Style, visible};

/// Renders one file's change: a heading, then hunks in colour.
pub fn render_change(change: &FileChange, style: Style) -> String {
    let diff = change.diff();
    let mut heading = format!("{} {}", change.kind, change.path);
    if let Some(to) = &change.to {
        heading.push_str(&format!(" -> {to}"));
    }
    match change.executable() {
        Some(true) => heading.push_str(" (becomes executable)"),
        Some(false) => heading.push_str(" (is no longer executable)"),
        None => {}
    }
    if diff.is_binary {
        heading.push_str(" (not shown: no text)");
    }
    format!("{}\n{}", style.strong(heading), render(&diff, style))
}

/// Renders the hunks of a diff in colour.
pub fn render(diff: &FileDiff, style: Style) -> String {
    let mut text = String::new();
    for hunk in &diff.hunks {
        text.push_str(&style.place(hunk.header()));
        text.push('\n');
        for line in &hunk.lines {
            let line = match line {
                DiffLine::Context(line) => visible(format!(" {}", line.trim_end_matches('\r'))),
                DiffLine::Removed(line) => style.removed(format!("-{line}")),
                DiffLine::Added(line) => style.added(format!("+{line}")),
                DiffLine::NoNewline => style.dim("\\ No newline at end of file"),
            };
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}
