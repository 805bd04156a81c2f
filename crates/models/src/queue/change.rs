//! What a person changes about a pull.

use rusqlite::params;

use super::PullQueue;
use super::job::{PullJob, PullJobState, PullPriority};
use crate::error::{HubError, Result};
use crate::hub::Hub;

/// The queue's own limit in the table of settings.
const LIMIT: &str = "limit_bytes";

impl PullQueue {
    /// Stops a pull, in whichever process it runs; what came is kept.
    pub fn pause(&self, id: i64) -> Result<PullJob> {
        self.change(id, PullJobState::Paused, "paused", |state| {
            matches!(state, PullJobState::Waiting | PullJobState::Running | PullJobState::Paused)
        })
    }

    /// Lets a pull that was paused wait for its turn.
    pub fn resume(&self, id: i64) -> Result<PullJob> {
        self.change(id, PullJobState::Waiting, "resumed", |state| {
            matches!(state, PullJobState::Waiting | PullJobState::Paused)
        })
    }

    /// Lets a pull that failed or was cancelled wait for its turn.
    pub fn retry(&self, id: i64) -> Result<PullJob> {
        self.change(id, PullJobState::Waiting, "retried", |state| {
            matches!(state, PullJobState::Failed | PullJobState::Cancelled | PullJobState::Waiting)
        })
    }

    /// Lets a pull that is not over wait for its turn, whatever stopped it.
    pub fn wake(&self, id: i64) -> Result<PullJob> {
        let job = self.job(id)?;
        match job.state {
            PullJobState::Paused => self.resume(id),
            PullJobState::Failed => self.retry(id),
            _ => Ok(job),
        }
    }

    /// Ends a pull for good and removes what came of it but is not whole.
    pub fn cancel(&self, id: i64, hub: &Hub) -> Result<PullJob> {
        let job = self.change(id, PullJobState::Cancelled, "cancelled", |state| {
            state != PullJobState::Done
        })?;
        // Where another process works on it, that one does it.
        if let (Some(_lock), Some(plan)) = (self.try_lock(id)?, &job.plan) {
            hub.remove_partials(plan)?;
        }
        Ok(job)
    }

    /// Gives a pull another priority.
    pub fn set_priority(&self, id: i64, priority: PullPriority) -> Result<PullJob> {
        self.update(id, "priority = ?1", &[&priority.number()])?;
        self.job(id)
    }

    /// Limits a pull to so many bytes a second, while it runs too; `None` is
    /// the queue's own limit.
    pub fn set_limit(&self, id: i64, bytes_per_second: Option<u64>) -> Result<PullJob> {
        self.update(id, "limit_bytes = ?1", &[&bytes_per_second.map(|limit| limit as i64)])?;
        self.job(id)
    }

    /// Limits each pull that has no limit of its own.
    pub fn set_default_limit(&self, bytes_per_second: Option<u64>) -> Result<()> {
        let value = bytes_per_second.map(|limit| limit as i64);
        let connection = self.connection()?;
        connection
            .execute("INSERT OR REPLACE INTO setting VALUES (?1, ?2)", params![LIMIT, value])
            .map(drop)
            .map_err(|error| self.failed(error))
    }

    /// The limit of each pull that has none of its own.
    pub fn default_limit(&self) -> Result<Option<u64>> {
        let connection = self.connection()?;
        let select = "SELECT value FROM setting WHERE name = ?1";
        let found = connection.query_row(select, [LIMIT], |row| row.get::<_, Option<i64>>(0));
        match found {
            Ok(value) => Ok(value.and_then(|value| u64::try_from(value).ok())),
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Moves a pull to a place among those that are not over, counted from 1.
    /// It takes the priority of that place, so that it stays there.
    pub fn move_to(&self, id: i64, place: usize) -> Result<PullJob> {
        let job = self.job(id)?;
        if job.state.is_finished() {
            let state = job.state.as_str();
            return Err(HubError::WrongState { id, state, change: "moved" }.into());
        }
        let mut jobs = self.jobs()?;
        jobs.retain(|other| other.id != id && !other.state.is_finished());
        let place = place.clamp(1, jobs.len() + 1) - 1;
        let mut priority = job.priority;
        if let Some(next) = jobs.get(place) {
            priority = priority.max(next.priority);
        }
        if let Some(before) = place.checked_sub(1).and_then(|before| jobs.get(before)) {
            priority = priority.min(before.priority);
        }
        jobs.insert(place, PullJob { priority, ..job });
        {
            let mut connection = self.connection()?;
            let mut write = || -> rusqlite::Result<()> {
                let behavior = rusqlite::TransactionBehavior::Immediate;
                let change = connection.transaction_with_behavior(behavior)?;
                for (position, job) in jobs.iter().enumerate() {
                    change.execute(
                        "UPDATE pull SET position = ?2, priority = ?3 WHERE id = ?1",
                        params![job.id, position as i64 + 1, job.priority.number()],
                    )?;
                }
                change.commit()
            };
            write().map_err(|error| self.failed(error))?;
        }
        self.job(id)
    }

    /// Forgets the pulls that are over; gives how many there were. What they
    /// brought stays.
    pub fn clear(&self) -> Result<usize> {
        let connection = self.connection()?;
        connection
            .execute("DELETE FROM pull WHERE state IN ('done', 'cancelled')", [])
            .map_err(|error| self.failed(error))
    }

    fn change(
        &self,
        id: i64,
        to: PullJobState,
        change: &'static str,
        allowed: impl Fn(PullJobState) -> bool,
    ) -> Result<PullJob> {
        let job = self.job(id)?;
        let wrong =
            |state: PullJobState| HubError::WrongState { id, state: state.as_str(), change }.into();
        if !allowed(job.state) {
            return Err(wrong(job.state));
        }
        {
            // Only from the state that was looked at: a pull that ends in
            // between is not called back.
            let connection = self.connection()?;
            let set = "UPDATE pull SET state = ?2, error_code = NULL, error_message = NULL, \
                       error_help = NULL, error_kind = NULL, speed_bytes = NULL WHERE id = ?1 AND state NOT IN \
                       ('done') AND (?2 <> 'waiting' OR state <> 'running' OR ?3)";
            let killed = job.state == PullJobState::Waiting;
            connection
                .execute(set, params![id, to.as_str(), killed])
                .map_err(|error| self.failed(error))?;
        }
        let now = self.job(id)?;
        if now.state == to { Ok(now) } else { Err(wrong(now.state)) }
    }
}
