use std::cmp::Reverse;
use std::collections::HashSet;

use mlxcode_base::TextRange;

use super::locals::Locals;
use super::qualifier::qualifier;
use super::{Reference, ReferenceKind};
use crate::symbol::{Symbol, parents};
use crate::syntax::{ParsedFile, Topic};

/// How a place uses its name, by the most special pattern that speaks of it.
struct Use {
    pattern: usize,
    /// `None` for a name that uses nothing, such as that of an argument.
    kind: Option<ReferenceKind>,
    is_member: bool,
}

/// What a capture of the query marks.
#[derive(Clone, Copy)]
enum Marked {
    Use { kind: Option<ReferenceKind>, is_member: bool },
    Skipped,
    Other,
}

impl Marked {
    fn of_capture(name: &str) -> Self {
        let kind = name.strip_suffix(".member");
        let is_member = kind.is_some();
        match kind.unwrap_or(name) {
            "skip" => Self::Skipped,
            "none" => Self::Use { kind: None, is_member },
            kind => match ReferenceKind::of_capture(kind) {
                Some(kind) => Self::Use { kind: Some(kind), is_member },
                None => Self::Other,
            },
        }
    }
}

impl ParsedFile {
    /// What the file names, in its order; `symbols` are its own, and the names
    /// where these are defined are no references.
    pub fn references(&self, symbols: &[Symbol]) -> Vec<Reference> {
        let mut skipped = Vec::new();
        let mut places: Vec<(TextRange, Use)> = Vec::new();
        self.matches(Topic::References, Marked::of_capture, |one, marks| {
            for (name, node) in one.captures() {
                let (kind, is_member) = match marks[name] {
                    Marked::Use { kind, is_member } => (kind, is_member),
                    Marked::Skipped => {
                        skipped.push(node.range());
                        continue;
                    }
                    Marked::Other => continue,
                };
                places.push((node.range(), Use { pattern: one.pattern, kind, is_member }));
            }
        });
        skipped.sort_unstable();
        let locals = Locals::of(self);
        let defined: HashSet<TextRange> = symbols.iter().map(|one| one.name_range).collect();
        // The most special that is said of a place comes last, and is kept.
        places.sort_by_key(|(range, one)| (*range, one.pattern));
        places.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                std::mem::swap(next, kept);
            }
            same
        });
        places.retain(|(range, one)| {
            one.kind.is_some()
                && !range.is_empty()
                && !covers(&skipped, *range)
                && !defined.contains(range)
                && (one.is_member || !locals.is_birth(*range))
        });
        let names: Vec<(TextRange, &str)> =
            places.iter().map(|(range, _)| (*range, self.slice(*range))).collect();
        let held = locals.hold(&names);
        let imports = self.import_ranges();
        let around = around(&names, symbols);
        let mut found = Vec::with_capacity(places.len());
        for (number, (range, one)) in places.iter().enumerate() {
            let is_import = covers(&imports, *range);
            let kind = if is_import {
                ReferenceKind::Import
            } else {
                one.kind.unwrap_or(ReferenceKind::Read)
            };
            found.push(Reference {
                name: names[number].1.to_owned(),
                kind,
                range: *range,
                symbol: around[number],
                is_member: one.is_member,
                qualifier: qualifier(self.text(), range.start),
                is_local: held[number] && !one.is_member && !is_import,
                first_type: None,
            });
        }
        self.tell_types(&locals, &mut found);
        found
    }

    /// For each name at a place, where it is born, if it is one that holds
    /// inside of a function alone; all places in order.
    pub fn births_of(&self, names: &[TextRange]) -> Vec<Vec<TextRange>> {
        let locals = Locals::of(self);
        names.iter().map(|range| locals.births_of(*range)).collect()
    }

    /// Where names are born that hold inside of a function alone: its
    /// parameters and its variables.
    pub fn locals(&self) -> Vec<TextRange> {
        Locals::of(self).births
    }
}

fn covers(sorted: &[TextRange], range: TextRange) -> bool {
    let before = sorted.partition_point(|one| one.start <= range.start);
    before.checked_sub(1).is_some_and(|last| range.end <= sorted[last].end)
}

/// The symbol around each place. Both are in order.
fn around(places: &[(TextRange, &str)], symbols: &[Symbol]) -> Vec<Option<usize>> {
    let mut all: Vec<(TextRange, Option<usize>)> =
        symbols.iter().enumerate().map(|(number, one)| (one.range, Some(number))).collect();
    all.extend(places.iter().map(|(range, _)| (*range, None)));
    // A stable sort: of symbols with one range the order is that of the list.
    all.sort_by_key(|(range, number)| (range.start, Reverse(range.end), number.is_none()));
    let holders = parents(all.iter().map(|(range, _)| *range));
    let mut found = Vec::with_capacity(places.len());
    for (place, (_, number)) in all.iter().enumerate() {
        if number.is_none() {
            // Names hold no names, but one may hold a longer one's beginning.
            let mut holder = holders[place];
            while let Some(at) = holder.filter(|at| all[*at].1.is_none()) {
                holder = holders[at];
            }
            found.push(holder.and_then(|at| all[at].1));
        }
    }
    found
}
