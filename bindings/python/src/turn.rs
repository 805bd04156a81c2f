//! A streaming answer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mlxcode_core::{self as core, CancelToken};
use pyo3::prelude::*;

use crate::error::raise;
use crate::record::{Finished, Passage};

/// A model's answer: an iterator over its text as it comes.
#[pyclass(frozen, module = "mlx_code")]
pub struct Turn {
    running: Mutex<core::Turn>,
    /// Cancels without waiting for the thread that reads.
    cancel: CancelToken,
}

#[pymethods]
impl Turn {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<String>> {
        py.detach(|| self.running().next_text()).transpose().map_err(|error| raise(py, error))
    }

    /// Reads the answer to its end and gives it whole.
    fn read(&self, py: Python<'_>) -> PyResult<String> {
        while let Some(text) = py.detach(|| self.running().next_text()) {
            text.map_err(|error| raise(py, error))?;
            // Ctrl-C is heard between two pieces of text.
            py.check_signals().inspect_err(|_| self.cancel.cancel())?;
        }
        Ok(self.reply(py))
    }

    /// Ends the answer within one token.
    fn cancel(&self) {
        self.cancel.cancel();
    }

    /// The answer as far as it has come.
    #[getter]
    fn reply(&self, py: Python<'_>) -> String {
        py.detach(|| self.running().reply().to_owned())
    }

    /// The passages that the model was shown.
    #[getter]
    fn sources(&self, py: Python<'_>) -> Vec<Passage> {
        py.detach(|| self.running().context().passages().map(Passage::from).collect())
    }

    /// How the answer ended; `None` while it runs.
    #[getter]
    fn finished(&self, py: Python<'_>) -> Option<Finished> {
        py.detach(|| self.running().finished().map(Finished::from))
    }
}

impl Turn {
    pub(crate) fn new(running: core::Turn) -> Self {
        let cancel = running.cancel_token();
        Self { running: Mutex::new(running), cancel }
    }

    fn running(&self) -> MutexGuard<'_, core::Turn> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
