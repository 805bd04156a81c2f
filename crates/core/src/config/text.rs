//! JSON with comments, read with the place of everything in it.
//!
//! What RFC 8259 allows, and `// …`, `/* … */` and a comma after the last item,
//! as editors write it into settings.

use serde_json::{Map, Value};

/// Objects and lists within each other; a configuration has five.
const MOST_DEPTH: usize = 32;

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Bytes of the value.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
    /// What it is.
    pub kind: NodeKind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// An object's members, in their order.
    Object(Vec<Member>),
    /// A list's items.
    List(Vec<Node>),
    /// Anything else.
    Plain(Value),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Where its key begins.
    pub start: usize,
    /// The key.
    pub key: String,
    /// The value.
    pub value: Node,
    /// The byte after the comma that follows it, where one does.
    pub comma_end: Option<usize>,
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The byte.
    pub at: usize,
    /// What is wrong there.
    pub what: String,
}

impl Node {
    /// The value without its places.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            NodeKind::Plain(value) => value.clone(),
            NodeKind::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            NodeKind::Object(members) => {
                let pairs = members.iter().map(|one| (one.key.clone(), one.value.to_value()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    /// The member with a key.
    pub fn member(&self, key: &str) -> Option<&Member> {
        let NodeKind::Object(members) = &self.kind else { return None };
        members.iter().find(|member| member.key == key)
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.member(key).map(|member| &member.value))
    }
}

/// Reads a text.
pub fn parse(text: &str) -> Result<Node, Flaw> {
    let mut parser = Parser { text, at: 0 };
    if text.starts_with('\u{feff}') {
        parser.at = '\u{feff}'.len_utf8();
    }
    parser.skip()?;
    let node = parser.value(0)?;
    parser.skip()?;
    if parser.at < text.len() {
        return Err(parser.flaw("something stands after the end"));
    }
    Ok(node)
}

/// Line and column of a byte, both from one; columns are characters.
pub fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn flaw(&self, what: &str) -> Flaw {
        Flaw { at: self.at, what: what.to_owned() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips white space and comments.
    fn skip(&mut self) -> Result<(), Flaw> {
        loop {
            let rest = &self.text[self.at..];
            let space = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            self.at += space;
            let rest = &rest[space..];
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let end = rest.find("*/").ok_or_else(|| self.flaw("a comment has no end"))?;
                self.at += end + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Flaw> {
        if depth > MOST_DEPTH {
            return Err(self.flaw("it is nested too deeply"));
        }
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => NodeKind::Plain(Value::String(self.string()?)),
            Some(_) => NodeKind::Plain(self.word()?),
            None => return Err(self.flaw("a value is missing at the end")),
        };
        Ok(Node { start, end: self.at, kind })
    }

    fn object(&mut self, depth: usize) -> Result<NodeKind, Flaw> {
        self.at += 1;
        let mut members: Vec<Member> = Vec::new();
        loop {
            self.skip()?;
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return Ok(NodeKind::Object(members));
                }
                Some(b'"') if members.last().is_none_or(|last| last.comma_end.is_some()) => {}
                Some(b'"') => return Err(self.flaw("a comma is missing before it")),
                Some(_) => return Err(self.flaw("a key in quotes, or `}`, is missing")),
                None => return Err(self.flaw("an object has no end")),
            }
            let start = self.at;
            let key = self.string()?;
            if members.iter().any(|member| member.key == key) {
                return Err(Flaw { at: start, what: format!("`{key}` is there twice") });
            }
            self.skip()?;
            if self.peek() != Some(b':') {
                return Err(self.flaw("a colon is missing after the key"));
            }
            self.at += 1;
            self.skip()?;
            let value = self.value(depth + 1)?;
            members.push(Member { start, key, value, comma_end: self.comma()? });
        }
    }

    fn list(&mut self, depth: usize) -> Result<NodeKind, Flaw> {
        self.at += 1;
        let mut items = Vec::new();
        let mut is_open = true;
        loop {
            self.skip()?;
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    return Ok(NodeKind::List(items));
                }
                None => return Err(self.flaw("a list has no end")),
                Some(_) if !is_open => return Err(self.flaw("a comma is missing before it")),
                Some(_) => {}
            }
            items.push(self.value(depth + 1)?);
            is_open = self.comma()?.is_some();
        }
    }

