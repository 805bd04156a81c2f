//! What was said of the files when they were changed: the newest commits of
//! the repository around the tree.
//!
//! A commit's message tells what its files are about in the words of those who
//! work on them. Messages are kept as the words of texts are, without their
//! order; the paths of their files by numbers. All is read again when another
//! commit is checked out, and only what is new where that one holds the last.

use std::collections::HashMap;

use mlxcode_base::{RelPath, Root};
use mlxcode_git::{Change, Repository};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::codec::{Decoder, Encoder};
use super::tokens;

/// So many of the newest commits are read: what is older says little of what
/// the files are now, and git takes 0.2 s for these.
const MOST_CHANGES: usize = 3_000;

/// A commit that changes more files than this is about none of them.
const MOST_FILES: usize = 30;

/// Files of a commit that changes more than this have little to do with each
/// other.
const MOST_TOGETHER: usize = 20;

/// A change this many changes ago counts a third of the newest.
const CHURN_CHANGES: f64 = 1_000.0;

/// So much of a name is kept: what people cite.
const ID_LETTERS: usize = 12;

/// Brings the table to what is checked out. Tells whether anything changed.
/// Where git cannot be asked, there is no history, which is no error.
pub fn update(connection: &mut Connection, root: &Root) -> rusqlite::Result<bool> {
    let Some((repository, below)) = repository(root) else { return forget(connection) };
    let Some(tip) = repository.tip() else { return forget(connection) };
    let known = known_tip(connection)?;
    if known == tip {
        return Ok(false);
    }
    let since = known.as_str();
    let goes_on = !since.is_empty() && repository.holds(since).unwrap_or(false);
    let since = goes_on.then_some(since);
    let Ok(changes) = repository.history(since, MOST_CHANGES) else { return forget(connection) };
    let write = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    if known_tip(&write)? != known {
        return Ok(false);
    }
    if since.is_none() {
        clear(&write)?;
    }
    put(&write, &changes, &below)?;
    cut(&write)?;
    count(&write)?;
    write.execute("UPDATE past SET tip = ?1", [tip])?;
    write.commit()?;
    Ok(true)
}

/// The repository around a tree, and where in it the tree lies.
fn repository(root: &Root) -> Option<(Repository, String)> {
    let repository = Repository::discover(root.path()).ok().flatten()?;
    let below = root.path().strip_prefix(repository.work_tree()).ok()?;
    let mut below = below.to_str()?.replace('\\', "/");
    if !below.is_empty() {
        below.push('/');
    }
    Some((repository, below))
}

fn known_tip(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT tip FROM past", [], |row| row.get(0))
}

fn forget(connection: &mut Connection) -> rusqlite::Result<bool> {
    if known_tip(connection)?.is_empty() {
        return Ok(false);
    }
    let write = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    clear(&write)?;
    write.execute("UPDATE past SET tip = ''", [])?;
    write.commit()?;
    Ok(true)
}

fn clear(write: &Transaction<'_>) -> rusqlite::Result<()> {
    write.execute_batch(
        "DELETE FROM past_file; DELETE FROM past_change;
         INSERT INTO said (said) VALUES ('delete-all');",
    )
}

/// Adds changes, which come newest first, behind those that are there.
fn put(write: &Transaction<'_>, changes: &[Change], below: &str) -> rusqlite::Result<()> {
    let mut files: HashMap<&str, i64> = HashMap::new();
    let mut add =
        write.prepare_cached("INSERT OR IGNORE INTO past_file (path, churn) VALUES (?1, 0)")?;
    let mut number = write.prepare_cached("SELECT id FROM past_file WHERE path = ?1")?;
    let mut change = write.prepare_cached("INSERT INTO past_change (id, files) VALUES (?1, ?2)")?;
    let mut said = write.prepare_cached("INSERT INTO said (rowid, message) VALUES (?1, ?2)")?;
    for one in changes.iter().rev() {
        let own = one.paths.iter().filter_map(|path| path.as_str().strip_prefix(below));
        let own: Vec<&str> = own.collect();
        if own.is_empty() || one.paths.len() > MOST_FILES {
            continue;
        }
        let mut out = Encoder::default();
        out.number(own.len());
        for path in own {
            let id = if let Some(id) = files.get(path) {
                *id
            } else {
                add.execute([path])?;
                number.query_row([path], |row| row.get(0))?
            };
            files.insert(path, id);
            out.number(id as usize);
        }
        let id = &one.id[..one.id.floor_char_boundary(ID_LETTERS)];
        change.execute(params![id, out.bytes])?;
        said.execute(params![write.last_insert_rowid(), tokens::message(&one.message)])?;
    }
    Ok(())
}

/// Forgets what is too old.
fn cut(write: &Transaction<'_>) -> rusqlite::Result<()> {
    let last: Option<i64> =
        write.query_row("SELECT max(number) FROM past_change", [], |row| row.get(0))?;
    let oldest = last.unwrap_or_default() - MOST_CHANGES as i64;
    write.execute("DELETE FROM said WHERE rowid <= ?1 AND rowid IN (SELECT number FROM past_change WHERE number <= ?1)", [oldest])?;
    write.execute("DELETE FROM past_change WHERE number <= ?1", [oldest])?;
    Ok(())
}

