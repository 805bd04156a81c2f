//! Columns for people.

use super::Style;
use crate::exit::{Outcome, written};
use crate::host::Host;
use crate::output::visible;

/// Two spaces between columns; the first row is a head. Cells of columns in
/// `right` stand at their right end.
pub fn show(host: &mut Host<'_>, rows: &[Vec<String>], right: &[usize]) -> Outcome<()> {
    let style = Style::for_output(host);
    // What a terminal would obey is shown, so it has a width.
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(visible).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |cell: &String| cell.chars().count();
    let widest: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(width).max().unwrap_or(0))
        .collect();
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let room = " ".repeat(widest[column] - width(cell));
            let gap = if column == 0 { "" } else { "  " };
            let whole = if right.contains(&column) {
                format!("{gap}{room}{cell}")
            } else {
                format!("{gap}{cell}{room}")
            };
            line.push_str(&whole);
        }
        let line = line.trim_end();
        let line = if number == 0 { style.strong(line) } else { line.to_owned() };
        written(writeln!(host.output, "{line}"))?;
    }
    Ok(())
}
