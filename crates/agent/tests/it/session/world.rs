//! A tree, a journal beside it, and checks that read a file.

use std::fs;
use std::sync::{Arc, Mutex};

use mlxcode_agent::{
    Additions, Attached, AttachedFile, AttachmentOptions, AttachmentReader, CheckReport, Checker,
    CommandRun, CommandRunner, Decision, Entry, Event, Ground, Lookup, ModePolicy, PageRange,
    Result, Session, SessionLog, SessionOptions, SessionParts, SessionTurn, ToolBox,
};
use mlxcode_base::{BoxDiagnostic, CancelToken, RelPath, Root};
use mlxcode_context::{
    Budget, CodeBase, CodePlace, CodeSource, Definition, Hit, OutlineItem, PackRequest,
    PackedContext, SearchOptions, WalkOptions,
};
use mlxcode_edit::{
    Actor, AuditedDecision, EditPlan, Journal, JournalEntry, ParsedItem, ResolveOptions, apply,
};
use mlxcode_models::{LanguageModel, ScriptedModel};
use tempfile::TempDir;

/// A tree in a temporary folder, and what happened to it.
pub struct World {
    _folder: TempDir,
    pub tree: Arc<Tree>,
    pub log: Arc<Log>,
    pub commands: Arc<Commands>,
}

pub struct Tree {
    root: Root,
    journal: Mutex<Journal>,
    /// What was read for a message, and which pages of it.
    pub attached: Mutex<Vec<(String, Option<PageRange>)>>,
    /// What was allowed and refused, as the audit log has it.
    pub decisions: Mutex<Vec<(String, bool)>>,
}

/// What was written down.
#[derive(Default)]
pub struct Log {
    pub events: Mutex<Vec<Event>>,
    pub entries: Mutex<Vec<Entry>>,
}

/// The commands that were run.
#[derive(Default)]
pub struct Commands(pub Mutex<Vec<String>>);

impl World {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("tree");
        for (path, text) in files {
            let file = place.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let root = Root::open(&place).unwrap();
        let journal = Journal::open(&folder.path().join("journal"), &root).unwrap();
        let tree = Arc::new(Tree {
            root,
            journal: Mutex::new(journal),
            attached: Mutex::default(),
            decisions: Mutex::default(),
        });
        Self { _folder: folder, tree, log: Arc::default(), commands: Arc::default() }
    }

    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.tree.root.path().join(path)).unwrap()
    }

    pub fn path(&self, path: &str) -> String {
        self.tree.root.path().join(path).to_str().unwrap().to_owned()
    }

    pub fn parts(&self, model: &Arc<ScriptedModel>) -> SessionParts {
        SessionParts {
            ground: Arc::clone(&self.tree) as Arc<dyn Ground>,
            lookup: Arc::clone(&self.tree) as Arc<dyn Lookup>,
            model: Arc::clone(model) as Arc<dyn LanguageModel>,
            tools: ToolBox::usual(Some(Arc::clone(&self.commands) as Arc<dyn CommandRunner>)),
            policy: Arc::new(ModePolicy),
            checker: Some(Arc::new(Marks(self.tree.root.clone()))),
            log: Some(Arc::clone(&self.log) as Arc<dyn SessionLog>),
            additions: Additions::default(),
            summaries: None,
        }
    }

    pub fn session(&self, model: &Arc<ScriptedModel>) -> Session {
        self.session_with(model, SessionOptions::default())
    }

    pub fn session_with(&self, model: &Arc<ScriptedModel>, options: SessionOptions) -> Session {
        Session::new(self.parts(model), options).unwrap()
    }
}

/// A model that says these things in turn.
pub fn model(replies: &[&str]) -> Arc<ScriptedModel> {
    Arc::new(ScriptedModel::new(replies.iter().copied()))
}

/// One that can be told of tools.
pub fn calling(replies: &[&str]) -> Arc<ScriptedModel> {
    Arc::new(ScriptedModel::new(replies.iter().copied()).with_tools())
}

/// A call of a tool, as a model writes it.
pub fn call(name: &str, arguments: &str) -> String {
    format!("<tool_call>\n{{\"name\": \"{name}\", \"arguments\": {arguments}}}\n</tool_call>")
}

/// A block that puts lines in place of others.
pub fn block(path: &str, search: &str, replace: &str) -> String {
    format!("{path}\n```\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n```\n")
}

/// Reads a turn to its end; who is asked answers by `decide`.
pub fn read(mut turn: SessionTurn, mut decide: impl FnMut(&Event) -> Decision) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(event) = turn.next() {
        let mut inner = &event;
        while let Event::Task { event, .. } = inner {
            inner = event;
        }
        if matches!(inner, Event::ApprovalNeeded(_)) {
            turn.decide(decide(inner));
        }
        events.push(event);
    }
    events
}

