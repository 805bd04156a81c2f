//! Conversations over a workspace.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use mlxcode_agent::{
    Additions, Attached, AttachedFile, AttachmentOptions, AttachmentReader, Checker, CommandRunner,
    DocumentCommand, Entry, Ground, Input, Lookup, Mode, OfferedTool, Permissions, Policy,
    SessionLog, SessionOptions, SessionParts, SessionTurn, SkillFile, ToolBox, ToolSource,
    ToolsWhen,
};
use mlxcode_base::{CancelToken, RelPath, Root};
use mlxcode_context::{
    Budget, CodePlace, Definition, Hit, OutlineItem, PackRequest, PackedContext, Published,
    PublishedText, SearchOptions,
};
use mlxcode_edit::{Actor, AuditedDecision, EditPlan, JournalEntry, ParsedItem};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::mcp::Environment;
use crate::model::Model;
use crate::precise::ServerFolders;
use crate::published::PublishedReader;
use crate::runner::RunSurroundings;
use crate::serving::{SessionServer, SessionServers};
use crate::workspace::Workspace;

type AgentResult<T> = mlxcode_agent::Result<T>;

/// A conversation over a [`Workspace`]: what is said, seen, proposed, agreed
/// to, written and checked in it.
///
/// ```
/// use mlxcode_core::{
///     Decision, Dirs, Event, Model, ScriptedModel, SessionSetup, Workspace,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("greet.py"), "def greet():\n    print('hi')\n")?;
/// let dirs = Dirs::under(&folder.path().join(".state"));
/// let workspace = Workspace::open(folder.path(), &dirs)?;
/// let model = Model::new(ScriptedModel::new([
///     "greet.py\n```python\n<<<<<<< SEARCH\n    print('hi')\n=======\n    print('hello')\n>>>>>>> REPLACE\n```\n",
/// ]));
///
/// let session = workspace.session(&model, SessionSetup::default())?;
/// let mut turn = session.ask("say hello in greet.py")?;
/// while let Some(event) = turn.next() {
///     match event {
///         Event::Text { text } => print!("{text}"),
///         Event::ApprovalNeeded(_) => turn.decide(Decision::Yes),
///         _ => {}
///     }
/// }
/// assert!(std::fs::read_to_string(folder.path().join("greet.py"))?.contains("hello"));
/// # Ok(())
/// # }
/// ```
pub struct Session {
    inner: mlxcode_agent::Session,
    servers: Option<Arc<SessionServers>>,
    programs: ServerFolders,
    environment: Option<Environment>,
    /// Whether its prompts are those of who made it, not the workspace's.
    has_own_prompts: bool,
    /// Who looks at what was changed, where whoever began the session said so.
    checker: Option<Arc<dyn Checker>>,
}

/// What a session is made with.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct SessionSetup {
    /// How it works.
    pub options: SessionOptions,
    /// What the model can do; `None` takes the usual tools.
    pub tools: Option<ToolBox>,
    /// Who decides what may be done; `None` goes by the configuration.
    pub policy: Option<Arc<dyn Policy>>,
    /// Who looks at what was changed; `None` takes the checks that the
    /// configuration names, of which the grammars are always there.
    pub checker: Option<Arc<dyn Checker>>,
    /// What commands find around them, which are run in the sandbox; `None`
    /// gives the model no tool that runs any.
    pub commands: Option<RunSurroundings>,
    /// Where programs of checks and attachments are looked for.
    pub programs: ServerFolders,
    /// The program that reads PDFs; `None` refuses them.
    pub documents: Option<DocumentCommand>,
    /// Who writes down what happens.
    pub log: Option<Arc<dyn SessionLog>>,
    /// When the model is given tools; `None` goes by the configuration.
    pub tools_when: Option<ToolsWhen>,
    /// What hooks of plugins and servers of tools find around them; `None`
    /// starts none.
    pub environment: Option<Environment>,
    /// Whether servers on other machines are not asked, whatever the
    /// configuration says.
    pub offline: bool,
    /// What was said before, where it goes on.
    pub entries: Vec<Entry>,
    /// The last turn before, where it goes on: the next one follows it, also
    /// where what was said was forgotten.
    pub last_turn: u64,
    /// The model that sums up what does not fit any more, such as that of
    /// [`RoutePlan::open_later`](crate::RoutePlan::open_later); `None`, and
    /// where it fails: that of the conversation.
    pub summaries: Option<Model>,
    /// Who reads issues and changes that somebody names; `None`: nobody does.
    pub published: Option<PublishedReader>,
}

