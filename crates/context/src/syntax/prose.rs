//! Text without a grammar: by headings and blank lines.

use std::ops::Range;

/// The first lines of the sections of a Markdown text, from zero.
pub fn headings(lines: &[&str]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for (number, line) in lines.iter().enumerate() {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            _ => {}
        }
        let level = line.bytes().take_while(|b| *b == b'#').count();
        if fence.is_none() && (1..=6).contains(&level) && line[level..].starts_with(' ') {
            found.push(number);
        }
    }
    found
}

/// Cuts a range of lines into pieces of at most `most` lines, at a blank line
/// in the second half of a piece where there is one.
pub fn pieces(lines: &[&str], range: Range<usize>, most: usize) -> Vec<Range<usize>> {
    let mut cut = Vec::new();
    let mut start = range.start;
    while range.end - start > most {
        let half = start + most / 2;
        let blank = (half..start + most).rev().find(|number| lines[*number].trim().is_empty());
        let end = blank.map_or(start + most, |number| number + 1);
        cut.push(start..end);
        start = end;
    }
    if start < range.end {
        cut.push(start..range.end);
    }
    cut
}
