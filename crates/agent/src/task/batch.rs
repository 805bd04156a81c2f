//! One instruction over many files.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::thread;

use minijinja::context;
use mlxcode_base::{CancelToken, ContentHash, RelPath};
use mlxcode_edit::{Actor, EditPlan};
use mlxcode_models::{GenerateOptions, LanguageModel};
use serde::{Deserialize, Serialize};

use super::answer::Asker;
use super::edits::{EDIT_TOKENS, EditAnswer, ask_for_edits};
use super::error::{TaskError, TaskResult};
use super::text::read_text;
use crate::prompts::Prompts;
use crate::session::Ground;

/// A file of more does not fit into any context that runs here.
const MOST_FILE_BYTES: u64 = 1 << 20;

/// Answers at once, at most: more share the same memory and processor.
const MOST_JOBS: usize = 8;

/// How far a batch is. Written down after each file, it can be gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BatchState {
    /// The instruction.
    pub instruction: String,
    /// The files, in order.
    pub files: Vec<BatchFile>,
}

/// A file of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BatchFile {
    /// The file.
    pub path: RelPath,
    /// What became of it.
    pub status: BatchStatus,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
#[non_exhaustive]
pub enum BatchStatus {
    /// Nothing yet.
    Pending,
    /// It changed.
    Changed {
        /// Lines that came.
        added: usize,
        /// Lines that went.
        removed: usize,
        /// The journal's entry, which takes it back.
        entry: String,
        /// What it holds since.
        hash: String,
    },
    /// It would change, but nothing is written.
    Proposed {
        /// Lines that come.
        added: usize,
        /// Lines that go.
        removed: usize,
    },
    /// The instruction does not concern it.
    Unchanged,
    /// Somebody said no.
    Declined,
    /// It could not be done.
    Failed {
        /// Why.
        reason: String,
    },
}

impl BatchStatus {
    /// Whether there is nothing left to do.
    pub fn is_done(&self) -> bool {
        !matches!(self, Self::Pending | Self::Failed { .. } | Self::Proposed { .. })
    }
}

impl BatchState {
    /// A batch that has not begun.
    pub fn new(instruction: &str, files: &[RelPath]) -> Self {
        let pending =
            |path: &RelPath| BatchFile { path: path.clone(), status: BatchStatus::Pending };
        Self { instruction: instruction.to_owned(), files: files.iter().map(pending).collect() }
    }

    /// Goes on with an earlier one: what is done for the same instruction stays
    /// done; files that it did not have are added.
    pub fn resumed(earlier: &Self, instruction: &str, files: &[RelPath]) -> Self {
        let mut state = Self::new(instruction, files);
        if earlier.instruction != instruction {
            return state;
        }
        for file in &mut state.files {
            let known = earlier.files.iter().find(|known| known.path == file.path);
            if let Some(known) = known.filter(|known| known.status.is_done()) {
                file.status = known.status.clone();
            }
        }
        state
    }

    /// How many files are done.
    pub fn done(&self) -> usize {
        self.files.iter().filter(|file| file.status.is_done()).count()
    }

    /// Whether a file could not be done.
    pub fn has_failed(&self) -> bool {
        self.files.iter().any(|file| matches!(file.status, BatchStatus::Failed { .. }))
    }
}

/// How a batch is worked off.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BatchOptions {
    /// How many files at once; a model that answers one at a time makes the
    /// others wait.
    pub jobs: usize,
    /// Writes nothing, and tells what would change.
    pub dry_run: bool,
    /// How to generate.
    pub generate: GenerateOptions,
    /// Whose changes these are, for the journal.
    pub actor: Actor,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            jobs: 1,
            dry_run: false,
            generate: GenerateOptions::default(),
            actor: Actor::from("batch"),
        }
    }
}

/// What the caller of a batch does on the way. Calls come one at a time.
pub trait BatchWatch: Send {
    /// Whether a change is written.
    fn decide(&mut self, path: &RelPath, plan: &EditPlan) -> bool;

    /// A file is done, or could not be: the state to keep.
    fn done(&mut self, state: &BatchState, path: &RelPath);
}

