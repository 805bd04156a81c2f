//! What can be read of a damaged file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Row, params};
use serde_json::Value;

use super::append::{Log, check_name, insert};
use super::error::{Result, SessionError, failed};
use super::limits::KEPT_ASIDE;
use super::list::{COLUMNS, SessionSummary, read_summary};
use super::record::{NewRecord, RecordKind, sum};
use super::{
    NewSession, Problem, SessionId, SessionStore, Surroundings, SystemSurroundings, number,
};

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Salvaged {
    /// What was wrong; `None`: nothing, and nothing was done.
    pub damage: Option<String>,
    /// Where the damaged file is kept.
    pub kept_aside: Option<PathBuf>,
    /// Sessions that were saved.
    pub sessions: u64,
    /// Records that were saved.
    pub records: u64,
    /// Records that are lost, as far as the sessions tell.
    pub lost: u64,
}

impl SessionStore {
    /// Looks at every byte of the file, and where it is damaged, keeps it aside
    /// and puts what can be read into a new one. No other process should have
    /// it open.
    pub fn repair(path: &Path) -> Result<Salvaged> {
        Self::repair_with(path, SystemSurroundings)
    }

    /// As [`repair`](Self::repair), with a clock and a chance of the caller's.
    pub fn repair_with(path: &Path, surroundings: impl Surroundings + 'static) -> Result<Salvaged> {
        let damage = match Self::open(path).and_then(|store| store.check()) {
            Ok(None) => return Ok(Salvaged::default()),
            Ok(Some(damage)) => damage,
            Err(SessionError::Damaged { what, .. }) => what,
            Err(error) => return Err(error),
        };
        let aside = keep_aside(path)?;
        let store = Self::open_with(path, surroundings)?;
        let mut salvaged = Salvaged { damage: Some(damage), ..Salvaged::default() };
        if let Ok(old) = open_damaged(&aside) {
            store.change(|file| save_into(file, &old, &mut salvaged, &*store.surroundings))?;
        }
        store.sync()?;
        salvaged.kept_aside = Some(aside);
        Ok(salvaged)
    }

    /// Looks at every byte; what is wrong, where something is.
    fn check(&self) -> Result<Option<String>> {
        let said = {
            let connection = self.lock();
            connection
                .query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0))
                .map_err(|error| self.failed(error))?
        };
        if said != "ok" {
            return Ok(Some(said));
        }
        let all = super::SessionFilter { limit: usize::MAX, ..super::SessionFilter::default() };
        for summary in self.list(&all)? {
            if let Err(error) = self.for_each(&summary.id, |_| Ok(())) {
                return match error {
                    SessionError::Damaged { what, .. } => Ok(Some(what)),
                    other => Err(other),
                };
            }
        }
        Ok(None)
    }
}

/// Gives the file another name, and its log with it.
#[allow(clippy::disallowed_methods, reason = "the sessions have a folder of their own")]
fn keep_aside(path: &Path) -> Result<PathBuf> {
    let named = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let free = (1..=KEPT_ASIDE).map(|number| named(&format!(".damaged-{number}")));
    let aside = free.into_iter().find(|aside| !aside.exists()).ok_or_else(|| {
        let full = std::io::Error::other("too many damaged files are kept there");
        SessionError::Folder { path: path.to_owned(), source: full }
    })?;
    // Its index of the log is made anew by whoever opens it.
    for end in ["-wal", ""] {
        let mut to = aside.clone().into_os_string();
        to.push(end);
        let from = named(end);
        if let Err(source) = fs::rename(&from, PathBuf::from(to))
            && (end.is_empty() || source.kind() != std::io::ErrorKind::NotFound)
        {
            return Err(SessionError::Folder { path: from, source });
        }
    }
    let shared = named("-shm");
    match fs::remove_file(&shared) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(SessionError::Folder { path: shared, source })
        }
        _ => Ok(aside),
    }
}

fn open_damaged(path: &Path) -> Result<Connection> {
    let open = || {
        let old = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        // What stands in it is only read.
        old.pragma_update(None, "query_only", true)?;
        old.pragma_update(None, "trusted_schema", false)?;
        Ok(old)
    };
    open().map_err(|error| failed(path, error))
}

struct OldRecord {
    turn: u32,
    kind: String,
    time_ms: u64,
    body: i64,
}

