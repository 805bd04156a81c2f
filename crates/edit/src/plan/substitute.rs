//! Puts a text in place of another, anywhere in a line: what tool calls with
//! `old_string` and `new_string` ask for.

use std::borrow::Cow;

use super::draft::Refused;
use super::patch::{self, Patched, Placed};
use crate::locate::MatchLevel;
use crate::refusal::RefusalReason;

/// Puts `new` in place of the one `old`, or of every one. Where `old` is not in
/// the file as it is, both are taken for whole lines.
pub fn substitute(
    content: &str,
    old: &str,
    new: &str,
    all: bool,
    limit: MatchLevel,
) -> Result<Patched, Refused> {
    let crlf = content.contains("\r\n");
    let (old_ends, new_ends) = (with_crlf(old), with_crlf(new));
    let single = !old.contains('\n');
    let mut ways = vec![(old, new, MatchLevel::Exact)];
    if crlf && limit >= MatchLevel::LineEndings {
        let level = if single { MatchLevel::Exact } else { MatchLevel::LineEndings };
        let way = (old_ends.as_ref(), new_ends.as_ref(), level);
        ways.insert(usize::from(!single), way);
    }
    for (old, new, level) in ways {
        let places: Vec<usize> = content.match_indices(old).map(|(at, _)| at).collect();
        match places.as_slice() {
            [] => {}
            [at] if !all && splits_a_word(content, *at, old) => {
                return Err(RefusalReason::InsideWord.into());
            }
            [_] => return Ok(replaced(content, old, new, &places, level)),
            _ if all => return Ok(replaced(content, old, new, &places, level)),
            _ => {
                let lines = places.iter().map(|at| line_of(content, *at) + 1).collect();
                return Err(RefusalReason::Ambiguous { lines }.into());
            }
        }
    }
    patch::replace(content, &as_lines(old), &as_lines(new), limit)
}

fn replaced(content: &str, old: &str, new: &str, starts: &[usize], level: MatchLevel) -> Patched {
    // Lines that lose their end only in the new text would run together.
    let open = old.ends_with('\n') && !new.is_empty() && !new.ends_with('\n');
    let end = if old.ends_with("\r\n") { "\r\n" } else { "\n" };
    let mut text = String::with_capacity(content.len());
    let mut placed = Vec::new();
    let (mut from, mut line) = (0, 0);
    for at in starts {
        line += content[from..*at].matches('\n').count();
        text.push_str(&content[from..*at]);
        text.push_str(new);
        if open {
            text.push_str(end);
        }
        from = at + old.len();
        let count = old.lines().count();
        placed.push(Placed { level, ..Placed::exact(line..line + count) });
        line += old.matches('\n').count();
    }
    text.push_str(&content[from..]);
    Patched { text, places: placed }
}

/// Whether the place begins or ends in the middle of a word.
fn splits_a_word(content: &str, at: usize, old: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let joins = |left: Option<char>, right: Option<char>| {
        left.is_some_and(is_word) && right.is_some_and(is_word)
    };
    let end = at + old.len();
    joins(content[..at].chars().next_back(), old.chars().next())
        || joins(old.chars().next_back(), content[end..].chars().next())
}

fn line_of(content: &str, at: usize) -> usize {
    content[..at].matches('\n').count()
}

fn with_crlf(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') || text.contains("\r\n") {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('\n', "\r\n"))
}

fn as_lines(text: &str) -> Cow<'_, str> {
    if text.is_empty() || text.ends_with('\n') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{text}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_replaced_wherever_they_stand() {
        for (content, old, new, all, expect) in [
            ("a = one(1)\n", "one(1)", "two(2)", false, Ok("a = two(2)\n")),
            ("x\nx\n", "x", "y", true, Ok("y\ny\n")),
            ("a\nb\nc\n", "a\nb", "z", false, Ok("z\nc\n")),
            ("a\nb\nc\n", "b\n", "z", false, Ok("a\nz\nc\n")),
            ("a\r\nb\r\n", "a\nb", "y\nz", false, Ok("y\r\nz\r\n")),
            ("a\r\n", "a", "y\nz", false, Ok("y\r\nz\r\n")),
            (
                "    first(a)\n    second(b)\n",
                "first(a)\nsecond(b)",
                "third(c)\nfourth(d)",
                false,
                Ok("    third(c)\n    fourth(d)\n"),
            ),
            ("x\nx\n", "x", "y", false, Err("edit.ambiguous")),
            ("width\n", "id", "no", false, Err("edit.inside_word")),
            ("a\n", "b", "c", false, Err("edit.no_match")),
        ] {
            let result = substitute(content, old, new, all, MatchLevel::Scored);
            let shown = result.as_ref().map(|patched| patched.text.as_str());
            assert_eq!(
                shown.map_err(|refused| refused.reason.code()),
                expect,
                "{old} in {content}"
            );
        }
    }
}
