//! The head of a Markdown file: lines between two `---`.
//!
//! It is called YAML, and published files are not: many have a description
//! with `: ` in it, which no YAML reader takes. So this reads what such heads
//! consist of, line by line:
//!
//! - `key: text` at the beginning of a line; the text goes to the line's end;
//! - a text in quotes, with the escapes that YAML has in `"` and `'`;
//! - `|` and `>`, with `-` and `+`, and the indented lines below;
//! - a text that goes on in indented lines, which are joined by spaces;
//! - lists, as `[a, b]` or as indented lines `- a`;
//! - comments, from `#` after a space.
//!
//! A line that is none of this goes on with the text above it, and is told.
//! Mappings in mappings, such as `metadata:`, are passed over.

use std::collections::BTreeMap;

/// How many lines a head may have. The longest published ones have sixty.
const MOST_LINES: usize = 1_000;

/// A value of a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    List(Vec<String>),
    /// A mapping, which nobody here asks for.
    Other,
}

/// The head of a file, and where its body begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FrontMatter {
    values: BTreeMap<String, Value>,
    /// The byte at which the body begins.
    pub(super) body: usize,
    /// Lines that could not be read, from 1, and why.
    pub(super) problems: Vec<(usize, &'static str)>,
}

impl FrontMatter {
    /// Reads the head of a file. One without a head is all body.
    pub(super) fn read(text: &str) -> Self {
        let mut front = Self::default();
        let start = text.strip_prefix('\u{feff}').map_or(0, |_| '\u{feff}'.len_utf8());
        let mut lines = Vec::new();
        let mut at = start;
        for (number, line) in text[start..].split_inclusive('\n').enumerate() {
            at += line.len();
            let line = line.trim_end();
            match number {
                0 if line == "---" => {}
                0 => return Self { body: start, ..front },
                _ if line == "---" || line == "..." => {
                    front.body = at;
                    front.entries(&lines);
                    return front;
                }
                _ if number > MOST_LINES => break,
                _ => lines.push((number + 1, line)),
            }
        }
        if text.len() == start {
            return Self { body: start, ..front };
        }
        // A line of dashes and no second one: it was no head.
        front.problems.push((1, "the head does not end: a line `---` is missing"));
        front.body = start;
        front
    }

    /// A text, or a list as one.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        match self.values.get(key)? {
            Value::Text(text) if text.is_empty() => None,
            Value::Text(text) => Some(text.clone()),
            Value::List(list) => Some(list.join(", ")),
            Value::Other => None,
        }
    }

    /// A list, or a text cut at commas, or at spaces where it has none.
    pub(super) fn list(&self, key: &str) -> Vec<String> {
        match self.values.get(key) {
            Some(Value::List(list)) => list.clone(),
            Some(Value::Text(text)) => split_outside_brackets(text),
            Some(Value::Other) | None => Vec::new(),
        }
    }

    /// A truth.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.text(key).is_some_and(|text| matches!(text.as_str(), "true" | "True" | "yes"))
    }

    fn entries(&mut self, lines: &[(usize, &str)]) {
        let mut at = 0;
        let mut last = None;
        while at < lines.len() {
            let (number, line) = lines[at];
            at += 1;
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let below_start = at;
            while at < lines.len() && belongs_above(lines[at].1) {
                at += 1;
            }
            let below: Vec<&str> = lines[below_start..at].iter().map(|(_, line)| *line).collect();
            if let Some((key, rest)) = key_and_rest(line) {
                self.values.insert(key.to_owned(), value(rest, &below));
                last = Some(key);
                continue;
            }
            // Some write a long description without indenting it.
            if self.problems.is_empty() {
                self.problems.push((number, "the line is no `key: value`"));
            }
            if let Some(Value::Text(text)) = last.and_then(|key| self.values.get_mut(key)) {
                text.push(' ');
                text.push_str(line);
            }
        }
    }
}

/// Whether a line goes on with the key above it. Lists may stand unindented.
fn belongs_above(line: &str) -> bool {
    line.is_empty() || line.starts_with([' ', '\t']) || line == "-" || line.starts_with("- ")
}

