//! Tables, fitted to the width.

use super::flow::{Flow, Word, shown_width};
use super::inline;
use crate::{Role, Screen, Style};

/// So many rows are kept until a table is laid out; the rest follows in the
/// same columns.
const MOST_ROWS: usize = 500;
/// A narrower column breaks every word; then each row becomes a list.
const LEAST_COLUMN: usize = 6;
/// More columns than a terminal has characters are no table.
const MOST_COLUMNS: usize = 64;

/// On which side of a column a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Center,
    Right,
}

/// A table that is being read.
#[derive(Debug)]
pub(super) struct Table {
    header: Vec<String>,
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
    /// The columns' widths once the first rows are shown; empty for a list.
    widths: Option<Vec<usize>>,
}

/// How a table is shown.
pub(super) struct Page<'a> {
    pub screen: &'a Screen,
    pub base: Style,
    /// What each line begins with.
    pub prefix: String,
}

impl Table {
    /// A table, if the second line says that the first one heads it.
    pub fn new(header: &str, delimiter: &str) -> Option<Self> {
        let aligns = aligns(delimiter)?;
        let header = cells(header);
        let fits = header.len() == aligns.len() && aligns.len() <= MOST_COLUMNS;
        fits.then(|| Self { header, aligns, rows: Vec::new(), widths: None })
    }

    /// Takes a row; shows what is there when it is much.
    pub fn row(&mut self, line: &str, out: &mut String, page: &Page<'_>) {
        let mut row = cells(line);
        row.resize(self.header.len(), String::new());
        self.rows.push(row);
        if self.rows.len() >= MOST_ROWS {
            self.show(out, page);
        }
    }

    /// Shows the rows that were not shown.
    pub fn show(&mut self, out: &mut String, page: &Page<'_>) {
        let rows = std::mem::take(&mut self.rows);
        let strong = page.screen.theme.style(Role::Strong).over(page.base);
        let header: Vec<Vec<Word>> =
            self.header.iter().map(|cell| words(cell, strong, page.screen)).collect();
        let rows: Vec<Vec<Vec<Word>>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| words(cell, page.base, page.screen)).collect())
            .collect();
        let first = self.widths.is_none();
        let widths = self.widths.get_or_insert_with(|| widths(&header, &rows, page)).clone();
        if widths.is_empty() {
            list(&header, &rows, out, page);
            return;
        }
        if first {
            self.line(&header, &widths, out, page);
            rule(&widths, out, page);
        }
        let tall = rows
            .iter()
            .any(|row| row.iter().zip(&widths).any(|(cell, width)| natural(cell) > *width));
        for (index, row) in rows.iter().enumerate() {
            if tall && index > 0 {
                rule(&widths, out, page);
            }
            self.line(row, &widths, out, page);
        }
    }

    /// The rows that follow are laid out anew, with the header above them.
    pub fn forget_widths(&mut self) {
        self.widths = None;
    }

    fn line(&self, row: &[Vec<Word>], widths: &[usize], out: &mut String, page: &Page<'_>) {
        let cells: Vec<Vec<String>> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| wrapped(cell, *width, page.screen))
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
        let mark = page.screen.theme.style(Role::Mark).over(page.base);
        let bar = page.screen.paint_style(mark, page.screen.glyph("│", "|"));
        for at in 0..height {
            let mut line = page.prefix.clone();
            for (column, cell) in cells.iter().enumerate() {
                if column > 0 {
                    line.push_str(&format!(" {bar} "));
                }
                let text = cell.get(at).map_or("", String::as_str);
                let room = widths[column].saturating_sub(shown_width(text));
                let left = match self.aligns[column] {
                    Align::Left => 0,
                    Align::Center => room / 2,
                    Align::Right => room,
                };
                line.push_str(&" ".repeat(left));
                line.push_str(text);
                line.push_str(&" ".repeat(room - left));
            }
            out.push_str(line.trim_end_matches(' '));
            out.push('\n');
        }
    }
}

fn rule(widths: &[usize], out: &mut String, page: &Page<'_>) {
    let dash = page.screen.glyph("─", "-");
    let cross = page.screen.glyph("─┼─", "-+-");
    let parts: Vec<String> = widths.iter().map(|width| dash.repeat(*width)).collect();
    let mark = page.screen.theme.style(Role::Mark).over(page.base);
    let line = page.screen.paint_style(mark, &parts.join(cross));
    out.push_str(&format!("{}{line}\n", page.prefix));
}

