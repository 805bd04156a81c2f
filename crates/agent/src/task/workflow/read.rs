//! A workflow from its file, every complaint with its line.

use std::collections::BTreeSet;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Workflow;
use super::step::{Action, Step};
use super::values::{BUILT_IN, check_expression, check_template};
use crate::task::error::{TaskError, TaskResult};
use crate::task::near::near;
use crate::task::review::Severity;

const TOP: &[&str] = &["description", "variables", "steps"];

const ACTIONS: &[&str] = &["ask", "edit", "run", "check", "commit", "review", "test"];

const STEP: &[&str] = &[
    "name",
    "if",
    "unless",
    "foreach",
    "save",
    "allow_failure",
    "ask",
    "edit",
    "files",
    "run",
    "check",
    "fix",
    "steps",
    "commit",
    "review",
    "fail_on",
    "test",
];

/// Keys that belong to one action.
const BELONGS: &[(&str, &str)] =
    &[("files", "edit"), ("fix", "check"), ("steps", "check"), ("fail_on", "review")];

/// A workflow of more is a program.
const MOST_STEPS: usize = 200;

/// A file that is read, for its complaints.
struct File<'f> {
    path: &'f Path,
    text: &'f str,
}

impl File<'_> {
    fn bad(&self, at: usize, reason: impl Into<String>, meant: Option<&str>) -> TaskError {
        let at = self.text.floor_char_boundary(at);
        TaskError::BadFile {
            path: self.path.to_owned(),
            line: self.text[..at].matches('\n').count() + 1,
            reason: reason.into(),
            meant: meant.map(str::to_owned),
        }
    }

    fn unknown<'n>(
        &self,
        at: usize,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> TaskError {
        self.bad(at, format!("there is no {what} `{name}`"), near(name, known))
    }
}

type Value<'v> = Spanned<DeValue<'v>>;

/// Reads a workflow, and tells where it is wrong.
pub fn read(path: &Path, text: &str) -> TaskResult<Workflow> {
    let file = File { path, text };
    let table = DeTable::parse(text).map_err(|error| {
        file.bad(error.span().map_or(0, |span| span.start), error.message(), None)
    })?;
    let mut workflow =
        Workflow { description: String::new(), variables: Vec::new(), steps: Vec::new() };
    // Names that texts may use, as far as they are defined by then.
    let mut known: BTreeSet<String> = BUILT_IN.iter().map(ToString::to_string).collect();
    let table = table.get_ref();
    if let Some((key, _)) = table.iter().find(|(key, _)| !TOP.contains(&&**key.get_ref())) {
        return Err(file.unknown(key.span().start, "key", key.get_ref(), TOP.iter().copied()));
    }
    if let Some(value) = table.get("description") {
        workflow.description = string(&file, "description", value)?;
    }
    if let Some(value) = table.get("variables") {
        let DeValue::Table(variables) = value.get_ref() else {
            return Err(file.bad(value.span().start, "`variables` has to be a table", None));
        };
        for (name, value) in variables {
            let text = scalar(&file, name.get_ref(), value)?;
            known.insert(name.get_ref().to_string());
            workflow.variables.push((name.get_ref().to_string(), text));
        }
    }
    let steps = match table.get("steps").map(|steps| (steps, steps.get_ref())) {
        Some((_, DeValue::Array(steps))) => steps,
        Some((value, _)) => {
            return Err(file.bad(
                value.span().start,
                "`steps` has to be a list: write [[steps]]",
                None,
            ));
        }
        None => return Err(file.bad(0, "there are no steps: write [[steps]]", None)),
    };
    if steps.len() > MOST_STEPS {
        return Err(file.bad(0, format!("there are more than {MOST_STEPS} steps"), None));
    }
    for value in steps {
        let step = step(&file, value, &known)?;
        known.extend(step.save.clone());
        workflow.steps.push(step);
    }
    Ok(workflow)
}

