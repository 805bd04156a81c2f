//! Passages by words, from the index: SQLite's full-text search chooses files,
//! then their passages are ranked as those of a tree in memory.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use mlxcode_base::{CancelToken, ContentHash, LineIndex, LineRange, RelPath};
use rusqlite::{Connection, OptionalExtension as _};

use super::evidence::{FileEvidence, settle};
use super::file_rank::{add_path, fit, rarity};
use super::passage_rank::{
    CountedChunk, NAMED_FACTOR, PARSED_FILES, RankedFile, count_chunks, rank_file,
};
use super::surroundings::{Near, Past};
use super::{Hit, RankedChunk, SearchOptions, Standing, sort, together};
use crate::error::{Error, Result};
use crate::index::{self, CodeIndex};
use crate::mention::mentions;
use crate::syntax::{Chunk, chunks, language_of};
use crate::terms::Query;
use crate::walk::{Place, Read, WalkOptions, read_text, threads};

/// Files that the full-text search gives: so many that what stands low for
/// being a test, or foreign, does not crowd out the rest.
const FOUND_FILES: usize = 600;

/// Of these, so many are read.
const READ_FILES: usize = PARSED_FILES + 20;

/// Longer questions, such as logs, are cut.
pub const MOST_STEMS: usize = 64;

/// What a word counts by its column, to choose files: path, symbols, body,
/// docs. The words of symbols and comments stand in the body, too.
const COLUMN_WEIGHTS: &str = "4.0, 2.0, 1.0, 0.5";

/// The passages of an index that fit a question.
pub struct Passages {
    files: Vec<Candidate>,
    pub ranked: Vec<RankedChunk>,
    evidence: HashMap<usize, FileEvidence>,
    query: Query,
}

/// A file that may hold an answer.
struct Candidate {
    path: RelPath,
    standing: Standing,
    words: u32,
    size_bytes: u64,
    changed_ns: i64,
    hash: Vec<u8>,
    /// How often it is changed, from 0 to 1.
    churn: f32,
    chunks: Vec<u8>,
    text: String,
}

/// What the index tells of a question.
struct View {
    files: Vec<Candidate>,
    /// Of each word, how many files hold it.
    holding: Vec<f32>,
    total_files: f32,
    mean_words: f32,
    past: Past,
}

impl Passages {
    /// Finds the passages, best first.
    pub fn find(index: &CodeIndex, question: &str, options: &SearchOptions) -> Result<Self> {
        let cancel = &options.cancel;
        let query = Query::new(question);
        let view = index.read(|connection| View::read(connection, &query))?;
        let View { mut files, mut holding, total_files, mean_words, past } = view;
        let near = Near::read(index, options)?;
        let counted = read_all(index, &mut files, &query, cancel)?;
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let all: Vec<Vec<u32>> =
            files.iter().zip(&counted).map(|(file, chunks)| counts(file, chunks, &query)).collect();
        // Words that follow each other are counted nowhere else.
        for (number, with) in holding.iter_mut().enumerate() {
            if query.terms[number].parts.is_some() {
                let here = all.iter().filter(|counts| counts[number] > 0).count();
                *with = with.max(here as f32);
            }
        }
        let rarity: Vec<f32> = query
            .terms
            .iter()
            .zip(&holding)
            .map(|(term, with)| rarity(term.weight, *with, total_files))
            .collect();
        let mut scored: Vec<(usize, f32)> = Vec::with_capacity(files.len());
        for (number, (file, counts)) in files.iter().zip(&all).enumerate() {
            let fit = fit(counts, &rarity, file.words as f32, mean_words);
            scored.push((number, fit * file.standing.factor(&query)));
        }
        scored.sort_by(|a, b| {
            b.1.total_cmp(&a.1).then_with(|| files[a.0].path.cmp(&files[b.0].path))
        });
        scored.truncate(PARSED_FILES);
        let mut counted: Vec<Option<Vec<CountedChunk>>> = counted.into_iter().map(Some).collect();
        let mut ranked = Vec::new();
        let mut evidence = HashMap::with_capacity(scored.len());
        for (number, score) in scored {
            let path = &files[number].path;
            let standing = files[number].standing.factor(&query);
            let file = RankedFile { number, path, standing };
            let chunks = counted[number].take().unwrap_or_default();
            ranked.extend(rank_file(file, chunks, &rarity, &query));
            let mut about = FileEvidence::of(path, score, standing, &query, &rarity);
            past.tell(path, files[number].churn, &mut about);
            near.tell(path, &mut about);
            evidence.insert(number, about);
        }
        let path = |number: usize| &files[number].path;
        index.read(|connection| together::tell(connection, &ranked, path, &mut evidence))?;
        settle(&mut ranked, &evidence);
        let mentions = mentions(question, &|name| index::ending(index, name).ok().flatten());
        for one in &mut ranked {
            if mentions.iter().any(|mention| mention.is_of(&files[one.file].path, &one.chunk)) {
                one.score *= NAMED_FACTOR;
            }
        }
        sort(&mut ranked);
        Ok(Self { files, ranked, evidence, query })
    }

