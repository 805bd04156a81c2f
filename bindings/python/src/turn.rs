//! A streaming answer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mlxcode_core::{self as core, TurnEvent};
use pyo3::prelude::*;

use crate::error::raise;
use crate::record::{Finished, Passage};

/// A model's answer: an iterator over its text as it comes.
#[pyclass(frozen, module = "mlx_code")]
pub struct Turn(pub Mutex<core::Turn>);

#[pymethods]
impl Turn {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<String>> {
        py.detach(|| {
            self.turn().find_map(|event| match event {
                Ok(TurnEvent::Text(text)) => Some(Ok(text)),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            })
        })
        .transpose()
        .map_err(|error| raise(py, error))
    }

    /// Reads the answer to its end and gives it whole.
    fn read(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| self.turn().read_to_end().map(str::to_owned)).map_err(|error| raise(py, error))
    }

    /// Ends the answer within one token.
    fn cancel(&self) {
        self.turn().cancel();
    }

    /// The answer as far as it has come.
    #[getter]
    fn reply(&self) -> String {
        self.turn().reply().to_owned()
    }

    /// The passages that the model was shown.
    #[getter]
    fn sources(&self) -> Vec<Passage> {
        self.turn().context().passages.iter().map(Passage::from).collect()
    }

    /// How the answer ended; `None` while it runs.
    #[getter]
    fn finished(&self) -> Option<Finished> {
        self.turn().finished().map(Finished::from)
    }
}

impl Turn {
    fn turn(&self) -> MutexGuard<'_, core::Turn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