fn step(file: &File<'_>, value: &Value<'_>, known: &BTreeSet<String>) -> TaskResult<Step> {
    let begin = value.span().start;
    let DeValue::Table(table) = value.get_ref() else {
        return Err(file.bad(begin, "a step has to be a table", None));
    };
    for (key, _) in table {
        let name = &**key.get_ref();
        if !STEP.contains(&name) {
            return Err(file.unknown(key.span().start, "key", name, STEP.iter().copied()));
        }
        let owner = BELONGS.iter().find(|(belongs, _)| *belongs == name);
        if let Some((_, owner)) = owner.filter(|(_, owner)| !table.contains_key(*owner)) {
            return Err(file.bad(
                key.span().start,
                format!("`{name}` belongs to a step with `{owner}`"),
                None,
            ));
        }
    }
    let text = |name: &str| table.get(name).map(|value| string(file, name, value)).transpose();
    let flag = |name: &str| -> TaskResult<bool> {
        match table.get(name).map(|value| (value, value.get_ref())) {
            None => Ok(false),
            Some((_, DeValue::Boolean(yes))) => Ok(*yes),
            Some((value, _)) => {
                Err(file.bad(value.span().start, format!("`{name}` has to be true or false"), None))
            }
        }
    };
    let mut known = known.clone();
    if table.contains_key("foreach") {
        known.insert("item".to_owned());
    }
    for key in ["if", "unless", "foreach"] {
        if let Some(value) = table.get(key) {
            let expression = string(file, key, value)?;
            let names = if key == "foreach" { without_item(&known) } else { known.clone() };
            check_expression(&expression, &names)
                .map_err(|flaw| flaw.at(file_error(file, value)))?;
        }
    }
    let actions: Vec<&str> =
        ACTIONS.iter().copied().filter(|key| table.contains_key(*key)).collect();
    let action = match actions[..] {
        [one] => one,
        [] => {
            let reason = format!("the step does nothing: it needs one of {}", ACTIONS.join(", "));
            return Err(file.bad(begin, reason, None));
        }
        [first, second, ..] => {
            return Err(file.bad(
                begin,
                format!("the step has `{first}` and `{second}`: make two steps of it"),
                None,
            ));
        }
    };
    let action_value = &table[action];
    let template = |text: String| -> TaskResult<String> {
        check_template(&text, &known).map_err(|flaw| flaw.at(file_error(file, action_value)))?;
        Ok(text)
    };
    let action = match action {
        "commit" => match action_value.get_ref() {
            DeValue::Boolean(true) => Action::Commit { message: None },
            DeValue::String(message) => {
                Action::Commit { message: Some(template(message.to_string())?) }
            }
            _ => {
                return Err(file.bad(
                    action_value.span().start,
                    "`commit` has to be true or a message",
                    None,
                ));
            }
        },
        other => {
            let text = template(string(file, other, action_value)?)?;
            match other {
                "ask" => Action::Ask { question: text },
                "edit" => Action::Edit { instruction: text, files: list(file, table, "files")? },
                "run" => Action::Run { command: text },
                "check" => Action::Check {
                    command: text,
                    fix: flag("fix")?,
                    steps: number(file, table, "steps")?,
                },
                "review" => Action::Review { target: text, fail_on: severity(file, table)? },
                _ => Action::Test { path: text },
            }
        }
    };
    let save = text("save")?;
    if let (Some(name), Some(value)) = (&save, table.get("save")) {
        let word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty();
        if !word || BUILT_IN.contains(&name.as_str()) || name == "item" {
            return Err(file.bad(value.span().start, format!("`{name}` cannot be a name"), None));
        }
    }
    Ok(Step {
        line: file.text[..file.text.floor_char_boundary(begin)].matches('\n').count() + 1,
        name: text("name")?,
        action,
        only_if: text("if")?,
        unless: text("unless")?,
        foreach: text("foreach")?,
        save,
        allow_failure: flag("allow_failure")?,
    })
}

fn without_item(known: &BTreeSet<String>) -> BTreeSet<String> {
    known.iter().filter(|name| *name != "item").cloned().collect()
}

/// Makes an error at the line of a value.
fn file_error<'f>(
    file: &'f File<'_>,
    value: &Value<'_>,
) -> impl Fn(String, Option<&str>) -> TaskError + 'f {
    let at = value.span().start;
    move |reason, meant| file.bad(at, reason, meant)
}

fn string(file: &File<'_>, name: &str, value: &Value<'_>) -> TaskResult<String> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        _ => {
            Err(file.bad(value.span().start, format!("`{name}` has to be a text in quotes"), None))
        }
    }
}

fn scalar(file: &File<'_>, name: &str, value: &Value<'_>) -> TaskResult<String> {
    Ok(match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Boolean(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        _ => {
            return Err(file.bad(
                value.span().start,
                format!("`{name}` has to be a text, a number or a yes or no"),
                None,
            ));
        }
    })
}

fn list(file: &File<'_>, table: &DeTable<'_>, name: &str) -> TaskResult<Vec<String>> {
    let Some(value) = table.get(name) else { return Ok(Vec::new()) };
    let DeValue::Array(all) = value.get_ref() else {
        return Err(file.bad(
            value.span().start,
            format!("`{name}` has to be a list of texts"),
            None,
        ));
    };
    all.iter().map(|one| string(file, name, one)).collect()
}

fn number(file: &File<'_>, table: &DeTable<'_>, name: &str) -> TaskResult<Option<usize>> {
    let Some(value) = table.get(name) else { return Ok(None) };
    let found = match value.get_ref() {
        DeValue::Integer(number) => number.as_str().parse().ok().filter(|number| *number > 0),
        _ => None,
    };
    let bad =
        || file.bad(value.span().start, format!("`{name}` has to be a number from one on"), None);
    found.map(Some).ok_or_else(bad)
}

fn severity(file: &File<'_>, table: &DeTable<'_>) -> TaskResult<Option<Severity>> {
    let Some(value) = table.get("fail_on") else { return Ok(None) };
    let word = string(file, "fail_on", value)?;
    let all = [Severity::Note, Severity::Warning, Severity::Error];
    match all.into_iter().find(|severity| severity.as_str() == word) {
        Some(severity) => Ok(Some(severity)),
        None => Err(file.unknown(value.span().start, "severity", &word, all.map(Severity::as_str))),
    }
}
