//! From facts to a graph.

use super::adjacency::Adjacency;
use super::names::Names;
use super::resolve::Resolver;
use super::{CodeGraph, FileFacts, Place};

/// What an import weighs beside a use.
const IMPORT_WEIGHT: f32 = 1.0;

impl CodeGraph {
    /// Resolves all that the files name, and joins what uses what.
    pub fn new(facts: impl IntoIterator<Item = FileFacts>) -> Self {
        let mut facts: Vec<FileFacts> = facts.into_iter().collect();
        facts.sort_by(|one, other| one.path.cmp(&other.path));
        let names = Names::of(&facts);
        let mut starts = Vec::with_capacity(facts.len());
        let mut count = facts.len() as u32;
        for file in &facts {
            starts.push(count);
            count += file.symbols.len() as u32;
        }
        let resolver = Resolver::new(&facts, &names);
        let mut known = Vec::with_capacity(facts.len());
        let (mut files, mut uses) = (Vec::new(), Vec::new());
        for (number, file) in facts.iter().enumerate() {
            let number = number as u32;
            let imports = file.imports.iter();
            let modules =
                imports.flat_map(|one| one.files.iter().chain(one.modules.iter().flatten()));
            let imported = modules.filter_map(|path| resolver.file(path));
            files.extend(imported.map(|other| (number, other, IMPORT_WEIGHT)));
            let mut own = Vec::new();
            for (place, one) in file.references.iter().enumerate() {
                if one.is_local {
                    continue;
                }
                let Some(answer) = resolver.answer(number, place as u32) else { continue };
                let from =
                    one.symbol.map_or(number, |symbol| starts[number as usize] + symbol as u32);
                let share = 1.0 / answer.places.len() as f32;
                for target in &answer.places {
                    let (other, node) = match target {
                        Place::Symbol(id) => (id.file, starts[id.file as usize] + id.symbol),
                        Place::File(other) | Place::Spot(other, _) => (*other, *other),
                    };
                    files.push((number, other, share));
                    if !matches!(target, Place::Spot(..)) {
                        uses.push((from, node, share));
                    }
                }
                own.push((place as u32, answer));
            }
            known.push(own);
        }
        files.retain(|(from, to, _)| from != to);
        uses.retain(|(from, to, _)| from != to);
        let files = Adjacency::new(facts.len(), files);
        let uses = Adjacency::new(count as usize, uses);
        let (files_back, uses_back) = (files.reversed(), uses.reversed());
        Self { facts, names, starts, known, files, files_back, uses, uses_back }
    }
}
