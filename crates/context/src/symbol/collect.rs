//! From the matches of a query to symbols.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use mlxcode_base::{Language, LineIndex, LineRange, TextRange};

use super::doc::{Remarks, cleaned_string};
use super::name::{declared, split, unquoted};
use super::{Symbol, SymbolKind, Visibility, doc, parents, signature, visibility};
use crate::syntax::{Node, ParsedFile, ScopePart, Topic};

/// The path to what lies deeper ends here: in a file made to nest without end
/// each would be longer than the one before.
const MOST_PATH_BYTES: usize = 512;

/// A definition as the query gives it; several matches may be about one.
struct Found {
    name: String,
    kind: SymbolKind,
    name_range: TextRange,
    range: TextRange,
    lines: LineRange,
    /// Where its own words begin, behind its attributes.
    head: usize,
    /// Where its body begins.
    body: Option<usize>,
    /// What it belongs to, where that does not stand around it.
    owner: Option<String>,
    doc: Option<String>,
    pattern: usize,
}

/// What can lie around a value.
enum Around {
    /// A function, or a block of one: values in it are its own.
    Function,
    /// The body of a type, named or not.
    Type,
    /// The symbol of that number.
    Symbol(usize),
}

/// What the symbols query of a file gives.
#[derive(Default)]
struct Matches {
    found: Vec<Found>,
    /// Places of matches in `found`, by their names' places.
    places: HashMap<TextRange, usize>,
    remarks: Remarks,
    /// Lines such as `private:`, and where they stand.
    sections: Vec<(usize, Visibility)>,
}

impl ParsedFile {
    /// What the file defines, in its order, outer symbols first. Values inside
    /// of functions are nobody else's and are left out.
    pub fn symbols(&self) -> Vec<Symbol> {
        let mut matches = self.symbol_matches();
        for one in &mut matches.found {
            let above = matches.remarks.above(self.text(), one.range.start, self.language());
            if above.start < one.range.start {
                let added = self.text()[above.start..one.range.start].matches('\n').count();
                one.lines.first = one.lines.first.saturating_sub(added).max(1);
                one.range.start = above.start;
            }
            one.doc.get_or_insert(above.doc);
        }
        matches
            .found
            .sort_by_key(|one| (one.range.start, Reverse(one.range.end), one.name_range.start));
        self.without_locals(&mut matches.found);
        self.finished(matches)
    }

    fn symbol_matches(&self) -> Matches {
        let mut matches = Matches::default();
        let lines = LineIndex::new(self.text());
        self.matches(Topic::Symbols, Mark::of_capture, |one, marks| {
            let mut found = Parts::default();
            for (name, node) in one.captures() {
                match marks[name] {
                    Mark::Name => found.name = Some(node),
                    Mark::Declarator => found.declarator = Some(node),
                    Mark::Body => found.body = Some(node),
                    Mark::Owner => found.owner = Some(node),
                    Mark::Doc => found.doc = Some(node),
                    Mark::Whole(kind) => found.whole = Some((kind, node)),
                    Mark::Remark { is_comment } => matches.remarks.add(node.range(), is_comment),
                    Mark::Section => {
                        let section = visibility::of_word(self.text_of(node));
                        matches.sections.extend(section.map(|word| (node.start_byte(), word)));
                    }
                    Mark::Other => {}
                }
            }
            if let Some((found, is_widened)) = self.found(&found, one.pattern, &lines) {
                matches.add(found, is_widened);
            }
        });
        matches.found.retain(|one| !one.name.is_empty());
        if self.language() == Language::Markdown {
            sections(self.text(), &mut matches.found);
        }
        matches.remarks.sort();
        matches.sections.sort_unstable_by_key(|(at, _)| *at);
        matches
    }