    /// The text of a ranked passage.
    pub fn text(&self, place: usize) -> &str {
        let one = &self.ranked[place];
        lines(&self.files[one.file].text, one.chunk.lines)
    }

    /// The first passage of a file, whatever it holds.
    pub fn beginning(index: &CodeIndex, path: &RelPath) -> Result<Option<Hit>> {
        let Some(place) = Place::at(index.root(), path) else { return Ok(None) };
        let Read::File(file) = read_text(&place, index.options()) else { return Ok(None) };
        let data = index.chunk_data(path)?;
        let chunks = index::decode_chunks(&data).ok_or_else(|| index.damaged())?;
        let first = chunks.into_iter().next();
        Ok(first.map(|chunk| {
            let text = lines(&file.text, chunk.lines).to_owned();
            let one = RankedChunk { file: 0, chunk, score: 0.0, words: Vec::new() };
            one.hit(path, &text, &Query::new(""))
        }))
    }

    /// What is shown of the best.
    pub fn hits(self, limit: usize) -> Vec<Hit> {
        let Self { files, ranked, mut evidence, query } = self;
        let hit = |one: RankedChunk| {
            let file = &files[one.file];
            let text = lines(&file.text, one.chunk.lines);
            // What speaks for a file is told of its best passage.
            let more = evidence.remove(&one.file).map(|about| about.reasons).unwrap_or_default();
            let mut hit = one.hit(&file.path, text, &query);
            hit.reasons.extend(more);
            hit
        };
        ranked.into_iter().take(limit).map(hit).collect()
    }
}

/// How often a file and its path hold each word.
fn counts(file: &Candidate, chunks: &[CountedChunk], query: &Query) -> Vec<u32> {
    let mut counts = vec![0; query.terms.len()];
    for chunk in chunks {
        counts.iter_mut().zip(&chunk.counts).for_each(|(all, count)| *all += count);
    }
    add_path(&mut counts, &file.path, query);
    counts
}

/// Lines of a text, with their ends.
pub fn lines(text: &str, lines: LineRange) -> &str {
    let range = LineIndex::new(text).bytes_of(lines);
    &text[range.start..range.end]
}

impl View {
    fn read(connection: &Connection, query: &Query) -> rusqlite::Result<Self> {
        let mut holding = vec![0.0_f32; query.terms.len()];
        let mut count = connection.prepare_cached("SELECT doc FROM term WHERE term = ?1")?;
        let mut wanted = Vec::new();
        for (stem, number) in query.stems().into_iter().take(MOST_STEMS) {
            let files: Option<i64> = count.query_row([stem], |row| row.get(0)).optional()?;
            if let Some(files) = files {
                holding[number] = holding[number].max(files as f32);
                wanted.push(format!("\"{stem}\""));
            }
        }
        let (total, words) = connection.query_row("SELECT files, words FROM total", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })?;
        let total_files = total as f32;
        let mean_words = words as f32 / total_files.max(1.0);
        let files = if wanted.is_empty() {
            Vec::new()
        } else {
            candidates(connection, &wanted.join(" OR "), query)?
        };
        let past = Past::read(connection, query)?;
        Ok(Self { files, holding, total_files, mean_words, past })
    }
}