/// The events as a table: a line each, texts joined.
pub fn told(events: &[Event]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for event in events {
        match event {
            Event::Text { text } => match lines.last_mut() {
                Some(last) if last.starts_with("text: ") => last.push_str(&text.replace('\n', "⏎")),
                _ => lines.push(format!("text: {}", text.replace('\n', "⏎"))),
            },
            Event::Context(ledger) => {
                let pieces = ledger.pieces.iter().map(|piece| {
                    let kept = if piece.is_kept { " (kept)" } else { "" };
                    format!("{}{kept}", piece.path.as_deref().unwrap_or("map"))
                });
                lines.push(format!("context: {}", pieces.collect::<Vec<_>>().join(", ")));
            }
            Event::Usage { reason, .. } => lines.push(format!("usage: {}", reason.as_str())),
            Event::Finished { reason, .. } => {
                lines.push(format!("finished: {}", serde_json::to_string(reason).unwrap()));
            }
            event => lines.push(serde_json::to_string(event).unwrap()),
        }
    }
    lines.join("\n")
}

impl Tree {
    fn code(&self) -> CodeBase {
        CodeBase::open(&self.root, &WalkOptions::default(), &CancelToken::new()).unwrap()
    }
}

impl Ground for Tree {
    fn root(&self) -> &Root {
        &self.root
    }

    fn pack(&self, request: &PackRequest<'_>, budget: &Budget<'_>) -> Result<PackedContext> {
        Ok(CodeSource::from(&self.code()).pack(request, budget)?)
    }

    fn attach(
        &self,
        which: &AttachedFile,
        options: &AttachmentOptions,
    ) -> Option<Result<Attached>> {
        self.attached.lock().unwrap().push((which.to_string(), options.pages));
        let reader = AttachmentReader::new(self.root.clone(), Vec::new());
        Some(reader.read(which, options).map_err(Into::into))
    }

    fn plan(&self, items: &[ParsedItem]) -> Result<EditPlan> {
        let plan = EditPlan::resolve(&self.root, items, &ResolveOptions::default());
        plan.map_err(|error| mlxcode_agent::Error::Ground(BoxDiagnostic::new(error)))
    }

    fn note_decision(&self, _: Actor, decision: AuditedDecision) -> Result<()> {
        self.decisions.lock().unwrap().push((decision.what, decision.allowed));
        Ok(())
    }

    fn apply(&self, plan: &EditPlan, actor: Actor) -> Result<JournalEntry> {
        apply(plan, &mut self.journal.lock().unwrap(), actor)
            .map_err(|error| mlxcode_agent::Error::Ground(BoxDiagnostic::new(error)))
    }
}

impl Lookup for Tree {
    fn find(&self, query: &str, options: &SearchOptions) -> Result<Vec<Hit>> {
        Ok(self.code().search(query, options.limit)?)
    }

    fn files(&self, folder: Option<&RelPath>) -> Result<Vec<RelPath>> {
        use mlxcode_context::FileSet as _;
        let mut files = self.code().paths();
        files.retain(|path| {
            folder.is_none_or(|folder| path.as_path().starts_with(folder.as_path()))
        });
        files.sort();
        Ok(files)
    }

    fn definition(&self, _: &CodePlace) -> Result<Vec<Definition>> {
        Ok(Vec::new())
    }

    fn outline(&self, path: &RelPath) -> Result<Vec<OutlineItem>> {
        Ok(self.code().outline(path)?)
    }
}

/// A check that finds each `FIXME`.
struct Marks(Root);

impl Checker for Marks {
    fn check(&self, files: &[RelPath], _: &CancelToken, found: &mut dyn FnMut(CheckReport)) {
        for file in files {
            let text = fs::read_to_string(self.0.path().join(file.as_path())).unwrap_or_default();
            let ok = !text.contains("FIXME");
            let output = if ok { String::new() } else { format!("{file}: a FIXME is left") };
            found(CheckReport { check: format!("marks {file}"), ok, output });
        }
    }
}

impl CommandRunner for Commands {
    fn run(&self, command: &str, _: &CancelToken) -> Result<CommandRun> {
        self.0.lock().unwrap().push(command.to_owned());
        Ok(CommandRun { status: Some(0), output: "fine\n".to_owned(), note: None })
    }
}

impl SessionLog for Log {
    fn event(&self, _: u64, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
    }

    fn message(&self, entry: &Entry) {
        self.entries.lock().unwrap().push(entry.clone());
    }

    fn history(&self, entries: &[Entry]) {
        *self.entries.lock().unwrap() = entries.to_vec();
    }
}
