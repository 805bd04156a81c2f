//! What a line begins: the first characters tell, or the whole line.

/// Until its `]` comes, a line that begins with `[` waits so long.
const LONGEST_LABEL_BYTES: usize = 200;

/// What a line begins, seen from inside its quotes and items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LineStart {
    /// More of the line has to come before anybody can tell.
    Unknown,
    /// Nothing stands in it.
    Blank,
    /// A quotation; so many bytes are its mark.
    Quote { mark: usize },
    /// An item of a list.
    Item { mark: usize, marker: Marker, indent: usize },
    /// A heading; so many bytes are its mark.
    Heading { level: usize, mark: usize },
    /// A fence that opens.
    Fence { byte: u8, count: usize, indent: usize },
    /// A rule across the page.
    Rule,
    /// A line that may be the first of a table.
    Row,
    /// A line of HTML, or an address that a link refers to.
    Verbatim,
    /// A line of code, by its indentation.
    IndentedCode,
    /// Text; so many bytes are before it.
    Text { indent: usize },
}

/// What stands before an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Bullet,
    Task {
        done: bool,
    },
    /// The number with its point, as it was written.
    Number(String),
}

/// Where the line stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Whether no more of the line comes.
    pub complete: bool,
    /// Whether a paragraph is open.
    pub paragraph: bool,
    /// Whether the line stands in the same quotes and items as that paragraph.
    pub inside: bool,
}

/// Tells what a line begins. What it says stays true when more comes.
pub(super) fn line_start(rest: &str, place: Place) -> LineStart {
    let indent = rest.len() - rest.trim_start_matches(' ').len();
    let text = &rest[indent..];
    let bytes = text.as_bytes();
    let Some(first) = bytes.first().copied() else {
        return if place.complete { LineStart::Blank } else { LineStart::Unknown };
    };
    if indent >= 4 {
        return if place.paragraph { LineStart::Text { indent } } else { LineStart::IndentedCode };
    }
    match first {
        b'>' => quote(text, indent, place),
        b'#' => heading(text, indent, place),
        b'`' | b'~' => fence(text, indent, place),
        b'-' | b'*' | b'_' | b'+' => mark_or_rule(text, indent, place),
        b'0'..=b'9' => number(text, indent, place),
        b'=' if place.paragraph && place.inside => underline(text, indent, place),
        b'|' => LineStart::Row,
        b'<' => html(text, indent, place),
        b'[' => definition(text, indent, place),
        _ => LineStart::Text { indent },
    }
}

fn quote(text: &str, indent: usize, place: Place) -> LineStart {
    match text.as_bytes().get(1) {
        Some(b' ') => LineStart::Quote { mark: indent + 2 },
        Some(_) => LineStart::Quote { mark: indent + 1 },
        None if place.complete => LineStart::Quote { mark: indent + 1 },
        None => LineStart::Unknown,
    }
}

fn heading(text: &str, indent: usize, place: Place) -> LineStart {
    let level = text.bytes().take_while(|byte| *byte == b'#').count();
    match text.as_bytes().get(level) {
        None if !place.complete => LineStart::Unknown,
        None | Some(b' ') if level <= 6 => LineStart::Heading { level, mark: indent + level },
        _ => LineStart::Text { indent },
    }
}

fn fence(text: &str, indent: usize, place: Place) -> LineStart {
    let byte = text.as_bytes()[0];
    let count = text.bytes().take_while(|other| *other == byte).count();
    if count == text.len() && !place.complete {
        return LineStart::Unknown;
    }
    if count < 3 {
        return LineStart::Text { indent };
    }
    // Text may begin with code that has three backticks.
    if byte == b'`' && text[count..].contains('`') {
        return LineStart::Text { indent };
    }
    if place.complete { LineStart::Fence { byte, count, indent } } else { LineStart::Unknown }
}

fn mark_or_rule(text: &str, indent: usize, place: Place) -> LineStart {
    let first = text.as_bytes()[0];
    if first != b'+' && text.bytes().all(|byte| byte == first || byte == b' ') {
        if !place.complete {
            return LineStart::Unknown;
        }
        if text.bytes().filter(|byte| *byte == first).count() >= 3 {
            return LineStart::Rule;
        }
    }
    if first == b'_' {
        return LineStart::Text { indent };
    }
    item(text, indent, 1, place, Marker::Bullet)
}

fn number(text: &str, indent: usize, place: Place) -> LineStart {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 9 {
        return LineStart::Text { indent };
    }
    match text.as_bytes().get(digits) {
        None if !place.complete => LineStart::Unknown,
        Some(b'.' | b')') => {
            // Only a list that begins with one ends a paragraph: a year may
            // stand at the beginning of a line.
            if place.paragraph && place.inside && &text[..digits] != "1" {
                return LineStart::Text { indent };
            }
            item(text, indent, digits + 1, place, Marker::Number(text[..=digits].to_owned()))
        }
        _ => LineStart::Text { indent },
    }
}

