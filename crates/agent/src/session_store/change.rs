//! Naming, forking and deleting sessions.

use rusqlite::{Connection, params};
use serde_json::Value;

use super::append::{Log, check_name, insert};
use super::error::SessionError;
use super::list::summary_of;
use super::record::{RecordKind, findable};
use super::{NewSession, Problem, Result, SessionId, SessionStore, number, signed};

impl SessionStore {
    /// Gives a session a name, or takes it.
    pub fn rename(&self, id: &SessionId, name: Option<&str>) -> Result<()> {
        self.change(|file| {
            let (session, summary) = summary_of(file, id)?;
            if summary.name.as_deref() == name {
                return Ok(());
            }
            if let Some(name) = name {
                check_name(file, name)?;
            }
            file.execute("UPDATE session SET name = ?2 WHERE id = ?1", params![session, name])?;
            Ok(())
        })
    }

    /// Makes a session that begins as another one: with all that was appended
    /// up to the end of the turn `at_turn`. What both share is stored once.
    pub fn fork(&self, id: &SessionId, at_turn: u32, name: Option<&str>) -> Result<SessionId> {
        let now = self.surroundings.now_ms();
        self.change(|file| {
            let mut log = Log::of(file, id)?;
            log.close_text(file)?;
            log.store(file)?;
            let (parent, summary) = summary_of(file, id)?;
            if at_turn > summary.turns {
                let (session, turns) = (id.to_string(), summary.turns);
                return Err(SessionError::NoTurn { session, turn: at_turn, turns }.into());
            }
            let new = NewSession {
                name: name.map(str::to_owned),
                model: summary.model,
                root: summary.root,
                mode: summary.mode,
                parent: Some(id.clone()),
            };
            let (child, fork) = insert(file, &new, now, &|| self.surroundings.random())?;
            // What a later turn told of an earlier one is not part of it.
            let end: u64 = file.query_row(
                "SELECT coalesce(min(first_seq), ?3) FROM turn WHERE session = ?1 AND turn > ?2",
                params![parent, at_turn, signed(summary.records)],
                |row| number(row, 0),
            )?;
            let shared = params![child, parent, signed(end)];
            file.execute(
                "INSERT INTO record SELECT ?1, seq, turn, kind, time_ms, body, mark FROM record
                 WHERE session = ?2 AND seq < ?3",
                shared,
            )?;
            file.execute(
                "INSERT INTO turn SELECT ?1, turn, first_seq FROM turn
                 WHERE session = ?2 AND first_seq < ?3",
                shared,
            )?;
            let (prompt_tokens, completion_tokens) = tokens(file, child)?;
            file.execute(
                "UPDATE session SET parent_turn = ?2, turns = ?2, records = ?3, title = ?4,
                 prompt_tokens = ?5, completion_tokens = ?6 WHERE id = ?1",
                params![
                    child,
                    at_turn,
                    signed(end),
                    if end == 0 { "" } else { &summary.title },
                    signed(prompt_tokens),
                    signed(completion_tokens),
                ],
            )?;
            Ok(fork)
        })
    }

    /// Deletes the sessions to which nothing was appended since, and tells how
    /// many.
    pub fn delete_unused_since(&self, before_ms: u64) -> Result<usize> {
        let ids = self.unused_since(before_ms)?;
        self.delete_unused(&ids, before_ms)
    }

    fn unused_since(&self, before_ms: u64) -> Result<Vec<SessionId>> {
        self.read(|file| {
            let mut query =
                file.prepare("SELECT key FROM session WHERE updated_ms < ?1 AND name IS NULL")?;
            let keys = query.query_map([signed(before_ms)], |row| row.get::<_, String>(0))?;
            keys.map(|key| key?.parse().map_err(Problem::Damage)).collect()
        })
    }

