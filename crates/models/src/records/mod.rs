//! What a person says of models, and what happened with them.
//!
//! [`Records`] keeps a [`LibraryState`] in one SQLite file beside the store:
//! tags, categories, favourites, notes and aliases, how much each model was
//! used on which machine, and what was measured. The states of two machines
//! merge, in any order and however often, to the same one.

mod benchmark;
mod database;
mod document;
mod error;
mod limits;
mod state;
mod usage;
mod view;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Transaction};

use crate::error::Result;

pub use benchmark::BenchmarkRecord;
pub use error::RecordsError;
pub use state::{LibraryState, MergeReport};
pub use usage::{ModelUse, UsageTotals};
pub use view::ModelRecord;

use state::{BenchmarkKey, FieldKey, Register, Stamp, UsageKey};

/// The names of fields.
mod field {
    pub const ALIAS: &str = "alias";
    pub const CATEGORY: &str = "category";
    pub const FAVOURITE: &str = "favourite";
    pub const FORGOTTEN: &str = "forgotten";
    pub const NOTE: &str = "note";
    /// Before a tag.
    pub const TAG: &str = "tag/";
    /// Before a machine.
    pub const INSTALLED: &str = "installed/";
}

/// The records of this machine. Nothing is read or made before something is
/// asked for, and nothing is made by asking.
pub struct Records {
    path: PathBuf,
    clock: Box<dyn Fn() -> u64 + Send + Sync>,
    connection: Mutex<Option<Connection>>,
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A change to what is said of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordChange {
    /// Gives it a tag.
    Tag(String),
    /// Takes a tag away.
    Untag(String),
    /// Puts it into a category; `None` into none.
    Category(Option<String>),
    /// Makes it a favourite, or not.
    Favourite(bool),
    /// Writes a note in place of the one there; `None` removes it.
    Note(Option<String>),
}

impl Records {
    /// The records in the file at `path`, which need not exist.
    pub fn open(path: &Path) -> Self {
        let clock = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            since.map_or(0, |since| since.as_millis() as u64)
        };
        Self::with_clock(path, clock)
    }

    /// As [`open`](Self::open), with a clock that gives milliseconds since
    /// 1970.
    pub fn with_clock(path: &Path, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        let connection = Mutex::new(None);
        Self { path: path.to_owned(), clock: Box::new(clock), connection }
    }

    /// Everything.
    pub fn state(&self) -> Result<LibraryState> {
        let state = self.read(database::read_state)?;
        Ok(state.unwrap_or_default())
    }

    /// What is said of one model.
    pub fn record(&self, model: &str) -> Result<ModelRecord> {
        Ok(self.state()?.record(model))
    }

    /// Changes what is said of a model, all or nothing.
    pub fn change(&self, model: &str, changes: &[RecordChange]) -> Result<()> {
        let fields = changes.iter().map(named).collect::<Result<Vec<_>>>()?;
        self.write(|records| {
            for (name, value) in &fields {
                records.set(model, name, value.as_deref())?;
            }
            let tags = records.count_tags(model)?;
            if tags > limits::MOST_TAGS {
                return Err(RecordsError::TooMany { what: "tags", most: limits::MOST_TAGS }.into());
            }
            Ok(())
        })
    }

    /// Makes `alias` stand for `model`, in place of what it stood for.
    pub fn set_alias(&self, alias: &str, model: &str) -> Result<()> {
        self.write(|records| records.set(alias, field::ALIAS, Some(model)))
    }

