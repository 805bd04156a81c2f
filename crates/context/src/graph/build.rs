//! From facts to a graph.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::adjacency::Adjacency;
use super::file::GraphFile;
use super::names::Names;
use super::resolve::Resolver;
use super::{Answer, CodeGraph, FileFacts, Place};
use crate::cache::ParseCache;
use crate::index::IndexedTree;
use crate::walk::threads;

/// What an import weighs beside a use.
const IMPORT_WEIGHT: f32 = 1.0;

/// Files that a thread takes at once.
const FILES_AT_ONCE: usize = 16;

/// Room for files that were parsed, which is a few dozen.
const PARSED_BYTES: usize = 32 << 20;

/// All names of all files, with where they lead.
pub struct Joined {
    /// By file, its references that are known.
    pub known: Vec<Vec<(u32, Answer)>>,
    /// Which file uses which.
    pub files: Adjacency,
    pub files_back: Adjacency,
    /// Which symbol uses which; a file's node is its code outside of symbols.
    pub uses: Adjacency,
    pub uses_back: Adjacency,
}

/// What one file uses.
#[derive(Default)]
struct Used {
    known: Vec<(u32, Answer)>,
    files: Vec<(u32, u32, f32)>,
    nodes: Vec<(u32, u32, f32)>,
}

impl CodeGraph {
    /// A graph of files whose facts are at hand.
    pub fn new(facts: impl IntoIterator<Item = FileFacts>) -> Self {
        Self::of(facts.into_iter().map(GraphFile::of_facts).collect())
    }

    /// A graph of what an index knows. A file is decoded, and its text read,
    /// when something is asked that it matters for.
    pub fn of_index(tree: &Arc<IndexedTree>) -> Self {
        Self::of((0..tree.code_count()).map(|place| GraphFile::of_index(tree, place)).collect())
    }

    fn of(mut files: Vec<GraphFile>) -> Self {
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let names = Names::of(&files);
        let mut starts = Vec::with_capacity(files.len());
        let mut node_count = files.len() as u32;
        for file in &files {
            starts.push(node_count);
            node_count += file.symbol_count;
        }
        let (joined, parsed) = (OnceLock::new(), ParseCache::new(PARSED_BYTES));
        Self { files, names, starts, node_count, joined, parsed }
    }

    /// What uses what, over all files.
    pub(super) fn joined(&self) -> &Joined {
        self.joined.get_or_init(|| {
            let (mut known, mut files, mut uses) = (Vec::new(), Vec::new(), Vec::new());
            for used in self.by_file(|resolver, file| self.used(resolver, file)) {
                known.push(used.known);
                files.extend(used.files);
                uses.extend(used.nodes);
            }
            let files = Adjacency::new(self.files.len(), files);
            let uses = Adjacency::new(self.node_count as usize, uses);
            let (files_back, uses_back) = (files.reversed(), uses.reversed());
            Joined { known, files, files_back, uses, uses_back }
        })
    }

    /// Asks something of each file on several threads, in their order.
    pub(super) fn by_file<T: Send>(&self, ask: impl Fn(&Resolver<'_>, u32) -> T + Sync) -> Vec<T> {
        let next = AtomicUsize::new(0);
        let found = Mutex::new(Vec::with_capacity(self.files.len()));
        let work = || {
            let resolver = Resolver::new(&self.files, &self.names);
            let mut own = Vec::new();
            loop {
                let first = next.fetch_add(FILES_AT_ONCE, Ordering::Relaxed);
                let some = first..(first + FILES_AT_ONCE).min(self.files.len());
                if some.is_empty() {
                    break;
                }
                own.extend(some.map(|file| (file, ask(&resolver, file as u32))));
            }
            found.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
        };
        std::thread::scope(|scope| {
            for _ in 1..threads().min(self.files.len().div_ceil(FILES_AT_ONCE)) {
                scope.spawn(work);
            }
            work();
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_unstable_by_key(|(file, _)| *file);
        found.into_iter().map(|(_, one)| one).collect()
    }

    fn used(&self, resolver: &Resolver<'_>, number: u32) -> Used {
        let file = &self.files[number as usize];
        let mut used = Used::default();
        let imports = file.imports().iter();
        let modules = imports.flat_map(|one| one.files.iter().chain(one.modules.iter().flatten()));
        let imported = modules.filter_map(|path| resolver.file(path));
        used.files.extend(imported.map(|other| (number, other, IMPORT_WEIGHT)));
        for (place, one) in file.references().iter().enumerate() {
            if one.is_local {
                continue;
            }
            let Some(answer) = resolver.answer(number, place as u32) else { continue };
            let start = self.starts[number as usize];
            let from = one.symbol.map_or(number, |symbol| start + symbol as u32);
            let share = 1.0 / answer.places.len() as f32;
            for target in &answer.places {
                let (other, node) = match target {
                    Place::Symbol(id) => (id.file, self.symbol_node(*id).0),
                    Place::File(other) | Place::Spot(other, _) => (*other, *other),
                };
                used.files.push((number, other, share));
                if !matches!(target, Place::Spot(..)) {
                    used.nodes.push((from, node, share));
                }
            }
            used.known.push((place as u32, answer));
        }
        used.files.retain(|(from, to, _)| from != to);
        used.nodes.retain(|(from, to, _)| from != to);
        used
    }
}
