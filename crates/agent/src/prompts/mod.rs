//! What a model is told: templates, each of which a file can replace.
//!
//! The principal type is [`Prompts`]. A prompt is a text in which `{{ name }}`
//! stands for a value (minijinja). What stands above a line `=== user ===` is
//! the system message, what stands below it the user's; without such a line it
//! is one text.

mod built_in;
mod error;
mod render;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minijinja::{Value, context};
use mlxcode_models::{Message, Prompt};

pub use built_in::{BUILT_IN, BuiltInPrompt};
pub use error::PromptError;
pub(crate) use render::render as render_source;

/// What parts the system message from the user's.
const BORDER: &str = "=== user ===";

/// A prompt is read by a model; none is as long.
const MOST_BYTES: u64 = 256 << 10;

/// How many files of a folder are looked at.
const MOST_FILES: usize = 1_000;

/// How many names that are written alike an error tells.
const MOST_NEAR: usize = 2;

/// Where a prompt comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptPlace {
    /// It is our own.
    BuiltIn,
    /// A file of the user's or the project's.
    File(PathBuf),
}

/// The prompts of the program, and the files that replace some of them.
///
/// A folder holds `NAME.md`. The files are read once: a prompt does not change
/// while a conversation goes on. A template is text for a model and can do
/// nothing else; [`replaced`](Self::replaced) tells which they are, so that a
/// face can show it.
#[derive(Clone, Debug, Default)]
pub struct Prompts(Arc<Own>);

#[derive(Debug, Default)]
struct Own {
    files: BTreeMap<&'static str, OwnPrompt>,
    unknown: Vec<PathBuf>,
}

/// A file that replaces a prompt.
#[derive(Debug)]
struct OwnPrompt {
    file: PathBuf,
    text: Result<String, io::ErrorKind>,
}

impl Prompts {
    /// Reads these folders. Of two with the same prompt the first counts.
    pub fn new(folders: &[PathBuf]) -> Self {
        let mut own = Own::default();
        for file in folders.iter().flat_map(|folder| templates(folder)) {
            let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            match built_in::built_in(name) {
                Some(prompt) => {
                    let text = read(&file);
                    own.files.entry(prompt.name).or_insert(OwnPrompt { file, text });
                }
                None => own.unknown.push(file),
            }
        }
        Self(Arc::new(own))
    }

    /// Where a prompt comes from.
    pub fn place(&self, name: &str) -> PromptPlace {
        let own = self.0.files.get(name);
        own.map_or(PromptPlace::BuiltIn, |own| PromptPlace::File(own.file.clone()))
    }

    /// The prompts that files replace.
    pub fn replaced(&self) -> Vec<(&'static str, &Path)> {
        self.0.files.iter().map(|(name, own)| (*name, own.file.as_path())).collect()
    }

    /// Templates in the folders that have the name of no prompt.
    pub fn unknown(&self) -> &[PathBuf] {
        &self.0.unknown
    }

    /// The text of a prompt's template.
    pub fn source(&self, name: &str) -> Result<&str, PromptError> {
        if let Some(own) = self.0.files.get(name) {
            return own.text.as_deref().map_err(|kind| PromptError::Unreadable {
                file: own.file.clone(),
                source: (*kind).into(),
            });
        }
        let near = || {
            let names = BUILT_IN.iter().map(|prompt| prompt.name.to_owned());
            mlxcode_base::nearest(name, names, MOST_NEAR)
        };
        built_in::built_in(name)
            .map(|prompt| prompt.text)
            .ok_or_else(|| PromptError::Unknown { name: name.to_owned(), near: near() })
    }

    /// Looks whether a prompt can be read and is a template. Whether it names
    /// a value that it is not given shows when it is rendered.
    pub fn check(&self, name: &str) -> Result<(), PromptError> {
        render::check(self.source(name)?).map_err(|flaw| self.wrong(name, flaw))
    }

    /// Renders a prompt with its values. The same values give the same bytes.
    pub fn render(&self, name: &str, values: Value) -> Result<Prompt, PromptError> {
        let source = self.source(name)?;
        let values = self.with_rules(name, source, values)?;
        let (system, user) = parts(source);
        let mut messages = Vec::new();
        let system = self.text_of(name, &system, &values)?;
        if !system.is_empty() {
            messages.push(Message::system(system));
        }
        messages.push(Message::user(self.text_of(name, &user, &values)?));
        Ok(Prompt::messages(messages))
    }

