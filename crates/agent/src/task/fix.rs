//! A command run, and what it complains about mended, until it is content.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::context;
use mlxcode_base::{ContentHash, RelPath};
use mlxcode_edit::{Actor, EditPlan};
use serde::Serialize;

use super::answer::Asker;
use super::edits::{EDIT_TOKENS, EditAnswer, ask_for_edits, passages};
use super::error::{TaskError, TaskResult};
use super::explain::files_named;
use crate::prompts::Prompts;
use crate::session::Ground;
use crate::tool::{CommandRun, CommandRunner};

/// Answers where nobody says: what is not mended by then rarely is.
const STEPS: usize = 6;

/// What a command said that goes into a prompt: its end tells most.
const MOST_OUTPUT_BYTES: usize = 12 << 10;

/// Files that a failure names and that are shown whole.
const MOST_FILES: usize = 4;

/// How it is mended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FixOptions {
    /// The command, as a shell reads it.
    pub command: String,
    /// The most answers of the model.
    pub steps: usize,
    /// What a person says of it.
    pub hint: Option<String>,
    /// Whose changes these are, for the journal.
    pub actor: Actor,
}

impl FixOptions {
    /// Options with a command and nothing else said.
    pub fn new(command: impl Into<String>) -> Self {
        Self { command: command.into(), steps: STEPS, hint: None, actor: Actor::from("fix") }
    }
}

/// What happens on the way.
#[derive(Debug)]
#[non_exhaustive]
pub enum FixEvent<'e> {
    /// The command ended.
    Ran(&'e CommandRun),
    /// Edits are about to be written.
    Proposed(&'e EditPlan),
    /// They were written.
    Applied(&'e [RelPath]),
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FixReport {
    /// Why it ended.
    pub end: FixEnd,
    /// The command.
    pub command: String,
    /// How often it ran.
    pub runs: usize,
    /// Answers of the model.
    pub answers: usize,
    /// The files that changed.
    pub files: Vec<RelPath>,
    /// The journal's entries, oldest first: what takes the changes back.
    pub entries: Vec<String>,
    /// What the command said last.
    pub output: String,
}

/// Why mending ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FixEnd {
    /// The command is content.
    Green,
    /// The model changes nothing any more.
    NoChange,
    /// The same complaint with the same files came before.
    Repeats,
    /// The model answered as often as it may.
    Steps,
    /// Somebody said no to a change.
    Declined,
}

/// Runs the command, asks for edits, applies them, and runs it again, until it
/// is content, nothing changes, or the steps are used up. `decide` is asked
/// before each change.
pub fn fix(
    ground: &dyn Ground,
    runner: &dyn CommandRunner,
    asker: &mut Asker<'_>,
    prompts: &Prompts,
    options: &FixOptions,
    decide: &mut dyn FnMut(&EditPlan) -> bool,
    told: &mut dyn FnMut(FixEvent<'_>),
) -> TaskResult<FixReport> {
    let mut report = FixReport {
        end: FixEnd::Green,
        command: options.command.clone(),
        runs: 0,
        answers: 0,
        files: Vec::new(),
        entries: Vec::new(),
        output: String::new(),
    };
    let before = asker.answers();
    let mut seen = BTreeSet::new();
    let mut originals: Originals = BTreeMap::new();
    let mut tried: Vec<String> = Vec::new();
    loop {
        if asker.cancel().is_cancelled() {
            return Err(TaskError::Cancelled);
        }
        asker.tell(&format!("running {}", options.command));
        let run = runner.run(&options.command, asker.cancel())?;
        told(FixEvent::Ran(&run));
        report.runs += 1;
        report.answers = asker.answers() - before;
        report.output = plain(&run.output);
        report.end = match () {
            () if run.is_ok() => FixEnd::Green,
            () if !seen.insert(state(ground, &originals, &run)) => FixEnd::Repeats,
            () if report.answers >= options.steps => FixEnd::Steps,
            () => match step(ground, asker, prompts, options, &run, &tried)? {
                EditAnswer::Nothing(_) | EditAnswer::Misplaced(_) => FixEnd::NoChange,
                EditAnswer::Plan(plan) => {
                    told(FixEvent::Proposed(&plan));
                    if decide(&plan) {
                        let entry = ground.apply(&plan, options.actor.clone())?;
                        report.entries.push(entry.id);
                        let files: Vec<RelPath> =
                            plan.changes().iter().map(|change| change.path.clone()).collect();
                        told(FixEvent::Applied(&files));
                        tried.push(summary(&plan));
                        for change in plan.changes() {
                            let before = change.before_bytes().unwrap_or_default();
                            let hash = ContentHash::of(before);
                            originals.entry(change.path.clone()).or_insert(hash);
                        }
                        for file in files {
                            if !report.files.contains(&file) {
                                report.files.push(file);
                            }
                        }
                        continue;
                    }
                    FixEnd::Declined
                }
            },
        };
        report.answers = asker.answers() - before;
        return Ok(report);
    }
}

fn step(
    ground: &dyn Ground,
    asker: &mut Asker<'_>,
    prompts: &Prompts,
    options: &FixOptions,
    run: &CommandRun,
    tried: &[String],
) -> TaskResult<EditAnswer> {
    let output = condensed(&run.told(), MOST_OUTPUT_BYTES);
    let mut files = files_named(ground.root(), &output);
    files.truncate(MOST_FILES);
    let render = |passages: &str, output: &str, problem: &str| {
        let values = context! {
            command => options.command.clone(),
            output,
            passages,
            tried => tried.to_vec(),
            hint => options.hint.clone().unwrap_or_default(),
            problem,
        };
        Ok(prompts.render("fix", values)?)
    };
    let room = asker.room(&render("", "", "")?, EDIT_TOKENS)?;
    // A third for what it said, the rest for the code.
    let mut shown = output.as_str();
    while asker.count(shown)? > room / 3 && shown.len() > 400 {
        shown = &shown[shown.ceil_char_boundary(shown.len() / 4)..];
    }
    let left = room.saturating_sub(asker.count(shown)? + 512);
    let code = passages(ground, asker, shown, &files, left, asker.cancel())?;
    asker.tell("mending");
    ask_for_edits(ground, asker, None, &|problem| render(&code, shown, problem))
}

/// The end of what was said, without colours and lines that say nothing.
fn condensed(output: &str, most: usize) -> String {
    let text = plain(output);
    let lines = text.lines().filter(|line| {
        let line = line.trim_start();
        let noise =
            ["Compiling ", "Downloading ", "Downloaded ", "Finished ", "Running ", "Checking "];
        !noise.iter().any(|word| line.starts_with(word)) && !line.ends_with("... ok")
    });
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    if text.len() <= most {
        return text;
    }
    // The first complaint and the sum at the end matter most.
    let (head, tail) =
        (text.floor_char_boundary(most / 3), text.ceil_char_boundary(text.len() - most * 2 / 3));
    format!("{}\n…\n{}", &text[..head], &text[tail..])
}

/// Without the signs that colour a terminal.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        if sign == '\u{1b}' {
            if signs.next_if_eq(&'[').is_some() {
                for inner in signs.by_ref() {
                    if inner.is_ascii_alphabetic() {
                        break;
                    }
                }
            }
        } else if sign != '\r' {
            out.push(sign);
        }
    }
    out
}

