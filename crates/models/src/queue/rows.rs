//! Pulls as rows.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{OptionalExtension, Row, params};

use super::PullQueue;
use super::job::{NewPull, PullError, PullJob, PullJobState, PullPriority};
use crate::error::{HubError, Result};
use crate::hub::PullPlan;
use crate::reference::HubReference;

const COLUMNS: &str = "id, reference, source, name, install, state, priority, limit_bytes, plan, \
    total_bytes, done_bytes, speed_bytes, installed, error_code, error_message, error_help, \
    error_kind";

/// The order of the list: who is next comes first, what is over last.
const ORDER: &str = "ORDER BY state IN ('done', 'cancelled'), priority DESC, position, id";

impl PullQueue {
    /// All pulls: first those that are not over, in the order in which they
    /// are fetched.
    pub fn jobs(&self) -> Result<Vec<PullJob>> {
        let jobs = {
            let connection = self.connection()?;
            let read = || -> rusqlite::Result<Vec<PullJob>> {
                let mut select =
                    connection.prepare(&format!("SELECT {COLUMNS} FROM pull {ORDER}"))?;
                select.query_map([], job)?.collect()
            };
            read().map_err(|error| self.failed(error))?
        };
        jobs.into_iter().map(|job| self.seen(job)).collect()
    }

    /// One pull.
    pub fn job(&self, id: i64) -> Result<PullJob> {
        let found = self.row(id)?;
        self.seen(found)
    }

    /// As it was last written: a pull that was killed is running still.
    pub(super) fn row(&self, id: i64) -> Result<PullJob> {
        let connection = self.connection()?;
        let select = format!("SELECT {COLUMNS} FROM pull WHERE id = ?1");
        let found = connection.query_row(&select, [id], job).optional();
        found.map_err(|error| self.failed(error))?.ok_or_else(|| HubError::NoSuchPull { id }.into())
    }

    /// A pull that runs has somebody who holds its lock; where nobody does,
    /// its process was killed, and it waits.
    fn seen(&self, mut job: PullJob) -> Result<PullJob> {
        if job.state == PullJobState::Running && self.try_lock(job.id)?.is_some() {
            job.state = PullJobState::Waiting;
        }
        if job.state != PullJobState::Running {
            job.bytes_per_second = None;
        }
        Ok(job)
    }

    /// Adds a pull behind all others of its priority. One of the same source
    /// and name that is not over is given back in its place.
    pub fn add(&self, new: &NewPull) -> Result<PullJob> {
        let name = new.name.clone().unwrap_or_else(|| new.source.default_name());
        let id = {
            let mut connection = self.connection()?;
            let mut write = || -> rusqlite::Result<i64> {
                let behavior = rusqlite::TransactionBehavior::Immediate;
                let change = connection.transaction_with_behavior(behavior)?;
                let source = new.source.to_string();
                let same = "SELECT id FROM pull WHERE source = ?1 AND name = ?2 AND install = ?3 \
                            AND state NOT IN ('done', 'cancelled')";
                let there: Option<i64> = change
                    .query_row(same, params![source, name, new.install], |row| row.get(0))
                    .optional()?;
                let limit = new.limit_bytes_per_second.map(|limit| limit as i64);
                let id = if let Some(id) = there {
                    if limit.is_some() {
                        let set = "UPDATE pull SET limit_bytes = ?2 WHERE id = ?1";
                        change.execute(set, params![id, limit])?;
                    }
                    id
                } else {
                    change.execute(
                        "INSERT INTO pull (reference, source, name, install, state, priority, \
                         position, limit_bytes, added_ms) VALUES (?1, ?2, ?3, ?4, 'waiting', ?5, \
                         (SELECT COALESCE(MAX(position), 0) + 1 FROM pull), ?6, ?7)",
                        params![
                            new.reference.to_string(),
                            source,
                            name,
                            new.install,
                            new.priority.number(),
                            limit,
                            now_ms()
                        ],
                    )?;
                    change.last_insert_rowid()
                };
                change.commit()?;
                Ok(id)
            };
            write().map_err(|error| self.failed(error))?
        };
        self.job(id)
    }

    /// Runs one statement on a pull.
    pub(super) fn update(&self, id: i64, set: &str, values: &[&dyn rusqlite::ToSql]) -> Result<()> {
        let connection = self.connection()?;
        let statement = format!("UPDATE pull SET {set} WHERE id = {id}");
        match connection.execute(&statement, values) {
            Ok(0) => Err(HubError::NoSuchPull { id }.into()),
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(error)),
        }
    }
}

fn job(row: &Row<'_>) -> rusqlite::Result<PullJob> {
    let bytes = |column: &str| row.get::<_, i64>(column).map(|n| n.max(0) as u64);
    let optional = |column: &str| {
        row.get::<_, Option<i64>>(column).map(|n| n.and_then(|n| u64::try_from(n).ok()))
    };
    let text = |column: &str| row.get::<_, String>(column);
    let state = text("state")?;
    let state = PullJobState::ALL.into_iter().find(|known| known.as_str() == state);
    let source = text("source")?.parse::<HubReference>().map_err(|error| bad(2, error))?;
    let plan: Option<String> = row.get("plan")?;
    let error = match row.get::<_, Option<String>>("error_code")? {
        Some(code) => {
            let message = row.get::<_, Option<String>>("error_message")?.unwrap_or_default();
            let kind = row.get::<_, Option<String>>("error_kind")?;
            let kind = kind.as_deref().and_then(PullError::kind_named);
            Some(PullError { code, message, help: row.get("error_help")?, kind })
        }
        None => None,
    };
    Ok(PullJob {
        id: row.get("id")?,
        reference: text("reference")?,
        source,
        name: text("name")?,
        install: row.get("install")?,
        // A state of a newer program is nothing that this one acts on.
        state: state.unwrap_or(PullJobState::Paused),
        priority: PullPriority::from_number(row.get("priority")?),
        limit_bytes_per_second: optional("limit_bytes")?,
        plan: plan.as_deref().and_then(PullPlan::from_json),
        total_bytes: bytes("total_bytes")?,
        done_bytes: bytes("done_bytes")?,
        bytes_per_second: optional("speed_bytes")?,
        installed: row.get("installed")?,
        error,
    })
}

fn bad(column: usize, error: crate::error::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