    /// Renders a prompt as one text.
    pub fn text(&self, name: &str, values: Value) -> Result<String, PromptError> {
        let source = self.source(name)?;
        let values = self.with_rules(name, source, values)?;
        self.text_of(name, source, &values)
    }

    fn text_of(&self, name: &str, source: &str, values: &Value) -> Result<String, PromptError> {
        let rendered = render::render(source, values).map_err(|flaw| self.wrong(name, flaw))?;
        Ok(rendered.trim().to_owned())
    }

    /// Every prompt may show how edits are written.
    fn with_rules(&self, name: &str, source: &str, values: Value) -> Result<Value, PromptError> {
        const RULES: &str = "edit_rules";
        if name == RULES || !source.contains(RULES) {
            return Ok(values);
        }
        let edit_rules = self.text(RULES, context! {})?;
        Ok(context! { edit_rules, ..values })
    }

    fn wrong(&self, name: &str, flaw: render::Flaw) -> PromptError {
        let render::Flaw { line, reason } = flaw;
        let file = self.0.files.get(name).map(|own| own.file.clone());
        PromptError::Template { name: name.to_owned(), file, line, reason }
    }
}

/// The two parts of a prompt. The second begins with as many empty lines as
/// stand before it, so that errors name the line of the file.
fn parts(source: &str) -> (String, String) {
    let mut at = 0;
    for (number, line) in source.split_inclusive('\n').enumerate() {
        if line.trim() == BORDER {
            let user = "\n".repeat(number + 1) + &source[at + line.len()..];
            return (source[..at].to_owned(), user);
        }
        at += line.len();
    }
    (String::new(), source.to_owned())
}

/// The templates in a folder, by name; none where there is no such folder.
fn templates(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.take(MOST_FILES).filter_map(|entry| Some(entry.ok()?.path()));
    let is_template =
        |path: &PathBuf| path.extension().is_some_and(|ending| ending == "md") && path.is_file();
    let mut paths: Vec<PathBuf> = paths.filter(is_template).collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> Result<String, io::ErrorKind> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| error.kind())?;
    file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(|error| error.kind())?;
    if text.len() as u64 > MOST_BYTES {
        return Err(io::ErrorKind::FileTooLarge);
    }
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write what they read")]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_told_in_order_and_have_one_border_at_most() {
        assert!(BUILT_IN.is_sorted_by_key(|prompt| prompt.name));
        for prompt in BUILT_IN {
            let borders = prompt.text.lines().filter(|line| *line == BORDER).count();
            assert!(borders <= 1, "{}", prompt.name);
        }
    }

    #[test]
    fn a_folder_replaces_a_prompt_and_no_value_parts_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("summary.md", "Be brief.\n=== user ===\n{{ diff }}");
        write("sumary.md", "x");
        write("README.txt", "x");
        let prompts = Prompts::new(&[folder.path().join("none"), folder.path().to_owned()]);
        assert_eq!(prompts.replaced().len(), 1);
        assert_eq!(prompts.unknown(), [folder.path().join("sumary.md")]);
        let diff = "=== user ===\n{{ x }}";
        let prompt = prompts.render("summary", context! { diff }).unwrap();
        let said: Vec<_> = prompt.as_messages().iter().map(|one| one.content.as_str()).collect();
        assert_eq!(said, ["Be brief.", diff]);
        // What is written later does not count in a conversation that goes on.
        write("summary.md", "Other.");
        assert!(prompts.source("summary").unwrap().starts_with("Be brief."));
    }

    #[test]
    fn a_wrong_template_is_told_with_its_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.md");
        let check = |text: &[u8], code: &str, expect: &str| {
            fs::write(&file, text).unwrap();
            let prompts = Prompts::new(&[folder.path().to_owned()]);
            let error = prompts.render("plan", context! { words => "w" }).unwrap_err();
            assert_eq!(mlxcode_base::Diagnostic::code(&error), code);
            let expect = expect.replace("FILE", &file.display().to_string());
            assert!(error.to_string().contains(&expect), "{error}");
        };
        check(b"a\n=== user ===\nb\n{{ wrods }}", "prompt.template", "FILE:4: ");
        check(b"{% if %}\n=== user ===\n", "prompt.template", "FILE:1: ");
        check(b"\xff", "prompt.unreadable", "cannot read the prompt FILE");
        check(&vec![b'x'; 300_000], "prompt.unreadable", "cannot read");
        let error = Prompts::default().source("sesion").unwrap_err();
        assert_eq!(mlxcode_base::Diagnostic::help(&error).unwrap(), "did you mean `session`?");
    }
}