/// Each row as lines of its own: for many columns on a narrow terminal, and
/// for those who hear it.
fn list(header: &[Vec<Word>], rows: &[Vec<Vec<Word>>], out: &mut String, page: &Page<'_>) {
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            out.push_str(&format!("{}\n", page.prefix.trim_end()));
        }
        for (name, cell) in header.iter().zip(row) {
            let mut flow = Flow::default();
            let mut name = name.clone();
            if let Some(piece) = name.last_mut().and_then(|word| word.pieces.last_mut()) {
                piece.text.push(':');
            }
            let mut cell = cell.clone();
            if let Some(first) = cell.first_mut() {
                first.spaced = true;
            }
            for word in name.iter().chain(&cell) {
                let size = (page.screen, page.screen.columns());
                flow.word(out, word, size, || page.prefix.clone());
            }
            flow.end(out);
        }
    }
}

fn words(cell: &str, base: Style, screen: &Screen) -> Vec<Word> {
    let mut prepared = String::new();
    inline::prepare(cell, &mut prepared);
    inline::words(&prepared, base, false, screen)
}

fn natural(cell: &[Word]) -> usize {
    cell.iter().map(|word| word.width() + usize::from(word.spaced)).sum()
}

fn wrapped(cell: &[Word], width: usize, screen: &Screen) -> Vec<String> {
    let mut text = String::new();
    let mut flow = Flow::default();
    for word in cell {
        // In a table an address is broken like any word: a column is a column.
        let word = Word { is_address: false, ..word.clone() };
        flow.word(&mut text, &word, (screen, width), String::new);
    }
    text.lines().map(ToOwned::to_owned).collect()
}

/// The width of each column; none where the table does not fit.
fn widths(header: &[Vec<Word>], rows: &[Vec<Vec<Word>>], page: &Page<'_>) -> Vec<usize> {
    if page.screen.capabilities.plain {
        return Vec::new();
    }
    let count = header.len();
    let natural: Vec<usize> = (0..count)
        .map(|column| {
            std::iter::once(&header[column])
                .chain(rows.iter().map(|row| &row[column]))
                .map(|cell| natural(cell))
                .max()
                .unwrap_or(0)
                .max(1)
        })
        .collect();
    let taken = shown_width(&page.prefix) + 3 * count.saturating_sub(1);
    let room = page.screen.columns().saturating_sub(taken);
    if natural.iter().sum::<usize>() <= room {
        return natural;
    }
    if room < count * LEAST_COLUMN {
        return Vec::new();
    }
    // The narrow columns stay as they are, the wide ones share what is left.
    let mut open: Vec<usize> = (0..count).collect();
    let mut widths = vec![0; count];
    let mut left = room;
    loop {
        let share = left / open.len().max(1);
        let (fit, wide): (Vec<usize>, Vec<usize>) =
            open.iter().partition(|column| natural[**column] <= share);
        if fit.is_empty() || wide.is_empty() {
            for (index, column) in open.iter().enumerate() {
                widths[*column] = share + usize::from(index < left - share * open.len());
            }
            return widths;
        }
        for column in fit {
            widths[column] = natural[column];
            left -= natural[column];
        }
        open = wide;
    }
}

fn aligns(line: &str) -> Option<Vec<Align>> {
    let cells = cells(line);
    let aligns: Option<Vec<Align>> = cells
        .iter()
        .map(|cell| {
            let dashes = cell.trim_matches(':');
            if dashes.is_empty() || !dashes.bytes().all(|byte| byte == b'-') {
                return None;
            }
            Some(match (cell.starts_with(':'), cell.ends_with(':')) {
                (true, true) => Align::Center,
                (false, true) => Align::Right,
                _ => Align::Left,
            })
        })
        .collect();
    aligns.filter(|aligns| !aligns.is_empty())
}

/// The cells of a row: between bars that no backslash stands before.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(cell) = cells.last_mut() else { break };
        match character {
            '\\' if characters.peek() == Some(&'|') => {
                cell.push('|');
                characters.next();
            }
            '|' => cells.push(String::new()),
            _ => cell.push(character),
        }
    }
    if cells.len() > 1 && cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        cells.pop();
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_part_cells_unless_escaped() {
        for (line, expect) in [
            ("| a | b |", vec!["a", "b"]),
            ("|a|b", vec!["a", "b"]),
            (r"| a \| b | |", vec!["a | b", ""]),
            ("|", vec![""]),
            ("||", vec![""]),
        ] {
            assert_eq!(cells(line), expect, "{line}");
        }
    }

    #[test]
    fn a_table_needs_a_line_of_dashes_with_as_many_cells() {
        assert!(Table::new("| a | b |", "|---|:-:|").is_some());
        assert!(Table::new("| a | b |", "|---|").is_none());
        assert!(Table::new("| a |", "| b |").is_none());
        assert!(Table::new("| a |", "|:|").is_none());
    }
}