    /// Deletes those of some sessions that are still unused: somebody may go on
    /// with one, name it or delete it meanwhile.
    fn delete_unused(&self, ids: &[SessionId], before_ms: u64) -> Result<usize> {
        let mut deleted = 0;
        for id in ids {
            let is_unused = |file: &Connection, session| {
                Ok(file.query_row(
                    "SELECT updated_ms < ?2 AND name IS NULL FROM session WHERE id = ?1",
                    params![session, signed(before_ms)],
                    |row| row.get(0),
                )?)
            };
            match self.delete_where(id, is_unused) {
                Ok(is_deleted) => deleted += usize::from(is_deleted),
                Err(SessionError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(deleted)
    }

    /// Deletes a session for good: its records, but for those that a fork
    /// shares, their words in the index, and what the file and its log still
    /// held of them are overwritten.
    pub fn delete(&self, id: &SessionId) -> Result<()> {
        self.delete_where(id, |_, _| Ok(true)).map(drop)
    }

    /// Deletes a session where it is still to be deleted when nobody else can
    /// change it; whether it was.
    fn delete_where(
        &self,
        id: &SessionId,
        is_wanted: impl FnOnce(&Connection, i64) -> Result<bool, Problem>,
    ) -> Result<bool> {
        let is_deleted = self.change(|file| {
            let (session, _) = summary_of(file, id)?;
            if !is_wanted(file, session)? {
                return Ok(false);
            }
            forget_words(file, session)?;
            file.execute(
                "DELETE FROM body WHERE id IN (SELECT body FROM record AS own WHERE session = ?1
                 AND NOT EXISTS (SELECT 1 FROM record AS other
                                 WHERE other.body = own.body AND other.session <> ?1))",
                [session],
            )?;
            for table in ["record", "turn", "piece"] {
                file.execute(&format!("DELETE FROM {table} WHERE session = ?1"), [session])?;
            }
            file.execute("DELETE FROM session WHERE id = ?1", [session])?;
            Ok(true)
        })?;
        if is_deleted {
            // The log of changes holds the pages as they were.
            let connection = self.lock();
            connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .map_err(|error| self.failed(error))?;
        }
        Ok(is_deleted)
    }
}

/// Takes out of the index what nobody else has said. The index keeps no text,
/// so it is told what it was.
fn forget_words(file: &Connection, session: i64) -> Result<(), Problem> {
    let mut query = file.prepare_cached(
        "SELECT own.body, own.kind, body.data FROM record AS own JOIN body ON body.id = own.body
         WHERE own.session = ?1
         AND own.seq IS NOT (SELECT open_seq FROM session WHERE id = ?1)
         AND NOT EXISTS (SELECT 1 FROM record AS other
                         WHERE other.body = own.body AND other.session <> ?1)",
    )?;
    let mut forget =
        file.prepare_cached("INSERT INTO said (said, rowid, text) VALUES ('delete', ?1, ?2)")?;
    let mut rows = query.query([session])?;
    while let Some(row) = rows.next()? {
        let (body, kind) = (row.get::<_, i64>(0)?, RecordKind::from(row.get::<_, String>(1)?));
        let damage = |_| Problem::Damage(format!("text {body} was changed"));
        let data: Value =
            serde_json::from_str(row.get_ref(2)?.as_str().unwrap_or_default()).map_err(damage)?;
        if let Some(text) = findable(&kind, &data) {
            forget.execute(params![body, text])?;
        }
    }
    Ok(())
}

/// The tokens of all prompts and of all answers of a session.
fn tokens(file: &Connection, session: i64) -> Result<(u64, u64), Problem> {
    let mut query = file.prepare_cached(
        "SELECT data FROM record JOIN body ON body.id = body
         WHERE session = ?1 AND mark = 'generation'",
    )?;
    let mut rows = query.query([session])?;
    let mut sums = (0_u64, 0_u64);
    while let Some(row) = rows.next()? {
        let data: Value = serde_json::from_str(row.get_ref(0)?.as_str().unwrap_or_default())
            .map_err(|_| Problem::Damage("a record was changed".to_owned()))?;
        let tokens = |name: &str| data["usage"][name].as_u64().unwrap_or(0);
        sums.0 = sums.0.saturating_add(tokens("prompt_tokens"));
        sums.1 = sums.1.saturating_add(tokens("completion_tokens"));
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::super::{NewRecord, Surroundings, SystemSurroundings};
    use super::*;

    /// A clock that a test sets.
    #[derive(Debug)]
    struct At(u64);

    impl Surroundings for At {
        fn now_ms(&self) -> u64 {
            self.0
        }

        fn random(&self) -> u64 {
            SystemSurroundings.random()
        }
    }

    #[test]
    fn what_is_used_while_others_are_deleted_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sqlite3");
        let (then, now) =
            (SessionStore::open_with(&path, At(1_000)), SessionStore::open_with(&path, At(9_000)));
        let (then, now) = (then.unwrap(), now.unwrap());
        let begin = || then.create(&NewSession::default()).unwrap();
        let (old, used, named, gone) = (begin(), begin(), begin(), begin());
        let found = now.unused_since(5_000).unwrap();
        assert_eq!(found.len(), 4);
        now.append(&used, &NewRecord::user(1, "and now?")).unwrap();
        now.rename(&named, Some("a name")).unwrap();
        now.delete(&gone).unwrap();
        assert_eq!(now.delete_unused(&found, 5_000).unwrap(), 1);
        assert!(now.summary(&old).is_err());
        assert!(now.summary(&used).is_ok() && now.summary(&named).is_ok());
    }
}
