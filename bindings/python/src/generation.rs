//! Tokens as they come.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mlxcode_core::{self as core, CancelToken};
use pyo3::prelude::*;

use crate::error::raise;
use crate::record::Finished;

/// A running generation: an iterator over its tokens.
#[pyclass(frozen, module = "mlx_code")]
pub struct Generation {
    running: Mutex<core::Generation>,
    /// Cancels without waiting for the thread that reads.
    cancel: CancelToken,
}

/// One token.
#[pyclass(frozen, get_all, module = "mlx_code")]
pub struct Token {
    /// Its number in the vocabulary.
    id: u32,
    /// The text that became certain with it; may be empty.
    text: String,
    /// The natural logarithm of its probability, before any option changed
    /// it; `None` unless `log_probabilities` was given.
    log_probability: Option<f32>,
    /// The likeliest tokens in its place, the best first, as many as
    /// `log_probabilities` asked for: number, text, log-probability.
    likeliest: Vec<(u32, String, f32)>,
}

impl From<core::Token> for Token {
    fn from(token: core::Token) -> Self {
        let reported = token.log_probabilities.map(|reported| *reported);
        Self {
            id: token.id,
            text: token.text,
            log_probability: reported.as_ref().map(|reported| reported.chosen),
            likeliest: reported
                .into_iter()
                .flat_map(|reported| reported.top)
                .map(|token| (token.id, token.text, token.log_probability))
                .collect(),
        }
    }
}

#[pymethods]
impl Generation {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Token>> {
        let token = py.detach(|| self.running().next_token());
        let token = token.transpose().map_err(|error| raise(py, error))?;
        Ok(token.map(Token::from))
    }

    /// Reads to the end and gives the text of all tokens that remain.
    fn read(&self, py: Python<'_>) -> PyResult<String> {
        let mut text = String::new();
        while let Some(token) = self.__next__(py)? {
            text.push_str(&token.text);
            // Ctrl-C is heard between two tokens.
            py.check_signals().inspect_err(|_| self.cancel.cancel())?;
        }
        Ok(text)
    }

    /// Ends the generation within one token.
    fn cancel(&self) {
        self.cancel.cancel();
    }

    /// How it ended; `None` while it runs.
    #[getter]
    fn finished(&self, py: Python<'_>) -> Option<Finished> {
        py.detach(|| self.running().finished().map(Finished::from))
    }
}

impl Generation {
    /// What Python iterates over.
    pub fn new(running: core::Generation) -> Self {
        let cancel = running.cancel_token();
        Self { running: Mutex::new(running), cancel }
    }

    fn running(&self) -> MutexGuard<'_, core::Generation> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
