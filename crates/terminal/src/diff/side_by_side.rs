//! A hunk with its two sides beside each other.

use std::io::{self, Write};

use super::HunkView;
use super::row::{Cell, Kind, Row, digits, rows};
use crate::{Role, Screen};

pub(super) fn hunk(
    out: &mut dyn Write,
    path: &str,
    hunk: &HunkView,
    screen: &Screen,
) -> io::Result<()> {
    let place = format!("@@ line {} | line {} @@", hunk.old_line, hunk.new_line);
    writeln!(out, "{}", screen.paint(Role::Hunk, &place))?;
    let digits = digits(hunk);
    let bar = screen.paint(Role::Mark, screen.glyph("│", "|"));
    // Number, space, sign, space on both sides, and ` │ ` between.
    let room = (screen.columns().saturating_sub(3 + 2 * (digits + 3)) / 2).max(8);
    for row in rows(path, hunk) {
        let (old, new) = match row {
            Row::Note(note) => {
                writeln!(out, "{}", screen.paint(Role::Faint, &note))?;
                continue;
            }
            Row::Lines(old, new) => (old, new),
        };
        let left = side(old.as_ref(), digits, room, screen);
        let right = side(new.as_ref(), digits, room, screen);
        for at in 0..left.len().max(right.len()) {
            let empty = (String::new(), 0);
            let (text, width) = left.get(at).unwrap_or(&empty);
            let space = " ".repeat((digits + 3 + room).saturating_sub(*width));
            let (other, _) = right.get(at).unwrap_or(&empty);
            let line = format!("{text}{space} {bar} {other}");
            writeln!(out, "{}", line.trim_end_matches(' '))?;
        }
    }
    Ok(())
}

/// The lines of one side, with their widths.
fn side(cell: Option<&Cell>, digits: usize, room: usize, screen: &Screen) -> Vec<(String, usize)> {
    let Some(cell) = cell else { return Vec::new() };
    let (sign, role) = match cell.kind {
        Kind::Context => (" ", Role::Faint),
        Kind::Removed => ("-", Role::Removed),
        Kind::Added => ("+", Role::Added),
    };
    let number = screen.paint(Role::LineNumber, &format!("{:>digits$}", cell.number));
    let first = format!("{number} {} ", screen.paint(role, sign));
    let rest = " ".repeat(digits + 3);
    cell.wrapped(room, screen)
        .into_iter()
        .enumerate()
        .map(|(index, (text, width))| {
            let begin = if index == 0 { &first } else { &rest };
            (format!("{begin}{text}"), digits + 3 + width)
        })
        .collect()
}
