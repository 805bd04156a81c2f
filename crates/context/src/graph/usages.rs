//! Who uses something, and what something calls.

use std::collections::HashSet;

use mlxcode_base::{LineIndex, RelPath, TextRange};
use serde::Serialize;

use super::file::GraphFile;
use super::resolve::Resolver;
use super::{Answer, Certainty, CodeGraph, NodeId, Place};
use crate::import::FileSet;
use crate::reference::ReferenceKind;

/// What a language calls the object itself.
const SELVES: [&str; 6] = ["self", "this", "$this", "cls", "Self", "static"];

/// A place that uses something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CodeUsage {
    /// The file.
    pub path: RelPath,
    /// Where the name stands.
    pub range: TextRange,
    /// The line, from one.
    pub line: usize,
    /// How it is used.
    pub kind: ReferenceKind,
    /// The symbol whose code uses it, by its path in the file.
    pub inside: Option<String>,
    /// How sure it is that this is meant.
    pub certainty: Certainty,
}

impl CodeGraph {
    /// Who uses some nodes, in the order of files and places. `code` has the
    /// texts of the tree that the graph was built from. Members of JavaScript
    /// and TypeScript that share a declaration in a type above count as one.
    pub fn references(&self, code: &dyn FileSet, nodes: &[NodeId]) -> Vec<CodeUsage> {
        let wanted = nodes.iter().map(|node| self.place_of(*node)).collect();
        let wanted = self.with_kindred(wanted);
        let mut found = Vec::new();
        for (file, known) in self.leading_to(&wanted).into_iter().enumerate() {
            let file = &self.files[file];
            let mut index = None;
            for (reference, certainty) in known {
                let one = &file.references()[reference as usize];
                let index = index.get_or_insert_with(|| {
                    LineIndex::new(&code.text(&file.path).unwrap_or_default())
                });
                found.push(CodeUsage {
                    path: file.path.clone(),
                    range: one.range,
                    line: index.line_of(one.range.start),
                    kind: one.kind,
                    inside: one.symbol.map(|symbol| file.symbols()[symbol].path()),
                    certainty,
                });
            }
        }
        found
    }

    /// Who calls some nodes.
    pub fn callers(&self, code: &dyn FileSet, nodes: &[NodeId]) -> Vec<CodeUsage> {
        let mut found = self.references(code, nodes);
        found.retain(|one| one.kind == ReferenceKind::Call || one.kind == ReferenceKind::Macro);
        found
    }

    /// What the code of a node calls, each once, in the order of its text.
    pub fn callees(&self, node: NodeId) -> Vec<NodeId> {
        let Some(id) = self.symbol_of(node) else { return Vec::new() };
        let file = &self.files[id.file as usize];
        let range = file.symbols()[id.symbol as usize].range;
        let resolver = Resolver::new(&self.files, &self.names);
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for (reference, one) in file.references().iter().enumerate() {
            let inside = range.start <= one.range.start && one.range.end <= range.end;
            let calls = matches!(one.kind, ReferenceKind::Call | ReferenceKind::Macro);
            if !inside || !calls || one.is_local {
                continue;
            }
            let answer = self.answer(&resolver, id.file, reference as u32);
            for place in answer.iter().flat_map(|answer| &answer.places) {
                let Place::Symbol(id) = place else { continue };
                let called = self.symbol_node(*id);
                if seen.insert(called) {
                    found.push(called);
                }
            }
        }
        found
    }

    /// Where a reference leads, looked up where all is known.
    pub(super) fn answer(
        &self,
        resolver: &Resolver<'_>,
        file: u32,
        reference: u32,
    ) -> Option<Answer> {
        let Some(joined) = self.joined.get() else { return resolver.answer(file, reference) };
        let known = &joined.known[file as usize];
        let place = known.binary_search_by_key(&reference, |(one, _)| *one).ok()?;
        Some(known[place].1.clone())
    }

