//! Tests of a file, in the framework of its project.

mod framework;
mod place;
#[cfg(test)]
mod tests;

use std::path::Path;

use minijinja::context;
use mlxcode_base::{Language, RelPath, Root};
use mlxcode_context::error_count;
use mlxcode_edit::FileOperation;
use serde::Serialize;

use super::answer::Asker;
use super::error::{TaskError, TaskResult};
use super::text::read_text;
use crate::prompts::Prompts;

pub use framework::TestFramework;
use framework::{Tools, mock_template, property_template, tools};

/// A file of some ten tests.
const ANSWER_TOKENS: usize = 2_048;

/// A file of more is not written by hand.
const MOST_FILE_BYTES: u64 = 1 << 20;

/// How tests are to be.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TestOptions {
    /// Only these functions or types.
    pub symbols: Vec<String>,
    /// Tests of properties: of what holds for all values.
    pub property: bool,
    /// Something stands in for what the code calls.
    pub mock: bool,
    /// What else is wanted.
    pub hint: Option<String>,
}

/// Tests, proposed.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ProposedTests {
    /// The file that holds them.
    pub path: RelPath,
    /// The framework.
    pub framework: TestFramework,
    /// How many tests are new.
    pub tests: usize,
    /// Libraries that they use and the project does not name.
    pub missing: Vec<String>,
    /// The command that runs them, as arguments.
    pub command: Vec<String>,
    /// The change, for a plan.
    #[serde(skip)]
    pub operation: Option<FileOperation>,
}

/// Writes tests of a file. They are checked to parse, to hold a test, to name
/// what they test, and to keep the tests that are there.
pub fn write_tests(
    root: &Root,
    path: &RelPath,
    asker: &mut Asker<'_>,
    prompts: &Prompts,
    options: &TestOptions,
) -> TaskResult<ProposedTests> {
    let code = read_text(&root.resolve(path)?, MOST_FILE_BYTES)?;
    let nothing = |what: String| TaskError::Nothing { verb: "test", what };
    let language = Language::from_path(Path::new(path.as_str()));
    let found = language.and_then(|language| Some((language, tools(root, path, language)?)));
    let Some((language, tools)) = found else {
        return Err(nothing(format!("{path} is in a language whose tests are not known here")));
    };
    if code.trim().is_empty() {
        return Err(nothing(format!("{path} is empty")));
    }
    let place = place::of(root, path, tools.framework, &code)?;
    let before = place.existing.clone().unwrap_or_default();
    let mut problem: Option<String> = None;
    let mut draft = String::new();
    // Told once what is wrong with the first answer.
    for _ in 0..2 {
        let values = |code: &str| {
            context! {
                code,
                path => path.to_string(),
                test_path => place.path.to_string(),
                module => place.module.clone(),
                conventions => tools.framework.conventions(),
                existing => if place.inline { String::new() } else { before.clone() },
                inline => place.inline,
                symbols => options.symbols.clone(),
                property => property_part(&tools, options),
                mock => mock_part(&tools, options),
                hint => options.hint.clone().unwrap_or_default(),
                problem => problem.clone().unwrap_or_default(),
                draft => draft.clone(),
            }
        };
        let room = asker.room(&prompts.render("test", values(""))?, ANSWER_TOKENS)?;
        if asker.count(&code)? > room {
            let needed_tokens = asker.count(&code)?;
            return Err(TaskError::NoRoom { needed_tokens, context_length: room });
        }
        asker.tell(&format!("writing tests of {path}"));
        let reply = asker.ask(prompts.render("test", values(&code))?, ANSWER_TOKENS)?;
        if asker.was_cut() {
            problem = Some("the answer was cut off: write fewer tests".to_owned());
            continue;
        }
        let Some(block) = code_block(&reply) else {
            problem = Some("the answer holds no code".to_owned());
            continue;
        };
        match place.with(&block, &code) {
            Ok(text) => match flaw(&text, &block, language, &tools, &place, &before) {
                None => return Ok(proposed(&tools, options, place, text, &before, &block)),
                Some(flaw) => problem = Some(flaw),
            },
            Err(flaw) => problem = Some(flaw),
        }
        draft = block;
    }
    Err(match problem {
        Some(reason) => TaskError::Refused { reason },
        None => TaskError::NoAnswer { what: "test" },
    })
}

fn proposed(
    tools: &Tools,
    options: &TestOptions,
    place: place::TestPlace,
    text: String,
    before: &str,
    block: &str,
) -> ProposedTests {
    let count = |text: &str| {
        tools.framework.marks().iter().map(|mark| text.matches(mark).count()).sum::<usize>()
    };
    let tests =
        if place.inline { count(block) } else { count(&text).saturating_sub(count(before)) };
    let mut missing = Vec::new();
    if let Some((library, false)) = tools.property
        && options.property
    {
        missing.push(library.to_owned());
    }
    let (library, there) = tools.mock;
    if options.mock && !there {
        missing.push(library.to_owned());
    }
    let content = text.into_bytes();
    let command = tools.framework.command(&place.path);
    let path = place.path.clone();
    let operation = if place.existing.is_some() {
        FileOperation::Write { path: place.path, content }
    } else {
        FileOperation::Create { path: place.path, content, executable: false }
    };
    ProposedTests {
        path,
        framework: tools.framework,
        tests,
        missing,
        command,
        operation: Some(operation),
    }
}

/// What is wrong with the file as it would be, in words for the model.
fn flaw(
    text: &str,
    block: &str,
    language: Language,
    tools: &Tools,
    place: &place::TestPlace,
    before: &str,
) -> Option<String> {
    let errors = |text: &str| error_count(language, text).unwrap_or(0);
    if errors(text) > errors(before) {
        return Some("the code does not parse".to_owned());
    }
    if !tools.framework.marks().iter().any(|mark| block.contains(mark)) {
        return Some(format!("there is no test of {} in it", tools.framework.name()));
    }
    if !place.inline && !place.module.is_empty() && !text.contains(&place.module) {
        return Some(format!("it does not import `{}`", place.module));
    }
    let lost = place::test_names(before).into_iter().find(|name| !text.contains(name.as_str()));
    lost.map(|name| format!("the test `{name}` that is there is left out"))
}

fn property_part(tools: &Tools, options: &TestOptions) -> String {
    match tools.property {
        Some((library, _)) if options.property => {
            format!(
                "Test properties that hold for all values, with {library}:\n{}",
                property_template(library)
            )
        }
        _ => String::new(),
    }
}

fn mock_part(tools: &Tools, options: &TestOptions) -> String {
    let (library, _) = tools.mock;
    if !options.mock {
        return String::new();
    }
    format!(
        "Put something in the place of what the code calls outside of this file, with {library}:\n{}",
        mock_template(library)
    )
}

/// The longest block of code in a reply; the reply itself where it has no
/// fence.
fn code_block(reply: &str) -> Option<String> {
    let mut best: Option<String> = None;
    let mut lines = reply.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        let ticks = trimmed.len() - trimmed.trim_start_matches('`').len();
        if ticks < 3 {
            continue;
        }
        let fence = "`".repeat(ticks);
        let body: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != fence).collect();
        if best.as_ref().is_none_or(|best| best.lines().count() < body.len()) {
            best = Some(body.join("\n"));
        }
    }
    let block = best.or_else(|| (!reply.contains("```")).then(|| reply.to_owned()))?;
    let block = block.trim_matches('\n').trim_end();
    (!block.trim().is_empty()).then(|| format!("{block}\n"))
}
