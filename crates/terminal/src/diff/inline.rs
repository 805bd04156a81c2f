//! A hunk with removed lines above added ones.

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
    if screen.capabilities.plain {
        writeln!(out, "Line {}:", hunk.new_line)?;
    } else {
        let place = format!("@@ line {} @@", hunk.new_line);
        writeln!(out, "{}", screen.paint(Role::Hunk, &place))?;
    }
    let digits = digits(hunk);
    // Added lines wait until the removed ones of the same place are shown.
    let mut added: Vec<Cell> = Vec::new();
    for row in rows(path, hunk) {
        match row {
            Row::Lines(Some(old), Some(new)) if old.kind == Kind::Context => {
                flush(out, &mut added, digits, screen)?;
                line(out, &new, digits, screen)?;
            }
            Row::Lines(old, new) => {
                if let Some(old) = old {
                    line(out, &old, digits, screen)?;
                }
                added.extend(new);
            }
            Row::Note(note) => {
                flush(out, &mut added, digits, screen)?;
                writeln!(out, "{}", screen.paint(Role::Faint, &note))?;
            }
        }
    }
    flush(out, &mut added, digits, screen)
}

fn flush(
    out: &mut dyn Write,
    added: &mut Vec<Cell>,
    digits: usize,
    screen: &Screen,
) -> io::Result<()> {
    added.drain(..).try_for_each(|cell| line(out, &cell, digits, screen))
}

fn line(out: &mut dyn Write, cell: &Cell, digits: usize, screen: &Screen) -> io::Result<()> {
    if screen.capabilities.plain {
        let kind = match cell.kind {
            Kind::Context => "line",
            Kind::Removed => "removed line",
            Kind::Added => "added line",
        };
        return writeln!(out, "{kind} {}: {}", cell.number, cell.text);
    }
    let (sign, role) = match cell.kind {
        Kind::Context => (" ", Role::Faint),
        Kind::Removed => ("-", Role::Removed),
        Kind::Added => ("+", Role::Added),
    };
    let number = screen.paint(Role::LineNumber, &format!("{:>digits$}", cell.number));
    let sign = screen.paint(role, sign);
    let room = screen.columns().saturating_sub(digits + 3).max(8);
    for (index, (text, _)) in cell.wrapped(room, screen).iter().enumerate() {
        if index == 0 {
            let end = if text.is_empty() { "" } else { " " };
            writeln!(out, "{number} {sign}{end}{text}")?;
        } else {
            writeln!(out, "{:digits$}   {text}", "")?;
        }
    }
    Ok(())
}
