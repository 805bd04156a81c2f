//! Reads the text of a query.

use regex::bytes::Regex;

use super::{Check, Item, Kind, Pattern, Patterns, Shape, Test};
use crate::syntax::languages::Grammar;

impl Patterns {
    /// Reads a query for a grammar. What the query language has beyond what
    /// the queries here use is refused, with what and where it is.
    pub fn read(text: &str, grammar: &Grammar) -> Result<Self, String> {
        let mut reader = Reader { text, at: 0, grammar, names: Vec::new(), checks: Vec::new() };
        let mut all: Vec<Pattern> = Vec::new();
        while reader.skip_blanks() {
            let items = reader.pattern()?;
            all.push(Pattern { items, checks: std::mem::take(&mut reader.checks) });
        }
        let mut by_kind = vec![Vec::new(); grammar.kind_count()];
        for (number, pattern) in all.iter().enumerate() {
            let Some(first) = pattern.items.first() else { continue };
            for shape in &first.shapes {
                let Kind::Id(kind) = shape.kind else {
                    return Err(reader.wrong("a pattern that begins with any node"));
                };
                let known: &mut Vec<u16> = &mut by_kind[usize::from(kind)];
                if known.last() != Some(&(number as u16)) {
                    known.push(number as u16);
                }
            }
        }
        Ok(Self { names: reader.names, all, by_kind })
    }
}

struct Reader<'r> {
    text: &'r str,
    at: usize,
    grammar: &'r Grammar,
    names: Vec<String>,
    checks: Vec<Check>,
}

impl<'r> Reader<'r> {
    fn wrong(&self, what: &str) -> String {
        format!("{what}, at byte {}", self.at)
    }

