//! Columns for people.

use super::Style;
use crate::exit::{Outcome, written};
use crate::host::Host;
use crate::output::visible;

/// Between two columns.
const GAP: usize = 2;

/// A column is left out rather than made narrower than this: what is left would
/// tell nothing.
const NARROWEST: usize = 12;

/// Two spaces between columns; the first row is a head. Cells of columns in
/// `right` stand at their right end. On a terminal, texts are cut so that a row
/// is one line, the widest column first, and the last ones left out where that
/// is not enough; elsewhere they are whole.
pub fn show(host: &mut Host<'_>, rows: &[Vec<String>], right: &[usize]) -> Outcome<()> {
    let columns = host.output_columns;
    show_within(host, rows, right, columns)
}

/// As [`show`], all of it: for a table of which every column was asked for.
pub fn show_whole(host: &mut Host<'_>, rows: &[Vec<String>]) -> Outcome<()> {
    show_within(host, rows, &[], None)
}

fn show_within(
    host: &mut Host<'_>,
    rows: &[Vec<String>],
    right: &[usize],
    most: Option<usize>,
) -> Outcome<()> {
    let style = Style::for_output(host);
    // What a terminal would obey is shown, so it has a width.
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(visible).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell: &String| width(cell))
            .max()
            .unwrap_or(0)
    };
    let mut widths: Vec<Option<usize>> = (0..columns).map(widest).map(Some).collect();
    if let Some(most) = most {
        fit(&mut widths, right, most);
    }
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let Some(room) = widths[column] else { continue };
            let cell = cut(cell, room);
            let room = " ".repeat(room - width(&cell));
            let gap = " ".repeat(if column == 0 { 0 } else { GAP });
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

/// Takes from the widest columns of texts what does not fit, and where they
/// become too narrow, the last of them as a whole. The first one names what a
/// row is about and is left as it is, and so are numbers: a table of those that
/// is too wide stays so.
fn fit(widths: &mut [Option<usize>], right: &[usize], most: usize) {
    let texts = |widths: &[Option<usize>]| -> Vec<usize> {
        (1..widths.len())
            .filter(|column| !right.contains(column) && widths[*column].is_some())
            .collect()
    };
    let excess = |widths: &[Option<usize>]| {
        let shown = widths.iter().flatten();
        (shown.clone().sum::<usize>() + GAP * shown.count()).saturating_sub(GAP + most)
    };
    loop {
        let mut narrowed = widths.to_vec();
        let mut left = excess(&narrowed);
        while left > 0 {
            let wide = texts(&narrowed).into_iter().max_by_key(|column| narrowed[*column]);
            let wide = wide.and_then(|column| narrowed[column].as_mut());
            let Some(wide) = wide.filter(|wide| **wide > NARROWEST) else { break };
            *wide -= 1;
            left -= 1;
        }
        if left == 0 {
            return widths.copy_from_slice(&narrowed);
        }
        let Some(last) = texts(widths).pop() else { return };
        widths[last] = None;
    }
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}

fn cut(cell: &str, most: usize) -> String {
    if width(cell) <= most {
        return cell.to_owned();
    }
    let mut kept: String = cell.chars().take(most.saturating_sub(1)).collect();
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(widths: &[usize], right: &[usize], most: usize, expect: &[usize]) {
        let mut widths: Vec<_> = widths.iter().copied().map(Some).collect();
        fit(&mut widths, right, most);
        let widths: Vec<_> = widths.into_iter().map(|width| width.unwrap_or(0)).collect();
        assert_eq!(widths, expect, "{most}");
    }

    #[test]
    fn the_widest_texts_give_way() {
        check(&[20, 10, 30], &[], 64, &[20, 10, 30]);
        check(&[20, 10, 30], &[], 60, &[20, 10, 26]);
        check(&[20, 20, 30], &[], 54, &[20, 15, 15]);
        // A name and a number stay; a text that would tell nothing goes.
        check(&[40, 30, 20], &[1], 86, &[40, 30, 12]);
        check(&[40, 30, 20], &[1], 80, &[40, 30, 0]);
        check(&[28, 9, 28, 60], &[1], 65, &[28, 9, 24, 0]);
        check(&[90], &[], 80, &[90]);
        check(&[], &[], 80, &[]);
    }

    #[test]
    fn what_is_cut_is_seen_to_be() {
        for (cell, most, expect) in
            [("whole", 5, "whole"), ("apache-2.0", 8, "apache-…"), ("two words", 5, "two…")]
        {
            assert_eq!(cut(cell, most), expect);
        }
    }
}