impl std::fmt::Debug for SessionSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionSetup").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Workspace {
    /// Begins a conversation, or goes on with one.
    pub fn session(&self, model: &Model, setup: SessionSetup) -> Result<Session> {
        let reader = self.attachments(&setup.programs, setup.documents);
        let checker = self.checker(setup.checker.as_ref(), &setup.programs);
        let commands = setup.commands.as_ref();
        // Where commands cannot be confined, none are run.
        let runner = commands.and_then(|around| self.runner(around).ok());
        let runner = runner.map(|runner| Arc::new(runner) as Arc<dyn CommandRunner>);
        let policy = match setup.policy {
            Some(policy) => policy,
            None => Arc::new(self.permissions(runner.is_some())?),
        };
        let offline = setup.offline || self.config().offline == Some(true);
        let servers = setup.environment.as_ref().map(|environment| {
            Arc::new(SessionServers::new(self.clone(), environment.clone(), offline))
        });
        let additions = self.added(setup.environment.as_ref(), servers.as_ref())?;
        let tools = setup.tools.unwrap_or_else(|| ToolBox::usual(runner));
        let published = setup.published.map(|published| published.offline_if(offline));
        let tree = Arc::new(Tree { published, ..Tree::new(self.clone(), reader) });
        let parts = SessionParts {
            ground: Arc::clone(&tree) as Arc<dyn Ground>,
            lookup: tree,
            model: model.shared(),
            tools,
            policy,
            checker: Some(checker),
            log: setup.log,
            additions,
            summaries: setup.summaries.map(|model| model.shared()),
        };
        let mut options = setup.options;
        if let Some(when) = setup.tools_when.or(self.config().tools) {
            options.tools = when;
        }
        let has_own_prompts = !options.prompts.replaced().is_empty();
        if !has_own_prompts {
            options.prompts = self.prompts();
        }
        options.context_tokens = options.context_tokens.or(self.config().context_tokens);
        options.generate.max_tokens = options.generate.max_tokens.or(self.config().max_tokens);
        let inner = mlxcode_agent::Session::resume(parts, options, setup.entries, setup.last_turn)?;
        let (programs, environment) = (setup.programs, setup.environment);
        let checker = setup.checker;
        Ok(Session { inner, servers, programs, environment, has_own_prompts, checker })
    }
}

impl Workspace {
    /// Who looks at what was changed: whoever was named for it, else the checks.
    fn checker(
        &self,
        given: Option<&Arc<dyn Checker>>,
        programs: &ServerFolders,
    ) -> Arc<dyn Checker> {
        given.map_or_else(|| Arc::new(self.checks(programs)) as _, Arc::clone)
    }

    /// What others add to a session.
    fn added(
        &self,
        environment: Option<&Environment>,
        servers: Option<&Arc<SessionServers>>,
    ) -> Result<Additions> {
        let mut additions = self.additions(environment)?;
        additions.tools = servers.map(|servers| Arc::clone(servers) as Arc<dyn ToolSource>);
        Ok(additions)
    }

