//! Values with names, and the texts and expressions that use them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use crate::task::error::{TaskError, TaskResult};
use crate::task::near::near;

/// Names that are always there.
pub const BUILT_IN: &[&str] = &["changed_files", "staged_files", "branch"];

/// Steps of one expression or text.
const MOST_STEPS: u64 = 1_000_000;

/// What is wrong with a text or an expression.
#[derive(Debug)]
pub struct Flaw {
    reason: String,
    meant: Option<String>,
}

impl Flaw {
    /// The error that `make` makes of it.
    pub fn at(self, make: impl Fn(String, Option<&str>) -> TaskError) -> TaskError {
        make(self.reason, self.meant.as_deref())
    }
}

/// Whether an expression can be read and uses names that there are.
pub fn check_expression(expression: &str, known: &BTreeSet<String>) -> Result<(), Flaw> {
    let environment = environment();
    let compiled =
        environment.compile_expression(expression).map_err(|error| flaw(expression, &error))?;
    check_names(&environment, compiled.undeclared_variables(false), known)
}

/// As [`check_expression`], of a text.
pub fn check_template(text: &str, known: &BTreeSet<String>) -> Result<(), Flaw> {
    let environment = environment();
    let template = environment.template_from_str(text).map_err(|error| flaw(text, &error))?;
    check_names(&environment, template.undeclared_variables(false), known)
}

fn check_names(
    environment: &Environment<'_>,
    used: HashSet<String>,
    known: &BTreeSet<String>,
) -> Result<(), Flaw> {
    let functions: HashSet<String> =
        environment.globals().map(|(name, _)| name.to_owned()).collect();
    let mut unknown: Vec<String> = used
        .into_iter()
        .filter(|name| !known.contains(name) && !functions.contains(name))
        .collect();
    unknown.sort();
    match unknown.first() {
        None => Ok(()),
        Some(name) => Err(Flaw {
            reason: format!("nothing before defines `{name}`"),
            meant: near(name, known.iter().map(String::as_str)).map(str::to_owned),
        }),
    }
}

fn flaw(text: &str, error: &minijinja::Error) -> Flaw {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let short: String = text.lines().next().unwrap_or_default().chars().take(60).collect();
    Flaw { reason: format!("`{short}` cannot be read: {detail}"), meant: None }
}

/// The values of a running workflow.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<String, Value>);

impl Values {
    /// Sets a value.
    pub fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    fn all(&self) -> Value {
        Value::from_pairs(self.0.iter().map(|(name, value)| (name.clone(), value.clone())))
    }

    /// Whether an expression holds.
    pub fn holds(&self, expression: &str) -> TaskResult<bool> {
        Ok(self.evaluated(expression)?.is_true())
    }

    /// The texts of a list.
    pub fn list(&self, expression: &str) -> TaskResult<Vec<String>> {
        let value = self.evaluated(expression)?;
        let all = value.try_iter().map_err(|_| failed(expression, "it is no list".to_owned()))?;
        Ok(all.map(|one| one.to_string()).collect())
    }

    fn evaluated(&self, expression: &str) -> TaskResult<Value> {
        let environment = environment();
        let compiled = environment.compile_expression(expression);
        let value = compiled.and_then(|compiled| compiled.eval(self.all()));
        value.map_err(|error| failed(expression, error.detail().unwrap_or_default().to_owned()))
    }

    /// A text with its values.
    pub fn text(&self, template: &str) -> TaskResult<String> {
        self.rendered(&environment(), template)
    }

    /// A command with its values, each quoted so that a shell takes it for one
    /// word.
    pub fn command(&self, template: &str) -> TaskResult<String> {
        let mut environment = environment();
        environment.set_formatter(|out, _, value| {
            let text = value.to_string();
            out.write_str(&quoted(&text)).map_err(|_| {
                minijinja::Error::new(minijinja::ErrorKind::WriteFailure, "it cannot be written")
            })
        });
        self.rendered(&environment, template)
    }

    fn rendered(&self, environment: &Environment<'_>, template: &str) -> TaskResult<String> {
        let rendered =
            environment.template_from_str(template).and_then(|one| one.render(self.all()));
        rendered.map_err(|error| failed(template, error.detail().unwrap_or_default().to_owned()))
    }
}

/// A text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn failed(name: &str, reason: String) -> TaskError {
    let short: String = name.lines().next().unwrap_or_default().chars().take(60).collect();
    TaskError::Template { name: short, reason }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(MOST_STEPS));
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word_of_a_command() {
        let mut values = Values::default();
        for (value, expect) in [
            ("a.txt", "cat a.txt"),
            ("a b", "cat 'a b'"),
            ("x; rm -rf ~", "cat 'x; rm -rf ~'"),
            ("it's", "cat 'it'\\''s'"),
            ("", "cat ''"),
        ] {
            values.set("item", Value::from(value));
            assert_eq!(values.command("cat {{ item }}").unwrap(), expect);
        }
    }
}