fn candidates(
    connection: &Connection,
    wanted: &str,
    query: &Query,
) -> rusqlite::Result<Vec<Candidate>> {
    // Of equally good ones, the same each time.
    let mut select = connection.prepare_cached(&format!(
        "SELECT found.score, file.id, file.path, standing, words, size_bytes, changed_ns, hash, \
                coalesce(past_file.churn, 0) \
         FROM (SELECT rowid, bm25(words, {COLUMN_WEIGHTS}) AS score FROM words \
               WHERE words MATCH ?1 ORDER BY score LIMIT {FOUND_FILES}) AS found \
         JOIN file ON file.id = found.rowid \
         LEFT JOIN past_file ON past_file.path = file.path ORDER BY found.score, file.path"
    ))?;
    let rows = select.query_map([wanted], |row| {
        let standing = Standing::from_bits(row.get(3)?);
        // SQLite's scores are better the lower they are.
        let score = -row.get::<_, f64>(0)? as f32 * standing.factor(query);
        let file = Candidate {
            path: index::rel_path(row.get(2)?)?,
            standing,
            words: row.get(4)?,
            size_bytes: row.get::<_, i64>(5)? as u64,
            changed_ns: row.get(6)?,
            hash: row.get(7)?,
            churn: row.get(8)?,
            chunks: Vec::new(),
            text: String::new(),
        };
        Ok((score, row.get::<_, i64>(1)?, file))
    })?;
    let mut found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(READ_FILES);
    let mut select = connection.prepare_cached("SELECT data FROM chunk WHERE file = ?1")?;
    let mut files = Vec::with_capacity(found.len());
    for (_, id, mut file) in found {
        file.chunks = select.query_row([id], |row| row.get(0))?;
        files.push(file);
    }
    Ok(files)
}

/// A file's number, its text and, unless the index is damaged, its chunks.
type Counted = (usize, String, Option<Vec<CountedChunk>>);

/// Reads the files and counts the words of their chunks.
fn read_all(
    index: &CodeIndex,
    files: &mut [Candidate],
    query: &Query,
    cancel: &CancelToken,
) -> Result<Vec<Vec<CountedChunk>>> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Counted>> = Mutex::default();
    let all: &[Candidate] = files;
    thread::scope(|scope| {
        for _ in 0..threads().min(all.len()) {
            scope.spawn(|| {
                let mut mine = Vec::new();
                while !cancel.is_cancelled() {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = all.get(number) else { break };
                    let (text, chunks) = file.read(index);
                    let counted = chunks.map(|chunks| count_chunks(&text, chunks, query));
                    mine.push((number, text, counted));
                }
                if let Ok(mut done) = done.lock() {
                    done.append(&mut mine);
                }
            });
        }
    });
    let mut counted = vec![Vec::new(); files.len()];
    for (number, text, chunks) in done.into_inner().unwrap_or_default() {
        files[number].text = text;
        counted[number] = chunks.ok_or_else(|| index.damaged())?;
    }
    Ok(counted)
}

impl Candidate {
    /// The text on the disk and its chunks, which are those of the index unless
    /// the file was changed since. No chunks where the index is damaged.
    fn read(&self, index: &CodeIndex) -> (String, Option<Vec<Chunk>>) {
        let nothing = || (String::new(), Some(Vec::new()));
        let Some(place) = Place::at(index.root(), &self.path) else { return nothing() };
        let options: &WalkOptions = index.options();
        let Read::File(file) = read_text(&place, options) else { return nothing() };
        let text = file.text;
        let same = place.size_bytes == self.size_bytes
            && (place.changed_ns == self.changed_ns
                || ContentHash::of(text.as_bytes()).as_bytes().as_slice() == self.hash);
        let chunks = if same {
            index::decode_chunks(&self.chunks)
        } else {
            Some(chunks(&text, language_of(Path::new(self.path.as_str()), &text)))
        };
        (text, chunks)
    }
}
