//! Brings a change of words into a line that was misquoted.

use std::ops::Range;

use crate::diff::{Step, steps};

/// Joins what `theirs` changes in `base` with what `ours` has in its place.
///
/// `None` where both differ from `base` in the same words, or where words that
/// `ours` does not have stand in what `theirs` brings.
pub fn merge(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let (base, ours, theirs) = (tokens(base), tokens(ours), tokens(theirs));
    let changes = |side: &[&str]| -> Vec<Step> {
        steps(&base, side).into_iter().filter(|step| !step.equal).collect()
    };
    let (our_changes, their_changes) = (changes(&ours), changes(&theirs));
    let mut merged = String::new();
    let mut at = 0;
    let (mut i, mut j) = (0, 0);
    loop {
        let (our, their) = (our_changes.get(i), their_changes.get(j));
        let (range, new) = match (our, their) {
            (None, None) => break,
            (Some(our), Some(their)) if meet(&our.old, &their.old) => {
                let new = &ours[our.new.clone()];
                if our.old != their.old || *new != theirs[their.new.clone()] {
                    return None;
                }
                (i, j) = (i + 1, j + 1);
                (our.old.clone(), new)
            }
            (Some(our), Some(their)) if our.old.start < their.old.start => {
                i += 1;
                (our.old.clone(), &ours[our.new.clone()])
            }
            (Some(our), None) => {
                i += 1;
                (our.old.clone(), &ours[our.new.clone()])
            }
            (_, Some(their)) => {
                j += 1;
                let new = &theirs[their.new.clone()];
                // What is new was written with the words in mind that are not there.
                let misquoted = our_changes.iter().filter(|our| {
                    !their_changes.iter().any(|their| {
                        their.old == our.old && theirs[their.new.clone()] == ours[our.new.clone()]
                    })
                });
                let mut gone = misquoted.flat_map(|our| &base[our.old.clone()]);
                if gone.any(|word| is_word(word) && new.contains(word)) {
                    return None;
                }
                (their.old.clone(), new)
            }
        };
        merged.extend(base[at..range.start].iter().copied());
        merged.extend(new.iter().copied());
        at = range.end;
    }
    merged.extend(base[at..].iter().copied());
    Some(merged)
}

/// Whether two changes are of the same words, or of the same gap between two.
fn meet(a: &Range<usize>, b: &Range<usize>) -> bool {
    if a.is_empty() || b.is_empty() {
        return a.start <= b.end && b.start <= a.end;
    }
    a.start < b.end && b.start < a.end
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Words, runs of blanks, and each other sign by itself.
fn tokens(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 1,
        ' ' | '\t' => 2,
        _ => 0,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut last = 0;
    for (at, sign) in text.char_indices() {
        let this = kind(sign);
        if at > start && (this == 0 || this != last) {
            tokens.push(&text[start..at]);
            start = at;
        }
        last = this;
    }
    if start < text.len() {
        tokens.push(&text[start..]);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_brought_into_the_line_that_is_there() {
        for (base, ours, theirs, expect) in [
            // Misquoted on both sides.
            ("foo(x, b)", "foo(a, b)", "foo(x, b, c)", Some("foo(a, b, c)")),
            // Misquoted in the search text alone.
            ("foo(x, b)", "foo(a, b)", "foo(a, b, c)", Some("foo(a, b, c)")),
            ("  c = 1", "    c = 1", "  c = 2", Some("    c = 2")),
            // The misquoted word itself is to change.
            ("port = 80", "port = 81", "port = 82", None),
            // The new word speaks of what is not there.
            ("run(x, b)", "run(a, b)", "run(x, b, x)", None),
            ("a b", "a b", "a c", Some("a c")),
        ] {
            assert_eq!(merge(base, ours, theirs).as_deref(), expect, "{base} {ours} {theirs}");
        }
    }
}