    /// The byte after the comma that comes next, where one does. Otherwise
    /// nothing is read.
    fn comma(&mut self) -> Result<Option<usize>, Flaw> {
        let before = self.at;
        self.skip()?;
        if self.peek() == Some(b',') {
            self.at += 1;
            return Ok(Some(self.at));
        }
        self.at = before;
        Ok(None)
    }

    /// A string, by the rules of `serde_json`.
    fn string(&mut self) -> Result<String, Flaw> {
        let rest = &self.text[self.at..];
        let mut is_escaped = false;
        let end = rest.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends || byte == b'\n'
        });
        let whole = end.map(|end| &rest[..end + 2]).filter(|whole| whole.ends_with('"'));
        let whole = whole.ok_or_else(|| self.flaw("a text has no closing quote on its line"))?;
        let text = serde_json::from_str(whole)
            .map_err(|error| Flaw { at: self.at, what: format!("the text is wrong: {error}") })?;
        self.at += whole.len();
        Ok(text)
    }

    /// `true`, `false`, `null` or a number.
    fn word(&mut self) -> Result<Value, Flaw> {
        let rest = &self.text[self.at..];
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        let value = match serde_json::from_str(word) {
            Ok(value) => value,
            Err(_) if word.is_empty() => return Err(self.flaw("a value is missing")),
            Err(_) => {
                let what = format!("`{word}` is no value; a text needs double quotes");
                return Err(self.flaw(&what));
            }
        };
        self.at += end;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn comments_and_last_commas_are_allowed() {
        let text = "\u{feff}// mine\n{\n  \"a\": 1, // one\n  /* b */ \"b\": [true, \"x//y\",],\n  \"c\": {\"d\": -1.5e3,},\n}\n// end";
        let node = parse(text).unwrap();
        assert_eq!(node.to_value(), json!({"a": 1, "b": [true, "x//y"], "c": {"d": -1500.0}}));
        let inner = node.at(&["c".to_owned(), "d".to_owned()]).unwrap();
        assert_eq!(&text[inner.start..inner.end], "-1.5e3");
        assert_eq!(place(text, inner.start), (5, 15));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, line, column, what) in [
            ("", 1, 1, "missing at the end"),
            ("{\n  model: 1}", 2, 3, "a key in quotes"),
            ("{\"a\" 1}", 1, 6, "a colon"),
            ("{\"a\": 1\n \"b\": 2}", 2, 2, "a comma is missing"),
            ("[1 2]", 1, 4, "a comma is missing"),
            ("{\"a\": yes}", 1, 7, "double quotes"),
            ("{\"a\": 'x'}", 1, 7, "a value is missing"),
            ("{\"a\": 1, \"a\": 2}", 1, 10, "twice"),
            ("{\"a\": \"x\n\"}", 1, 7, "no closing quote"),
            ("{} x", 1, 4, "after the end"),
            ("{/* ", 1, 2, "a comment"),
            ("{\"ä\": \"\\q\"}", 1, 7, "the text is wrong"),
        ] {
            let flaw = parse(text).unwrap_err();
            assert!(flaw.what.contains(what), "{text}: {flaw:?}");
            assert_eq!(place(text, flaw.at), (line, column), "{text}: {flaw:?}");
        }
        assert!(parse(&"[".repeat(5_000)).is_err());
    }

    #[test]
    fn json_is_read_as_serde_reads_it() {
        for text in [
            "null",
            "0",
            "-0.0",
            "1e400",
            "[[],{}]",
            "\"\\u00e4\\\\\"",
            "{\"\":[]}",
            "01",
            "+1",
            "[,]",
            "{,}",
        ] {
            let expect = serde_json::from_str::<Value>(text).ok();
            assert_eq!(parse(text).ok().map(|node| node.to_value()), expect, "{text}");
        }
    }
}