    /// A definition, and whether the match only says that it reaches further.
    fn found(&self, parts: &Parts<'_>, pattern: usize, lines: &LineIndex) -> Option<(Found, bool)> {
        let (kind, whole) = parts.whole?;
        let is_widened = kind.is_none();
        let mut kind = kind.unwrap_or(SymbolKind::Variable);
        let name = match parts.declarator {
            Some(declarator) => {
                let declared = declared(declarator)?;
                if declared.is_function && kind.is_value() {
                    kind = SymbolKind::Function;
                }
                declared.name
            }
            None => parts.name?,
        };
        let written = self.text_of(name);
        let (last, before) = match self.language() {
            Language::C | Language::Cpp => split(written),
            Language::Rust => (split(written).0, None),
            Language::Ruby => (written.trim_start_matches(':'), None),
            _ => (unquoted(written), None),
        };
        let owner = parts.owner.map(|owner| split(self.text_of(owner)).0).or(before);
        let owner = owner.map(|owner| owner.replace("::", "."));
        let plain = |owner: String| {
            let owner = owner.trim_start_matches("module.").trim_end_matches(".prototype");
            owner.to_owned()
        };
        let owner = owner.map(plain).filter(|owner| !owner.is_empty());
        if owner.is_some() && kind == SymbolKind::Function {
            kind = SymbolKind::Method;
        }
        // The blank lines behind it, which some grammars count in, are not its.
        let kept = self.text_of(whole).trim_end();
        let range = TextRange::new(whole.start_byte(), whole.start_byte() + kept.len());
        let lines = LineRange::new(lines.line_of(range.start), lines.line_of(range.end));
        let body = parts.body.or_else(|| whole.child_by_field_name("body"));
        // `Write(Port)` is what a case is called with, no body.
        let is_head =
            |body: &Node<'_>| kind == SymbolKind::Variant && self.text_of(*body).starts_with('(');
        let body = body.filter(|body| !is_head(body));
        // Where the last name stands in a written path.
        let skipped = last.as_ptr() as usize - written.as_ptr() as usize;
        let name_start = name.start_byte() + skipped;
        let found = Found {
            name: last.split_whitespace().collect::<Vec<_>>().join(" "),
            kind,
            name_range: TextRange::new(name_start, name_start + last.len()),
            range,
            lines,
            head: signature::start(whole),
            body: body.map(Node::start_byte),
            owner,
            doc: parts.doc.map(|doc| cleaned_doc(self.text_of(doc))),
            pattern,
        };
        Some((found, is_widened))
    }

    /// Leaves out the values that lie in a function.
    fn without_locals(&self, found: &mut Vec<Found>) {
        let mut all: Vec<(TextRange, Around)> = self
            .scopes()
            .iter()
            .filter_map(|(part, range)| match part {
                ScopePart::Function => Some((*range, Around::Function)),
                ScopePart::Members => Some((*range, Around::Type)),
                ScopePart::Local | ScopePart::Names => None,
            })
            .collect();
        if all.is_empty() {
            return;
        }
        let types = all.iter().filter(|(_, around)| matches!(around, Around::Type));
        let members: HashSet<TextRange> = types.map(|(range, _)| *range).collect();
        let symbols = found.iter().enumerate();
        all.extend(symbols.map(|(number, one)| (one.range, Around::Symbol(number))));
        // Of a function and the symbol that it is, the function is the inner, and
        // what shows its names outside is the innermost.
        all.sort_by_key(|(range, around)| {
            let inner = match around {
                Around::Symbol(_) => 0,
                Around::Function => 1,
                Around::Type => 2,
            };
            (range.start, Reverse(range.end), inner)
        });
        let parents = parents(all.iter().map(|(range, _)| *range));
        let mut inside = vec![false; all.len()];
        let mut local = vec![false; found.len()];
        for (place, (_, around)) in all.iter().enumerate() {
            let outer = parents[place].is_some_and(|parent| inside[parent]);
            inside[place] = match around {
                Around::Function => true,
                Around::Type => false,
                Around::Symbol(number) => {
                    let kind = found[*number].kind;
                    let is_member = members.contains(&found[*number].range);
                    local[*number] = outer && kind.is_value() && !is_member;
                    outer && !kind.is_type()
                }
            };
        }
        let mut local = local.into_iter();
        found.retain(|_| !local.next().unwrap_or_default());
    }

    fn finished(&self, matches: Matches) -> Vec<Symbol> {
        let parents = parents(matches.found.iter().map(|one| one.range));
        let mut symbols: Vec<Symbol> = Vec::with_capacity(matches.found.len());
        for (one, parent) in matches.found.into_iter().zip(parents) {
            let around = parent.map(|parent: usize| &symbols[parent]);
            let in_type = around.is_some_and(|around| around.kind.is_type());
            let kind = match one.kind {
                SymbolKind::Function if in_type => SymbolKind::Method,
                SymbolKind::Variable if in_type => SymbolKind::Field,
                kind => kind,
            };
            let mut container = around.map(Symbol::path).unwrap_or_default();
            if container.len() > MOST_PATH_BYTES {
                container = around.map(|around| around.container.clone()).unwrap_or_default();
            }
            if let Some(owner) = one.owner {
                let parted = !container.is_empty();
                container = format!("{container}{}{owner}", if parted { "." } else { "" });
            }
            let end = one.body.unwrap_or(one.range.end);
            let head = self.text().get(one.head..end).unwrap_or_default();
            // Data and prose have no heads but their first lines.
            let head = if self.language().is_code() { head } else { first_line(head) };
            let before = self.text().get(one.head..one.name_range.start).unwrap_or_default();
            let section = matches.sections.partition_point(|(at, _)| *at < one.range.start);
            let section = section.checked_sub(1).map(|last| matches.sections[last]);
            let section = section.filter(|(at, _)| {
                around.is_some_and(|around| around.kind.is_type() && around.range.start < *at)
            });
            let mut symbol = Symbol {
                name: one.name,
                kind,
                container,
                parent,
                signature: signature::line(head, kind.is_value()),
                doc: one.doc.unwrap_or_default(),
                name_range: one.name_range,
                range: one.range,
                lines: one.lines,
                visibility: Visibility::Public,
            };
            let section = section.map(|(_, word)| word);
            symbol.visibility =
                visibility::visibility(self.language(), &symbol, before, section, around);
            symbols.push(symbol);
        }
        symbols
    }
}

/// What a capture of the query marks.
#[derive(Clone, Copy)]
enum Mark {
    Name,
    Declarator,
    Body,
    Owner,
    Doc,
    /// A definition of a kind, or one that reaches further than others say.
    Whole(Option<SymbolKind>),
    Remark {
        is_comment: bool,
    },
    Section,
    Other,
}

impl Mark {
    fn of_capture(name: &str) -> Self {
        match name {
            "name" => Self::Name,
            "declarator" => Self::Declarator,
            "body" => Self::Body,
            "owner" => Self::Owner,
            "doc" => Self::Doc,
            "whole" => Self::Whole(None),
            "comment" => Self::Remark { is_comment: true },
            "attribute" => Self::Remark { is_comment: false },
            "section" => Self::Section,
            kind => match SymbolKind::of_capture(kind) {
                Some(kind) => Self::Whole(Some(kind)),
                None => Self::Other,
            },
        }
    }
}

/// The captures of one match.
#[derive(Default)]
struct Parts<'t> {
    name: Option<Node<'t>>,
    declarator: Option<Node<'t>>,
    whole: Option<(Option<SymbolKind>, Node<'t>)>,
    body: Option<Node<'t>>,
    owner: Option<Node<'t>>,
    doc: Option<Node<'t>>,
}

impl Matches {
    /// Joins what several matches say of one name: it reaches as far as any
    /// says, and is what the most special says.
    fn add(&mut self, new: Found, is_widened: bool) {
        let Some(place) = self.places.get(&new.name_range) else {
            self.places.insert(new.name_range, self.found.len());
            // A match that only widens is nothing without another.
            let new = if is_widened { Found { name: String::new(), ..new } } else { new };
            self.found.push(new);
            return;
        };
        let old = &mut self.found[*place];
        let wider = new.range.len() > old.range.len();
        if !is_widened && (new.pattern >= old.pattern || old.name.is_empty()) {
            (old.kind, old.pattern) = (new.kind, new.pattern);
            old.name = new.name;
        }
        old.body = old.body.max(new.body);
        old.owner = new.owner.or(old.owner.take());
        old.doc = new.doc.or(old.doc.take());
        if wider {
            (old.range, old.lines, old.head) = (new.range, new.lines, new.head);
        }
    }
}

/// Lets each heading reach to the next of its level or above.
fn sections(text: &str, headings: &mut [Found]) {
    headings.sort_by_key(|one| one.range.start);
    let level = |one: &Found| {
        let written = &text[one.range.start..one.range.end];
        match written.trim_start().bytes().take_while(|byte| *byte == b'#').count() {
            0 if written.trim_end().ends_with('=') => 1,
            0 => 2,
            level => level,
        }
    };
    let levels: Vec<usize> = headings.iter().map(level).collect();
    let index = LineIndex::new(text);
    let mut open: Vec<usize> = Vec::new();
    for place in 0..=headings.len() {
        let start = headings.get(place).map_or(text.len(), |one| one.range.start);
        let level = levels.get(place).copied().unwrap_or(0);
        while let Some(last) = open.pop_if(|last| levels[*last] >= level) {
            let one = &mut headings[last];
            one.body.get_or_insert(one.range.end);
            one.range.end = one.range.start + text[one.range.start..start].trim_end().len();
            one.lines = index.lines_of(one.range);
        }
        open.push(place);
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn cleaned_doc(written: &str) -> String {
    if written.starts_with('/') || written.starts_with('#') {
        return doc::cleaned(&[written]);
    }
    cleaned_string(written)
}
