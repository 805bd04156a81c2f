use mlxcode_base::CancelToken;
use mlxcode_models::hub::{Hub, HubOptions, PullObserver};
use mlxcode_models::{Catalogue, ModelReference, NewPull, PullJob, PullPriority, PullQueue, Store};

use super::ModelLibrary;
use crate::error::Result;

/// The pulls of a library: what is fetched from the hub and installed.
///
/// What is asked of it is on the disk when the call returns. Several processes
/// may have it open; each sees what the others do.
#[derive(Debug)]
pub struct Pulls {
    queue: PullQueue,
    hub: Hub,
    store: Store,
    catalogue: Catalogue,
}

/// How a model is to be pulled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullOptions {
    /// The name to install it under; `None` is the one that its source gives.
    pub name: Option<String>,
    /// The branch, tag or commit; `None` is the one of the reference.
    pub revision: Option<String>,
    /// Leaves it in the cache.
    pub only_fetch: bool,
    /// Before which others it is fetched.
    pub priority: PullPriority,
    /// Bytes a second; `None` is the queue's own limit.
    pub limit_bytes_per_second: Option<u64>,
}

impl ModelLibrary {
    /// Opens the pulls of this library from a hub; `catalogue` tells what
    /// names mean. Nothing is sent.
    pub fn pulls(&self, options: HubOptions, catalogue: Catalogue) -> Result<Pulls> {
        Ok(Pulls {
            queue: PullQueue::open(&self.pulls_file)?,
            hub: Hub::new(options)?,
            store: self.store.clone(),
            catalogue,
        })
    }
}

impl Pulls {
    /// Adds a pull of `hf:org/name`, `hf:org/name@revision/file.gguf` or a
    /// name of the catalogue. One of the same that is not over is given back
    /// in its place.
    pub fn add(&self, reference: &str, options: &PullOptions) -> Result<PullJob> {
        let mut new = self.new_pull(reference.parse()?)?;
        new.source = new.source.at(options.revision.clone()).checked()?;
        new.name = options.name.clone().or(new.name);
        new.install = !options.only_fetch;
        new.priority = options.priority;
        new.limit_bytes_per_second = options.limit_bytes_per_second;
        Ok(self.queue.add(&new)?)
    }

    /// All pulls, those that are over last.
    pub fn list(&self) -> Result<Vec<PullJob>> {
        Ok(self.queue.jobs()?)
    }

    /// One pull.
    pub fn get(&self, id: i64) -> Result<PullJob> {
        Ok(self.queue.job(id)?)
    }

    /// Whether adding `reference` again, without options, finds this pull.
    pub fn is_named_by(&self, job: &PullJob, reference: &str) -> bool {
        let new =
            reference.parse().ok().and_then(|known: ModelReference| self.new_pull(known).ok());
        new.is_some_and(|new| {
            let name = new.name.unwrap_or_else(|| new.source.default_name());
            job.install && (new.source, name) == (job.source.clone(), job.name.clone())
        })
    }

    /// Works on a pull until it is done or stopped; `cancel` pauses it. Where
    /// another process works on it, this one waits and shows how far it is.
    /// One that is paused or failed stays so; see [`wake`](Self::wake).
    pub fn run(
        &mut self,
        id: i64,
        observer: &dyn PullObserver,
        cancel: &CancelToken,
    ) -> Result<PullJob> {
        Ok(self.queue.run(id, &self.hub, &mut self.store, observer, cancel)?)
    }

    /// The next pull that waits and that nobody works on.
    pub fn next(&self) -> Result<Option<PullJob>> {
        Ok(self.queue.next()?)
    }

    /// Lets a pull that was paused or failed wait for its turn.
    pub fn wake(&self, id: i64) -> Result<PullJob> {
        Ok(self.queue.wake(id)?)
    }

    /// Stops a pull, in whichever process it runs; what came is kept.
    pub fn pause(&self, id: i64) -> Result<PullJob> {
        Ok(self.queue.pause(id)?)
    }

    /// Lets a pull that was paused wait for its turn.
    pub fn resume(&self, id: i64) -> Result<PullJob> {
        Ok(self.queue.resume(id)?)
    }

    /// Lets a pull that failed or was cancelled wait for its turn.
    pub fn retry(&self, id: i64) -> Result<PullJob> {
        Ok(self.queue.retry(id)?)
    }

    /// Ends a pull for good and removes what came of it but is not whole.
    pub fn cancel(&self, id: i64) -> Result<PullJob> {
        Ok(self.queue.cancel(id, &self.hub)?)
    }

    /// Moves a pull to a place among those that are not over, counted from 1.
    pub fn move_to(&self, id: i64, place: usize) -> Result<PullJob> {
        Ok(self.queue.move_to(id, place)?)
    }

    /// Gives a pull another priority.
    pub fn set_priority(&self, id: i64, priority: PullPriority) -> Result<PullJob> {
        Ok(self.queue.set_priority(id, priority)?)
    }

    /// Limits a pull, while it runs too; `None` is the queue's own limit.
    pub fn set_limit(&self, id: i64, bytes_per_second: Option<u64>) -> Result<PullJob> {
        Ok(self.queue.set_limit(id, bytes_per_second)?)
    }

    /// Limits each pull that has no limit of its own.
    pub fn set_default_limit(&self, bytes_per_second: Option<u64>) -> Result<()> {
        Ok(self.queue.set_default_limit(bytes_per_second)?)
    }

    /// The limit of each pull that has none of its own.
    pub fn default_limit(&self) -> Result<Option<u64>> {
        Ok(self.queue.default_limit()?)
    }

    /// Forgets the pulls that are over; gives how many there were.
    pub fn clear(&self) -> Result<usize> {
        Ok(self.queue.clear()?)
    }

    fn new_pull(&self, reference: ModelReference) -> mlxcode_models::Result<NewPull> {
        NewPull::new(reference, &|name, tag| {
            let name = tag.map_or_else(|| name.to_owned(), |tag| format!("{name}:{tag}"));
            Ok(Some(self.catalogue.find(&name)?.file.source.clone()))
        })
    }
}
