//! The part of a tree's graph that lies around some files.

use std::collections::{BTreeSet, HashSet};

use mlxcode_base::RelPath;

use super::tree::Tree;
use crate::error::Result;
use crate::graph::{CodeGraph, FileFacts};

/// Files that are read for it.
const MOST_FILES: usize = 120;

/// Bytes that are read for it: parsing takes a tenth of a second for each
/// megabyte, in a tree that has no index.
const MOST_BYTES: usize = 1 << 20;

/// How far imports are followed.
const MOST_STEPS: usize = 2;

/// The graph of some files and of those that they import, directly and over
/// one other, as far as these are few; and of some more.
pub fn around(
    tree: &Tree<'_>,
    files: &BTreeSet<RelPath>,
    more: impl IntoIterator<Item = RelPath>,
) -> Result<CodeGraph> {
    let mut seen: HashSet<RelPath> = HashSet::new();
    let mut bytes = 0;
    let mut facts: Vec<FileFacts> = Vec::new();
    let mut wanted: Vec<RelPath> = files.iter().cloned().chain(more).collect();
    for _ in 0..=MOST_STEPS {
        wanted.retain(|path| {
            let size = || tree.text(path).map_or(0, |text| text.len());
            let is_new = seen.len() < MOST_FILES && !seen.contains(path);
            // The files themselves are in it, whatever their length.
            let fits = is_new && {
                bytes += size();
                bytes <= MOST_BYTES || files.contains(path)
            };
            fits && seen.insert(path.clone())
        });
        if wanted.is_empty() {
            break;
        }
        let found = tree.facts(&wanted)?;
        wanted.clear();
        for one in &found {
            let targets = one.imports.iter().flat_map(|import| {
                import.modules.iter().flatten().chain(&import.files).cloned().collect::<Vec<_>>()
            });
            for target in targets {
                if !wanted.contains(&target) {
                    wanted.push(target);
                }
            }
        }
        facts.extend(found);
    }
    Ok(CodeGraph::new(facts))
}
