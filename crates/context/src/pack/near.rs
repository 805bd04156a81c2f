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
    let wanted = files.iter().cloned().chain(more).collect();
    grow(tree, Vec::new(), wanted, files)
}

/// As [`around`], of a file that is not as the tree has it.
pub fn around_file(
    tree: &Tree<'_>,
    file: FileFacts,
    more: impl IntoIterator<Item = RelPath>,
) -> Result<CodeGraph> {
    let mut wanted = targets(&file);
    wanted.extend(more);
    grow(tree, vec![file], wanted, &BTreeSet::new())
}

fn grow(
    tree: &Tree<'_>,
    mut facts: Vec<FileFacts>,
    mut wanted: Vec<RelPath>,
    // These are in it, whatever their length.
    files: &BTreeSet<RelPath>,
) -> Result<CodeGraph> {
    let mut seen: HashSet<RelPath> = facts.iter().map(|one| one.path.clone()).collect();
    let mut bytes = 0;
    for _ in 0..=MOST_STEPS {
        wanted.retain(|path| {
            let is_new = seen.len() < MOST_FILES && !seen.contains(path);
            let fits = is_new && {
                bytes += tree.text(path).map_or(0, |text| text.len());
                bytes <= MOST_BYTES || files.contains(path)
            };
            fits && seen.insert(path.clone())
        });
        if wanted.is_empty() {
            break;
        }
        let found = tree.facts(&wanted)?;
        wanted.clear();
        for target in found.iter().flat_map(targets) {
            if !wanted.contains(&target) {
                wanted.push(target);
            }
        }
        facts.extend(found);
    }
    Ok(CodeGraph::new(facts))
}

/// The files that a file imports.
fn targets(facts: &FileFacts) -> Vec<RelPath> {
    let all = facts.imports.iter();
    let all = all.flat_map(|import| import.modules.iter().flatten().chain(&import.files));
    all.cloned().collect()
}