/// What the files that were changed held before.
type Originals = BTreeMap<RelPath, ContentHash>;

/// What the command complains about, together with the files that are other
/// than they were: the same again means that it goes round in a circle.
fn state(ground: &dyn Ground, originals: &Originals, run: &CommandRun) -> ContentHash {
    // Times and addresses differ from run to run.
    let words: String = plain(&run.output).chars().filter(|c| !c.is_ascii_digit()).collect();
    let mut all = words.into_bytes();
    for (file, original) in originals {
        let place = ground.root().resolve(file).ok();
        let bytes = place.and_then(|place| std::fs::read(place).ok()).unwrap_or_default();
        let now = ContentHash::of(&bytes);
        if now != *original {
            all.extend(format!("\0{file}\0{now}").into_bytes());
        }
    }
    ContentHash::of(&all)
}

fn summary(plan: &EditPlan) -> String {
    let files: Vec<String> = plan.changes().iter().map(|change| change.path.to_string()).collect();
    let lines = plan.changes().iter().map(|change| change.diff().to_string());
    let added = lines.flat_map(|diff| {
        let all = diff.lines().filter(|line| line.starts_with('+') && !line.starts_with("+++"));
        all.map(|line| line[1..].trim().to_owned()).collect::<Vec<_>>()
    });
    let added: Vec<String> = added.take(3).collect();
    format!("{}: {}", files.join(", "), added.join(" / "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_says_is_condensed() {
        let output =
            "   Compiling a v1\n\u{1b}[31merror\u{1b}[0m: x\r\ntest a ... ok\ntest b ... FAILED\n";
        assert_eq!(condensed(output, 1_000), "error: x\ntest b ... FAILED\n");
        let long = format!("first\n{}last\n", "ü middle\n".repeat(1_000));
        let cut = condensed(&long, 300);
        assert!(cut.len() < 320 && cut.starts_with("first") && cut.ends_with("last\n"), "{cut}");
    }
}
