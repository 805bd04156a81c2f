use std::path::{Path, PathBuf};

use mlxcode_agent::{Task, TurnRequest};
use mlxcode_base::{CancelToken, RelPath, Root};
use mlxcode_context::{Budget, CodeBase, Hit, PackRequest, PackedContext, WalkOptions};
use mlxcode_git::Repository;
use mlxcode_models::GenerateOptions;

use crate::checks::CheckCommand;
use crate::code::Code;
use crate::config::{Config, LoadedConfig};
use crate::dirs::Dirs;
use crate::error::Result;
use crate::input::InputError;
use crate::model::Model;
use crate::turn::Turn;

/// What an answer without a model may show, in units of four bytes: about two
/// screens.
const EXTRACT_TOKENS: usize = 1_600;

/// A folder of code, and all that can be done with it.
#[derive(Clone, Debug)]
pub struct Workspace {
    pub(crate) root: Root,
    pub(crate) dirs: Dirs,
    config: LoadedConfig,
}

/// The most tokens of an answer, where neither the caller nor the
/// configuration says.
pub(crate) const ANSWER_TOKENS: usize = 1_024;

/// What goes with a question or an instruction.
#[derive(Clone, Debug)]
pub struct TurnOptions {
    /// Files to show whole, before anything that is searched for.
    pub files: Vec<RelPath>,
    /// The most tokens of passages that are searched for; `None` takes the
    /// configured number, or 4096.
    pub context_tokens: Option<usize>,
    /// What the model was shown in the turn before
    /// ([`Turn::context`](crate::Turn::context)): what of it still holds stays
    /// in front, so that a prompt cache holds.
    pub earlier: Option<PackedContext>,
    /// How to generate; `None` in `max_tokens` takes the configured number, or
    /// 1024.
    pub generate: GenerateOptions,
    /// Stops the work within one token.
    pub cancel: CancelToken,
}

impl Default for TurnOptions {
    fn default() -> Self {
        let generate = GenerateOptions { max_tokens: None, ..GenerateOptions::default() };
        Self {
            files: Vec::new(),
            context_tokens: None,
            earlier: None,
            generate,
            cancel: CancelToken::new(),
        }
    }
}

impl Workspace {
    /// Opens `root` itself, an existing folder.
    pub fn open(root: &Path, dirs: &Dirs) -> Result<Self> {
        let root = Root::open(root)?;
        let config = LoadedConfig::read(dirs, Some(root.path()))?;
        Ok(Self { root, dirs: dirs.clone(), config })
    }

    /// Opens the git work tree that encloses `from`, else `from` itself.
    pub fn discover(from: &Path, dirs: &Dirs) -> Result<Self> {
        Self::open(&Self::root_of(from)?, dirs)
    }

    /// The git work tree that encloses `from`, else `from` itself.
    pub fn root_of(from: &Path) -> Result<PathBuf> {
        let repository = Repository::discover(from)?;
        Ok(repository.as_ref().map_or(from, Repository::work_tree).to_owned())
    }

    /// The folder that all work is confined to.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn loaded_config(&self) -> &LoadedConfig {
        &self.config
    }

    /// The configuration in force.
    pub fn config(&self) -> &Config {
        &self.config.config
    }

    /// Checks that the project's own configuration names. None of them is run
    /// before somebody agrees ([`approve`](Self::approve)).
    pub fn proposed_checks(&self) -> &[CheckCommand] {
        &self.config.proposed_checks
    }

    /// Turns a path that a person typed in the folder `from` into one below
    /// the root.
    pub fn relative(&self, from: &Path, typed: &Path) -> Result<RelPath> {
        Ok(self.root.relative(from, typed)?)
    }

    /// Which files are read.
    pub(crate) fn walk_options(&self) -> WalkOptions {
        let mut options = WalkOptions::default();
        if let Some(limit) = self.config().max_file_bytes {
            options.max_file_bytes = limit;
            options.max_source_bytes = limit;
        }
        options.exclude.clone_from(&self.config().exclude);
        options
    }

    pub(crate) fn scan(&self, cancel: &CancelToken) -> Result<CodeBase> {
        Ok(CodeBase::open(&self.root, &self.walk_options(), cancel)?)
    }

    /// The passages that answer `query` best, best first. All files are read for
    /// it; [`find`](Self::find) asks an index.
    pub fn search(&self, query: &str, limit: usize) -> Result<Vec<Hit>> {
        Ok(self.scan(&CancelToken::new())?.search(query, limit)?)
    }

    /// Finds the passages that answer a question, without a model.
    pub fn extract(&self, question: &str, options: &TurnOptions) -> Result<PackedContext> {
        if question.trim().is_empty() {
            return Err(mlxcode_agent::Error::EmptyInput { what: "question" }.into());
        }
        let counter = |text: &str| text.len().div_ceil(4);
        let search_tokens = options.context_tokens.unwrap_or(EXTRACT_TOKENS);
        // No model reads it, so a given file is whole whatever its length.
        let budget = Budget { tokens: usize::MAX, search_tokens, counter: &counter };
        let code = self.code_at_once(&options.cancel)?;
        self.require_files(&code)?;
        let mut request = PackRequest::new(question);
        request.files = &options.files;
        // A person reads it, who has the tree.
        request.with_map = false;
        request.cancel = options.cancel.clone();
        code.pack(&request, &budget)
    }

    /// Asks `model` a question about the code.
    pub fn ask(&self, model: &Model, question: &str, options: TurnOptions) -> Result<Turn> {
        self.turn(Task::Ask, model, question, options)
    }

    /// Asks `model` for a change. Nothing is written: the reply goes to
    /// [`plan`](Self::plan) and then to [`apply`](Self::apply).
    pub fn edit(&self, model: &Model, instruction: &str, options: TurnOptions) -> Result<Turn> {
        self.turn(Task::Edit, model, instruction, options)
    }

    fn turn(&self, task: Task, model: &Model, words: &str, options: TurnOptions) -> Result<Turn> {
        let code = self.code(&options.cancel, &())?;
        if task == Task::Ask && !words.trim().is_empty() {
            self.require_files(&code)?;
        }
        let mut request = TurnRequest::new(task, words);
        request.files = options.files;
        request.context_tokens = options
            .context_tokens
            .or(self.config().context_tokens)
            .unwrap_or(mlxcode_agent::CONTEXT_TOKENS);
        request.options = options.generate;
        request.earlier = options.earlier;
        request.prompts = self.prompts();
        request.cancel = options.cancel.clone();
        let limit = request.options.max_tokens.or(self.config().max_tokens);
        request.options.max_tokens = Some(limit.unwrap_or(ANSWER_TOKENS));
        let running = code.mended(&options.cancel, |source| {
            let model = model.language_model();
            Ok(mlxcode_agent::Turn::start(source, model, request.clone())?)
        })?;
        Ok(Turn::new(running, options.cancel))
    }

    /// An answer about nothing would be made up. A change may begin with
    /// nothing: it can make files.
    fn require_files(&self, code: &Code) -> Result<()> {
        if code.is_empty()? {
            return Err(InputError::EmptyTree { root: self.root().to_owned() }.into());
        }
        Ok(())
    }
}
