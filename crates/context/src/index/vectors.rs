//! The vectors of passages: kept beside the chunks, made when somebody first
//! searches by them, and made again for the files that changed since.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use mlxcode_base::{
    CancelToken, ContentHash, Embedder, LineIndex, Progress, ProgressEvent, RelPath,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{CodeIndex, decode_chunks, storage};
use crate::error::{Error, Result};
use crate::search::Standing;
use crate::syntax::Chunk;
use crate::vector::{Sample, TermVectors, to_bytes};
use crate::walk::{Place, Read, read_text, threads};

/// The name of the vectors that are learned from the tree itself.
pub const LEARNED: &str = "learned-1";

/// Where more of the files than this are other than when the vectors of words
/// were learned, these are learned again.
const MOST_CHANGED: f64 = 0.3;

/// Bytes of text that vectors are learned from: more tells hardly more, and
/// takes the longer.
const SAMPLE_BYTES: u64 = 8 << 20;

/// Passages that a model is given at once.
const BATCH: usize = 64;

/// Files whose vectors are kept together.
const FILES_TOGETHER: usize = 512;

/// Models whose vectors are kept, those of the tree itself among them: who
/// compares two goes back and forth.
pub const MOST_MODELS: i64 = 3;

/// What makes the vectors.
pub enum Maker<'a> {
    Learned(Box<TermVectors>),
    Given(&'a dyn Embedder),
}

/// The same, and the number under which its vectors are kept.
pub struct Model<'a> {
    pub id: i64,
    pub maker: Maker<'a>,
}

/// A file without vectors, or with those of another text.
struct Stale {
    id: i64,
    path: RelPath,
    hash: Vec<u8>,
    size_bytes: u64,
    chunks: Vec<u8>,
}

impl Maker<'_> {
    /// The vector of a question.
    pub fn one(&self, text: &str) -> Result<Vec<f32>> {
        match self {
            Self::Learned(terms) => Ok(terms.embed(text)),
            Self::Given(embedder) => {
                let vector =
                    embedder.embed_query(text).map_err(|source| Error::Embed { source })?;
                let vectors = fitting(*embedder, vec![vector], 1)?;
                Ok(vectors.into_iter().next().unwrap_or_default())
            }
        }
    }

    fn several(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        match self {
            Self::Learned(terms) => Ok(texts.iter().map(|text| terms.embed(text)).collect()),
            Self::Given(embedder) => {
                let vectors = embedder.embed(texts).map_err(|source| Error::Embed { source })?;
                fitting(*embedder, vectors, texts.len())
            }
        }
    }
}

/// Vectors as many and as long as they were promised.
fn fitting(embedder: &dyn Embedder, vectors: Vec<Vec<f32>>, count: usize) -> Result<Vec<Vec<f32>>> {
    let fits = vectors.iter().all(|one| one.len() == embedder.dimensions());
    if vectors.len() == count && fits {
        Ok(vectors)
    } else {
        Err(Error::BadVectors { id: embedder.id().to_owned() })
    }
}

/// Makes the vectors that are missing.
pub fn update<'a>(
    index: &'a CodeIndex,
    cancel: &CancelToken,
    progress: &dyn Progress,
) -> Result<Model<'a>> {
    let (model, stale) = model(index, cancel)?;
    let total = stale.len() as u64;
    let mut done = 0;
    // What is made is kept from time to time: a model may take minutes for a
    // tree, and somebody may not wait for the end.
    for some in stale.chunks(FILES_TOGETHER) {
        let made = make(index, some, &model.maker, cancel)?;
        index.write(|write| keep(write, model.id, &made))?;
        done += some.len() as u64;
        progress.report(ProgressEvent::new("making vectors", done, Some(total)));
    }
    Ok(model)
}

