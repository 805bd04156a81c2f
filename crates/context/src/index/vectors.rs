//! The vectors of passages: kept beside the chunks, made when somebody first
//! searches by them, and made again for the files that changed since.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use mlxcode_base::{CancelToken, ContentHash, Embedder, LineIndex, RelPath};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{CodeIndex, decode_chunks, storage};
use crate::error::{Error, Result};
use crate::search::Standing;
use crate::syntax::Chunk;
use crate::vector::{Sample, TermVectors, dot, to_bytes};
use crate::walk::{Place, Read, read_text, threads};

/// The name of the vectors that are learned from the tree itself.
const LEARNED: &str = "learned-1";

/// Where more of the files than this are other than when the vectors of words
/// were learned, these are learned again.
const MOST_CHANGED: f64 = 0.3;

/// Bytes of text that vectors are learned from: more tells hardly more, and
/// takes the longer.
const SAMPLE_BYTES: u64 = 8 << 20;

/// Passages that a model is given at once.
const BATCH: usize = 64;

/// What makes the vectors.
enum Maker<'a> {
    Learned(Box<TermVectors>),
    Given(&'a dyn Embedder),
}

/// A file without vectors, or with those of another text.
struct Stale {
    id: i64,
    path: RelPath,
    hash: Vec<u8>,
    size_bytes: u64,
    chunks: Vec<u8>,
}

/// A passage that is near.
#[derive(Clone, Debug, PartialEq)]
pub struct NearChunk {
    pub path: RelPath,
    /// Its number among the chunks of its file.
    pub number: usize,
    /// The cosine.
    pub cosine: f32,
    pub standing: Standing,
}

/// The passages nearest to a question, nearest first, after bringing the
/// vectors to what the index knows.
pub fn nearest(
    index: &CodeIndex,
    question: &str,
    factor: impl Fn(Standing) -> f32,
    most: usize,
    cancel: &CancelToken,
) -> Result<Vec<NearChunk>> {
    let maker = update(index, cancel)?;
    let query = to_bytes(&maker.one(question)?);
    index.read(|connection| scan(connection, &query, factor, most))
}

impl Maker<'_> {
    fn one(&self, text: &str) -> Result<Vec<f32>> {
        let vectors = self.several(&[text])?;
        Ok(vectors.into_iter().next().unwrap_or_default())
    }

    fn several(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        match self {
            Self::Learned(terms) => Ok(texts.iter().map(|text| terms.embed(text)).collect()),
            Self::Given(embedder) => {
                let vectors = embedder.embed(texts).map_err(|source| Error::Embed { source })?;
                let fits = vectors.iter().all(|one| one.len() == embedder.dimensions());
                if vectors.len() == texts.len() && fits {
                    Ok(vectors)
                } else {
                    Err(Error::BadVectors { id: embedder.id().to_owned() })
                }
            }
        }
    }
}

