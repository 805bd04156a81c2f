use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use mlxcode_models::{Message, Prompt};

use super::error::{TaskError, TaskResult};

/// What parts the instructions from what is asked in a prompt's file.
const BORDER: &str = "=== user ===";

/// A prompt is read by a model; none is as long.
const MOST_SOURCE_BYTES: u64 = 256 << 10;

/// Steps of one template: each prompt of ours takes a few hundred.
const MOST_STEPS: u64 = 1_000_000;

/// What a template may write, far beyond any context.
const MOST_TEXT_BYTES: usize = 16 << 20;

const BUILT_IN: &[(&str, &str)] = &[
    ("ask", include_str!("../../prompts/task/ask.md")),
    ("batch", include_str!("../../prompts/task/batch.md")),
    ("commit", include_str!("../../prompts/task/commit.md")),
    ("commit_again", include_str!("../../prompts/task/commit_again.md")),
    ("document", include_str!("../../prompts/task/document.md")),
    ("edit", include_str!("../../prompts/task/edit.md")),
    ("explain", include_str!("../../prompts/task/explain.md")),
    ("fix", include_str!("../../prompts/task/fix.md")),
    ("review", include_str!("../../prompts/task/review.md")),
    ("summary", include_str!("../../prompts/task/summary.md")),
    ("test", include_str!("../../prompts/task/test.md")),
];

/// The names of the prompts of tasks, each a file that can be replaced.
pub const PROMPT_NAMES: &[&str] = &[
    "ask",
    "batch",
    "commit",
    "commit_again",
    "document",
    "edit",
    "explain",
    "fix",
    "review",
    "summary",
    "test",
];

/// Where a prompt comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptPlace {
    /// It is our own.
    BuiltIn,
    /// A file of the user's or the project's.
    File(PathBuf),
}

/// The prompts of tasks: templates that files can replace.
///
/// A folder holds `NAME.md`. What stands above a line `=== user ===` is the
/// system message, what stands below it the user's. The first folder that has a
/// prompt gives it. A template is text for a model and can do nothing else, so
/// that a project's are used without asking; [`place`](Self::place) tells which
/// they are, so that a face can show it.
#[derive(Clone, Debug, Default)]
pub struct Prompts {
    folders: Vec<PathBuf>,
}

impl Prompts {
    /// Looks into these folders, in this order, and then takes its own.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders }
    }

    /// Where a prompt comes from.
    pub fn place(&self, name: &str) -> PromptPlace {
        let file = self.folders.iter().map(|folder| folder.join(format!("{name}.md")));
        file.into_iter().find(|file| file.is_file()).map_or(PromptPlace::BuiltIn, PromptPlace::File)
    }

    /// The prompts that files replace.
    pub fn replaced(&self) -> Vec<(&'static str, PathBuf)> {
        let replaced = PROMPT_NAMES.iter().filter_map(|name| match self.place(name) {
            PromptPlace::File(file) => Some((*name, file)),
            PromptPlace::BuiltIn => None,
        });
        replaced.collect()
    }

    /// The text of a prompt's template.
    pub fn source(&self, name: &str) -> TaskResult<String> {
        match self.place(name) {
            PromptPlace::File(file) => read_text(&file, MOST_SOURCE_BYTES),
            PromptPlace::BuiltIn => {
                let found = BUILT_IN.iter().find(|(known, _)| *known == name);
                found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| TaskError::Unknown {
                    what: "prompt",
                    name: name.to_owned(),
                    choices: PROMPT_NAMES.iter().map(ToString::to_string).collect(),
                })
            }
        }
    }

    /// Renders a prompt with its values. The same values give the same bytes.
    pub fn render(&self, name: &str, values: Value) -> TaskResult<Prompt> {
        let source = self.source(name)?;
        let border = source.lines().position(|line| line.trim() == BORDER);
        let lines: Vec<&str> = source.lines().collect();
        let (system, user) = match border {
            Some(border) => (lines[..border].join("\n"), lines[border + 1..].join("\n")),
            None => (String::new(), source),
        };
        let render = |part: &str| render_text(name, part, &values);
        let mut messages = Vec::new();
        let system = render(&system)?;
        if !system.trim().is_empty() {
            messages.push(Message::system(system.trim()));
        }
        messages.push(Message::user(render(&user)?.trim()));
        Ok(Prompt::messages(messages))
    }
}

/// Renders one text. `name` stands in errors.
pub(crate) fn render_text(name: &str, source: &str, values: &Value) -> TaskResult<String> {
    let failed = |error: &minijinja::Error| {
        // The context that it shows would repeat a whole diff.
        let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
        TaskError::Template { name: name.to_owned(), reason: format!("{line}{reason}") }
    };
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(MOST_STEPS));
    // Tags that stand alone on a line leave no line behind.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|error| failed(&error))?);
    let template = environment.template_from_str(source).map_err(|error| failed(&error))?;
    let mut sink = Sink(Vec::new());
    template.render_captured_to(values.clone(), &mut sink).map_err(|error| failed(&error))?;
    String::from_utf8(sink.0).map_err(|_| TaskError::Template {
        name: name.to_owned(),
        reason: "it gives no text".to_owned(),
    })
}

/// Takes so many bytes and no more.
struct Sink(Vec<u8>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST_TEXT_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a text of at most so many bytes.
pub(crate) fn read_text(path: &Path, most: u64) -> TaskResult<String> {
    let failed = |source| TaskError::Io { path: path.to_owned(), source };
    let mut text = String::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(most + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > most {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write what they read")]
mod tests {
    use super::*;
    use minijinja::context;

    #[test]
    fn every_prompt_has_a_name_and_two_parts() {
        let built_in: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        assert_eq!(built_in, PROMPT_NAMES);
        for (name, source) in BUILT_IN {
            assert_eq!(source.lines().filter(|line| *line == BORDER).count(), 1, "{name}");
        }
    }

    #[test]
    fn a_folder_replaces_a_prompt_and_no_value_parts_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("summary.md"), "Be brief.\n=== user ===\n{{ diff }}").unwrap();
        let prompts = Prompts::new(vec![folder.path().join("none"), folder.path().to_owned()]);
        assert_eq!(prompts.replaced()[0].0, "summary");
        let diff = "=== user ===\n{{ x }}";
        let prompt = prompts.render("summary", context! { diff }).unwrap();
        let said: Vec<_> = prompt.as_messages().iter().map(|one| one.content.as_str()).collect();
        assert_eq!(said, ["Be brief.", diff]);
    }

    #[test]
    fn a_wrong_template_is_told_with_its_line() {
        let render = |source: &str| {
            render_text("x", source, &context! { a => "1" }).unwrap_err().to_string()
        };
        assert!(render("one\n{{ b }}").contains("line 2"), "{}", render("one\n{{ b }}"));
        assert!(render("{% for x in %}").contains("line 1"));
        let endless =
            "{% for i in range(9999) %}{% for j in range(9999) %}{{ a }}{% endfor %}{% endfor %}";
        assert!(render(endless).contains("fuel"), "{}", render(endless));
        let long = "{% for i in range(9999) %}{{ 'x' * 100000 }}{% endfor %}";
        assert!(render_text("x", long, &context! {}).is_err());
    }
}
