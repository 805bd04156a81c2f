//! How a log grows.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};

use super::error::SessionError;
use super::limits::{MOST_NAME_CHARS, MOST_TITLE_CHARS};
use super::record::{NewRecord, RecordKind, findable, piece, sum};
use super::{NewSession, Problem, Result, SessionId, SessionStore, maybe_number, number, signed};

/// The most pieces of one text; what goes on after them is another record.
const MOST_PIECES: u64 = 1 << 16;

impl SessionStore {
    /// Begins a session.
    pub fn create(&self, new: &NewSession) -> Result<SessionId> {
        let now = self.surroundings.now_ms();
        self.change(|file| insert(file, new, now, &|| self.surroundings.random()).map(|(_, id)| id))
    }

    /// Appends to a session's log and gives the record's number. When it
    /// returns, the record is with the operating system: the end of this
    /// process loses nothing of it.
    ///
    /// Records of kind [`Text`](RecordKind::Text) and
    /// [`Thinking`](RecordKind::Thinking) that hold nothing but a text join the
    /// one before, where that is of the same kind and turn, so that each token
    /// can be appended as it comes.
    pub fn append(&self, id: &SessionId, record: &NewRecord) -> Result<u64> {
        self.append_all(id, std::slice::from_ref(record))
    }

    /// Appends several records, all or none, and gives the number of the last.
    pub fn append_all(&self, id: &SessionId, records: &[NewRecord]) -> Result<u64> {
        let checked: Vec<String> = records.iter().map(NewRecord::checked).collect::<Result<_>>()?;
        let now = self.surroundings.now_ms();
        self.change(|file| {
            let mut log = Log::of(file, id)?;
            for (record, data) in records.iter().zip(checked) {
                log.append(file, record, data, record.time_ms.unwrap_or(now))?;
            }
            log.store(file)?;
            Ok(log.records.saturating_sub(1))
        })
    }

    /// Ends the text that grows, if one does: what was said is then found by a
    /// search. The next record of another kind does the same.
    pub fn close_text(&self, id: &SessionId) -> Result<()> {
        self.change(|file| {
            let mut log = Log::of(file, id)?;
            log.close_text(file)?;
            log.store(file)
        })
    }
}

