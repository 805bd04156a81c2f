//! Some rows of a weight: read, encoded, written, hashed.

use mlxcode_base::ContentHash;

use super::staging::Staging;
use crate::convert::plan::{Job, Turn};
use crate::convert::quantise::{encode, plain, round_to};
use crate::convert::source::{Source, float_of};
use crate::error::Result;

/// Numbers that are worked on together, about; one megabyte as 32-bit floats.
const NUMBERS: usize = 1 << 18;

/// Rows that are worked on together. The hash of a weight is one of its
/// chunks' hashes, so this depends on nothing but the weight.
pub fn rows_of(job: &Job) -> usize {
    let rows = (NUMBERS / job.columns.max(1)).max(1);
    rows.next_multiple_of(job.turn.head())
}

/// Makes the rows `first..first + count` of a weight and writes them.
pub fn convert(
    job: &Job,
    first: usize,
    count: usize,
    source: &Source,
    staging: &Staging,
) -> Result<ContentHash> {
    let arrays = if job.parts.iter().all(|(stored, ..)| copies(job, stored.kind)) {
        let bytes = copied(job, first, count, source)?;
        [turned(bytes, job.row_bytes()[0], first, job.turn), Vec::new(), Vec::new()]
    } else {
        let values = numbers(job, first, count, source)?;
        encode(&turned(values, job.columns, first, job.turn), job.kind)
    };
    for (array, bytes) in arrays.iter().enumerate().filter(|(_, bytes)| !bytes.is_empty()) {
        staging.write(job.file, place(job, array, first), bytes)?;
    }
    Ok(hash(arrays.iter().map(Vec::as_slice)))
}

/// The hash of rows that were written before.
pub fn written(job: &Job, first: usize, count: usize, staging: &Staging) -> Result<ContentHash> {
    let mut arrays = job.row_bytes().map(|bytes| vec![0; bytes * count]);
    for (array, bytes) in arrays.iter_mut().enumerate().filter(|(_, bytes)| !bytes.is_empty()) {
        staging.read(job.file, place(job, array, first), bytes)?;
    }
    Ok(hash(arrays.iter().map(Vec::as_slice)))
}

/// The hash of several arrays, or of several hashes.
pub fn hash<'b>(arrays: impl Iterator<Item = &'b [u8]>) -> ContentHash {
    let hashes: String = arrays.map(|bytes| ContentHash::of(bytes).to_string()).collect();
    ContentHash::of(hashes.as_bytes())
}

fn place(job: &Job, array: usize, first: usize) -> u64 {
    job.offsets[array] + (first * job.row_bytes()[array]) as u64
}

/// Whether the bytes stay what they are.
fn copies(job: &Job, kind: mlxcode_kernels::WeightType) -> bool {
    kind == job.kind && job.round.is_none_or(|round| plain(round) == kind)
}

/// The parts of the source that the rows lie in: which, its first row, how many.
fn pieces(job: &Job, first: usize, count: usize) -> Vec<(usize, usize, usize)> {
    let mut pieces = Vec::new();
    let mut begin = 0;
    for (part, (_, start, rows)) in job.parts.iter().enumerate() {
        let (from, to) = (first.max(begin), (first + count).min(begin + rows));
        if from < to {
            pieces.push((part, start + from - begin, to - from));
        }
        begin += rows;
    }
    pieces
}

fn copied(job: &Job, first: usize, count: usize, source: &Source) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (part, start, rows) in pieces(job, first, count) {
        let piece = source.read(&job.parts[part].0, start, rows)?;
        bytes = if bytes.is_empty() { piece } else { [bytes, piece].concat() };
    }
    Ok(bytes)
}

fn numbers(job: &Job, first: usize, count: usize, source: &Source) -> Result<Vec<f32>> {
    let mut values = vec![0.0; count * job.columns];
    let mut at = 0;
    for (part, start, rows) in pieces(job, first, count) {
        let stored = &job.parts[part].0;
        let own = &mut values[at..at + rows * job.columns];
        source.decode(stored, &source.read(stored, start, rows)?, own)?;
        if let Some(float) = job.round.filter(|float| float_of(stored.kind) != Some(*float)) {
            round_to(own, float);
        }
        at += rows * job.columns;
    }
    Ok(values)
}

/// The rows in the order that is wanted; `first` begins a head.
fn turned<T: Copy>(rows: Vec<T>, width: usize, first: usize, turn: Turn) -> Vec<T> {
    if turn == Turn::None || width == 0 {
        return rows;
    }
    let row = |row: usize| {
        let from = turn.source_of(first + row) - first;
        &rows[from * width..(from + 1) * width]
    };
    (0..rows.len() / width).flat_map(row).copied().collect()
}
