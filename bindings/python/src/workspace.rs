//! A folder of code.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use mlxcode_core::{self as core, Dirs, GenerateOptions, RelPath, TurnOptions};
use pyo3::prelude::*;

use crate::error::raise;
use crate::model::Model;
use crate::plan::Plan;
use crate::record::{Hit, JournalEntry, Passage};
use crate::turn::Turn;

/// Who the journal names for changes made from Python.
const ACTOR: &str = "python";

/// A folder of code that can be searched, asked about and changed.
///
/// `home` holds configuration, models and journals; without it the user's own
/// folders are used, as the command does.
#[pyclass(frozen, module = "mlx_code")]
pub struct Workspace(core::Workspace);

#[pymethods]
impl Workspace {
    #[new]
    #[pyo3(signature = (root, *, home=None))]
    fn new(py: Python<'_>, root: PathBuf, home: Option<PathBuf>) -> PyResult<Self> {
        let open = || {
            let dirs = match home {
                Some(home) => Dirs::under(&home),
                None => Dirs::require(Dirs::from_env())?,
            };
            core::Workspace::open(&root, &dirs)
        };
        py.detach(open).map(Self).map_err(|error| raise(py, error))
    }

    /// The folder that all work is confined to.
    #[getter]
    fn root(&self) -> &Path {
        self.0.root()
    }

    /// The passages that match best, best first.
    #[pyo3(signature = (query, *, limit))]
    fn search(&self, py: Python<'_>, query: &str, limit: usize) -> PyResult<Vec<Hit>> {
        let hits = py.detach(|| self.0.search(query, limit));
        Ok(hits.map_err(|error| raise(py, error))?.into_iter().map(Hit::from).collect())
    }

    /// The passages that answer a question, without a model.
    #[pyo3(signature = (question, *, files=Vec::new(), context_tokens=None))]
    fn extract(
        &self,
        py: Python<'_>,
        question: &str,
        files: Vec<String>,
        context_tokens: Option<usize>,
    ) -> PyResult<Vec<Passage>> {
        let extract = || self.0.extract(question, &options(&files, context_tokens, None)?);
        let context = py.detach(extract).map_err(|error| raise(py, error))?;
        Ok(context.passages().map(Passage::from).collect())
    }

    /// Asks a question about the code. The answer is an iterator over its text.
    #[pyo3(signature = (model, question, *, files=Vec::new(), context_tokens=None, max_tokens=None))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments are Python's options struct")]
    fn ask(
        &self,
        py: Python<'_>,
        model: &Model,
        question: &str,
        files: Vec<String>,
        context_tokens: Option<usize>,
        max_tokens: Option<usize>,
    ) -> PyResult<Turn> {
        let ask = || self.0.ask(&model.0, question, options(&files, context_tokens, max_tokens)?);
        py.detach(ask).map(Turn::new).map_err(|error| raise(py, error))
    }

    /// Asks for a change. Nothing is written: the reply goes to `plan_reply`.
    #[pyo3(signature = (model, instruction, *, files=Vec::new(), context_tokens=None, max_tokens=None))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments are Python's options struct")]
    fn edit(
        &self,
        py: Python<'_>,
        model: &Model,
        instruction: &str,
        files: Vec<String>,
        context_tokens: Option<usize>,
        max_tokens: Option<usize>,
    ) -> PyResult<Turn> {
        let options = || options(&files, context_tokens, max_tokens);
        py.detach(|| self.0.edit(&model.0, instruction, options()?))
            .map(Turn::new)
            .map_err(|error| raise(py, error))
    }

    /// Finds where the edits in any model's reply belong. Writes nothing.
    fn plan_reply(&self, py: Python<'_>, reply: &str) -> PyResult<Plan> {
        py.detach(|| self.0.plan_reply(reply))
            .map(|plan| Plan(Mutex::new(plan)))
            .map_err(|error| raise(py, error))
    }

    /// Writes a plan, all files or none.
    fn apply(&self, py: Python<'_>, plan: &Plan) -> PyResult<JournalEntry> {
        let entry = py.detach(|| plan.read(|plan| self.0.apply(plan, ACTOR)));
        JournalEntry::new(py, &entry.map_err(|error| raise(py, error))?)
    }

    /// Applies the edits in any model's reply, all or none.
    fn apply_reply(&self, py: Python<'_>, reply: &str) -> PyResult<JournalEntry> {
        let entry = py.detach(|| self.0.apply_reply(reply, ACTOR));
        JournalEntry::new(py, &entry.map_err(|error| raise(py, error))?)
    }

    /// Takes back the entry `id`, or the newest, keeping what was edited since.
    #[pyo3(signature = (id=None))]
    fn undo(&self, py: Python<'_>, id: Option<&str>) -> PyResult<JournalEntry> {
        let entry = py.detach(|| self.0.undo(id));
        JournalEntry::new(py, &entry.map_err(|error| raise(py, error))?)
    }

    /// Applies the entry `id` again, or the one that was taken back last.
    #[pyo3(signature = (id=None))]
    fn redo(&self, py: Python<'_>, id: Option<&str>) -> PyResult<JournalEntry> {
        let entry = py.detach(|| self.0.redo(id));
        JournalEntry::new(py, &entry.map_err(|error| raise(py, error))?)
    }

    /// What was applied here, oldest first.
    fn history(&self, py: Python<'_>) -> PyResult<Vec<JournalEntry>> {
        let entries = py.detach(|| self.0.history()).map_err(|error| raise(py, error))?;
        entries.iter().map(|entry| JournalEntry::new(py, entry)).collect()
    }

    fn __repr__(&self) -> String {
        format!("Workspace({})", self.0.root().display())
    }
}

fn options(
    files: &[String],
    context_tokens: Option<usize>,
    max_tokens: Option<usize>,
) -> core::Result<TurnOptions> {
    let files: Result<Vec<_>, _> = files.iter().map(|path| RelPath::new(path)).collect();
    let generate = GenerateOptions { max_tokens, ..GenerateOptions::default() };
    Ok(TurnOptions { files: files?, context_tokens, generate, ..TurnOptions::default() })
}
