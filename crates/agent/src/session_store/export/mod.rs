//! A session as a file, and back.

mod from_markdown;
mod markdown;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::append::{Log, check_name, insert};
use super::error::SessionError;
use super::limits::{MOST_IMPORT_BYTES, MOST_IMPORT_RECORDS, MOST_NAME_CHARS};
use super::record::{NewRecord, RecordKind};
use super::{NewSession, Result, SessionId, SessionStore};

/// The version of the exported documents.
pub const EXPORT_VERSION: u32 = 1;

/// A whole session as a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportedSession {
    /// The version of this document: 1.
    pub version: u32,
    /// The session's id. An import keeps it where it is free.
    pub id: String,
    /// Its name. An import keeps it where it is free.
    #[serde(default)]
    pub name: Option<String>,
    /// Its title.
    #[serde(default)]
    pub title: String,
    /// The model that it began with.
    #[serde(default)]
    pub model: String,
    /// The folder that it worked in.
    #[serde(default)]
    pub root: String,
    /// How it worked.
    #[serde(default)]
    pub mode: String,
    /// The session that it was forked from or belonged to.
    #[serde(default)]
    pub parent: Option<String>,
    /// The last turn that it shares with it.
    #[serde(default)]
    pub parent_turn: u32,
    /// When it began, in milliseconds since 1970.
    #[serde(default)]
    pub created_ms: u64,
    /// Its log, oldest first.
    pub records: Vec<ExportedRecord>,
}

/// One line of an exported log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportedRecord {
    /// The turn that it belongs to, from 1; 0 before the first.
    pub turn: u32,
    /// What it tells of, such as `user`, `text`, `generation` or `edit`.
    pub kind: String,
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// What it tells.
    pub data: Value,
}

impl ExportedSession {
    /// Reads a JSON document. What it holds is checked when it is imported.
    pub fn from_json(text: &str) -> Result<Self> {
        check_length(text)?;
        serde_json::from_str(text)
            .map_err(|error| SessionError::BadImport { what: format!("is no session: {error}") })
    }

    /// The document as JSON text, with all that the log holds.
    pub fn to_json(&self) -> String {
        // Nothing in it can fail: keys are strings, numbers are JSON's.
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// Reads what [`to_markdown`](Self::to_markdown) wrote.
    pub fn from_markdown(text: &str) -> Result<Self> {
        check_length(text)?;
        from_markdown::read(text)
    }

    /// The conversation for people, as Markdown: what was said, and what became
    /// of edits, as diffs where the log has them.
    ///
    /// Comments in it tell what a page does not show, so that it can be read
    /// again. What is lost: records without a text that are larger than 2 KiB,
    /// such as long answers of tools.
    pub fn to_markdown(&self) -> String {
        markdown::write(self)
    }
}

fn check_length(text: &str) -> Result<()> {
    if text.len() > MOST_IMPORT_BYTES {
        let what = format!("is longer than {MOST_IMPORT_BYTES} bytes");
        return Err(SessionError::BadImport { what });
    }
    Ok(())
}

impl SessionStore {
    /// Exports a session.
    pub fn export(&self, id: &SessionId) -> Result<ExportedSession> {
        self.close_text(id)?;
        let summary = self.summary(id)?;
        let mut records = Vec::new();
        self.for_each(id, |record| {
            records.push(ExportedRecord {
                turn: record.turn,
                kind: record.kind.into(),
                time_ms: record.time_ms,
                data: record.data,
            });
            Ok(())
        })?;
        let (parent, parent_turn) = summary.parent.unzip();
        Ok(ExportedSession {
            version: EXPORT_VERSION,
            id: summary.id.to_string(),
            name: summary.name,
            title: summary.title,
            model: summary.model,
            root: summary.root,
            mode: summary.mode,
            parent: parent.map(|parent| parent.to_string()),
            parent_turn: parent_turn.unwrap_or(0),
            created_ms: summary.created_ms,
            records,
        })
    }

    /// Imports a session under its own id and name where these are free, else
    /// under another id and without a name, and gives the id.
    pub fn import(&self, session: &ExportedSession) -> Result<SessionId> {
        let bad = |what: String| SessionError::BadImport { what };
        if session.version != EXPORT_VERSION {
            let found = session.version;
            return Err(bad(format!("has version {found}, this program reads {EXPORT_VERSION}")));
        }
        if session.records.len() > MOST_IMPORT_RECORDS {
            return Err(bad(format!("has more than {MOST_IMPORT_RECORDS} records")));
        }
        let id: SessionId =
            session.id.parse().map_err(|why| bad(format!("is named wrong: {why}")))?;
        let parent: Option<SessionId> = session
            .parent
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|why| bad(format!("names a wrong parent: {why}")))?;
        let line = |text: &str| text.len() <= MOST_LINE && !text.contains(char::is_control);
        let lines = [&session.title, &session.model, &session.root, &session.mode];
        if !lines.iter().all(|text| line(text)) {
            return Err(bad("has a title, a model, a folder or a mode that is no line".to_owned()));
        }
        let mut records = Vec::with_capacity(session.records.len());
        for (number, record) in session.records.iter().enumerate() {
            let mut new =
                NewRecord::new(record.turn, RecordKind::from(&*record.kind), record.data.clone());
            new.time_ms = Some(record.time_ms);
            let data = new
                .checked()
                .map_err(|error| bad(format!("has a bad record {number}: {error}")))?;
            records.push((new, data));
        }
        let now = self.surroundings.now_ms();
        self.change(|file| {
            let free = session.name.as_ref().filter(|name| check_name(file, name).is_ok());
            let new = NewSession {
                name: free.cloned(),
                model: session.model.clone(),
                root: session.root.clone(),
                mode: session.mode.clone(),
                parent,
            };
            let (row, mut given) = insert(file, &new, now, &|| self.surroundings.random())?;
            file.execute(
                "UPDATE session SET created_ms = ?2, updated_ms = ?2, parent_turn = ?3
                 WHERE id = ?1",
                rusqlite::params![row, super::signed(session.created_ms), session.parent_turn],
            )?;
            let taken: bool = file.query_row(
                "SELECT EXISTS (SELECT 1 FROM session WHERE key = ?1)",
                [id.as_str()],
                |row| row.get(0),
            )?;
            if !taken {
                let key = rusqlite::params![row, id.as_str()];
                file.execute("UPDATE session SET key = ?2 WHERE id = ?1", key)?;
                given = id;
            }
            let mut log = Log::of(file, &given)?;
            for (record, data) in records {
                let time_ms = record.time_ms.unwrap_or(now);
                // What was one record stays one.
                log.append_whole(file, &record, &data, time_ms)?;
            }
            log.store(file)?;
            file.execute(
                "UPDATE session SET title = ?2 WHERE id = ?1",
                rusqlite::params![row, session.title],
            )?;
            Ok(given)
        })
    }
}

/// The most bytes of a title, a model's name, a path or a mode.
const MOST_LINE: usize = 4_096 + MOST_NAME_CHARS;
