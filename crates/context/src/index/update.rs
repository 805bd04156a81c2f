//! Brings the index to what the tree is now.

use std::collections::{HashMap, HashSet};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use mlxcode_base::{CancelToken, Progress, ProgressEvent, RelPath, Root};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::glance::Glance;
use super::read::{Outcome, read};
use super::storage::{self, Known, Others, State};
use super::{IndexedChange, Updated, targets};
use crate::error::Error;
use crate::walk::{Place, WalkOptions, holds_rules, list, threads};

/// A file that was changed this shortly before it was looked at may change
/// again without another time: some disks count in two seconds.
pub const UNSURE_NS: i64 = 2_000_000_000;

/// Files that wait to be written: enough that no thread waits for another,
/// few enough that they take little memory.
const WAITING: usize = 32;

/// How often progress is told, in files.
const TOLD_EACH: usize = 64;

/// What can go wrong: in the file, or elsewhere.
pub enum Failure {
    File(rusqlite::Error),
    Other(Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::File(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// The work of one update.
pub struct Update<'a> {
    pub root: &'a Root,
    pub options: &'a WalkOptions,
    pub cancel: &'a CancelToken,
    pub progress: &'a dyn Progress,
}

/// What is to be done.
#[derive(Default)]
struct Change {
    /// Files to read, with what is known of them.
    read: Vec<(Place, Option<Known>)>,
    /// Files that are gone.
    gone: Vec<(RelPath, Known)>,
    /// How many are as they were.
    same: usize,
    /// Those of them that hold no text, which are not counted there.
    others: Others,
}

impl Change {
    fn new(places: Vec<Place>, mut known: HashMap<String, Known>) -> Self {
        let mut read = Vec::new();
        let (mut same, mut others) = (0, Others::default());
        for place in places {
            match known.remove(place.path.as_str()) {
                Some(known)
                    if known.changed_ns != 0
                        && known.changed_ns == place.changed_ns
                        && known.size_bytes == place.size_bytes =>
                {
                    same += usize::from(known.state == State::Text);
                    others.add(known.state);
                }
                known => read.push((place, known)),
            }
        }
        // Long ones first: at the end, no thread works long alone.
        read.sort_by_key(|(place, _)| std::cmp::Reverse(place.size_bytes));
        let gone =
            known.into_iter().filter_map(|(path, known)| Some((RelPath::new(&path).ok()?, known)));
        Self { read, gone: gone.collect(), same, others }
    }

    fn is_empty(&self) -> bool {
        self.read.is_empty() && self.gone.is_empty()
    }
}

impl Update<'_> {
    /// Looks at the whole tree.
    pub fn whole(&self, connection: &mut Connection) -> Result<(Updated, Option<Glance>), Failure> {
        let now = now_ns();
        // What the index knows is read while the tree is listed.
        let (listing, known) = thread::scope(|scope| {
            let listing = scope.spawn(|| list(self.root, self.options, self.cancel));
            let known = storage::version(connection)
                .and_then(|seen| storage::known(connection).map(|known| (seen, known)));
            // As on this thread, where it panics.
            (listing.join().unwrap_or_else(|panic| resume_unwind(panic)), known)
        });
        let (mut listing, (seen, known)) = (listing?, known?);
        let mut updated = Updated { skipped: listing.skipped, ..Updated::default() };
        let places = std::mem::take(&mut listing.places);
        let mut change = Change::new(places, known);
        let others = if change.is_empty() {
            updated.unchanged = change.same;
            change.others
        } else {
            let write = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if storage::version(&write)? != seen {
                // Another process has written in between.
                listing = list(self.root, self.options, self.cancel)?;
                let places = std::mem::take(&mut listing.places);
                change = Change::new(places, storage::known(&write)?);
            }
            self.write(write, change, now, &mut updated)?
        };
        (updated.skipped.binary, updated.skipped.not_utf8) = (others.binary, others.not_utf8);
        let version = storage::version(connection)?;
        let root = self.root.path();
        let glance = Glance::of(listing.folders, root, self.options, now, &updated, version);
        Ok((updated, glance))
    }

    /// Looks at some files that the index knows. `None` where it does not know
    /// one, as whether a new file belongs to the tree is for its rules to say,
    /// or where one of them holds such rules.
    pub fn some(
        &self,
        connection: &mut Connection,
        paths: &[RelPath],
    ) -> Result<Option<Updated>, Failure> {
        if paths.iter().any(holds_rules) {
            return Ok(None);
        }
        let now = now_ns();
        let mut updated = Updated::default();
        let write = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut change = Change::default();
        for path in paths {
            match (storage::known_at(&write, path)?, Place::at(self.root, path)) {
                (Some(known), Some(place)) => change.read.push((place, Some(known))),
                (Some(known), None) => change.gone.push((path.clone(), known)),
                (None, Some(_)) => return Ok(None),
                // It came and went.
                (None, None) => {}
            }
        }
        self.write(write, change, now, &mut updated)?;
        Ok(Some(updated))
    }

    /// Reads on several threads and writes on this one, in one transaction.
    fn write(
        &self,
        write: Transaction<'_>,
        change: Change,
        now: i64,
        updated: &mut Updated,
    ) -> Result<Others, Failure> {
        updated.unchanged = change.same;
        for (path, known) in &change.gone {
            storage::remove(&write, known.id)?;
            if known.state == State::Text {
                updated.note(path, IndexedChange::Removed);
            }
        }
        let hash = |(_, known): &(Place, Option<Known>)| {
            known.as_ref().map(|known| storage::hash(&write, known.id)).transpose()
        };
        let hashes: Vec<_> = change.read.iter().map(hash).collect::<rusqlite::Result<_>>()?;
        let next = AtomicUsize::new(0);
        let mut found = thread::scope(|scope| {
            let (sender, receiver) = sync_channel(WAITING);
            for _ in 0..threads().min(change.read.len()) {
                let (sender, next, files, hashes) = (sender.clone(), &next, &change.read, &hashes);
                scope.spawn(move || {
                    while !self.cancel.is_cancelled() {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some((place, _)) = files.get(number) else { break };
                        let outcome = read(place, self.options, hashes[number].as_deref());
                        // Where writing failed, nobody takes the rest.
                        if sender.send((number, outcome)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            self.take(&write, &change, receiver, now, updated)
        })?;
        if self.cancel.is_cancelled() {
            return Err(Error::Cancelled.into());
        }
        found.paths |= !change.gone.is_empty();
        let all = found.paths || found.manifests;
        targets::resolve(&write, self.root, (!all).then_some(&found.imports))?;
        let others = storage::count(&write)?;
        if !updated.files.is_empty() {
            storage::note_change(&write)?;
        }
        write.commit()?;
        updated.files.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(others)
    }

    fn take(
        &self,
        write: &Connection,
        change: &Change,
        receiver: Receiver<(usize, Outcome)>,
        now: i64,
        updated: &mut Updated,
    ) -> Result<Found, Failure> {
        let mut found = Found::default();
        let total = change.read.len();
        for (done, (number, outcome)) in receiver.into_iter().enumerate() {
            if done % TOLD_EACH == 0 && total > TOLD_EACH {
                let event = ProgressEvent::new("index files", done as u64, Some(total as u64));
                self.progress.report(event);
            }
            let (place, known) = &change.read[number];
            let known = known.as_ref();
            // A time that may not be the last one is no proof.
            let sure = place.changed_ns.saturating_add(UNSURE_NS) < now;
            let changed_ns = if sure { place.changed_ns } else { 0 };
            let was_text = known.is_some_and(|known| known.state == State::Text);
            match outcome {
                Outcome::Same => {
                    updated.unchanged += 1;
                    if let Some(known) = known
                        && (known.changed_ns, known.size_bytes) != (changed_ns, place.size_bytes)
                    {
                        storage::touch(write, known.id, place.size_bytes, changed_ns)?;
                    }
                }
                Outcome::Text(facts) => {
                    // What held no text has no rows but its own.
                    let (id, imports) = storage::put(write, place, known, changed_ns, &facts)?;
                    if imports {
                        found.imports.insert(id);
                    }
                    found.paths |= !was_text;
                    found.manifests |= targets::is_manifest(&place.path);
                    let change =
                        if was_text { IndexedChange::Changed } else { IndexedChange::Added };
                    updated.note(&place.path, change);
                }
                Outcome::Binary | Outcome::NotUtf8 | Outcome::Unreadable => {
                    let state = match outcome {
                        Outcome::Binary => Some(State::Binary),
                        Outcome::NotUtf8 => Some(State::NotUtf8),
                        _ => None,
                    };
                    found.paths |= was_text;
                    if was_text {
                        updated.note(&place.path, IndexedChange::Removed);
                    }
                    match (state, known) {
                        (Some(state), _) => {
                            storage::put_other(write, place, known, changed_ns, state)?;
                        }
                        (None, Some(known)) => storage::remove(write, known.id)?,
                        (None, None) => {}
                    }
                    updated.skipped.unreadable += usize::from(state.is_none());
                }
            }
        }
        Ok(found)
    }
}

/// What imports have to be looked up again.
#[derive(Default)]
struct Found {
    /// Of these files.
    imports: HashSet<i64>,
    /// Of all: a file came or went.
    paths: bool,
    /// Of all: a package may be declared in another way.
    manifests: bool,
}

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