    pub(super) fn place_of(&self, node: NodeId) -> Place {
        match self.symbol_of(node) {
            Some(id) => Place::Symbol(id),
            None => Place::File(node.0),
        }
    }

    /// By file, the references that lead to one of some places.
    fn leading_to(&self, wanted: &HashSet<Place>) -> Vec<Vec<(u32, Certainty)>> {
        let leads = |answer: &Answer| answer.places.iter().any(|place| wanted.contains(place));
        if let Some(joined) = self.joined.get() {
            let known = |known: &Vec<(u32, Answer)>| {
                let known = known.iter().filter(|(_, answer)| leads(answer));
                known.map(|(one, answer)| (*one, answer.certainty)).collect()
            };
            return joined.known.iter().map(known).collect();
        }
        // Most files name nothing that could be meant, and are not looked into.
        let (names, selves) = self.names_for(wanted);
        self.by_file(|resolver, number| {
            let file = &self.files[number as usize];
            let fits = |name: &str| {
                names.contains(name) || (selves.contains(&number) && SELVES.contains(&name))
            };
            if !file.may_name(fits) {
                return Vec::new();
            }
            let mut found = Vec::new();
            for (reference, one) in file.references().iter().enumerate() {
                if one.is_local || !fits(&one.name) {
                    continue;
                }
                let reference = reference as u32;
                let answer = resolver.answer(number, reference).filter(leads);
                found.extend(answer.map(|answer| (reference, answer.certainty)));
            }
            found
        })
    }

    /// The names by which some places may be called, and the files in which
    /// the object itself may be one of them.
    fn names_for(&self, wanted: &HashSet<Place>) -> (HashSet<String>, HashSet<u32>) {
        let mut names = HashSet::new();
        let (mut files, mut selves) = (HashSet::new(), HashSet::new());
        for place in wanted {
            match place {
                Place::Symbol(id) => {
                    let symbol = &self.files[id.file as usize].symbols()[id.symbol as usize];
                    names.insert(symbol.name.clone());
                    files.insert(&self.files[id.file as usize].path);
                    if symbol.kind.is_type() {
                        selves.insert(id.file);
                    }
                }
                Place::File(file) => {
                    let path = &self.files[*file as usize].path;
                    files.insert(path);
                    names.extend(module_names(path.as_str()));
                }
                Place::Spot(..) => {}
            }
        }
        // What is taken from one of the files as a whole may have any name.
        for import in self.files.iter().flat_map(GraphFile::imports) {
            let written = &import.import;
            if import.files.iter().any(|path| files.contains(path)) {
                names.extend(written.alias.clone());
                names.insert(written.source.clone());
                names.extend(last_names(&written.source));
            }
            for (name, module) in written.names.iter().zip(&import.modules) {
                if module.as_ref().is_some_and(|path| files.contains(path)) {
                    names.insert(name.name.clone());
                }
            }
        }
        // A name that is handed on under another may be so again.
        loop {
            let before = names.len();
            for import in self.files.iter().flat_map(GraphFile::imports) {
                for one in &import.import.names {
                    if let Some(alias) = one.alias.as_ref().filter(|_| names.contains(&one.name)) {
                        names.insert(alias.clone());
                    }
                }
            }
            if names.len() == before {
                return (names, selves);
            }
        }
    }
}

/// What the source of an import may be called: its last part, whatever parts
/// it.
fn last_names(source: &str) -> impl Iterator<Item = String> {
    let separators: [&[char]; 5] = [&['.'], &[':'], &['/'], &['\\'], &['.', ':', '/', '\\']];
    let last = |separator: &[char]| source.rsplit(separator).next().map(str::to_owned);
    separators.into_iter().filter_map(last)
}

/// The names by which a file may be called as a module: its own, or that of
/// its folder.
fn module_names(path: &str) -> impl Iterator<Item = String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.split('.').next().unwrap_or(name);
    let around = folder.rsplit('/').next().unwrap_or_default();
    [stem.to_owned(), around.to_owned()].into_iter()
}