/// Inserts a session and gives its row and its id.
pub(super) fn insert(
    file: &Connection,
    new: &NewSession,
    now_ms: u64,
    random: &dyn Fn() -> u64,
) -> Result<(i64, SessionId), Problem> {
    if let Some(name) = &new.name {
        check_name(file, name)?;
    }
    let mut statement = file.prepare_cached(
        "INSERT OR IGNORE INTO session
         (key, name, model, root, mode, parent, created_ms, updated_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
    )?;
    loop {
        let id = SessionId::of(now_ms, random());
        let parent = new.parent.as_ref().map(SessionId::as_str);
        let now = signed(now_ms);
        let values = params![id.as_str(), new.name, new.model, new.root, new.mode, parent, now];
        // The name is free, so only the id can be taken; another is drawn.
        if statement.execute(values)? == 1 {
            return Ok((file.last_insert_rowid(), id));
        }
    }
}

/// Refuses a name that cannot be given, or that another session has.
pub(super) fn check_name(file: &Connection, name: &str) -> Result<(), Problem> {
    let why = if name.trim().is_empty() {
        "it is empty"
    } else if name.trim() != name {
        "it begins or ends with a space"
    } else if name.chars().count() > MOST_NAME_CHARS {
        "it is too long"
    } else if name.chars().any(char::is_control) {
        "it holds what is no character"
    } else if name.parse::<SessionId>().is_ok() {
        "it looks like an id"
    } else {
        let mut taken = file.prepare_cached("SELECT key FROM session WHERE name = ?1")?;
        let taken = taken.query_row([name], |row| row.get::<_, String>(0)).optional()?;
        return match taken {
            Some(id) => Err(SessionError::NameTaken { name: name.to_owned(), id }.into()),
            None => Ok(()),
        };
    };
    Err(SessionError::BadName { name: name.to_owned(), why }.into())
}

/// The end of a log, as it grows.
pub(super) struct Log {
    session: i64,
    has_title: bool,
    title: Option<String>,
    turns: u32,
    pub(super) records: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    updated_ms: u64,
    /// The record whose text grows.
    open_seq: Option<u64>,
    /// The pieces of that text after its first, which the record holds.
    open_pieces: u64,
    /// Whether anything but a piece was added.
    is_changed: bool,
    /// Whether a piece was added.
    is_grown: bool,
}

impl Log {
    pub(super) fn of(file: &Connection, id: &SessionId) -> Result<Self, Problem> {
        let mut query = file.prepare_cached(
            "SELECT id, title <> '', turns, records, prompt_tokens, completion_tokens, updated_ms,
             open_seq, open_pieces FROM session WHERE key = ?1",
        )?;
        let log = query.query_row([id.as_str()], |row| {
            Ok(Self {
                session: row.get(0)?,
                has_title: row.get(1)?,
                title: None,
                turns: row.get(2)?,
                records: number(row, 3)?,
                prompt_tokens: number(row, 4)?,
                completion_tokens: number(row, 5)?,
                updated_ms: number(row, 6)?,
                open_seq: maybe_number(row, 7)?,
                open_pieces: number(row, 8)?,
                is_changed: false,
                is_grown: false,
            })
        });
        let missing = || SessionError::NotFound { wanted: id.to_string(), near: Vec::new() };
        Ok(log.optional()?.ok_or_else(missing)?)
    }

    pub(super) fn append(
        &mut self,
        file: &Connection,
        record: &NewRecord,
        data: String,
        time_ms: u64,
    ) -> Result<(), Problem> {
        if let Some(text) = piece(record) {
            if self.grow(file, record, text)? {
                return Ok(());
            }
            self.close_text(file)?;
            self.insert(file, record, &data, time_ms)?;
            (self.open_seq, self.open_pieces) = (Some(self.records - 1), 0);
            return Ok(());
        }
        self.close_text(file)?;
        self.insert(file, record, &data, time_ms)
    }

    /// Appends a record that joins no other and that none will join.
    pub(super) fn append_whole(
        &mut self,
        file: &Connection,
        record: &NewRecord,
        data: &str,
        time_ms: u64,
    ) -> Result<(), Problem> {
        self.insert(file, record, data, time_ms)?;
        if piece(record).is_some() {
            make_findable(file, file.last_insert_rowid(), &record.kind, &record.data)?;
        }
        Ok(())
    }

    fn insert(
        &mut self,
        file: &Connection,
        record: &NewRecord,
        data: &str,
        time_ms: u64,
    ) -> Result<(), Problem> {
        let (seq, turn, kind) = (self.records, record.turn, record.kind.as_str());
        let sum = sum(seq, turn, kind, time_ms, data);
        file.prepare_cached("INSERT INTO body (sum, data) VALUES (?1, ?2)")?
            .execute(params![sum, data])?;
        let body = file.last_insert_rowid();
        file.prepare_cached(
            "INSERT INTO record (session, seq, turn, kind, time_ms, body, mark)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            self.session,
            signed(seq),
            turn,
            kind,
            signed(time_ms),
            body,
            record.kind.mark()
        ])?;
        file.prepare_cached(
            "INSERT OR IGNORE INTO turn (session, turn, first_seq) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![self.session, turn, signed(seq)])?;
        self.records += 1;
        self.turns = self.turns.max(turn);
        self.updated_ms = self.updated_ms.max(time_ms);
        self.is_changed = true;
        self.note(record);
        if piece(record).is_none() {
            make_findable(file, body, &record.kind, &record.data)?;
        }
        Ok(())
    }

    /// What the list of sessions tells of a record.
    fn note(&mut self, record: &NewRecord) {
        match record.kind {
            RecordKind::Generation => {
                let tokens = |name: &str| record.data["usage"][name].as_u64().unwrap_or(0);
                self.prompt_tokens = self.prompt_tokens.saturating_add(tokens("prompt_tokens"));
                self.completion_tokens =
                    self.completion_tokens.saturating_add(tokens("completion_tokens"));
            }
            RecordKind::Title => {
                self.title = record.data["text"].as_str().map(title_of);
            }
            RecordKind::User if !self.has_title && self.title.is_none() => {
                self.title =
                    record.data["text"].as_str().map(title_of).filter(|title| !title.is_empty());
            }
            _ => {}
        }
    }

    /// Adds a piece to the text that grows; `false` where none does, or another.
    fn grow(&mut self, file: &Connection, record: &NewRecord, text: &str) -> Result<bool, Problem> {
        let Some(seq) = self.open_seq else { return Ok(false) };
        let mut query =
            file.prepare_cached("SELECT turn, kind FROM record WHERE session = ?1 AND seq = ?2")?;
        let (turn, kind) = query.query_row(params![self.session, signed(seq)], |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?))
        })?;
        let is_full = self.open_pieces >= MOST_PIECES;
        if turn != record.turn || kind != record.kind.as_str() || is_full {
            return Ok(false);
        }
        // Where a piece is there that nobody counted, this is no free place,
        // and the error tells of damage.
        let part = self.open_pieces + 1;
        let sum = sum(seq, turn, &kind, part, text);
        file.prepare_cached(
            "INSERT INTO piece (session, part, sum, text) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![self.session, signed(part), sum, text])?;
        (self.open_pieces, self.is_grown) = (part, true);
        Ok(true)
    }

    /// Puts the pieces of the text that grows into its record.
    pub(super) fn close_text(&mut self, file: &Connection) -> Result<(), Problem> {
        let Some(seq) = self.open_seq.take() else { return Ok(()) };
        self.is_changed = true;
        let mut query = file.prepare_cached(
            "SELECT turn, kind, time_ms, body, sum, data FROM record JOIN body ON body.id = body
             WHERE session = ?1 AND seq = ?2",
        )?;
        let (turn, kind, time_ms, body, found, data) =
            query.query_row(params![self.session, signed(seq)], |row| {
                Ok((
                    row.get::<_, u32>(0)?,
                    row.get::<_, String>(1)?,
                    number(row, 2)?,
                    row.get::<_, i64>(3)?,
                    row.get::<_, i64>(4)?,
                    row.get::<_, String>(5)?,
                ))
            })?;
        if sum(seq, turn, &kind, time_ms, &data) != found {
            return Err(Problem::Damage(format!("record {seq} was changed")));
        }
        let data = with_pieces(file, self.session, seq, (turn, &kind), &data, self.open_pieces)?;
        let text = data.to_string();
        file.prepare_cached("UPDATE body SET sum = ?2, data = ?3 WHERE id = ?1")?
            .execute(params![body, sum(seq, turn, &kind, time_ms, &text), text])?;
        file.prepare_cached("DELETE FROM piece WHERE session = ?1")?.execute([self.session])?;
        self.open_pieces = 0;
        make_findable(file, body, &RecordKind::from(kind), &data)
    }

    /// Writes what the session's row tells. A piece changes one number of it:
    /// how many there are, which lies on another page than they do, so that a
    /// page that lost the newest is found out.
    pub(super) fn store(&self, file: &Connection) -> Result<(), Problem> {
        if !self.is_changed {
            if self.is_grown {
                file.prepare_cached("UPDATE session SET open_pieces = ?2 WHERE id = ?1")?
                    .execute(params![self.session, signed(self.open_pieces)])?;
            }
            return Ok(());
        }
        file.prepare_cached(
            "UPDATE session SET title = coalesce(?2, title), turns = ?3, records = ?4,
             prompt_tokens = ?5, completion_tokens = ?6, updated_ms = ?7, open_seq = ?8,
             open_pieces = ?9 WHERE id = ?1",
        )?
        .execute(params![
            self.session,
            self.title,
            self.turns,
            signed(self.records),
            signed(self.prompt_tokens),
            signed(self.completion_tokens),
            signed(self.updated_ms),
            self.open_seq.map(signed),
            signed(self.open_pieces),
        ])?;
        Ok(())
    }
}

