//! The passages whose vectors are nearest to a question's.

use std::path::{Path, PathBuf};

use mlxcode_base::{CancelToken, Embedder, RelPath};
use rusqlite::{Connection, OptionalExtension as _};

use super::vectors::{LEARNED, MOST_MODELS, Maker, Model, are_all_there, update};
use super::{CodeIndex, storage};
use crate::error::Result;
use crate::search::Standing;
use crate::vector::{Packing, State, TermVectors, dot, is_of, read_packed, to_bytes};

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
    if let Some((Model { id, maker }, changes)) = packed(index)? {
        let query = to_bytes(&maker.one(question)?);
        let state = State { changes, model: id, dimensions: query.len() };
        let found = index.read(|connection| {
            if storage::changes(connection)? != changes {
                return Ok(None);
            }
            let mut nearest = Nearest::new(&query, &factor, most);
            let each = |id, standing, vectors: &[u8]| nearest.file(id, standing, vectors);
            if !read_packed(&place(index, id), state, each) {
                return Ok(None);
            }
            nearest.places(connection).map(Some)
        })?;
        if let Some(found) = found {
            return Ok(found);
        }
    }
    let Model { id, maker } = update(index, cancel, &())?;
    let query = to_bytes(&maker.one(question)?);
    index.read(|connection| {
        let mut nearest = Nearest::new(&query, &factor, most);
        compare_all(connection, id, &place(index, id), &mut nearest)?;
        nearest.places(connection)
    })
}

/// The file with the packed vectors of a model. They are few, so that old ones
/// are written over.
fn place(index: &CodeIndex, model: i64) -> PathBuf {
    let mut name = index.path().as_os_str().to_owned();
    name.push(ENDS[model.rem_euclid(MOST_MODELS) as usize]);
    PathBuf::from(name)
}

/// What the names of packed vectors have more than that of the index.
pub const ENDS: [&str; MOST_MODELS as usize] = ["-vectors-0", "-vectors-1", "-vectors-2"];

/// The model that is asked for, if its vectors are packed as the index has them
/// now, and the number of that state. Then none is missing, and not every file
/// is looked at.
fn packed(index: &CodeIndex) -> Result<Option<(Model<'_>, i64)>> {
    let given = index.embedder();
    let name = given.map_or(LEARNED, |embedder| embedder.id());
    let known = index.read(|connection| {
        let select = "SELECT id, data FROM vector_model WHERE name = ?1";
        let mut select = connection.prepare_cached(select)?;
        let known = select.query_row([name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        Ok((known, storage::changes(connection)?))
    })?;
    let (Some((id, data)), changes): (Option<(i64, Vec<u8>)>, i64) = known else {
        return Ok(None);
    };
    let dimensions = given.map_or(TermVectors::DIMENSIONS, Embedder::dimensions);
    if !is_of(&place(index, id), State { changes, model: id, dimensions }) {
        return Ok(None);
    }
    let maker = if let Some(embedder) = given {
        Maker::Given(embedder)
    } else {
        let terms = TermVectors::decode(&data).ok_or_else(|| index.damaged())?;
        Maker::Learned(Box::new(terms))
    };
    Ok(Some((Model { id, maker }, changes)))
}

/// Compares with the vectors that the tables have, and packs them for the next
/// search, unless some are missing: the tree may have changed since they were
/// made.
fn compare_all(
    connection: &Connection,
    model: i64,
    place: &Path,
    nearest: &mut Nearest<'_, impl Fn(Standing) -> f32>,
) -> rusqlite::Result<()> {
    // By path: the numbers of files differ from build to build.
    let mut select = connection.prepare_cached(
        "SELECT file.id, standing, vector.data FROM vector JOIN file ON file.id = vector.file \
         WHERE vector.model = ?1 AND vector.hash = file.hash ORDER BY file.path",
    )?;
    let changes = storage::changes(connection)?;
    let state = State { changes, model, dimensions: nearest.query.len() };
    let is_whole = are_all_there(connection, model)?;
    let mut packing = if is_whole { Packing::begin(place, state) } else { None };
    let mut rows = select.query([model])?;
    while let Some(row) = rows.next()? {
        let (id, standing): (_, u16) = (row.get(0)?, row.get(1)?);
        let vectors = row.get_ref(2)?.as_blob()?;
        nearest.file(id, standing, vectors);
        if let Some(packing) = &mut packing {
            packing.file(id, standing, vectors);
        }
    }
    if let Some(packing) = packing {
        packing.finish();
    }
    Ok(())
}

/// The nearest passages so far.
struct Nearest<'a, F> {
    query: &'a [i8],
    factor: &'a F,
    most: usize,
    found: Vec<Near>,
    /// The files that were compared.
    files: usize,
}

/// A passage that may be among the nearest.
struct Near {
    score: f32,
    cosine: f32,
    /// Of its file, by path.
    place: usize,
    id: i64,
    number: usize,
}

impl<'a, F: Fn(Standing) -> f32> Nearest<'a, F> {
    fn new(query: &'a [i8], factor: &'a F, most: usize) -> Self {
        Self { query, factor, most, found: Vec::new(), files: 0 }
    }

    /// Compares with the passages of a file.
    fn file(&mut self, id: i64, standing: u16, vectors: &[u8]) {
        let factor = (self.factor)(Standing::from_bits(standing));
        for (number, one) in vectors.chunks_exact(self.query.len().max(1)).enumerate() {
            let cosine = dot(self.query, one);
            if cosine > 0.0 {
                let place = self.files;
                self.found.push(Near { score: cosine * factor, cosine, place, id, number });
            }
        }
        self.files += 1;
        if self.found.len() > 16 * self.most.max(64) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.found.sort_by(|a, b| {
            b.score.total_cmp(&a.score).then((a.place, a.number).cmp(&(b.place, b.number)))
        });
        self.found.truncate(self.most);
    }

    /// Where they lie, nearest first.
    fn places(mut self, connection: &Connection) -> rusqlite::Result<Vec<NearChunk>> {
        self.cut();
        let mut file =
            connection.prepare_cached("SELECT path, standing FROM file WHERE id = ?1")?;
        let near = self.found.into_iter().map(|Near { cosine, id, number, .. }| {
            file.query_row([id], |row| {
                let (path, standing) = (storage::rel_path(row.get(0)?)?, row.get(1)?);
                Ok(NearChunk { path, number, cosine, standing: Standing::from_bits(standing) })
            })
        });
        near.collect()
    }
}
