//! What there is.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::SessionError;
use super::limits::LISTED;
use super::{Problem, Result, SessionId, SessionStore, maybe_number, number, signed};

/// What is known of a session without reading its log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionSummary {
    /// Its id.
    pub id: SessionId,
    /// Its name, where somebody gave it one.
    pub name: Option<String>,
    /// Its title: what it was told, else the first line that the person said.
    pub title: String,
    /// The model that it began with.
    pub model: String,
    /// The folder that it works in.
    pub root: String,
    /// How it works.
    pub mode: String,
    /// The session that it was forked from or belongs to, which may be gone,
    /// and the last turn that both share; 0 for none.
    pub parent: Option<(SessionId, u32)>,
    /// When it began, in milliseconds since 1970.
    pub created_ms: u64,
    /// When something was appended last, in milliseconds since 1970.
    pub updated_ms: u64,
    /// The number of its last turn.
    pub turns: u32,
    /// How many records its log has.
    pub records: u64,
    /// Tokens of all prompts.
    pub prompt_tokens: u64,
    /// Tokens of all answers.
    pub completion_tokens: u64,
    /// The record whose text grows, where one does.
    pub(super) open_seq: Option<u64>,
}

impl SessionSummary {
    /// Its name, else its title, else its id.
    pub fn label(&self) -> &str {
        match &self.name {
            Some(name) => name,
            None if self.title.is_empty() => self.id.as_str(),
            None => &self.title,
        }
    }
}

/// Which sessions are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFilter {
    /// Those alone whose name, title, model or id holds this, whatever its case.
    pub text: Option<String>,
    /// Those alone that something was appended to since, in milliseconds since
    /// 1970.
    pub since_ms: Option<u64>,
    /// The most that are listed.
    pub limit: usize,
}

impl Default for SessionFilter {
    fn default() -> Self {
        Self { text: None, since_ms: None, limit: LISTED }
    }
}

pub(super) const COLUMNS: &str = "key, name, title, model, root, mode, parent, parent_turn,
    created_ms, updated_ms, turns, records, prompt_tokens, completion_tokens, open_seq";

impl SessionStore {
    /// Lists sessions, the one that was used last first.
    pub fn list(&self, filter: &SessionFilter) -> Result<Vec<SessionSummary>> {
        self.read(|file| {
            let mut query = file.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM session WHERE updated_ms >= ?1
                 ORDER BY updated_ms DESC, key DESC"
            ))?;
            let mut rows = query.query([signed(filter.since_ms.unwrap_or(0))])?;
            let wanted = filter.text.as_ref().map(|text| text.to_lowercase());
            let mut listed = Vec::new();
            while listed.len() < filter.limit
                && let Some(row) = rows.next()?
            {
                let summary = read_summary(row)?;
                if wanted.as_ref().is_none_or(|wanted| fits(&summary, wanted)) {
                    listed.push(summary);
                }
            }
            Ok(listed)
        })
    }
}

fn fits(summary: &SessionSummary, wanted: &str) -> bool {
    let name = summary.name.as_deref().unwrap_or_default();
    [name, &summary.title, &summary.model, summary.id.as_str()]
        .iter()
        .any(|text| text.to_lowercase().contains(wanted))
}

/// The row of a session, and what it tells.
pub(super) fn summary_of(
    file: &Connection,
    id: &SessionId,
) -> Result<(i64, SessionSummary), Problem> {
    let mut query =
        file.prepare_cached(&format!("SELECT {COLUMNS}, id FROM session WHERE key = ?1"))?;
    let found = query
        .query_row(params![id.as_str()], |row| Ok((row.get(15)?, read_summary(row)?)))
        .optional()?;
    let missing = || SessionError::NotFound { wanted: id.to_string(), near: Vec::new() };
    let (session, summary) = found.ok_or_else(missing)?;
    agrees_with_log(file, session, &summary)?;
    Ok((session, summary))
}

/// Whether the numbers in the row of a session, which bear no sum, are those of
/// its log.
fn agrees_with_log(
    file: &Connection,
    session: i64,
    summary: &SessionSummary,
) -> Result<(), Problem> {
    let mut query = file.prepare_cached(
        "SELECT (SELECT coalesce(max(turn), 0) FROM turn WHERE session = ?1),
                (SELECT coalesce(max(seq) + 1, 0) FROM record WHERE session = ?1)",
    )?;
    let (turns, records) =
        query.query_row([session], |row| Ok((row.get::<_, u32>(0)?, number(row, 1)?)))?;
    // A fork may end with a turn in which nothing was written down.
    if summary.turns < turns || summary.records != records {
        let id = &summary.id;
        return Err(Problem::Damage(format!("the session {id} does not fit its log")));
    }
    Ok(())
}

/// Reads the [`COLUMNS`].
pub(super) fn read_summary(row: &Row<'_>) -> rusqlite::Result<SessionSummary> {
    let id = |place: usize, text: String| {
        text.parse::<SessionId>().map_err(|error| {
            let text = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(place, text, error.into())
        })
    };
    let parent = row.get::<_, Option<String>>(6)?.map(|text| id(6, text)).transpose()?;
    let parent_turn = row.get(7)?;
    Ok(SessionSummary {
        id: id(0, row.get(0)?)?,
        name: row.get(1)?,
        title: row.get(2)?,
        model: row.get(3)?,
        root: row.get(4)?,
        mode: row.get(5)?,
        parent: parent.map(|parent| (parent, parent_turn)),
        created_ms: number(row, 8)?,
        updated_ms: number(row, 9)?,
        turns: row.get(10)?,
        records: number(row, 11)?,
        prompt_tokens: number(row, 12)?,
        completion_tokens: number(row, 13)?,
        open_seq: maybe_number(row, 14)?,
    })
}