fn save_into(
    file: &Connection,
    old: &Connection,
    salvaged: &mut Salvaged,
    surroundings: &dyn Surroundings,
) -> std::result::Result<(), Problem> {
    let sessions: BTreeMap<i64, SessionSummary> =
        scan(old, &format!("SELECT {COLUMNS}, id FROM session ORDER BY id"), |row| {
            Ok((row.get(15)?, read_summary(row)?))
        });
    let mut records: BTreeMap<(i64, u64), OldRecord> = scan(
        old,
        "SELECT session, seq, turn, kind, time_ms, body FROM record ORDER BY session, seq",
        |row| {
            let record = OldRecord {
                turn: row.get(2)?,
                kind: row.get(3)?,
                time_ms: number(row, 4)?,
                body: row.get(5)?,
            };
            Ok(((row.get(0)?, number(row, 1)?), record))
        },
    );
    let mut owners: Vec<i64> = sessions.keys().copied().collect();
    owners.extend(records.keys().map(|(session, _)| *session));
    owners.sort_unstable();
    owners.dedup();
    for owner in owners {
        let summary = sessions.get(&owner);
        let later = records.split_off(&(owner, 0));
        let (own, later): (BTreeMap<_, _>, BTreeMap<_, _>) =
            later.into_iter().partition(|((session, _), _)| *session == owner);
        records = later;
        let sound: Vec<NewRecord> = own
            .into_iter()
            .filter_map(|((_, seq), record)| sound(old, owner, seq, record, summary))
            .collect();
        salvaged.lost +=
            summary.map_or(0, |summary| summary.records.saturating_sub(sound.len() as u64));
        if summary.is_none() && sound.is_empty() {
            continue;
        }
        let id = begin(file, summary, surroundings)?;
        let mut log = Log::of(file, &id)?;
        for record in &sound {
            let data = record.checked()?;
            log.append_whole(file, record, &data, record.time_ms.unwrap_or(0))?;
        }
        log.store(file)?;
        salvaged.sessions += 1;
        salvaged.records += sound.len() as u64;
    }
    Ok(())
}

/// The record, where it is the one that was written.
fn sound(
    old: &Connection,
    session: i64,
    seq: u64,
    record: OldRecord,
    summary: Option<&SessionSummary>,
) -> Option<NewRecord> {
    let (found, data) = old
        .query_row("SELECT sum, data FROM body WHERE id = ?1", [record.body], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })
        .ok()?;
    if sum(seq, record.turn, &record.kind, record.time_ms, &data) != found {
        return None;
    }
    let mut data: Value = serde_json::from_str(&data).ok()?;
    if summary.is_some_and(|summary| summary.open_seq == Some(seq)) {
        let text = data["text"].as_str()?;
        let pieces = pieces(old, session, seq, &record);
        data = serde_json::json!({ "text": format!("{text}{pieces}") });
    }
    let mut new = NewRecord::new(record.turn, RecordKind::from(record.kind), data);
    new.time_ms = Some(record.time_ms);
    Some(new)
}

/// The pieces of the text that grew, up to the first that is not whole.
fn pieces(old: &Connection, session: i64, seq: u64, record: &OldRecord) -> String {
    let sql = "SELECT part, sum, text FROM piece WHERE session = ?1 ORDER BY part";
    let Ok(mut query) = old.prepare(sql) else { return String::new() };
    let Ok(rows) = query.query_map([session], |row| {
        Ok((number(row, 0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
    }) else {
        return String::new();
    };
    let whole = rows.map_while(std::result::Result::ok).zip(1..).take_while(
        |((part, found, text), number)| {
            part == number && sum(seq, record.turn, &record.kind, *part, text) == *found
        },
    );
    whole.map(|((_, _, text), _)| text).collect()
}

/// Begins the session anew, with what is known of it.
fn begin(
    file: &Connection,
    summary: Option<&SessionSummary>,
    surroundings: &dyn Surroundings,
) -> std::result::Result<SessionId, Problem> {
    let name = summary.and_then(|summary| summary.name.clone());
    let new = NewSession {
        name: name.filter(|name| check_name(file, name).is_ok()),
        model: summary.map(|summary| summary.model.clone()).unwrap_or_default(),
        root: summary.map(|summary| summary.root.clone()).unwrap_or_default(),
        mode: summary.map(|summary| summary.mode.clone()).unwrap_or_default(),
        parent: summary.and_then(|summary| summary.parent.clone()).map(|(parent, _)| parent),
    };
    let (row, id) = insert(file, &new, surroundings.now_ms(), &|| surroundings.random())?;
    let Some(summary) = summary else { return Ok(id) };
    let changed = file.execute(
        "UPDATE OR IGNORE session SET key = ?2, title = ?3, created_ms = ?4, updated_ms = ?4,
         parent_turn = ?5 WHERE id = ?1",
        params![
            row,
            summary.id.as_str(),
            summary.title,
            super::signed(summary.created_ms),
            summary.parent.as_ref().map_or(0, |(_, turn)| *turn),
        ],
    )?;
    Ok(if changed == 1 { summary.id.clone() } else { id })
}

/// All rows that can be read: from the first to where it breaks, and from the
/// last back to there.
fn scan<K: Ord, V>(
    old: &Connection,
    sql: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<(K, V)>,
) -> BTreeMap<K, V> {
    let mut found = BTreeMap::new();
    let backwards: String = sql.rsplit_once("ORDER BY ").map_or(sql.to_owned(), |(head, order)| {
        let order: Vec<String> = order.split(", ").map(|one| format!("{one} DESC")).collect();
        format!("{head}ORDER BY {}", order.join(", "))
    });
    for sql in [sql, &backwards] {
        let Ok(mut query) = old.prepare(sql) else { continue };
        let Ok(mut rows) = query.query([]) else { continue };
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    // A single row that cannot be read is left out.
                    if let Ok((key, value)) = read(row) {
                        found.entry(key).or_insert(value);
                    }
                }
                Ok(None) => return found,
                Err(_) => break,
            }
        }
    }
    found
}
