//! From the matches of a query to symbols.

use std::cmp::Reverse;
use std::collections::HashMap;

use mlxcode_base::{Language, LineRange, TextRange};
use tree_sitter::Node;

use super::doc::{Remarks, cleaned_string};
use super::name::{declared, split, unquoted};
use super::{Symbol, SymbolKind, Visibility, doc, parents, signature, visibility};
use crate::syntax::{ParsedFile, Topic, range_of};

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
        self.matches(Topic::Symbols, |one| {
            let mut found = Parts::default();
            for (name, node) in one.captures() {
                match name {
                    "name" => found.name = Some(node),
                    "declarator" => found.declarator = Some(node),
                    "body" => found.body = Some(node),
                    "owner" => found.owner = Some(node),
                    "doc" => found.doc = Some(node),
                    "whole" => found.whole = Some((None, node)),
                    "comment" => matches.remarks.add(range_of(node), true),
                    "attribute" => matches.remarks.add(range_of(node), false),
                    "section" => {
                        let section = visibility::of_word(self.text_of(node));
                        matches.sections.extend(section.map(|word| (node.start_byte(), word)));
                    }
                    kind => {
                        let kind = SymbolKind::of_capture(kind);
                        found.whole = kind.map(|kind| (Some(kind), node)).or(found.whole);
                    }
                }
            }
            if let Some((found, is_widened)) = self.found(&found, one.pattern) {
                matches.add(found, is_widened);
            }
        });
        matches.found.retain(|one| !one.name.is_empty());
        matches.remarks.sort();
        matches.sections.sort_unstable_by_key(|(at, _)| *at);
        matches
    }

    /// A definition, and whether the match only says that it reaches further.
    fn found(&self, parts: &Parts<'_>, pattern: usize) -> Option<(Found, bool)> {
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
        let owner = owner.map(|owner| owner.replace("::", ".")).filter(|owner| !owner.is_empty());
        if owner.is_some() && kind == SymbolKind::Function {
            kind = SymbolKind::Method;
        }
        let (first, end) = (whole.start_position(), whole.end_position());
        // A node that ends at the start of a line does not hold that line.
        let last_row = if end.column == 0 { end.row.saturating_sub(1) } else { end.row };
        let body = parts.body.or_else(|| whole.child_by_field_name("body"));
        let found = Found {
            name: last.split_whitespace().collect::<Vec<_>>().join(" "),
            kind,
            name_range: range_of(name),
            range: range_of(whole),
            lines: LineRange::new(first.row + 1, last_row + 1),
            head: signature::start(whole),
            body: body.map(|body| body.start_byte()),
            owner,
            doc: parts.doc.map(|doc| cleaned_doc(self.text_of(doc))),
            pattern,
        };
        Some((found, is_widened))
    }

    /// Leaves out the values that lie in a function.
    fn without_locals(&self, found: &mut Vec<Found>) {
        let mut scopes = Vec::new();
        self.matches(Topic::Scopes, |one| scopes.extend(one.node("scope").map(range_of)));
        if scopes.is_empty() {
            return;
        }
        // What lies around each, of scopes and of types.
        let mut all: Vec<(TextRange, Option<usize>)> =
            scopes.into_iter().map(|scope| (scope, None)).collect();
        all.extend(found.iter().enumerate().map(|(number, one)| (one.range, Some(number))));
        all.sort_by_key(|(range, number)| (range.start, Reverse(range.end), number.is_none()));
        let parents = parents(all.iter().map(|(range, _)| *range));
        // A scope knows that it is one; a symbol asks what lies around it.
        let mut inside = vec![false; all.len()];
        let mut local = vec![false; found.len()];
        for (place, (_, number)) in all.iter().enumerate() {
            let around = parents[place].is_some_and(|parent| inside[parent]);
            inside[place] = match number {
                None => true,
                Some(number) => {
                    let kind = found[*number].kind;
                    local[*number] = around && kind.is_value();
                    around && !kind.is_type()
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
            let head = if is_code(self.language()) { head } else { first_line(head) };
            let before = self.text().get(one.head..one.name_range.start).unwrap_or_default();
            let section = matches.sections.partition_point(|(at, _)| *at < one.range.start);
            let section = section.checked_sub(1).map(|last| matches.sections[last]);
            let section = section.filter(|(at, _)| around.is_some_and(|a| a.range.start < *at));
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

fn is_code(language: Language) -> bool {
    !matches!(
        language,
        Language::Html | Language::Json | Language::Markdown | Language::Toml | Language::Yaml
    )
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
