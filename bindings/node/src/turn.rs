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
    cancel: CancelToken,
    sources: Vec<core::Passage>,
}

#[napi]
impl Turn {
    /// The next piece of text; `null` at the end.
    #[napi(ts_return_type = "Promise<string | null>")]
    pub fn next(&self) -> Promise<Option<String>, Option<String>> {
        let turn = Arc::clone(&self.running);
        let next = move || Ok(lock(&turn).next_text().transpose()?);
        run(next, |text| text)
    }

    /// Reads the answer to its end and gives it whole.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn read(&self) -> Promise<String, String> {
        let turn = Arc::clone(&self.running);
        run(move || Ok(lock(&turn).read_to_end()?.to_owned()), |text| text)
    }

    /// Ends the answer within one token.
    #[napi]
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// The answer as far as it has come.
    #[napi(getter)]
    pub fn reply(&self) -> String {
        lock(&self.running).reply().to_owned()
    }

    /// The passages that the model was shown.
    #[napi(getter)]
    pub fn sources(&self) -> Vec<Passage> {
        self.sources.iter().map(Passage::from).collect()
    }

    /// How the answer ended; `null` while it runs.
    #[napi(getter)]
    pub fn finished(&self) -> Option<Finished> {
        lock(&self.running).finished().map(Finished::from)
    }
}

impl Turn {
    pub(crate) fn new((turn, cancel): (core::Turn, CancelToken)) -> Self {
        let sources = turn.context().passages.clone();
        Self { running: Arc::new(Mutex::new(turn)), cancel, sources }
    }
}

fn lock(turn: &Mutex<core::Turn>) -> MutexGuard<'_, core::Turn> {
    turn.lock().unwrap_or_else(PoisonError::into_inner)
}