/// What makes vectors, under which number they are kept, and the files that
/// lack them.
fn model<'a>(index: &'a CodeIndex, cancel: &CancelToken) -> Result<(Model<'a>, Vec<Stale>)> {
    let given = index.embedder();
    let name = given.map_or(LEARNED, |embedder| embedder.id());
    let mut is_begun = false;
    loop {
        let kept = index.read(|connection| {
            let select = "SELECT id, data, files FROM vector_model WHERE name = ?1";
            let mut select = connection.prepare_cached(select)?;
            let of = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let kept: Option<(i64, Vec<u8>, i64)> = select.query_row([name], of).optional()?;
            Ok((kept, connection.query_row("SELECT files FROM total", [], |row| row.get(0))?))
        })?;
        let (kept, total): (_, i64) = kept;
        let seen = kept.as_ref().map(|(id, ..)| *id);
        if let Some((id, data, known)) = kept {
            let stale = index.read(|connection| files(connection, Some(id)))?;
            let maker = match given {
                Some(embedder) => Some(Maker::Given(embedder)),
                // All files lack what was begun just now.
                None if !is_begun && stale.len() as f64 > MOST_CHANGED * known as f64 => None,
                None => {
                    let terms = TermVectors::decode(&data).ok_or_else(|| index.damaged())?;
                    Some(Maker::Learned(Box::new(terms)))
                }
            };
            if let Some(maker) = maker {
                return Ok((Model { id, maker }, stale));
            }
        }
        is_begun = true;
        let data = match given {
            Some(_) => Vec::new(),
            None => learn(index, cancel)?.encode(),
        };
        // What is there now is read again: another process may have been first.
        index.write(|write| begin(write, name, &data, total, seen))?;
    }
}

/// Notes a model that has no vectors yet in the place of the one that was
/// `seen` under this name, unless that is another by now. Of others the oldest
/// go.
fn begin(
    write: &Connection,
    name: &str,
    data: &[u8],
    files: i64,
    seen: Option<i64>,
) -> rusqlite::Result<()> {
    let select = "SELECT id FROM vector_model WHERE name = ?1";
    if write.query_row(select, [name], |row| row.get(0)).optional()? != seen {
        return Ok(());
    }
    write.execute("DELETE FROM vector_model WHERE name = ?1", [name])?;
    let put = "INSERT INTO vector_model (name, data, files) VALUES (?1, ?2, ?3)";
    write.execute(put, params![name, data, files])?;
    let newest = "SELECT id FROM vector_model ORDER BY id DESC LIMIT ?1";
    write
        .execute(&format!("DELETE FROM vector_model WHERE id NOT IN ({newest})"), [MOST_MODELS])?;
    write.execute("DELETE FROM vector WHERE model NOT IN (SELECT id FROM vector_model)", [])?;
    storage::note_change(write)
}

/// Keeps vectors, unless another process has done away with their model.
fn keep(write: &Connection, model: i64, made: &[Made]) -> rusqlite::Result<()> {
    let is_there = "SELECT 1 FROM vector_model WHERE id = ?1";
    if write.query_row(is_there, [model], |_| Ok(())).optional()?.is_none() {
        return Ok(());
    }
    let put = "INSERT OR REPLACE INTO vector (file, model, hash, data) VALUES (?1, ?2, ?3, ?4)";
    let mut put = write.prepare_cached(put)?;
    for (id, hash, vectors) in made {
        put.execute(params![id, model, hash, vectors])?;
    }
    storage::note_change(write)
}

/// The files that have passages, by path; with a model those without its
/// vectors, or with those of another text.
fn files(connection: &Connection, model: Option<i64>) -> rusqlite::Result<Vec<Stale>> {
    let mut select = connection.prepare_cached(
        "SELECT file.id, path, file.hash, size_bytes, chunk.data, standing FROM file \
         JOIN chunk ON chunk.file = file.id \
         LEFT JOIN vector ON vector.file = file.id AND vector.model = ?1 \
         WHERE state = 0 AND (vector.hash IS NULL OR vector.hash <> file.hash) ORDER BY path",
    )?;
    let rows = select.query_map([model], |row| {
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

/// Whether each file that has passages has the vectors of a model.
pub fn are_all_there(connection: &Connection, model: i64) -> rusqlite::Result<bool> {
    Ok(files(connection, Some(model))?.is_empty())
}

/// Learns from some of the files, spread over the tree.
fn learn(index: &CodeIndex, cancel: &CancelToken) -> Result<TermVectors> {
    let files = index.read(|connection| files(connection, None))?;
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
