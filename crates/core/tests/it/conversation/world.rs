//! A project with git, a configuration and a model that says what a test wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mlxcode_core::{
    Decision, Dirs, Event, Model, Prompt, ScriptedModel, Session, SessionSetup, Workspace, backend,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How the project came to be: messages, and what they brought.
const HISTORY: [(&str, &str); 6] = [
    ("docs: say what this is", "*.md"),
    ("feat(rooms): find the cheapest room", "bookings/rooms.py"),
    ("feat(prices): price a stay", "bookings/prices.py"),
    ("feat(calendar): know which nights are taken", "bookings/calendar.py"),
    ("test: run without a framework", "tests/run.py"),
    ("test: cover prices and the calendar", "."),
];

/// The project in its folder, and the user's folder beside it.
pub struct World {
    folder: TempDir,
    pub workspace: Workspace,
}

/// A model whose prompts can be read afterwards.
pub struct Heard(Arc<ScriptedModel>);

impl backend::LanguageModel for Heard {
    fn info(&self) -> &mlxcode_core::ModelInfo {
        self.0.info()
    }

    fn count_tokens(&self, prompt: &Prompt) -> backend::Result<usize> {
        self.0.count_tokens(prompt)
    }

    fn generate(
        &self,
        request: mlxcode_core::GenerateRequest,
    ) -> backend::Result<backend::Generation> {
        self.0.generate(request)
    }
}

/// A model with these replies, and what it will have been asked.
pub fn model(replies: &[&str]) -> (Model, Arc<ScriptedModel>) {
    let scripted = Arc::new(ScriptedModel::new(replies.iter().copied()));
    (Model::new(Heard(Arc::clone(&scripted))), scripted)
}

/// A model of a script that somebody else reads, too.
pub fn heard(scripted: &Arc<ScriptedModel>) -> Model {
    Model::new(Heard(Arc::clone(scripted)))
}

impl World {
    /// The user's folders.
    pub fn dirs(&self) -> Dirs {
        Dirs::under(&self.folder.path().join("home"))
    }

    /// A copy of one of `tests/trees`, committed, with the user's configuration.
    pub fn of(tree: &str, config: &Value) -> Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trees").join(tree);
        let world = Self::copied(&from, config);
        git(world.root(), &["init", "--quiet", "--initial-branch=main"]);
        // A history that has a style.
        for (message, paths) in HISTORY {
            git(world.root(), &["add", paths]);
            git(world.root(), &["commit", "--quiet", "--message", message]);
        }
        world
    }

    /// A copy of any folder, with the user's configuration.
    pub fn copied(from: &Path, config: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("project");
        copy(from, &place);
        let dirs = Dirs::under(&folder.path().join("home"));
        fs::create_dir_all(&dirs.config).unwrap();
        fs::write(dirs.config_file(), config.to_string()).unwrap();
        let workspace = Workspace::open(&place, &dirs).unwrap();
        Self { folder, workspace }
    }

    pub fn root(&self) -> &Path {
        self.workspace.root()
    }

    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    pub fn session(&self, model: &Model) -> Session {
        self.workspace.session(model, SessionSetup::default()).unwrap()
    }

    /// The events as lines of JSON, without what is another one every time.
    pub fn told(&self, events: &[Event]) -> String {
        let mut lines: Vec<Value> = Vec::new();
        for event in events {
            let mut line = serde_json::to_value(event).unwrap();
            for (key, what) in [("timings", "…"), ("entry", "an entry of the journal")] {
                if let Some(value) = line.get_mut(key) {
                    *value = json!(what);
                }
            }
            match lines.last_mut() {
                // A text comes in pieces, which are told as one.
                Some(last) if line["type"] == "text" && last["type"] == "text" => {
                    let pieces = [&last["text"], &line["text"]].map(|one| one.as_str().unwrap());
                    last["text"] = json!(pieces.concat());
                }
                _ => lines.push(line),
            }
        }
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        text.replace(self.folder.path().to_str().unwrap(), "")
    }
}

/// Says something, agrees or not, and gives all events.
pub fn ask(session: &Session, words: &str, decide: impl Fn(&Event) -> Decision) -> Vec<Event> {
    let mut turn = session.ask(words).unwrap();
    let mut events = Vec::new();
    while let Some(event) = turn.next() {
        if matches!(event, Event::ApprovalNeeded(_)) {
            turn.decide(decide(&event));
        }
        events.push(event);
    }
    events
}

pub fn yes(_: &Event) -> Decision {
    Decision::Yes
}

/// A block that puts lines in place of others.
pub fn block(path: &str, search: &str, replace: &str) -> String {
    format!("{path}\n```python\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n```\n")
}

/// What git says, with nothing of whoever runs the tests.
pub fn git(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]);
    command.args(args).current_dir(folder);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, place): (_, PathBuf) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() && entry.file_name() != ".git" {
            copy(&entry.path(), &place);
        } else if kind.is_file() {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}
