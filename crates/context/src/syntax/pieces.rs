use std::ops::Range;

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