/// An item whose marker has `length` bytes.
fn item(text: &str, indent: usize, length: usize, place: Place, marker: Marker) -> LineStart {
    let after = &text[length..];
    let content = after.trim_start_matches(' ');
    if content.is_empty() {
        if !place.complete {
            return LineStart::Unknown;
        }
        if place.paragraph && place.inside {
            return LineStart::Text { indent };
        }
        return LineStart::Item { mark: indent + length, marker, indent: indent + length + 1 };
    }
    let spaces = after.len() - content.len();
    // Five spaces are one, and code by its indentation.
    let spaces = match spaces {
        0 => return LineStart::Text { indent },
        1..=4 => spaces,
        _ => 1,
    };
    let width = indent + length + spaces;
    if marker == Marker::Bullet && content.starts_with('[') {
        if content.len() < 4 && !place.complete {
            return LineStart::Unknown;
        }
        let done = match content.as_bytes() {
            [b'[', b' ', b']', b' ', ..] => Some(false),
            [b'[', b'x' | b'X', b']', b' ', ..] => Some(true),
            _ => None,
        };
        if let Some(done) = done {
            return LineStart::Item {
                mark: width + 4,
                marker: Marker::Task { done },
                indent: width,
            };
        }
    }
    LineStart::Item { mark: width, marker, indent: width }
}

/// A line of `=` below a paragraph would make it a heading; it is shown
/// already, so the line is drawn below it.
fn underline(text: &str, indent: usize, place: Place) -> LineStart {
    let rest = text.trim_start_matches('=').trim_end();
    if !rest.is_empty() {
        LineStart::Text { indent }
    } else if place.complete {
        LineStart::Rule
    } else {
        LineStart::Unknown
    }
}

fn html(text: &str, indent: usize, place: Place) -> LineStart {
    let second = text.as_bytes().get(1);
    let tag = second.is_none_or(|byte| byte.is_ascii_alphabetic() || b"/!?".contains(byte));
    let address = text.split([' ', '>']).next().is_some_and(|word| word.contains("://"));
    if !tag || address {
        return LineStart::Text { indent };
    }
    match place.complete {
        false => LineStart::Unknown,
        true if text.trim_end().ends_with('>') => LineStart::Verbatim,
        true => LineStart::Text { indent },
    }
}

fn definition(text: &str, indent: usize, place: Place) -> LineStart {
    let known = match text.find(']') {
        Some(end) if end + 1 < text.len() || place.complete => {
            text.as_bytes().get(end + 1) == Some(&b':') && !place.paragraph
        }
        _ if place.complete || text.len() > LONGEST_LABEL_BYTES => false,
        _ => return LineStart::Unknown,
    };
    match (known, place.complete) {
        (false, _) => LineStart::Text { indent },
        (true, true) => LineStart::Verbatim,
        (true, false) => LineStart::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: Place = Place { complete: true, paragraph: false, inside: true };

    #[test]
    fn a_line_is_known_by_its_beginning() {
        let check = |line: &str, expect: LineStart| {
            assert_eq!(line_start(line, ALONE), expect, "{line:?}");
        };
        let text = LineStart::Text { indent: 0 };
        check("## a", LineStart::Heading { level: 2, mark: 2 });
        check("#hashtag", text.clone());
        check("- - -", LineStart::Rule);
        check("***", LineStart::Rule);
        check("**bold**", text.clone());
        check("> q", LineStart::Quote { mark: 2 });
        check(" - a", LineStart::Item { mark: 3, marker: Marker::Bullet, indent: 3 });
        let done = Marker::Task { done: true };
        check("* [x] a", LineStart::Item { mark: 6, marker: done, indent: 2 });
        let number = Marker::Number("12)".to_owned());
        check("12) a", LineStart::Item { mark: 4, marker: number, indent: 4 });
        check("3.14 is", text.clone());
        check("~~~py", LineStart::Fence { byte: b'~', count: 3, indent: 0 });
        check("```a``` b", text.clone());
        check("| a |", LineStart::Row);
        check("<p align=\"center\">", LineStart::Verbatim);
        check("<https://example.org>", text.clone());
        check("<T> is a type", text);
        check("[a]: https://example.org", LineStart::Verbatim);
        check("    x", LineStart::IndentedCode);
    }

    /// What is said of a part of a line is said of the line.
    #[test]
    fn what_is_known_early_stays_true() {
        for line in [
            "- - - a",
            "* [x] done",
            "1. one",
            "10) ten",
            "### three",
            "> q",
            "[a](b) c",
            "[a]: b",
            "`code` x",
            "```rust",
            "-x",
            "<b> c",
            "== a",
            "+ plus",
            "_a_ b",
            "| a |",
            "2024 was",
        ] {
            for paragraph in [false, true] {
                let place = Place { complete: true, paragraph, inside: true };
                let whole = line_start(line, place);
                for (at, _) in line.char_indices().skip(1) {
                    let part = line_start(&line[..at], Place { complete: false, ..place });
                    assert!(
                        part == LineStart::Unknown || part == whole,
                        "{line:?} at {at}: {part:?}, then {whole:?}"
                    );
                }
            }
        }
    }
}