/// The data of a record whose text grows, with the pieces that came so far, of
/// which so many were counted.
pub(super) fn with_pieces(
    file: &Connection,
    session: i64,
    seq: u64,
    (turn, kind): (u32, &str),
    data: &str,
    counted: u64,
) -> Result<Value, Problem> {
    let damage = || Problem::Damage(format!("record {seq} was changed"));
    let first: Value = serde_json::from_str(data).map_err(|_| damage())?;
    let mut text = first["text"].as_str().ok_or_else(damage)?.to_owned();
    let mut pieces =
        file.prepare_cached("SELECT part, sum, text FROM piece WHERE session = ?1 ORDER BY part")?;
    let mut pieces = pieces.query([session])?;
    let mut expected = 1;
    while let Some(row) = pieces.next()? {
        let (part, found) = (number(row, 0)?, row.get::<_, i64>(1)?);
        let piece = row.get_ref(2)?.as_str().map_err(|_| damage())?;
        if part != expected || sum(seq, turn, kind, part, piece) != found {
            return Err(damage());
        }
        text.push_str(piece);
        expected += 1;
    }
    if expected != counted + 1 {
        return Err(damage());
    }
    Ok(json!({ "text": text }))
}

/// Puts the words of a record into the index, by which it is found.
pub(super) fn make_findable(
    file: &Connection,
    body: i64,
    kind: &RecordKind,
    data: &Value,
) -> Result<(), Problem> {
    if let Some(text) = findable(kind, data) {
        file.prepare_cached("INSERT INTO said (rowid, text) VALUES (?1, ?2)")?
            .execute(params![body, text])?;
    }
    Ok(())
}

/// A title of a text: its first line, cut.
fn title_of(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("");
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    if line.chars().count() <= MOST_TITLE_CHARS {
        return line;
    }
    let cut: String = line.chars().take(MOST_TITLE_CHARS - 1).collect();
    format!("{}…", cut.trim_end())
}