/// Counts how often each file is changed, as the logarithm and beside the one
/// that is changed most.
fn count(write: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut churn: HashMap<usize, f64> = HashMap::new();
    let mut select = write.prepare_cached("SELECT files FROM past_change ORDER BY number DESC")?;
    let mut rows = select.query([])?;
    let mut age = 0.0;
    while let Some(row) = rows.next()? {
        let numbers =
            numbers(row.get_ref(0)?.as_blob()?).ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        for number in numbers {
            *churn.entry(number).or_default() += f64::exp(-age / CHURN_CHANGES);
        }
        age += 1.0;
    }
    let most = churn.values().copied().fold(0.0, f64::max).ln_1p();
    write.execute("UPDATE past_file SET churn = 0", [])?;
    let mut set = write.prepare_cached("UPDATE past_file SET churn = ?2 WHERE id = ?1")?;
    for (number, sum) in churn {
        set.execute(params![number as i64, sum.ln_1p() / most.max(f64::MIN_POSITIVE)])?;
    }
    Ok(())
}

/// A commit whose message fits a question.
#[derive(Clone, Debug, PartialEq)]
pub struct FittingChange {
    /// The beginning of its name.
    pub id: String,
    /// How well it fits.
    pub score: f32,
    /// The files that it changed, as far as they are still there.
    pub files: Vec<RelPath>,
    /// How many files it changed.
    pub file_count: usize,
}

/// The commits whose messages fit best, best first. `wanted` is a question for
/// the full-text table.
pub fn fitting(
    connection: &Connection,
    wanted: &str,
    most: usize,
) -> rusqlite::Result<Vec<FittingChange>> {
    let mut select = connection.prepare_cached(
        "SELECT found.score, id, files FROM (
             SELECT rowid, bm25(said) AS score FROM said WHERE said MATCH ?1 ORDER BY score, rowid LIMIT ?2
         ) AS found JOIN past_change ON number = found.rowid ORDER BY found.score, number",
    )?;
    let mut path = connection.prepare_cached("SELECT path FROM past_file WHERE id = ?1")?;
    let mut names: HashMap<usize, Option<RelPath>> = HashMap::new();
    let mut rows = select.query(params![wanted, most as i64])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let numbers =
            numbers(row.get_ref(2)?.as_blob()?).ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let mut files = Vec::with_capacity(numbers.len());
        for number in &numbers {
            let known = if let Some(known) = names.get(number) {
                known.clone()
            } else {
                let text: Option<String> =
                    path.query_row([*number as i64], |row| row.get(0)).optional()?;
                text.and_then(|text| RelPath::new(&text).ok())
            };
            files.extend(known.clone());
            names.insert(*number, known);
        }
        // SQLite's scores are better the lower they are.
        let score = -row.get::<_, f64>(0)? as f32;
        found.push(FittingChange { id: row.get(1)?, score, files, file_count: numbers.len() });
    }
    Ok(found)
}

/// How much of the changes of each of some files changed others, too: of each
/// file, the others with a share from 0 to 1. Newer changes count more.
pub fn together(
    connection: &Connection,
    of: &[&RelPath],
) -> rusqlite::Result<Vec<HashMap<RelPath, f32>>> {
    let mut number = connection.prepare_cached("SELECT id FROM past_file WHERE path = ?1")?;
    let mut wanted: Vec<Option<usize>> = Vec::with_capacity(of.len());
    for path in of {
        let id: Option<i64> = number.query_row([path.as_str()], |row| row.get(0)).optional()?;
        wanted.push(id.map(|id| id as usize));
    }
    let mut whole = vec![0.0_f32; of.len()];
    let mut shares: Vec<HashMap<usize, f32>> = vec![HashMap::new(); of.len()];
    let mut select =
        connection.prepare_cached("SELECT files FROM past_change ORDER BY number DESC")?;
    let mut rows = select.query([])?;
    let mut age = 0.0;
    while let Some(row) = rows.next()? {
        let numbers =
            numbers(row.get_ref(0)?.as_blob()?).ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let weight = f64::exp(-age / CHURN_CHANGES) as f32;
        age += 1.0;
        for (place, id) in wanted.iter().enumerate() {
            if !id.is_some_and(|id| numbers.contains(&id)) {
                continue;
            }
            whole[place] += weight;
            if numbers.len() <= MOST_TOGETHER {
                // One that changes much says less of each two.
                let each = weight / (numbers.len() - 1).max(1) as f32;
                for other in numbers.iter().filter(|other| Some(**other) != *id) {
                    *shares[place].entry(*other).or_default() += each;
                }
            }
        }
    }
    let mut path = connection.prepare_cached("SELECT path FROM past_file WHERE id = ?1")?;
    let mut found = Vec::with_capacity(of.len());
    for (shares, whole) in shares.into_iter().zip(whole) {
        let mut named = HashMap::with_capacity(shares.len());
        for (id, share) in shares {
            let text: Option<String> = path.query_row([id as i64], |row| row.get(0)).optional()?;
            if let Some(path) = text.and_then(|text| RelPath::new(&text).ok()) {
                // A file that was changed once says nothing yet.
                named.insert(path, share / whole.max(1.0));
            }
        }
        found.push(named);
    }
    Ok(found)
}

fn numbers(bytes: &[u8]) -> Option<Vec<usize>> {
    let mut from = Decoder::new(bytes);
    (0..from.count()?).map(|_| from.number()).collect()
}