    fn rest(&self) -> &'r str {
        &self.text[self.at..]
    }

    /// Goes to the next sign; `false` at the end.
    fn skip_blanks(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            self.at += blank;
            if !self.rest().starts_with(';') {
                return !self.rest().is_empty();
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    /// Takes a sign if it comes next.
    fn takes(&mut self, sign: &str) -> bool {
        self.skip_blanks();
        let is_next = self.rest().starts_with(sign);
        self.at += if is_next { sign.len() } else { 0 };
        is_next
    }

    fn word(&mut self) -> Result<&'r str, String> {
        self.skip_blanks();
        let rest = self.rest();
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '?');
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.wrong("a name is missing"));
        }
        self.at += end;
        Ok(&rest[..end])
    }

    /// A text in quotes, if one comes next.
    fn quoted(&mut self) -> Result<Option<String>, String> {
        if !self.takes("\"") {
            return Ok(None);
        }
        let mut out = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                '"' => {
                    self.at += at + 1;
                    return Ok(Some(out));
                }
                '\\' => out.extend(chars.next().map(|(_, escaped)| escaped)),
                char => out.push(char),
            }
        }
        Err(self.wrong("a text has no end"))
    }

    /// One pattern: a node, or a group of neighbours.
    fn pattern(&mut self) -> Result<Vec<Item>, String> {
        let begin = self.at;
        if self.takes("(") {
            self.skip_blanks();
            if self.rest().starts_with(['(', '[', '"']) {
                let (items, is_closed, _) = self.children(")")?;
                if is_closed {
                    return Err(self.wrong("a group that must be at the end"));
                }
                return self.captured(items);
            }
            self.at = begin;
        }
        Ok(vec![self.item()?])
    }

    /// The captures behind a group belong to its only node.
    fn captured(&mut self, mut items: Vec<Item>) -> Result<Vec<Item>, String> {
        self.skip_blanks();
        if self.rest().starts_with('@') {
            let [only] = items.as_mut_slice() else {
                return Err(self.wrong("a capture of several nodes"));
            };
            self.postfix(only)?;
        }
        Ok(items)
    }

    /// A node with its field, captures and quantifier.
    fn item(&mut self) -> Result<Item, String> {
        self.skip_blanks();
        let begin = self.at;
        let mut field = 0;
        if self.rest().starts_with(|c: char| c.is_alphabetic() || c == '_') {
            let name = self.word()?;
            if self.takes(":") {
                let known = self.grammar.field(name);
                field = known.ok_or_else(|| self.wrong("no such field"))?;
            } else {
                self.at = begin;
            }
        }
        let shapes = self.shapes()?;
        let mut item = Item { shapes, field, is_immediate: false, repeats: false };
        self.postfix(&mut item)?;
        Ok(item)
    }

    fn postfix(&mut self, item: &mut Item) -> Result<(), String> {
        loop {
            if self.takes("@") {
                let name = self.word()?;
                let capture = self.capture(name);
                for shape in &mut item.shapes {
                    shape.captures.push(capture);
                }
            } else if self.takes("*") {
                item.repeats = true;
            } else if self.takes("?") || self.takes("+") {
                return Err(self.wrong("a quantifier that is not known"));
            } else {
                break;
            }
        }
        let is_leaf = |shape: &Shape| shape.children.is_empty() && !shape.is_closed;
        let is_alike = item.is_plain() && item.field == 0 && item.shapes.iter().all(is_leaf);
        if item.repeats && !is_alike {
            return Err(self.wrong("any number of nodes that are not alike"));
        }
        Ok(())
    }

    fn capture(&mut self, name: &str) -> u16 {
        let known = self.names.iter().position(|known| known == name);
        let place = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        place as u16
    }

    /// What a node may be.
    fn shapes(&mut self) -> Result<Vec<Shape>, String> {
        if self.takes("[") {
            let mut all = Vec::new();
            while !self.takes("]") {
                let one = self.item()?;
                if one.field != 0 || one.repeats {
                    return Err(self.wrong("a field or a quantifier of one choice"));
                }
                all.extend(one.shapes);
            }
            return Ok(all);
        }
        if let Some(sign) = self.quoted()? {
            return Ok(vec![self.shape(&sign, false)?]);
        }
        if self.takes("(") {
            self.skip_blanks();
            if self.rest().starts_with(['(', '[']) {
                let (mut items, is_closed, _) = self.children(")")?;
                return match (items.pop(), items.is_empty(), is_closed) {
                    (Some(only), true, false) if only.field == 0 && !only.is_immediate => {
                        Ok(only.shapes)
                    }
                    _ => Err(self.wrong("a group among children")),
                };
            }
            let name = self.word()?;
            let mut shape = self.shape(name, true)?;
            (shape.children, shape.is_closed, shape.absent) = self.children(")")?;
            return Ok(vec![shape]);
        }
        match self.word()? {
            "_" => Ok(vec![self.shape("_", false)?]),
            _ => Err(self.wrong("a word that is no node")),
        }
    }

    fn shape(&self, name: &str, is_named: bool) -> Result<Shape, String> {
        let kind = match (name, is_named) {
            ("_", true) => Kind::Named,
            ("_", false) => Kind::Every,
            _ => {
                let id = self.grammar.language.id_for_node_kind(name, is_named);
                // A kind that only stands for others is no node's.
                if id == 0 || self.grammar.language.node_kind_is_supertype(id) {
                    return Err(self.wrong("no such node"));
                }
                Kind::Id(id)
            }
        };
        let (captures, children, absent) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Shape { kind, captures, children, is_closed: false, absent })
    }

    /// Children, whether the last must be the last, and the fields that must
    /// be absent.
    fn children(&mut self, end: &str) -> Result<(Vec<Item>, bool, Vec<u16>), String> {
        let mut items: Vec<Item> = Vec::new();
        let mut absent = Vec::new();
        let mut is_immediate = false;
        loop {
            if self.takes(end) {
                return Ok((items, is_immediate, absent));
            }
            if self.takes(".") {
                is_immediate = true;
            } else if self.takes("!") {
                let name = self.word()?;
                let known = self.grammar.field(name);
                absent.push(known.ok_or_else(|| self.wrong("no such field"))?);
            } else if self.is_check() {
                self.check()?;
            } else {
                let mut item = self.item()?;
                item.is_immediate = std::mem::take(&mut is_immediate);
                if item.repeats && !item.is_immediate {
                    return Err(self.wrong("any number of nodes anywhere"));
                }
                items.push(item);
            }
        }
    }

    fn is_check(&mut self) -> bool {
        self.skip_blanks();
        let inner = self.rest().strip_prefix('(');
        inner.is_some_and(|inner| inner.trim_start().starts_with('#'))
    }

    /// A condition: `(#eq? @name "text")`.
    fn check(&mut self) -> Result<(), String> {
        self.takes("(");
        self.takes("#");
        let name = self.word()?;
        if !self.takes("@") {
            return Err(self.wrong("a condition without a capture"));
        }
        let capture = self.word()?;
        let capture = self.capture(capture);
        let mut texts = Vec::new();
        while let Some(text) = self.quoted()? {
            texts.push(text);
        }
        if !self.takes(")") {
            return Err(self.wrong("a condition has no end"));
        }
        let (test, is_negated) = match (name, texts.as_slice()) {
            ("eq?", [_]) | ("any-of?", [_, ..]) => (Test::OneOf(texts), false),
            ("match?" | "not-match?", [one]) => {
                let wrong = |_| self.wrong("a wrong regular expression");
                (Test::Match(Regex::new(one).map_err(wrong)?), name == "not-match?")
            }
            _ => return Err(self.wrong("a condition that is not known")),
        };
        self.checks.push(Check { capture, test, is_negated });
        Ok(())
    }
}
