//! A piece of a file that stands where the whole file should.

use crate::format::Naming;

/// Files with fewer lines are rewritten whole, and may well shrink.
const LEAST_OLD_LINES: usize = 10;

/// A whole file that keeps less than one line in this many is more likely a
/// piece that shows only what changes.
const SHRINKS_AT_MOST: usize = 3;

/// Of what only a comment names, excerpts are as frequent as whole files: it
/// keeps at least two lines of three.
const COMMENTED_KEEPS: (usize, usize) = (2, 3);

/// Whether `new` is obviously a piece of the file that holds `old`, not its
/// new content. Blank lines do not count.
pub fn is_snippet(new: &str, old: &str, naming: Naming) -> bool {
    let lines = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
    let old_lines = lines(old);
    let (part, of) = COMMENTED_KEEPS;
    if naming == Naming::Comment && lines(new) * of < old_lines * part {
        return true;
    }
    let shrinks = old_lines >= LEAST_OLD_LINES && lines(new) * SHRINKS_AT_MOST < old_lines;
    shrinks || (begins_indented(new) && old_lines > 0 && !begins_indented(old))
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
        for (new, old, piece) in [
            ("a\nb\nc\n", ten.as_str(), true),
            ("a\nb\nc\nd\n", ten.as_str(), false),
            ("a\n", "b\n\n\nc\n", false),
            ("    return 2\n", "def f():\n    return 1\n", true),
            ("    return 2\n", "    return 1\n", false),
            ("  a\n", "", false),
        ] {
            let commented = is_snippet(new, old, Naming::Comment);
            assert!(commented || !piece, "{new:?} over {old:?}");
            assert_eq!(is_snippet(new, old, Naming::Clear), piece, "{new:?} over {old:?}");
        }
    }
}