    /// Takes an alias away.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn remove_alias(&self, alias: &str) -> Result<()> {
        if self.resolve(alias)?.is_none() {
            return Err(RecordsError::NoAlias { alias: alias.to_owned() }.into());
        }
        self.write(|records| records.set(alias, field::ALIAS, None))
    }

    /// The model that an alias stands for; `None` where it is none.
    pub fn resolve(&self, alias: &str) -> Result<Option<String>> {
        Ok(self.read(|connection| database::field(connection, alias, field::ALIAS))?.flatten())
    }

    /// Counts one load of a model.
    pub fn loaded(&self, model: &str) -> Result<()> {
        self.count(model, |totals| totals.loads = totals.loads.saturating_add(1))
    }

    /// Counts one answer of a model.
    pub fn used(&self, model: &str, once: &ModelUse) -> Result<()> {
        self.count(model, |totals| totals.add(once))
    }

    fn count(&self, model: &str, add: impl Fn(&mut UsageTotals)) -> Result<()> {
        self.write(|records| {
            let since_ms = records.floor(model)?;
            let machine = records.machine.clone();
            let key = UsageKey { model: model.to_owned(), machine, since_ms };
            let mut totals = records.sql(database::usage(&records.transaction, &key))?;
            add(&mut totals);
            totals.last_used_ms = totals.last_used_ms.max(records.now);
            records.sql(database::put_usage(&records.transaction, &key, &totals))
        })
    }

    /// Keeps what was measured of a model, and says when and where.
    pub fn benchmarked(&self, model: &str, found: &BenchmarkRecord) -> Result<()> {
        self.write(|records| {
            let at_ms = records.now.max(records.floor(model)?);
            let key =
                BenchmarkKey { model: model.to_owned(), machine: records.machine.clone(), at_ms };
            let kept = database::put_benchmark(&records.transaction, &key, found)
                .and_then(|()| database::prune_benchmarks(&records.transaction, &key));
            records.sql(kept)
        })
    }

    /// Forgets all that is said and was counted of a model, and the aliases
    /// that stand for it; a state from before that is merged in later brings
    /// nothing of it back.
    pub fn forget(&self, model: &str) -> Result<()> {
        let state = self.state()?;
        if !state.knows(model) {
            return Ok(());
        }
        let aliases = state.record(model).aliases;
        self.write(|records| {
            for alias in &aliases {
                records.set(alias, field::ALIAS, None)?;
            }
            records.set(model, field::FORGOTTEN, Some("yes"))?;
            let floor = records.floor(model)?;
            records.sql(database::drop_before(&records.transaction, model, floor))
        })
    }

    /// Notes which models this machine has, for states that other machines
    /// read: names, and a line about each.
    pub fn note_installed(&self, models: &[(String, String)]) -> Result<()> {
        let state = self.state()?;
        let known = self.machine()?.map(|machine| state.installed_on(&machine)).unwrap_or_default();
        let wanted: BTreeMap<_, _> = models.iter().cloned().collect();
        if known == wanted {
            return Ok(());
        }
        self.write(|records| {
            let name = format!("{}{}", field::INSTALLED, records.machine);
            for (model, line) in &wanted {
                if known.get(model) != Some(line) {
                    records.set(model, &name, Some(line))?;
                }
            }
            for model in known.keys().filter(|model| !wanted.contains_key(*model)) {
                records.set(model, &name, None)?;
            }
            Ok(())
        })
    }

    /// Merges the state of another machine, or an older one of this, into
    /// this.
    pub fn merge(&self, other: &LibraryState) -> Result<MergeReport> {
        self.write(|records| {
            let mut state = records.sql(database::read_state(&records.transaction))?;
            let report = state.merge(other);
            records.sql(database::replace_state(&records.transaction, &state))?;
            Ok(report)
        })
    }

    /// The name of this machine in states: a random number, made with the
    /// first record; `None` before it.
    pub fn machine(&self) -> Result<Option<String>> {
        self.read(database::machine)
    }

    /// Runs `work` on the database; `None` where there is none.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<Option<T>> {
        let mut connection = self.lock();
        if connection.is_none() && !self.path.exists() {
            return Ok(None);
        }
        let connection = self.connected(&mut connection)?;
        work(connection).map(Some).map_err(|source| self.failed(source))
    }

    /// Runs `work` in one transaction, which nobody sees before its end.
    fn write<T>(&self, work: impl FnOnce(&mut Writing<'_>) -> Result<T>) -> Result<T> {
        let mut connection = self.lock();
        let connection = self.connected(&mut connection)?;
        let failed = |source| self.failed(source);
        let transaction = database::begin(connection).map_err(failed)?;
        let machine = database::machine(&transaction).map_err(failed)?;
        let now = (self.clock)().min(limits::MOST_TIME_MS);
        let mut writing = Writing { path: &self.path, transaction, machine, now };
        let done = work(&mut writing)?;
        writing.transaction.commit().map_err(failed)?;
        Ok(done)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        // A connection is whole whatever happened to who used it last: an
        // unfinished transaction is taken back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connected<'c>(&self, connection: &'c mut Option<Connection>) -> Result<&'c mut Connection> {
        if connection.is_none() {
            *connection = Some(database::open(&self.path)?);
        }
        connection.as_mut().ok_or_else(|| self.failed(rusqlite::Error::InvalidQuery))
    }

    fn failed(&self, source: rusqlite::Error) -> crate::Error {
        RecordsError::Database { path: self.path.clone(), source }.into()
    }
}

/// A change under way.
struct Writing<'w> {
    path: &'w Path,
    transaction: Transaction<'w>,
    machine: String,
    /// What the clock says.
    now: u64,
}

impl Writing<'_> {
    /// Writes one field, later than all that was ever seen.
    fn set(&mut self, subject: &str, name: &str, value: Option<&str>) -> Result<()> {
        let last = self.sql(database::last_time(&self.transaction))?;
        let time_ms = self.now.max(last.saturating_add(1)).min(limits::MOST_TIME_MS);
        let key = FieldKey { subject: subject.to_owned(), name: name.to_owned() };
        let stamp = Stamp { time_ms, machine: self.machine.clone() };
        let register = Register { stamp, value: value.map(str::to_owned) };
        self.sql(database::put_field(&self.transaction, &key, &register))
    }

    /// When the model was forgotten last; 0: never.
    fn floor(&self, model: &str) -> Result<u64> {
        self.sql(database::field_time(&self.transaction, model, field::FORGOTTEN))
    }

    fn count_tags(&self, model: &str) -> Result<usize> {
        self.sql(database::count_tags(&self.transaction, model))
    }

    fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T> {
        result
            .map_err(|source| RecordsError::Database { path: self.path.to_owned(), source }.into())
    }
}

/// A change as a field and its value.
fn named(change: &RecordChange) -> Result<(String, Option<String>)> {
    let yes = |wanted: bool| wanted.then(|| "yes".to_owned());
    Ok(match change {
        RecordChange::Tag(tag) => {
            (format!("{}{}", field::TAG, limits::word("tag", tag)?), yes(true))
        }
        RecordChange::Untag(tag) => {
            (format!("{}{}", field::TAG, limits::word("tag", tag)?), yes(false))
        }
        RecordChange::Category(name) => {
            let name = name.as_deref().map(|name| limits::word("category", name)).transpose()?;
            (field::CATEGORY.to_owned(), name)
        }
        RecordChange::Favourite(wanted) => (field::FAVOURITE.to_owned(), yes(*wanted)),
        RecordChange::Note(text) => {
            let text = text.as_deref().map(limits::note).transpose()?;
            (field::NOTE.to_owned(), text)
        }
    })
}

#[cfg(test)]
mod tests;
