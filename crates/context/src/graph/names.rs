//! Tables of names over all files.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::OnceLock;

use super::SymbolId;
use super::file::GraphFile;
use crate::symbol::Symbol;

/// The names of all files.
pub struct Names {
    pub by_path: HashMap<String, u32>,
    pub by_folder: HashMap<String, Vec<u32>>,
    /// All symbols, by the hashes of their names.
    by_name: OnceLock<Vec<(u64, SymbolId)>>,
    /// The names of all fields that assignments make.
    made: OnceLock<HashSet<String>>,
}

impl Names {
    pub fn of(files: &[GraphFile]) -> Self {
        let mut by_path = HashMap::with_capacity(files.len());
        let mut by_folder: HashMap<String, Vec<u32>> = HashMap::new();
        for (number, file) in files.iter().enumerate() {
            let (number, path) = (number as u32, file.path.as_str());
            by_path.insert(path.to_owned(), number);
            by_folder.entry(folder(path).to_owned()).or_default().push(number);
        }
        Self { by_path, by_folder, by_name: OnceLock::new(), made: OnceLock::new() }
    }

    /// The symbols of a name, in the order of files and of their places there.
    /// Another name may have the same hash: who reads the symbol looks.
    pub fn by_name<'n>(
        &'n self,
        files: &[GraphFile],
        name: &str,
    ) -> impl Iterator<Item = SymbolId> + use<'n> {
        let all = self.by_name.get_or_init(|| {
            let mut all = Vec::new();
            for (file, one) in files.iter().enumerate() {
                let (file, mut symbol) = (file as u32, 0);
                one.each_symbol_name(|name| {
                    all.push((hash(name), SymbolId { file, symbol }));
                    symbol += 1;
                });
            }
            all.sort_unstable();
            all
        });
        let wanted = hash(name);
        let first = all.partition_point(|(hash, _)| *hash < wanted);
        all[first..].iter().take_while(move |(hash, _)| *hash == wanted).map(|(_, id)| *id)
    }

    /// Whether an assignment somewhere makes a field of that name.
    pub fn is_made(&self, files: &[GraphFile], name: &str) -> bool {
        let made = self.made.get_or_init(|| {
            let mut made = HashSet::new();
            for file in files {
                file.each_made_name(|name| {
                    if !made.contains(name) {
                        made.insert(name.to_owned());
                    }
                });
            }
            made
        });
        made.contains(name)
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// The innermost type around a symbol, or itself.
pub fn around(symbols: &[Symbol], symbol: Option<usize>) -> Option<usize> {
    let mut next = symbol;
    while let Some(at) = next {
        if symbols[at].kind.is_type() {
            return Some(at);
        }
        next = symbols[at].parent;
    }
    None
}

/// Whether a qualifier is the object itself.
pub fn is_self(qualifier: &str) -> bool {
    matches!(qualifier, "self" | "this" | "$this" | "cls" | "Self" | "static")
}

/// The folder of a path; empty at the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