/// Works off what is pending, and what failed before. A file that fails stops
/// no other.
///
/// # Errors
/// Only that somebody cancelled; the state holds what is done.
pub fn batch(
    ground: &dyn Ground,
    model: &dyn LanguageModel,
    prompts: &Prompts,
    state: &mut BatchState,
    options: &BatchOptions,
    watch: &mut dyn BatchWatch,
    cancel: &CancelToken,
) -> TaskResult<()> {
    let open = state.files.iter().enumerate().filter(|(_, file)| !file.status.is_done());
    let waiting: VecDeque<(usize, RelPath)> =
        open.map(|(number, file)| (number, file.path.clone())).collect();
    let jobs = options.jobs.clamp(1, MOST_JOBS).min(waiting.len().max(1));
    let instruction = state.instruction.clone();
    let waiting = Mutex::new(waiting);
    // One change at a time: the journal is one.
    let desk = Mutex::new((state, watch));
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let mut asker = Asker::new(model, cancel).with_options(options.generate.clone());
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some((number, path)) = next.filter(|_| !cancel.is_cancelled()) else {
                        return;
                    };
                    let answer = one_file(ground, &mut asker, prompts, &instruction, &path);
                    if cancel.is_cancelled() {
                        return;
                    }
                    let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
                    let (state, watch) = &mut *desk;
                    let status = settle(ground, answer, &path, options, &mut **watch);
                    state.files[number].status = status;
                    watch.done(state, &path);
                }
            });
        }
    });
    if cancel.is_cancelled() { Err(TaskError::Cancelled) } else { Ok(()) }
}

fn one_file(
    ground: &dyn Ground,
    asker: &mut Asker<'_>,
    prompts: &Prompts,
    instruction: &str,
    path: &RelPath,
) -> TaskResult<EditAnswer> {
    let text = read_text(&ground.root().resolve(path)?, MOST_FILE_BYTES)?;
    let render = |text: &str, problem: &str| {
        let values = context! {
            path => path.to_string(),
            // Its last line end would be an empty line before the fence.
            text => text.trim_end_matches('\n'),
            instruction,
            problem,
        };
        Ok(prompts.render("batch", values)?)
    };
    let room = asker.room(&render("", "")?, EDIT_TOKENS)?;
    let needed_tokens = asker.count(&text)?;
    if needed_tokens > room {
        return Err(TaskError::NoRoom { needed_tokens, context_length: room });
    }
    ask_for_edits(ground, asker, Some(path), &|problem| render(&text, problem))
}

fn settle(
    ground: &dyn Ground,
    answer: TaskResult<EditAnswer>,
    path: &RelPath,
    options: &BatchOptions,
    watch: &mut dyn BatchWatch,
) -> BatchStatus {
    let failed = |reason: String| BatchStatus::Failed { reason };
    let plan = match answer {
        Ok(EditAnswer::Plan(plan)) => plan,
        Ok(EditAnswer::Nothing(_)) => return BatchStatus::Unchanged,
        Ok(EditAnswer::Misplaced(problem)) => {
            return failed(problem.lines().next().unwrap_or_default().to_owned());
        }
        Err(error) => return failed(error.to_string()),
    };
    let (mut added, mut removed) = (0, 0);
    for change in plan.changes() {
        for line in change.diff().to_string().lines() {
            added += usize::from(line.starts_with('+') && !line.starts_with("+++"));
            removed += usize::from(line.starts_with('-') && !line.starts_with("---"));
        }
    }
    if options.dry_run {
        watch.decide(path, &plan);
        return BatchStatus::Proposed { added, removed };
    }
    if !watch.decide(path, &plan) {
        return BatchStatus::Declined;
    }
    match ground.apply(&plan, options.actor.clone()) {
        Ok(entry) => {
            let after = plan.changes().first().and_then(|change| change.after_bytes());
            let hash = ContentHash::of(after.unwrap_or_default()).to_string();
            BatchStatus::Changed { added, removed, entry: entry.id, hash }
        }
        Err(error) => failed(error.to_string()),
    }
}
