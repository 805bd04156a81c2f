//! How a log is read: the newest turns first, the rest page by page.

use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::append::with_pieces;
use super::limits::{OPENED_TURNS, PAGE_BYTES, PAGE_RECORDS};
use super::list::{SessionSummary, summary_of};
use super::record::{Record, RecordKind, sum};
use super::{Problem, Result, SessionId, SessionStore, maybe_number, number, signed};

/// A session as it is opened: what is known of it, and its newest turns.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenedSession {
    /// What the list tells of it.
    pub summary: SessionSummary,
    /// The newest turns. What came before is read by
    /// [`SessionStore::page_before`].
    pub newest: RecordPage,
    /// The newest record that stands for what came before it.
    pub summarised: Option<Record>,
    /// The files that are pinned, in the order in which they were.
    pub pinned: Vec<String>,
}

/// Some records that follow each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordPage {
    /// The records, oldest first.
    pub records: Vec<Record>,
    /// Whether there are records before them.
    pub has_earlier: bool,
    /// Whether there are records after them.
    pub has_later: bool,
}

impl SessionStore {
    /// Opens a session: its newest twenty turns, or as many of them as fit into
    /// a page.
    pub fn open_session(&self, id: &SessionId) -> Result<OpenedSession> {
        self.read(|file| {
            let (session, summary) = summary_of(file, id)?;
            let newest = page_before(file, session, &summary, summary.records, OPENED_TURNS)?;
            let mut last = file.prepare_cached(
                "SELECT max(seq) FROM record WHERE session = ?1 AND mark = 'summary'",
            )?;
            let summarised = match last.query_row([session], |row| maybe_number(row, 0))? {
                Some(seq) => records(file, session, &summary, seq, seq + 1)?.records.pop(),
                None => None,
            };
            Ok(OpenedSession { newest, summarised, pinned: pinned(file, session)?, summary })
        })
    }

    /// What is known of a session.
    pub fn summary(&self, id: &SessionId) -> Result<SessionSummary> {
        self.read(|file| Ok(summary_of(file, id)?.1))
    }

    /// The `turns` turns before the record `before`, or as many of their
    /// records as fit into a page.
    pub fn page_before(&self, id: &SessionId, before: u64, turns: u32) -> Result<RecordPage> {
        self.read(|file| {
            let (session, summary) = summary_of(file, id)?;
            page_before(file, session, &summary, before, turns)
        })
    }

    /// The records from `from` on, as many as fit into a page.
    pub fn page_from(&self, id: &SessionId, from: u64) -> Result<RecordPage> {
        self.read(|file| {
            let (session, summary) = summary_of(file, id)?;
            records(file, session, &summary, from, u64::MAX)
        })
    }

    /// Reads a whole session, page by page.
    pub fn for_each(
        &self,
        id: &SessionId,
        mut each: impl FnMut(Record) -> Result<()>,
    ) -> Result<()> {
        let mut from = 0;
        loop {
            let page = self.page_from(id, from)?;
            let Some(last) = page.records.last() else { return Ok(()) };
            from = last.seq + 1;
            page.records.into_iter().try_for_each(&mut each)?;
            if !page.has_later {
                return Ok(());
            }
        }
    }
}

fn page_before(
    file: &Connection,
    session: i64,
    summary: &SessionSummary,
    before: u64,
    turns: u32,
) -> Result<RecordPage, Problem> {
    let before = before.min(summary.records);
    // The records of a page in front of whose first there is the start of a
    // turn, where there is one among the last so many records.
    let mut first = file.prepare_cached(
        "SELECT first_seq FROM turn WHERE session = ?1 AND first_seq < ?2
         ORDER BY turn DESC LIMIT ?3",
    )?;
    let starts = first
        .query_map(params![session, signed(before), turns.max(1)], |row| number(row, 0))?
        .collect::<rusqlite::Result<Vec<u64>>>()?;
    let earliest = before.saturating_sub(PAGE_RECORDS as u64);
    let fitting = starts.iter().copied().filter(|start| *start >= earliest).min();
    // The kinds of a turn may be told later; a turn without end is cut.
    let from = fitting.unwrap_or(earliest);
    let mut page = records(file, session, summary, from, before)?;
    while page.has_later && page.records.last().is_some_and(|last| last.seq + 1 < before) {
        // Large records: the later ones are what was asked for.
        let next = page.records.last().map_or(before, |last| last.seq + 1);
        page = records(file, session, summary, next, before)?;
    }
    Ok(page)
}

