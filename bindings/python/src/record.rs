//! Plain values that Python reads.

use mlxcode_core as core;
use pyo3::prelude::*;

/// A passage that search found.
#[pyclass(frozen, get_all, module = "mlx_code")]
pub struct Hit {
    /// The file, below the root.
    path: String,
    /// The first line, from one.
    first_line: usize,
    /// The last line, itself inside.
    last_line: usize,
    /// Higher is better; only comparable within one search.
    score: f32,
    /// The passage.
    text: String,
}

impl From<core::Hit> for Hit {
    fn from(hit: core::Hit) -> Self {
        Self {
            path: hit.path.to_string(),
            first_line: hit.lines.first,
            last_line: hit.lines.last,
            score: hit.score,
            text: hit.text,
        }
    }
}

#[pymethods]
impl Hit {
    fn __repr__(&self) -> String {
        format!(
            "Hit({}:{}-{}, score={:.2})",
            self.path, self.first_line, self.last_line, self.score
        )
    }
}

/// A passage that an answer rests on.
#[pyclass(frozen, get_all, module = "mlx_code")]
pub struct Passage {
    /// The file, below the root.
    path: String,
    /// The first line, from one.
    first_line: usize,
    /// The last line, itself inside.
    last_line: usize,
    /// The passage.
    text: String,
    /// Why it was chosen.
    reason: String,
    /// The tokens it takes in the prompt.
    tokens: usize,
}

impl From<&core::Passage> for Passage {
    fn from(passage: &core::Passage) -> Self {
        Self {
            path: passage.path.to_string(),
            first_line: passage.lines.first,
            last_line: passage.lines.last,
            text: passage.text.clone(),
            reason: passage.reason.to_string(),
            tokens: passage.tokens,
        }
    }
}

#[pymethods]
impl Passage {
    fn __repr__(&self) -> String {
        format!("Passage({}:{}-{})", self.path, self.first_line, self.last_line)
    }
}

/// How a generation ended.
#[pyclass(frozen, get_all, module = "mlx_code")]
pub struct Finished {
    /// `stop`, `length` or `cancelled`.
    reason: &'static str,
    /// Tokens of the prompt.
    prompt_tokens: usize,
    /// Tokens generated.
    completion_tokens: usize,
    /// Milliseconds for reading the prompt.
    prefill_ms: f64,
    /// Milliseconds for generating.
    decode_ms: f64,
}

impl From<&core::Finished> for Finished {
    fn from(finished: &core::Finished) -> Self {
        Self {
            reason: finished.reason.as_str(),
            prompt_tokens: finished.usage.prompt_tokens,
            completion_tokens: finished.usage.completion_tokens,
            prefill_ms: finished.timings.prefill_ms,
            decode_ms: finished.timings.decode_ms,
        }
    }
}

/// One change that was applied, to be taken back by its `id`.
#[pyclass(frozen, get_all, module = "mlx_code")]
pub struct JournalEntry {
    /// Its name, for `undo`.
    id: String,
    /// When it was applied, in milliseconds since 1970, UTC.
    applied_at_ms: u64,
    /// Who applied it.
    actor: String,
    /// `applied` or `undone`.
    state: String,
    /// The files it touched.
    files: Vec<Py<JournalFile>>,
}

/// One file of a journal entry.
#[pyclass(frozen, get_all, module = "mlx_code")]
pub struct JournalFile {
    /// The file, below the root.
    path: String,
    /// `create`, `modify`, `delete` or `rename`.
    kind: String,
}

impl JournalEntry {
    pub fn new(py: Python<'_>, entry: &core::JournalEntry) -> PyResult<Self> {
        let file = |path: String, kind: String| Py::new(py, JournalFile { path, kind });
        let files = entry.files.iter().map(|f| file(f.path.to_string(), f.kind.to_string()));
        Ok(Self {
            id: entry.id.clone(),
            applied_at_ms: entry.applied_at_ms,
            actor: entry.actor.to_string(),
            state: entry.state.to_string(),
            files: files.collect::<PyResult<_>>()?,
        })
    }
}