/// Makes the vectors that are missing.
fn update<'a>(index: &'a CodeIndex, cancel: &CancelToken) -> Result<Maker<'a>> {
    let given = index.embedder();
    let name = given.map_or(LEARNED, |embedder| embedder.id());
    let (kept, total) = index.read(|connection| {
        let select = "SELECT data, files FROM vector_model WHERE name = ?1";
        let kept: Option<(Vec<u8>, i64)> = connection
            .query_row(select, [name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let total: i64 = connection.query_row("SELECT files FROM total", [], |row| row.get(0))?;
        Ok((kept, total))
    })?;
    let mut stale = index.read(stale_files)?;
    let mut is_new = kept.is_none();
    let maker = if let Some(embedder) = given {
        Maker::Given(embedder)
    } else {
        let known = kept.as_ref().map_or(0, |(_, files)| *files);
        let changed = stale.len() as f64 > MOST_CHANGED * known as f64;
        let kept = kept.filter(|_| !changed).map(|(data, _)| TermVectors::decode(&data));
        let terms = match kept {
            Some(Some(terms)) => terms,
            Some(None) => return Err(index.damaged()),
            None => {
                is_new = true;
                learn(index, cancel)?
            }
        };
        Maker::Learned(Box::new(terms))
    };
    if is_new {
        stale = index.read(all_files)?;
    }
    if !is_new && stale.is_empty() {
        return Ok(maker);
    }
    let made = make(index, &stale, &maker, cancel)?;
    let data = match &maker {
        Maker::Learned(terms) if is_new => terms.encode(),
        _ => Vec::new(),
    };
    index.write(|write| {
        if is_new {
            write.execute_batch("DELETE FROM vector; DELETE FROM vector_model")?;
            let put = "INSERT INTO vector_model VALUES (?1, ?2, ?3)";
            write.execute(put, params![name, data, total])?;
        }
        let mut put = write.prepare_cached("INSERT OR REPLACE INTO vector VALUES (?1, ?2, ?3)")?;
        for (id, hash, vectors) in &made {
            put.execute(params![id, hash, vectors])?;
        }
        Ok(())
    })?;
    Ok(maker)
}

const FILES: &str = "SELECT file.id, path, file.hash, size_bytes, chunk.data, standing FROM file \
     JOIN chunk ON chunk.file = file.id LEFT JOIN vector ON vector.file = file.id \
     WHERE state = 0";

fn stale_files(connection: &Connection) -> rusqlite::Result<Vec<Stale>> {
    let changed = "AND (vector.hash IS NULL OR vector.hash <> file.hash) ORDER BY path";
    files(connection, &format!("{FILES} {changed}"))
}

fn all_files(connection: &Connection) -> rusqlite::Result<Vec<Stale>> {
    files(connection, &format!("{FILES} ORDER BY path"))
}

fn files(connection: &Connection, select: &str) -> rusqlite::Result<Vec<Stale>> {
    let mut select = connection.prepare_cached(select)?;
    let rows = select.query_map([], |row| {
        let stale = Stale {
            id: row.get(0)?,
            path: storage::rel_path(row.get(1)?)?,
            hash: row.get(2)?,
            size_bytes: row.get::<_, i64>(3)? as u64,
            chunks: row.get(4)?,
        };
        Ok((Standing::from_bits(row.get(5)?), stale))
    })?;
    // Data is about nothing.
    let rows = rows.filter(|row| !matches!(row, Ok((standing, _)) if standing.is_data()));
    rows.map(|row| row.map(|(_, stale)| stale)).collect()
}

/// Learns from some of the files, spread over the tree.
fn learn(index: &CodeIndex, cancel: &CancelToken) -> Result<TermVectors> {
    let files = index.read(all_files)?;
    let bytes: u64 = files.iter().map(|file| file.size_bytes).sum();
    let each = usize::try_from(bytes / SAMPLE_BYTES).unwrap_or(usize::MAX).saturating_add(1);
    let mut sample = Sample::default();
    for file in files.iter().step_by(each) {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        for passage in file.passages(index)?.unwrap_or_default() {
            sample.add(&passage);
        }
        if sample.is_full() {
            break;
        }
    }
    Ok(TermVectors::learn(&sample))
}

impl Stale {
    /// The texts of the passages; `None` where the file is another by now.
    fn passages(&self, index: &CodeIndex) -> Result<Option<Vec<String>>> {
        let Some(place) = Place::at(index.root(), &self.path) else { return Ok(None) };
        let Read::File(file) = read_text(&place, index.options()) else { return Ok(None) };
        if ContentHash::of(file.text.as_bytes()).as_bytes().as_slice() != self.hash {
            return Ok(None);
        }
        let chunks = decode_chunks(&self.chunks).ok_or_else(|| index.damaged())?;
        let lines = LineIndex::new(&file.text);
        let passage = |chunk: Chunk| {
            let range = lines.bytes_of(chunk.lines);
            let inside = chunk.inside.as_deref().unwrap_or_default();
            format!("{}\n{inside}\n{}", self.path, &file.text[range.start..range.end])
        };
        Ok(Some(chunks.into_iter().map(passage).collect()))
    }
}

type Made = (i64, Vec<u8>, Vec<u8>);

/// Makes the vectors of some files, on all threads.
fn make(
    index: &CodeIndex,
    files: &[Stale],
    maker: &Maker<'_>,
    cancel: &CancelToken,
) -> Result<Vec<Made>> {
    let next = AtomicUsize::new(0);
    let made: Mutex<Result<Vec<Made>>> = Mutex::new(Ok(Vec::with_capacity(files.len())));
    thread::scope(|scope| {
        for _ in 0..threads().min(files.len()) {
            scope.spawn(|| {
                while !cancel.is_cancelled() {
                    let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                    let one = vectors(index, file, maker);
                    let Ok(mut made) = made.lock() else { break };
                    match (one, made.as_mut()) {
                        (Ok(one), Ok(all)) => all.extend(one),
                        (Err(error), Ok(_)) => *made = Err(error),
                        (_, Err(_)) => break,
                    }
                }
            });
        }
    });
    if cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    made.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn vectors(index: &CodeIndex, file: &Stale, maker: &Maker<'_>) -> Result<Option<Made>> {
    let Some(passages) = file.passages(index)? else { return Ok(None) };
    let mut bytes = Vec::new();
    for some in passages.chunks(BATCH) {
        let texts: Vec<&str> = some.iter().map(String::as_str).collect();
        for vector in maker.several(&texts)? {
            bytes.extend(to_bytes(&vector).into_iter().map(i8::cast_unsigned));
        }
    }
    Ok(Some((file.id, file.hash.clone(), bytes)))
}

/// A passage that may be among the nearest.
struct Near {
    score: f32,
    cosine: f32,
    place: usize,
    id: i64,
    number: usize,
}

/// Compares the question with all passages.
fn scan(
    connection: &Connection,
    query: &[i8],
    factor: impl Fn(Standing) -> f32,
    most: usize,
) -> rusqlite::Result<Vec<NearChunk>> {
    // With the numbers of the files by path: those of the rows differ from
    // build to build.
    let mut found: Vec<Near> = Vec::new();
    let mut select = connection.prepare_cached(
        "SELECT file.id, standing, vector.data FROM vector JOIN file ON file.id = vector.file \
         WHERE vector.hash = file.hash ORDER BY file.path",
    )?;
    let mut rows = select.query([])?;
    let better = |a: &Near, b: &Near| {
        b.score.total_cmp(&a.score).then((a.place, a.number).cmp(&(b.place, b.number)))
    };
    let mut place = 0;
    while let Some(row) = rows.next()? {
        let (id, factor) = (row.get(0)?, factor(Standing::from_bits(row.get(1)?)));
        let vectors = row.get_ref(2)?.as_blob()?;
        for (number, one) in vectors.chunks_exact(query.len().max(1)).enumerate() {
            let cosine = dot(query, one);
            if cosine > 0.0 {
                found.push(Near { score: cosine * factor, cosine, place, id, number });
            }
        }
        place += 1;
        if found.len() > 16 * most.max(64) {
            found.sort_by(better);
            found.truncate(most);
        }
    }
    found.sort_by(better);
    found.truncate(most);
    let mut file = connection.prepare_cached("SELECT path, standing FROM file WHERE id = ?1")?;
    let near = found.into_iter().map(|Near { cosine, id, number, .. }| {
        file.query_row([id], |row| {
            let (path, standing) = (storage::rel_path(row.get(0)?)?, row.get(1)?);
            Ok(NearChunk { path, number, cosine, standing: Standing::from_bits(standing) })
        })
    });
    near.collect()
}