fn key_and_rest(line: &str) -> Option<(&str, &str)> {
    let (key, rest) = line.split_once(':')?;
    let allowed = |c: char| c.is_alphanumeric() || c == '-' || c == '_' || c == '.';
    let key = key.trim_matches(['"', '\'']);
    let sound = !key.is_empty() && key.chars().all(allowed);
    (sound && (rest.is_empty() || rest.starts_with([' ', '\t']))).then(|| (key, rest.trim()))
}

fn value(rest: &str, below: &[&str]) -> Value {
    if let Some(style) = rest.strip_prefix(['|', '>'])
        && style
            .split('#')
            .next()
            .unwrap_or_default()
            .trim()
            .chars()
            .all(|c| "+-123456789".contains(c))
    {
        return Value::Text(block(below, rest.starts_with('>'), style));
    }
    if rest.starts_with('[') {
        let mut whole = rest.to_owned();
        for line in below {
            whole.push(' ');
            whole.push_str(line.trim());
        }
        let inside = without_comment(&whole);
        // `[path] [flags]` is a hint for people, not a list.
        if let Some(inside) = inside.strip_prefix('[').and_then(|inside| inside.strip_suffix(']'))
            && !inside.contains([']', '['])
        {
            let items = split_outside_brackets_at(inside, ',');
            return Value::List(items.iter().map(|item| scalar(item)).collect());
        }
        return Value::Text(inside.to_owned());
    }
    let rest_is_empty = without_comment(rest).is_empty();
    let first = below.iter().map(|line| line.trim()).find(|line| !line.is_empty());
    match first {
        Some(first) if rest_is_empty && (first == "-" || first.starts_with("- ")) => {
            let items = below.iter().filter_map(|line| line.trim().strip_prefix('-'));
            Value::List(items.map(|item| scalar(item.trim())).collect())
        }
        Some(first) if rest_is_empty && key_and_rest(first).is_some() => Value::Other,
        _ => {
            let mut whole = rest.to_owned();
            for line in below.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
                if !whole.is_empty() {
                    whole.push(' ');
                }
                whole.push_str(line);
            }
            Value::Text(scalar(&whole))
        }
    }
}

/// The indented lines of `|` and `>`.
fn block(below: &[&str], folded: bool, style: &str) -> String {
    let indent = below
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let lines = below.iter().map(|line| line.get(indent..).unwrap_or_default());
    let mut text = String::new();
    let mut empty_lines = 0;
    for line in lines {
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        if !text.is_empty() {
            match (folded, empty_lines) {
                (true, 0) => text.push(' '),
                (true, many) => text.push_str(&"\n".repeat(many)),
                (false, many) => text.push_str(&"\n".repeat(many + 1)),
            }
        }
        empty_lines = 0;
        text.push_str(line);
    }
    if !style.contains('-') && !text.is_empty() {
        text.push('\n');
    }
    text
}

/// A text without its quotes and without a comment.
fn scalar(text: &str) -> String {
    let text = text.trim();
    if let Some(inside) = text.strip_prefix('\'')
        && let Some(inside) = without_comment(inside).strip_suffix('\'')
    {
        return inside.replace("''", "'");
    }
    if let Some(inside) = text.strip_prefix('"')
        && let Some(inside) = without_comment(inside).strip_suffix('"')
    {
        return unescaped(inside);
    }
    without_comment(text).to_owned()
}

