//! A folder of code.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use mlxcode_core::{self as core, Dirs, GenerateOptions, RelPath, TurnOptions};
use napi_derive::napi;

use crate::job::{Promise, run};
use crate::model::Model;
use crate::plan::Plan;
use crate::record::{Hit, JournalEntry, Passage};
use crate::turn::Turn;

/// Who the journal names for changes made from Node.
const ACTOR: &str = "node";

/// A folder of code that can be searched, asked about and changed.
#[napi]
pub struct Workspace(core::Workspace);

/// Where things are kept.
#[napi(object)]
pub struct OpenOptions {
    /// Holds configuration, models and journals; without it the user's own
    /// folders are used, as the command does.
    pub home: Option<String>,
}

/// What goes with a question or an instruction.
#[napi(object)]
#[derive(Default)]
pub struct TurnInput {
    /// Files to show whole, below the root.
    pub files: Option<Vec<String>>,
    /// The most tokens of passages that are searched for.
    pub context_tokens: Option<u32>,
    /// The most tokens of the answer.
    pub max_tokens: Option<u32>,
}

impl TurnInput {
    fn convert(self) -> core::Result<TurnOptions> {
        let files = self.files.unwrap_or_default();
        let files: Result<Vec<_>, _> = files.iter().map(|path| RelPath::new(path)).collect();
        let max_tokens = self.max_tokens.map(|tokens| tokens as usize);
        let context_tokens = self.context_tokens.map(|tokens| tokens as usize);
        let generate = GenerateOptions { max_tokens, ..GenerateOptions::default() };
        Ok(TurnOptions { files: files?, context_tokens, generate, ..TurnOptions::default() })
    }
}

#[napi]
impl Workspace {
    /// Opens a folder.
    #[napi(ts_return_type = "Promise<Workspace>")]
    pub fn open(root: String, options: Option<OpenOptions>) -> Promise<core::Workspace, Workspace> {
        let open = move || {
            let dirs = match options.and_then(|options| options.home) {
                Some(home) => Dirs::under(Path::new(&home)),
                None => Dirs::require(Dirs::from_env())?,
            };
            core::Workspace::open(Path::new(&root), &dirs)
        };
        run(open, Workspace)
    }

    /// The folder that all work is confined to.
    #[napi(getter)]
    pub fn root(&self) -> String {
        self.0.root().to_string_lossy().into_owned()
    }

    /// The passages that match best, best first.
    #[napi(ts_return_type = "Promise<Array<Hit>>")]
    pub fn search(&self, query: String, limit: u32) -> Promise<Vec<core::Hit>, Vec<Hit>> {
        let workspace = self.0.clone();
        run(
            move || workspace.search(&query, limit as usize),
            |hits| hits.into_iter().map(Hit::from).collect(),
        )
    }

    /// The passages that answer a question, without a model.
    #[napi(ts_return_type = "Promise<Array<Passage>>")]
    pub fn extract(
        &self,
        question: String,
        options: Option<TurnInput>,
    ) -> Promise<core::PackedContext, Vec<Passage>> {
        let workspace = self.0.clone();
        let extract = move || {
            let options = options.unwrap_or_default().convert()?;
            workspace.extract(&question, &options)
        };
        run(extract, |context| context.passages().map(Passage::from).collect())
    }

    /// Asks a question about the code. The answer is an async iterable.
    #[napi(ts_return_type = "Promise<Turn>")]
    pub fn ask(
        &self,
        model: &Model,
        question: String,
        options: Option<TurnInput>,
    ) -> Promise<core::Turn, Turn> {
        let (workspace, model) = (self.0.clone(), model.0.clone());
        let ask = move || workspace.ask(&model, &question, options.unwrap_or_default().convert()?);
        run(ask, Turn::new)
    }

    /// Asks for a change. Nothing is written: the reply goes to `planReply`.
    #[napi(ts_return_type = "Promise<Turn>")]
    pub fn edit(
        &self,
        model: &Model,
        instruction: String,
        options: Option<TurnInput>,
    ) -> Promise<core::Turn, Turn> {
        let (workspace, model) = (self.0.clone(), model.0.clone());
        let edit =
            move || workspace.edit(&model, &instruction, options.unwrap_or_default().convert()?);
        run(edit, Turn::new)
    }

    /// Finds where the edits in any model's reply belong. Writes nothing.
    #[napi(ts_return_type = "Promise<Plan>")]
    pub fn plan_reply(&self, reply: String) -> Promise<core::EditPlan, Plan> {
        let workspace = self.0.clone();
        run(move || workspace.plan_reply(&reply), Plan::new)
    }

    /// Writes a plan, all files or none.
    #[napi(ts_return_type = "Promise<JournalEntry>")]
    pub fn apply(&self, plan: &Plan) -> Promise<core::JournalEntry, JournalEntry> {
        let (workspace, plan) = (self.0.clone(), Arc::clone(&plan.0));
        let apply =
            move || workspace.apply(&plan.lock().unwrap_or_else(PoisonError::into_inner), ACTOR);
        run(apply, JournalEntry::from)
    }

    /// Applies the edits in any model's reply, all or none.
    #[napi(ts_return_type = "Promise<JournalEntry>")]
    pub fn apply_reply(&self, reply: String) -> Promise<core::JournalEntry, JournalEntry> {
        let workspace = self.0.clone();
        run(move || workspace.apply_reply(&reply, ACTOR), JournalEntry::from)
    }

    /// Takes back the entry `id`, or the newest, keeping what was edited since.
    #[napi(ts_return_type = "Promise<JournalEntry>")]
    pub fn undo(&self, id: Option<String>) -> Promise<core::JournalEntry, JournalEntry> {
        let workspace = self.0.clone();
        run(move || workspace.undo(id.as_deref()), JournalEntry::from)
    }

    /// Applies the entry `id` again, or the one that was taken back last.
    #[napi(ts_return_type = "Promise<JournalEntry>")]
    pub fn redo(&self, id: Option<String>) -> Promise<core::JournalEntry, JournalEntry> {
        let workspace = self.0.clone();
        run(move || workspace.redo(id.as_deref()), JournalEntry::from)
    }

    /// What was applied here, oldest first.
    #[napi(ts_return_type = "Promise<Array<JournalEntry>>")]
    pub fn history(&self) -> Promise<Vec<core::JournalEntry>, Vec<JournalEntry>> {
        let workspace = self.0.clone();
        run(
            move || workspace.history(),
            |entries| entries.into_iter().map(JournalEntry::from).collect(),
        )
    }
}
