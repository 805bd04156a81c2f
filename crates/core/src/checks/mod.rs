//! Looks at files after they were changed.
//!
//! [`Checks`] asks, in this order: the grammars, which are always there; the
//! commands that the user's own configuration names; and, for who switches
//! them on, installed linters and compilers, and language servers. What was
//! wrong before a change is not told after it.

mod baseline;
mod command;
mod finding;
mod format;
mod known;
mod program;
mod server;
mod syntax;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mlxcode_agent::{CheckReport, Checker, DirectRunner, ProgramRunner};
use mlxcode_base::{CancelToken, ContentHash, Language, RelPath, Root};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::precise::ServerFolders;
use crate::workspace::Workspace;
use baseline::Baseline;
use finding::{Looked, told};
use server::Servers;

pub use command::CheckCommand;

/// Larger files are not looked at: they are data.
const MOST_BYTES: u64 = 4 << 20;

/// What is asked after a change, next to the grammars and the user's commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CheckSource {
    /// Linters and compilers that are installed outside of the project and run
    /// nothing of it: `ruff`, `ty` and `tsc`. They are asked where nothing else
    /// is said.
    Readers,
    /// All that are installed outside of the project, `cargo check`, `eslint`
    /// and `go vet` too. These run code of the project: its build scripts and
    /// its settings.
    Programs,
    /// The same from the project's own folders, such as `.venv/bin` and
    /// `node_modules/.bin`: programs that the project brings.
    ProjectPrograms,
    /// Language servers, as `--precise` asks them.
    Servers,
}

/// Looks at a workspace's files after they were changed.
pub struct Checks {
    root: Root,
    commands: Vec<CheckCommand>,
    sources: HashSet<CheckSource>,
    folders: Vec<PathBuf>,
    runner: Arc<dyn ProgramRunner>,
    servers: Mutex<Servers>,
    state: Mutex<State>,
}

/// What is remembered from change to change.
#[derive(Default)]
struct State {
    /// By check.
    baselines: HashMap<String, Baseline>,
    /// Files of which it is known what was wrong before they were changed, as
    /// their texts were last; `None` where there was none.
    seen: HashMap<RelPath, Option<ContentHash>>,
    /// What was told once and need not be told again.
    notices: HashSet<String>,
}

/// A file that was changed, as it is now.
struct Changed {
    path: RelPath,
    language: Option<Language>,
    text: String,
}

impl Workspace {
    /// The commands that the configuration names, and those of the project that
    /// the user said yes to.
    pub(crate) fn check_commands(&self) -> Vec<CheckCommand> {
        [self.config().checks.clone(), self.approved_checks()].concat()
    }

    /// The checks that the configuration names, and those of the project that
    /// the user said yes to. `folders` are those in which
    /// programs are looked for.
    pub fn checks(&self, folders: &ServerFolders) -> Checks {
        let config = self.config();
        let named = config.servers.clone().unwrap_or_default();
        Checks {
            root: self.root.clone(),
            commands: self.check_commands(),
            sources: config.check_with.as_ref().map_or_else(
                || HashSet::from([CheckSource::Readers]),
                |all| all.iter().copied().collect(),
            ),
            folders: folders.folders.clone(),
            runner: Arc::new(DirectRunner),
            servers: Mutex::new(Servers::new(named)),
            state: Mutex::default(),
        }
    }
}

impl Checks {
    /// Asks this as well.
    pub fn with_source(mut self, source: CheckSource) -> Self {
        self.sources.insert(source);
        self
    }

    /// Runs these commands as well, which somebody agreed to.
    pub fn with_commands(mut self, commands: impl IntoIterator<Item = CheckCommand>) -> Self {
        self.commands.extend(commands);
        self
    }

    /// Starts programs in another way, such as confined.
    pub fn with_runner(mut self, runner: Arc<dyn ProgramRunner>) -> Self {
        self.runner = runner;
        self
    }

