//! A piece of a file that stands where the whole file should.

use std::collections::HashSet;

use crate::format::Naming;

/// Files with fewer lines are rewritten whole, and may well shrink.
const LEAST_OLD_LINES: usize = 10;

/// A whole file that keeps less than one line in this many is more likely a
/// piece that shows only what changes.
const SHRINKS_AT_MOST: usize = 3;

/// Of what only a comment names, excerpts are as frequent as whole files: it
/// keeps at least two lines of three.
const COMMENTED_KEEPS: (usize, usize) = (2, 3);

/// A whole file that is the old one's beginning, but for a few lines, and keeps
/// less than three lines of four, was cut off by its writer.
const HEAD_KEEPS: (usize, usize) = (3, 4);

/// What begins indented, as the old file does not, is a piece from its middle
/// unless it keeps nine lines of ten: then only the first ones went.
const MIDDLE_KEEPS: (usize, usize) = (9, 10);

/// Lines of a head that may have changed: one in so many.
const HEAD_CHANGES: usize = 4;

/// Whether `new` is obviously a piece of the file that holds `old`, not its
/// new content. Blank lines do not count.
pub fn is_snippet(new: &str, old: &str, naming: Naming) -> bool {
    let lines = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
    let old_lines = lines(old);
    let (part, of) = COMMENTED_KEEPS;
    if naming == Naming::Comment && lines(new) * of < old_lines * part {
        return true;
    }
    let long = old_lines >= LEAST_OLD_LINES;
    let shrinks = long && lines(new) * SHRINKS_AT_MOST < old_lines;
    let (part, of) = HEAD_KEEPS;
    let head = long && lines(new) * of < old_lines * part && is_head(new, old);
    let middle = begins_indented(new) && old_lines > 0 && !begins_indented(old);
    let (part, of, keeps) = (HEAD_KEEPS.0, HEAD_KEEPS.1, lines(new));
    let tail = keeps * of < old_lines * part && is_tail(new, old, long);
    shrinks || head || tail || (middle && keeps * MIDDLE_KEEPS.1 < old_lines * MIDDLE_KEEPS.0)
}

/// Whether `new` writes every `<` as `&lt;`, of which `old` has some as they
/// are.
pub fn is_escaped(new: &str, old: &str) -> bool {
    new.contains("&lt;") && !new.contains('<') && old.contains('<')
}

/// Whether lines look like the marks that a merge, or a block of another
/// format, leaves around two versions.
pub fn has_conflict_marks(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_start);
    ["<<<<<<<", "=======", ">>>>>>>"].iter().all(|mark| lines.any(|line| line.starts_with(mark)))
}

/// Whether the lines of `new` are those that `old` begins with, but for a few.
fn is_head(new: &str, old: &str) -> bool {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    let (new, old) = (lines(new), lines(old));
    let reach = (new.len() + new.len() / HEAD_CHANGES + 1).min(old.len());
    let head: HashSet<&String> = old[..reach].iter().collect();
    let kept = new.iter().filter(|line| head.contains(line)).count();
    // The last line of the old file would be there if its end were meant.
    let ends_alike = new.last() == old.last();
    !ends_alike && (new.len() - kept) * HEAD_CHANGES <= new.len()
}

/// Whether `new` is a later part of `old`, most of whose lines stay: it begins
/// with a line from further down, and has nothing of what stands above that. Of
/// a short file, one that only loses its first lines is none.
fn is_tail(new: &str, old: &str, long: bool) -> bool {
    let lines = |text: &str| -> Vec<String> {
        let full = text.lines().filter(|line| !line.trim().is_empty());
        full.map(|line| line.trim_end().to_owned()).collect()
    };
    let (new, old) = (lines(new), lines(old));
    let Some(first) = new.first() else { return false };
    let Some(at) = old.iter().position(|line| line == first).filter(|at| *at > 0) else {
        return false;
    };
    let (above, below) = old.split_at(at);
    let below: HashSet<&String> = below.iter().collect();
    let kept = new.iter().filter(|line| below.contains(line)).count();
    // A word or a bracket may stand anywhere.
    let above: HashSet<&String> = above.iter().filter(|line| line.len() > 3).collect();
    let changes = long || kept < new.len();
    changes
        && kept * 2 >= new.len()
        && !new.iter().any(|line| above.contains(line) && !below.contains(line))
}

fn begins_indented(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty());
    first.is_some_and(|line| line.starts_with([' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_piece_from_a_file() {
        let ten = "line\n".repeat(10);
        let indented = "    x = 1\n".repeat(20);
        for (new, old, piece) in [
            ("a\nb\nc\n", ten.as_str(), true),
            ("a\nb\nc\nd\n", ten.as_str(), false),
            ("a\n", "b\n\n\nc\n", false),
            ("    return 2\n", "def f():\n    return 1\n", true),
            ("def g():\n    b\n", "def f():\n    a\n\ndef g():\n    c\n", true),
            ("def h():\n    b\n", "def f():\n    a\n\ndef g():\n    c\n", false),
            ("def f():\n    a\n", "import os\n\ndef f():\n    a\n", false),
            ("    return 2\n", "    return 1\n", false),
            (indented.as_str(), &format!("def f():\n{indented}"), false),
            ("  a\n", "", false),
        ] {
            let commented = is_snippet(new, old, Naming::Comment);
            assert!(commented || !piece, "{new:?} over {old:?}");
            assert_eq!(is_snippet(new, old, Naming::Clear), piece, "{new:?} over {old:?}");
        }
    }
}
