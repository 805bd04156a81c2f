//! The first step: whole files by their words.

use std::thread;

use mlxcode_base::{CancelToken, RelPath};

use super::standing::standing;
use super::{B, saturation};
use crate::error::{Error, Result};
use crate::terms::Query;
use crate::walk::{SourceFile, threads};

/// A word in a file's name says as much as this many in its text.
const NAME_COUNT: u32 = 4;

/// The files of a tree by how well their words fit a question.
#[derive(Clone, Debug)]
pub struct FileRank {
    /// Numbers of files that fit at all, with their scores, best first.
    pub files: Vec<(usize, f32)>,
    /// How rare each word of the question is among the files.
    pub rarity: Vec<f32>,
}

/// Ranks all files.
pub fn rank_files(files: &[SourceFile], query: &Query, cancel: &CancelToken) -> Result<FileRank> {
    let counted = count(files, query, cancel);
    if cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    let total = files.len() as f32;
    let rarity: Vec<f32> = query
        .terms
        .iter()
        .enumerate()
        .map(|(number, term)| {
            let with = counted.iter().filter(|(counts, _)| counts[number] > 0).count() as f32;
            rarity(term.weight, with, total)
        })
        .collect();
    let words: u64 = counted.iter().map(|(_, words)| u64::from(*words)).sum();
    let mean = words as f32 / total.max(1.0);
    let mut ranked: Vec<(usize, f32)> = counted
        .iter()
        .enumerate()
        .filter_map(|(number, (counts, words))| {
            let score = fit(counts, &rarity, *words as f32, mean);
            (score > 0.0).then(|| {
                (number, score * standing(&files[number].path, files[number].origin, query))
            })
        })
        .collect();
    // Files are in the order of their paths, so equal scores keep that order.
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(FileRank { files: ranked, rarity })
}

/// The idf of BM25, never negative, for a word that `with` of `total` files
/// hold.
pub fn rarity(weight: f32, with: f32, total: f32) -> f32 {
    weight * (1.0 + (total - with + 0.5) / (with + 0.5)).ln()
}

/// How well a file fits by its words.
pub fn fit(counts: &[u32], rarity: &[f32], words: f32, mean_words: f32) -> f32 {
    let each = counts.iter().zip(rarity);
    each.map(|(count, rarity)| rarity * saturation(*count as f32, words, mean_words, B)).sum()
}

/// Adds to the counts of a text those of its path.
pub fn add_path(counts: &mut [u32], path: &RelPath, query: &Query) {
    let (in_path, _) = query.count(path.as_str());
    let (in_name, _) = query.count(path.file_name());
    for (count, (path, name)) in counts.iter_mut().zip(in_path.into_iter().zip(in_name)) {
        *count += path + NAME_COUNT * name;
    }
}

type Counts = (Vec<u32>, u32);

fn count(files: &[SourceFile], query: &Query, cancel: &CancelToken) -> Vec<Counts> {
    let each = files.len().div_ceil(threads()).max(1);
    thread::scope(|scope| {
        let workers: Vec<_> = files
            .chunks(each)
            .map(|part| {
                scope.spawn(move || {
                    let some = part.iter().take_while(|_| !cancel.is_cancelled());
                    some.map(|file| count_file(file, query)).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    })
}

fn count_file(file: &SourceFile, query: &Query) -> Counts {
    let (mut counts, words) = query.count(&file.text);
    add_path(&mut counts, &file.path, query);
    (counts, words)
}