    /// Asks everybody but the user's commands.
    fn look(&self, all: &[Changed], cancel: &CancelToken, take: &mut dyn FnMut(String, Looked)) {
        take("syntax".to_owned(), syntax::look(all));
        if self.sources.contains(&CheckSource::Servers) {
            let servers = &mut self.servers.lock().unwrap_or_else(PoisonError::into_inner);
            servers.look(&self.root, &self.folders, all, cancel, take);
        }
        let of_project = self.sources.contains(&CheckSource::ProjectPrograms);
        let all_programs = of_project || self.sources.contains(&CheckSource::Programs);
        if all_programs || self.sources.contains(&CheckSource::Readers) {
            let ground = program::Ground {
                root: &self.root,
                folders: &self.folders,
                of_project,
                only_readers: !all_programs,
                runner: &*self.runner,
            };
            ground.look(all, cancel, take);
        }
    }

    /// The files that are there and are texts.
    fn read(&self, files: &[RelPath]) -> Vec<Changed> {
        let texts = files.iter().filter_map(|path| {
            let place = self.root.resolve(path).ok()?;
            let fits = |meta: &std::fs::Metadata| meta.is_file() && meta.len() <= MOST_BYTES;
            place.metadata().ok().filter(fits)?;
            let text = std::fs::read_to_string(&place).ok()?;
            let language = Language::from_path(path.as_path());
            Some(Changed { path: path.clone(), language, text })
        });
        texts.collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Files with their texts as they are now.
fn texts(files: &[RelPath], all: &[Changed]) -> Vec<(RelPath, Option<ContentHash>)> {
    let text = |path: &RelPath| {
        let read = all.iter().find(|one| one.path == *path);
        (path.clone(), read.map(|one| ContentHash::of(one.text.as_bytes())))
    };
    files.iter().map(text).collect()
}

impl Checker for Checks {
    fn before(&self, files: &[RelPath], cancel: &CancelToken) {
        // Files that have not changed since the last check are not looked at again.
        let all = self.read(files);
        let texts = texts(files, &all);
        if texts.iter().all(|(path, text)| self.state().seen.get(path) == Some(text)) {
            return;
        }
        let mut is_whole = true;
        self.look(&all, cancel, &mut |check, looked| match looked {
            Looked::Found(found) => {
                let mut state = self.state();
                state.baselines.entry(check).or_default().before(&self.root, files, found);
            }
            Looked::NotRun(_) => is_whole = false,
            Looked::Missing(_) => {}
        });
        is_whole &= !cancel.is_cancelled();
        let mut state = self.state();
        for (path, text) in texts {
            // Who has not looked has to the next time.
            if is_whole {
                state.seen.insert(path, text);
            } else {
                state.seen.remove(&path);
            }
        }
    }

    fn renamed(&self, from: &RelPath, to: &RelPath) {
        let mut state = self.state();
        for baseline in state.baselines.values_mut() {
            baseline.renamed(from, to);
        }
        if let Some(text) = state.seen.remove(from) {
            state.seen.insert(to.clone(), text);
        }
    }

    fn check(&self, files: &[RelPath], cancel: &CancelToken, found: &mut dyn FnMut(CheckReport)) {
        let all = self.read(files);
        let mut is_whole = true;
        self.look(&all, cancel, &mut |check, looked| match looked {
            Looked::Found(findings) => {
                let mut state = self.state();
                let baseline = state.baselines.entry(check.clone()).or_default();
                let new = baseline.after(&self.root, files, findings);
                drop(state);
                let (ok, output) = told(&self.root, &new);
                found(CheckReport { check, ok, output });
            }
            Looked::NotRun(ref why) | Looked::Missing(ref why) => {
                is_whole &= matches!(looked, Looked::Missing(_));
                let output = format!("it did not run: {why}");
                if self.state().notices.insert(format!("{check}: {output}")) {
                    found(CheckReport { check, ok: true, output });
                }
            }
        });
        is_whole &= !cancel.is_cancelled();
        let mut state = self.state();
        for (path, text) in texts(files, &all) {
            // What was wrong before is known still where this look found nothing
            // out.
            if is_whole || state.seen.contains_key(&path) {
                state.seen.insert(path, text);
            }
        }
        drop(state);
        for command in &self.commands {
            if cancel.is_cancelled() {
                return;
            }
            if let Some(report) = command.run(&self.root, files, &*self.runner, cancel) {
                found(report);
            }
        }
    }
}

impl std::fmt::Debug for Checks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (commands, sources) = (&self.commands, &self.sources);
        f.debug_struct("Checks")
            .field("commands", commands)
            .field("sources", sources)
            .finish_non_exhaustive()
    }
}
