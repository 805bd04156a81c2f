//! The head of a definition on one line.

use crate::syntax::Node;

/// A longer head says what matters in its beginning.
const MOST_CHARS: usize = 240;

/// Of a value, its beginning says enough.
const MOST_VALUE_CHARS: usize = 100;

/// Nodes before a definition that say how it is treated, not what it is.
const REMARKS: [&str; 9] = [
    "annotation",
    "attribute_item",
    "attribute_list",
    "comment",
    "decorator",
    "line_comment",
    "block_comment",
    "marker_annotation",
    "multiline_comment",
];

/// Nodes that hold words like `public` and, among them, remarks.
const MODIFIERS: [&str; 2] = ["modifiers", "class_modifiers"];

/// Where a definition's own words begin, behind its attributes.
pub fn start(node: Node<'_>) -> usize {
    for child in node.children() {
        if MODIFIERS.contains(&child.kind()) {
            // Modifiers that are remarks alone are passed over.
            let mut words = child.children().filter(|word| !REMARKS.contains(&word.kind()));
            if child.children().next().is_some() {
                match words.next() {
                    Some(word) => return word.start_byte(),
                    None => continue,
                }
            }
        }
        if !REMARKS.contains(&child.kind()) {
            return child.start_byte();
        }
    }
    node.start_byte()
}

/// Puts a head on one line, without what opens its body.
pub fn line(head: &str, is_value: bool) -> String {
    let most = if is_value { MOST_VALUE_CHARS } else { MOST_CHARS };
    let mut out = String::with_capacity(head.len().min(most));
    let mut chars = 0;
    for word in head.split_whitespace() {
        let opened = out.ends_with(['(', '[']) || out.is_empty();
        let closes = word.starts_with([')', ']', ',']);
        if !opened && !closes {
            out.push(' ');
            chars += 1;
        }
        // `f(\n    a,\n)` is `f(a)`.
        if closes && !word.starts_with(',') && out.ends_with(',') {
            out.pop();
        }
        out.push_str(word);
        chars += word.chars().count();
        if chars > most {
            let end = out.char_indices().nth(most).map_or(out.len(), |(at, _)| at);
            out.truncate(end);
            out.push('…');
            return out;
        }
    }
    let kept = out.trim_end_matches([' ', '{', ':', ';', ',', '=']).len();
    out.truncate(kept);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_take_one_line() {
        for (head, expect) in [
            ("fn f(\n    a: u8,\n    b: u8,\n) -> T {", "fn f(a: u8, b: u8) -> T"),
            ("class  A:", "class A"),
            ("const int  x[2];", "const int x[2]"),
        ] {
            assert_eq!(line(head, false), expect);
        }
        assert_eq!(line(&"ä".repeat(300), true).chars().count(), MOST_VALUE_CHARS + 1);
    }
}