    /// What the configuration allows, asks for and refuses. `is_confined` tells
    /// whether commands run in a sandbox.
    pub fn permissions(&self, is_confined: bool) -> Result<Permissions> {
        let user = &self.config().permissions;
        let project = self.loaded_config().project_permissions.as_ref();
        let permissions = Permissions::new(user, project, is_confined)?;
        Ok(permissions.in_root(self.root.clone()))
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

impl Session {
    /// Says something, and gives what comes of it, event by event.
    ///
    /// # Errors
    /// Nothing that was said, and a turn that still runs.
    pub fn ask(&self, input: impl Into<Input>) -> Result<SessionTurn> {
        Ok(self.inner.ask(input)?)
    }

    /// Shows a file whole from now on.
    pub fn pin(&self, path: RelPath) -> Result<()> {
        Ok(self.inner.pin(path)?)
    }

    /// Shows a file no longer. False where it was not pinned.
    pub fn unpin(&self, path: &RelPath) -> Result<bool> {
        Ok(self.inner.unpin(path)?)
    }

    /// The files that are shown whole.
    pub fn pinned(&self) -> Result<Vec<RelPath>> {
        Ok(self.inner.pinned()?)
    }

    /// How much may be done without asking.
    pub fn mode(&self) -> Result<Mode> {
        Ok(self.inner.mode()?)
    }

    /// Sets how much may be done without asking, from the next turn on.
    pub fn set_mode(&self, mode: Mode) -> Result<()> {
        Ok(self.inner.set_mode(mode)?)
    }

    /// Lets another model go on.
    pub fn set_model(&mut self, model: &Model) -> Result<()> {
        Ok(self.inner.set_model(model.shared())?)
    }

    /// Lets a model sum up what does not fit any more; `None`: that of the
    /// conversation.
    pub fn set_summaries(&mut self, model: Option<&Model>) -> Result<()> {
        Ok(self.inner.set_summaries(model.map(Model::shared))?)
    }

    /// Sets whether the model thinks before it answers.
    pub fn set_thinking(&mut self, thinking: Option<bool>) {
        self.inner.set_thinking(thinking);
    }

    /// Sets when the model is given tools.
    pub fn set_tools(&mut self, when: ToolsWhen) -> Result<()> {
        Ok(self.inner.set_tools(when)?)
    }

    /// Whether the model is given tools.
    pub fn has_tools(&self) -> bool {
        self.inner.has_tools()
    }

    /// The tools, and what the policy says of each in the mode of the session.
    /// Servers that no turn has needed yet are not started for it.
    pub fn tools(&self) -> Result<Vec<OfferedTool>> {
        Ok(self.inner.tools()?)
    }

    /// The skills, also those that only a person uses.
    pub fn skills(&self) -> &[SkillFile] {
        self.inner.skills()
    }

    /// The servers of tools that are named, and how they are.
    pub fn servers(&self) -> Result<Vec<SessionServer>> {
        self.servers.as_ref().map_or_else(|| Ok(Vec::new()), |servers| servers.all())
    }

    /// Takes what was approved, enabled or taken back since: servers, checks,
    /// hooks, skills and prompts, from the next turn on.
    ///
    /// # Errors
    /// A turn that still runs, a file of what is approved that cannot be read,
    /// and prompts that cannot be rendered.
    pub fn renew(&mut self, workspace: &Workspace) -> Result<()> {
        let additions = workspace.added(self.environment.as_ref(), self.servers.as_ref())?;
        let checker = workspace.checker(self.checker.as_ref(), &self.programs);
        self.inner.set_additions(additions, Some(checker))?;
        if let Some(servers) = &self.servers {
            servers.renew();
        }
        if !self.has_own_prompts {
            self.inner.set_prompts(workspace.prompts())?;
        }
        Ok(())
    }

    /// Tells the hooks of plugins that the session ends, and why. Dropping it
    /// does the same.
    pub fn end(&self, reason: &str) -> Result<()> {
        Ok(self.inner.end(reason)?)
    }

    /// What was said, as the model is told it.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        Ok(self.inner.entries()?)
    }

    /// What of the code stands in what the model is told.
    pub fn context(&self) -> Result<mlxcode_agent::ContextLedger> {
        Ok(self.inner.context()?)
    }

    /// The tokens of the whole conversation, instructions included.
    pub fn tokens(&self) -> Result<usize> {
        Ok(self.inner.tokens()?)
    }

    /// Forgets what was said; pinned files stay.
    pub fn clear(&self) -> Result<()> {
        Ok(self.inner.clear()?)
    }

    /// Makes what was said shorter now.
    pub fn compact(&self, cancel: &CancelToken) -> Result<mlxcode_agent::Compaction> {
        Ok(self.inner.compact(cancel)?)
    }
}

/// A workspace as a session sees it. What is open stays open from turn to
/// turn: whether the tree changed is seen at a glance then.
pub(crate) struct Tree {
    workspace: Workspace,
    code: Mutex<Option<Code>>,
    reader: AttachmentReader,
    published: Option<PublishedReader>,
}

impl Tree {
    /// For work in which nobody attaches anything.
    pub(crate) fn plain(workspace: Workspace) -> Self {
        let reader = workspace.attachments(&ServerFolders::default(), None);
        Self::new(workspace, reader)
    }

