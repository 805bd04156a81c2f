//! A streaming answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mlxcode_core::{self as core, CancelToken};
use napi_derive::napi;

use crate::job::{Promise, run};
use crate::record::{Finished, Passage};

/// A model's answer: an async iterable over its text as it comes.
#[napi]
pub struct Turn {
    running: Arc<Mutex<core::Turn>>,
    seen: Arc<Mutex<Seen>>,
    sources: Vec<core::Passage>,
    cancel: CancelToken,
}

/// What has come: the event loop may read it while another thread waits for
/// more.
#[derive(Default)]
struct Seen {
    reply: String,
    finished: Option<core::Finished>,
}

#[napi]
impl Turn {
    /// The next piece of text; `null` at the end.
    #[napi(ts_return_type = "Promise<string | null>")]
    pub fn next(&self) -> Promise<Option<String>, Option<String>> {
        let (running, seen) = (Arc::clone(&self.running), Arc::clone(&self.seen));
        run(move || next(&mut lock(&running), &seen), |text| text)
    }

    /// Reads the answer to its end and gives it whole.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn read(&self) -> Promise<String, String> {
        let (running, seen) = (Arc::clone(&self.running), Arc::clone(&self.seen));
        let read = move || {
            let mut running = lock(&running);
            while next(&mut running, &seen)?.is_some() {}
            Ok(running.reply().to_owned())
        };
        run(read, |text| text)
    }

    /// Ends the answer within one token.
    #[napi]
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// The answer as far as it has come.
    #[napi(getter)]
    pub fn reply(&self) -> String {
        lock(&self.seen).reply.clone()
    }

    /// The passages that the model was shown.
    #[napi(getter)]
    pub fn sources(&self) -> Vec<Passage> {
        self.sources.iter().map(Passage::from).collect()
    }

    /// How the answer ended; `null` while it runs.
    #[napi(getter)]
    pub fn finished(&self) -> Option<Finished> {
        lock(&self.seen).finished.as_ref().map(Finished::from)
    }
}

impl Turn {
    pub(crate) fn new(running: core::Turn) -> Self {
        let sources = running.context().passages().cloned().collect();
        let cancel = running.cancel_token();
        Self { running: Arc::new(Mutex::new(running)), seen: Arc::default(), sources, cancel }
    }
}

fn next(running: &mut core::Turn, seen: &Mutex<Seen>) -> core::Result<Option<String>> {
    let text = running.next_text().transpose()?;
    let mut seen = lock(seen);
    seen.reply.push_str(text.as_deref().unwrap_or_default());
    seen.finished = running.finished().cloned();
    Ok(text)
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
