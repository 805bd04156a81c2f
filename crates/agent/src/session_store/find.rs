//! From what somebody typed to a session.

use rusqlite::Connection;

use super::error::SessionError;
use super::limits::NEAR_NAMES;
use super::{Problem, Result, SessionId, SessionStore};

impl SessionStore {
    /// Finds the session of which `typed` is the id, the name, or the beginning
    /// of either that no other one has. Case is ignored where that leads to one
    /// session.
    pub fn find(&self, typed: &str) -> Result<SessionId> {
        let typed = typed.trim();
        self.read(|file| {
            let known = known(file)?;
            let pick = |fits: &dyn Fn(&str) -> bool| -> Vec<&Known> {
                let name = |one: &Known| one.name.as_deref().is_some_and(fits);
                known.iter().filter(|one| fits(one.id.as_str()) || name(one)).collect()
            };
            let folded = typed.to_lowercase();
            let ways: [&dyn Fn(&str) -> bool; 4] = [
                &|text| text == typed,
                &|text| text.to_lowercase() == folded,
                &|text| text.starts_with(typed),
                &|text| text.to_lowercase().starts_with(&folded),
            ];
            if !typed.is_empty() {
                for way in ways {
                    match &*pick(way) {
                        [] => {}
                        [one] => return Ok(one.id.clone()),
                        several => return Err(ambiguous(typed, several).into()),
                    }
                }
            }
            let names = known.iter().flat_map(|one| {
                one.name.iter().cloned().chain(std::iter::once(one.id.to_string()))
            });
            let near = mlxcode_base::nearest(typed, names, NEAR_NAMES);
            Err(SessionError::NotFound { wanted: typed.to_owned(), near }.into())
        })
    }

    /// The session that something was appended to last.
    pub fn latest(&self) -> Result<Option<SessionId>> {
        let filter = super::SessionFilter { limit: 1, ..super::SessionFilter::default() };
        Ok(self.list(&filter)?.pop().map(|summary| summary.id))
    }
}

struct Known {
    id: SessionId,
    name: Option<String>,
}

/// Ids and names, the one that was used last first.
fn known(file: &Connection) -> Result<Vec<Known>, Problem> {
    let mut query =
        file.prepare_cached("SELECT key, name FROM session ORDER BY updated_ms DESC, key DESC")?;
    let mut rows = query.query([])?;
    let mut known = Vec::new();
    while let Some(row) = rows.next()? {
        let id = row.get::<_, String>(0)?.parse().map_err(Problem::Damage)?;
        known.push(Known { id, name: row.get(1)? });
    }
    Ok(known)
}

fn ambiguous(typed: &str, several: &[&Known]) -> SessionError {
    let word = |one: &&Known| match &one.name {
        Some(name) => format!("{} ({name})", one.id),
        None => one.id.to_string(),
    };
    // A screen's width of them.
    let candidates = several.iter().take(2 * NEAR_NAMES).map(word).collect();
    SessionError::Ambiguous { wanted: typed.to_owned(), candidates }
}