    fn new(workspace: Workspace, reader: AttachmentReader) -> Self {
        Self { workspace, code: Mutex::new(None), reader, published: None }
    }

    /// Packs by what is known of the tree, and looks meanwhile whether that
    /// still holds; where it does not, packs again.
    fn packed(
        &self,
        kept: &mut Option<Code>,
        request: &PackRequest<'_>,
        budget: &Budget<'_>,
    ) -> Result<PackedContext> {
        if let Some(code @ Code::Index { index, .. }) = kept.as_ref() {
            let (same, packed) = thread::scope(|scope| {
                let look = scope.spawn(|| index.glance());
                let packed = code.pack(request, budget);
                (matches!(look.join(), Ok(Ok(Some(_)))), packed)
            });
            if same {
                return packed;
            }
        }
        let code = self.workspace.code_again(kept.take(), &request.cancel)?;
        let packed = code.pack(request, budget);
        *kept = Some(code);
        packed
    }
}

impl Ground for Tree {
    fn root(&self) -> &Root {
        &self.workspace.root
    }

    fn pack(&self, request: &PackRequest<'_>, budget: &Budget<'_>) -> AgentResult<PackedContext> {
        let mut kept = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        self.packed(&mut kept, request, budget).map_err(of_ground)
    }

    fn plan(&self, items: &[ParsedItem]) -> AgentResult<EditPlan> {
        self.workspace.plan(items).map_err(of_ground)
    }

    fn apply(&self, plan: &EditPlan, actor: Actor) -> AgentResult<JournalEntry> {
        self.workspace.apply(plan, actor).map_err(of_ground)
    }

    fn note_decision(&self, actor: Actor, decision: AuditedDecision) -> AgentResult<()> {
        self.workspace.note_decision(actor, decision).map_err(of_ground)
    }

    fn attach(
        &self,
        which: &AttachedFile,
        options: &AttachmentOptions,
    ) -> Option<AgentResult<Attached>> {
        Some(self.reader.read(which, options).map_err(Into::into))
    }

    fn published(
        &self,
        which: &Published,
        cancel: &CancelToken,
    ) -> Option<AgentResult<PublishedText>> {
        let reader = self.published.as_ref()?;
        Some(reader.read(&self.workspace, *which, cancel).map_err(of_ground))
    }
}

impl Lookup for Tree {
    fn find(&self, query: &str, options: &SearchOptions) -> AgentResult<Vec<Hit>> {
        let found = self.workspace.find(query, options, &()).map_err(of_ground)?;
        Ok(found.hits)
    }

    fn files(&self, folder: Option<&RelPath>) -> AgentResult<Vec<RelPath>> {
        let navigation = self.workspace.navigation(&CancelToken::new()).map_err(of_ground)?;
        let mut files = navigation.texts().paths();
        if let Some(folder) = folder {
            files.retain(|path| path != folder && path.as_path().starts_with(folder.as_path()));
        }
        Ok(files)
    }

    fn definition(&self, place: &CodePlace) -> AgentResult<Vec<Definition>> {
        let navigation = self.workspace.navigation(&CancelToken::new());
        navigation.and_then(|code| code.definition(place)).map_err(of_ground)
    }

    fn outline(&self, path: &RelPath) -> AgentResult<Vec<OutlineItem>> {
        self.workspace.outline(path).map_err(of_ground)
    }
}

fn of_ground(error: Error) -> mlxcode_agent::Error {
    mlxcode_agent::Error::Ground(error.into_diagnostic())
}
