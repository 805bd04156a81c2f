//! Tokens as they come.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use mlxcode_core::{self as core, CancelToken};
use napi_derive::napi;

use crate::job::{Promise, run};
use crate::record::{Finished, Token};

/// A running generation: an async iterable over its tokens.
#[napi]
pub struct Generation {
    running: Arc<Mutex<core::Generation>>,
    /// What the event loop may read while another thread holds the rest.
    finished: Arc<OnceLock<core::Finished>>,
    cancel: CancelToken,
}

#[napi]
impl Generation {
    /// The next token; `null` at the end.
    #[napi(ts_return_type = "Promise<Token | null>")]
    pub fn next(&self) -> Promise<Option<core::Token>, Option<Token>> {
        let next = self.reading(|running| running.next_token().transpose());
        run(next, |token| token.map(Token::from))
    }

    /// Reads to the end and gives the text of all tokens that remain.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn read(&self) -> Promise<String, String> {
        run(self.reading(core::Generation::read_to_end), |text| text)
    }

    /// Ends the generation within one token.
    #[napi]
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// How it ended; `null` while it runs.
    #[napi(getter)]
    pub fn finished(&self) -> Option<Finished> {
        self.finished.get().map(Finished::from)
    }
}

impl Generation {
    /// What JavaScript iterates over.
    pub(crate) fn new(running: core::Generation) -> Self {
        let cancel = running.cancel_token();
        Self { running: Arc::new(Mutex::new(running)), finished: Arc::default(), cancel }
    }

    /// Work for another thread, which notes the end.
    fn reading<T, R>(&self, read: R) -> impl FnOnce() -> core::Result<T> + use<T, R>
    where
        R: FnOnce(&mut core::Generation) -> core::Result<T>,
    {
        let (running, finished) = (Arc::clone(&self.running), Arc::clone(&self.finished));
        move || {
            let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
            let value = read(&mut running);
            if let Some(end) = running.finished() {
                finished.get_or_init(|| end.clone());
            }
            value
        }
    }
}