/// The text before ` #`. Within quotes it is no comment.
fn without_comment(text: &str) -> &str {
    if text.starts_with('#') {
        return "";
    }
    let ends_quoted = text.ends_with(['"', '\'']);
    match text.find(" #") {
        Some(at) if !ends_quoted => text[..at].trim_end(),
        _ => text.trim_end(),
    }
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('0') => out.push('\0'),
            Some(escape @ ('x' | 'u' | 'U')) => {
                let digits = match escape {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let hex: String = chars.by_ref().take(digits).collect();
                let code = u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32);
                out.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out
}

/// `Read, Bash(git add:*), Grep` and `Read Grep` alike.
fn split_outside_brackets(text: &str) -> Vec<String> {
    let parts = split_outside_brackets_at(text, ',');
    let parts = if parts.len() == 1 { split_outside_brackets_at(text, ' ') } else { parts };
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn split_outside_brackets_at(text: &str, at: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    let mut quote = None;
    for c in text.chars() {
        match c {
            '"' | '\'' if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() && depth == 0 => quote = Some(c),
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c == at && depth == 0 && quote.is_none() {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    if parts.iter().all(|part| part.trim().is_empty()) {
        return Vec::new();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(head: &str, key: &str) -> Option<String> {
        FrontMatter::read(&format!("---\n{head}\n---\nbody\n")).text(key)
    }

    fn list(head: &str) -> Vec<String> {
        FrontMatter::read(&format!("---\n{head}\n---\n")).list("k")
    }

    #[test]
    fn texts_of_all_styles_are_read() {
        let check = |head: &str, expect: &str| {
            assert_eq!(text(head, "k").as_deref(), Some(expect), "{head}");
        };
        check("k: plain text", "plain text");
        check("k:   plain   # with a comment", "plain");
        check("k: it's: what they # write", "it's: what they");
        check("k: C# and F#", "C# and F#");
        check("k: 'it''s'", "it's");
        check(r#"k: "a \"b\" \u00fc\n""#, "a \"b\" ü\n");
        check("k: 'not # a comment'", "not # a comment");
        check("k: |\n  one\n    two\n\n  three", "one\n  two\n\nthree\n");
        check("k: |-\n  one\n  two", "one\ntwo");
        check("k: >\n  one\n  two\n\n  three", "one two\nthree\n");
        check("k: >-\n  one\n  two", "one two");
        check("k: one\n  two\n  three", "one two three");
        check("k:\n  below", "below");
        check("k: \"one\n  two\"", "one two");
        check("a: 1\nk: 2\nb: 3", "2");
        check(
            "k: Use this. Examples: <example>user: \"a\"</example>",
            "Use this. Examples: <example>user: \"a\"</example>",
        );
        check("k: [path] [--flag]", "[path] [--flag]");
        check("k: > 3 files", "> 3 files");
        check("k: one\ntwo words\nb: 3", "one two words");
    }

    #[test]
    fn lists_of_all_styles_are_read() {
        let check = |head: &str, expect: &[&str]| assert_eq!(list(head), expect, "{head}");
        check("k: [Read, \"Bash(git add:*)\", 'a, b']", &["Read", "Bash(git add:*)", "a, b"]);
        check("k:\n  - Read\n  - Grep", &["Read", "Grep"]);
        check("k:\n- Read\n- Grep\nother: 1", &["Read", "Grep"]);
        check(
            "k: Read, Bash(git add:*, git rm:*), Grep",
            &["Read", "Bash(git add:*, git rm:*)", "Grep"],
        );
        check("k: Read Grep", &["Read", "Grep"]);
        check("k: []", &[]);
        check("k:", &[]);
    }

    #[test]
    fn a_mapping_is_passed_over() {
        let head = "metadata:\n  author: a\n  version: 1\nk: v";
        assert_eq!(text(head, "k").as_deref(), Some("v"));
        assert_eq!(text(head, "metadata"), None);
        assert_eq!(text(head, "author"), None);
    }

    #[test]
    fn bodies_begin_after_the_head() {
        let check = |text: &str, body: &str, problems: usize| {
            let front = FrontMatter::read(text);
            assert_eq!(&text[front.body..], body, "{text:?}");
            assert_eq!(front.problems.len(), problems, "{text:?}");
        };
        check("---\na: b\n---\nbody", "body", 0);
        check("\u{feff}---\r\na: b\r\n---\r\nbody", "body", 0);
        check("---\na: b\n---", "", 0);
        check("no head", "no head", 0);
        check("", "", 0);
        check("---\na: b\n", "---\na: b\n", 1);
        check("---\nwhat is this\n---\n", "", 1);
        check("----\na: b\n---\n", "----\na: b\n---\n", 0);
    }

    #[test]
    fn no_text_makes_it_fall() {
        for text in [
            "---\n:\n---\n",
            "---\n- a\n---\n",
            "---\nk: |\n---\n",
            "---\nk: \"\n---\n",
            "---\nk: \"\\\n---\n",
            "---\nk: '\n---\n",
            "---\nk: [\n---\n",
            "---\nü: \"\\u\"\n---\n",
            "---\nk: |\n \u{a0}ü\n  x\n---\n",
            "---\n\0\n---\n",
        ] {
            let front = FrontMatter::read(text);
            assert!(text.is_char_boundary(front.body), "{text:?}");
        }
    }
}