/// The records `from..to`, as many as fit into a page; all are as they were
/// written, without a gap.
fn records(
    file: &Connection,
    session: i64,
    summary: &SessionSummary,
    from: u64,
    to: u64,
) -> Result<RecordPage, Problem> {
    let to = to.min(summary.records);
    let mut page = RecordPage { has_earlier: from > 0, ..RecordPage::default() };
    let mut query = file.prepare_cached(
        "SELECT seq, turn, kind, time_ms, sum, data FROM record LEFT JOIN body ON body.id = body
         WHERE session = ?1 AND seq >= ?2 AND seq < ?3 ORDER BY seq",
    )?;
    let mut rows = query.query(params![session, signed(from), signed(to)])?;
    let (mut expected, mut bytes) = (from, 0);
    while let Some(row) = rows.next()? {
        let (record, length) = stored(file, session, row, summary.open_seq)?;
        if record.seq != expected {
            return Err(Problem::Damage(format!("record {expected} is missing")));
        }
        bytes += length;
        if page.records.len() == PAGE_RECORDS || (bytes > PAGE_BYTES && !page.records.is_empty()) {
            break;
        }
        page.records.push(record);
        expected += 1;
    }
    page.has_later = expected < summary.records;
    if expected < to && page.records.len() < PAGE_RECORDS && bytes <= PAGE_BYTES {
        return Err(Problem::Damage(format!("record {expected} is missing")));
    }
    Ok(page)
}

/// A row as a record, and the length of its data.
fn stored(
    file: &Connection,
    session: i64,
    row: &Row<'_>,
    open_seq: Option<u64>,
) -> Result<(Record, usize), Problem> {
    let (seq, turn, time_ms) = (number(row, 0)?, row.get::<_, u32>(1)?, number(row, 3)?);
    let kind = row.get::<_, String>(2)?;
    let damage = || Problem::Damage(format!("record {seq} was changed"));
    let (found, data) = (row.get::<_, Option<i64>>(4)?, row.get_ref(5)?);
    let data = data.as_str().map_err(|_| damage())?;
    if found != Some(sum(seq, turn, &kind, time_ms, data)) {
        return Err(damage());
    }
    let value: Value = if open_seq == Some(seq) {
        let counted = file
            .prepare_cached("SELECT open_pieces FROM session WHERE id = ?1")?
            .query_row([session], |row| number(row, 0))?;
        with_pieces(file, session, seq, (turn, &kind), data, counted)?
    } else {
        serde_json::from_str(data).map_err(|_| damage())?
    };
    Ok((Record { seq, turn, kind: RecordKind::from(kind), time_ms, data: value }, data.len()))
}

fn pinned(file: &Connection, session: i64) -> Result<Vec<String>, Problem> {
    let mut query = file.prepare_cached(
        "SELECT kind, data FROM record INDEXED BY record_mark JOIN body ON body.id = body
         WHERE session = ?1 AND mark IN ('pin', 'unpin') ORDER BY seq",
    )?;
    let mut rows = query.query([session])?;
    let mut pinned: Vec<String> = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, data) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
        let data: Value = serde_json::from_str(&data)
            .map_err(|_| Problem::Damage("a pin was changed".to_owned()))?;
        let Some(path) = data["path"].as_str() else { continue };
        pinned.retain(|known| known != path);
        if kind == "pin" {
            pinned.push(path.to_owned());
        }
    }
    Ok(pinned)
}
