//! A template in a folder: `template.toml` beside a folder `files`.

use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_base::RelPath;
use serde::Deserialize;

use super::{ProjectTemplate, TemplateFile};
use crate::task::error::{TaskError, TaskResult};
use crate::task::text::read_text;

/// The file that makes a folder a template.
const MANIFEST: &str = "template.toml";

/// A manifest is written by hand.
const MOST_MANIFEST_BYTES: u64 = 256 << 10;

/// Files of one template, and how much of them is read.
const MOST_FILES: usize = 2_000;
const MOST_FILE_BYTES: u64 = 8 << 20;
const MOST_DEPTH: usize = 16;

/// What may be said of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What a person is asked.
    pub prompt: String,
    /// Its value where nobody gives one, a template.
    pub default: String,
    /// What it can be.
    pub kind: VariableKind,
}

/// What a value can be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VariableKind {
    /// Any text of one line.
    Text,
    /// The name of a project or a package: `my-app`.
    Name,
    /// A name in code: `my_app`.
    Identifier,
    /// `yes` or `no`.
    Bool,
    /// One of these.
    Choice(Vec<String>),
}

impl Variable {
    /// Whether a value can be taken.
    pub fn check(&self, value: &str) -> TaskResult<()> {
        let bad = |reason: String| Err(TaskError::BadValue { variable: self.name.clone(), reason });
        let words = |first: fn(char) -> bool, other: &str| {
            let mut signs = value.chars();
            signs.next().is_some_and(first)
                && signs.all(|c| c.is_ascii_alphanumeric() || other.contains(c))
        };
        match &self.kind {
            VariableKind::Text if value.chars().any(char::is_control) => {
                bad("has to be a text of one line".to_owned())
            }
            VariableKind::Name if !words(|c| c.is_ascii_alphabetic(), "-_") || value.len() > 64 => {
                bad(format!(
                    "is `{value}`, but has to begin with a letter and hold letters, digits, `-` and `_`"
                ))
            }
            VariableKind::Identifier
                if !words(|c| c.is_ascii_lowercase() || c == '_', "_") || value.len() > 64 =>
            {
                bad(format!(
                    "is `{value}`, but has to be a name in code: small letters, digits and `_`"
                ))
            }
            VariableKind::Bool if !matches!(value, "yes" | "no") => {
                bad(format!("is `{value}`, but has to be yes or no"))
            }
            VariableKind::Choice(choices) if !choices.iter().any(|choice| choice == value) => {
                bad(format!("is `{value}`, but has to be one of: {}", choices.join(", ")))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    description: String,
    #[serde(default)]
    next: Vec<String>,
    #[serde(default)]
    raw: Vec<String>,
    #[serde(default)]
    variables: Vec<WireVariable>,
    #[serde(default)]
    files: Vec<WireFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireVariable {
    name: String,
    #[serde(default)]
    prompt: String,
    #[serde(default)]
    default: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    choices: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireFile {
    path: String,
    when: Option<String>,
    #[serde(default)]
    executable: bool,
}

/// Reads a manifest; `files` are the template's files by their paths.
pub fn read(
    name: &str,
    place: &Path,
    manifest: &str,
    files: Vec<(String, Vec<u8>)>,
) -> TaskResult<ProjectTemplate> {
    let bad = |line: usize, reason: String| TaskError::BadFile {
        path: place.to_owned(),
        line,
        reason,
        meant: None,
    };
    let wire: Wire = toml::from_str(manifest).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = manifest[..at.min(manifest.len())].matches('\n').count() + 1;
        bad(line, error.message().to_owned())
    })?;
    let line_of =
        |text: &str| manifest.find(text).map_or(1, |at| manifest[..at].matches('\n').count() + 1);
    let mut variables = Vec::new();
    for one in wire.variables {
        let kind = match (one.kind.as_deref(), one.choices.is_empty()) {
            (None | Some("choice"), false) => VariableKind::Choice(one.choices),
            (None | Some("text"), true) => VariableKind::Text,
            (Some("name"), true) => VariableKind::Name,
            (Some("identifier"), true) => VariableKind::Identifier,
            (Some("bool"), true) => VariableKind::Bool,
            (kind, _) => {
                let reason = format!(
                    "`{}` is no kind of a variable here; there is text, name, identifier, bool and choice",
                    kind.unwrap_or_default()
                );
                return Err(bad(line_of(&one.name), reason));
            }
        };
        let prompt = if one.prompt.is_empty() { one.name.clone() } else { one.prompt };
        variables.push(Variable { name: one.name, prompt, default: one.default, kind });
    }
    for listed in &wire.files {
        if !files.iter().any(|(path, _)| *path == listed.path) {
            let reason = format!("the template has no file `{}`", listed.path);
            return Err(bad(line_of(&listed.path), reason));
        }
    }
    let files = files.into_iter().map(|(path, content)| {
        let listed = wire.files.iter().find(|listed| listed.path == path);
        TemplateFile {
            raw: wire.raw.iter().any(|ending| path.ends_with(ending.as_str())),
            executable: listed.is_some_and(|listed| listed.executable),
            when: listed.and_then(|listed| listed.when.clone()),
            path,
            content,
        }
    });
    Ok(ProjectTemplate {
        name: name.to_owned(),
        description: wire.description,
        is_built_in: false,
        variables,
        next: wire.next,
        files: files.collect(),
    })
}

/// The templates that are folders of this one. A folder that is not there has
/// none.
pub fn in_folder(folder: &Path) -> TaskResult<Vec<ProjectTemplate>> {
    let mut templates = Vec::new();
    for (name, place) in entries(folder)? {
        let manifest = place.join(MANIFEST);
        if !manifest.is_file() {
            continue;
        }
        let text = read_text(&manifest, MOST_MANIFEST_BYTES)?;
        let mut files = Vec::new();
        collect(&place.join("files"), "", 0, &mut files)?;
        templates.push(read(&name, &manifest, &text, files)?);
    }
    Ok(templates)
}

/// Links are not followed: a template holds what it holds.
fn collect(
    folder: &Path,
    below: &str,
    depth: usize,
    files: &mut Vec<(String, Vec<u8>)>,
) -> TaskResult<()> {
    for (name, place) in entries(folder)? {
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let failed = |source| TaskError::Io { path: place.clone(), source };
        let meta = fs::symlink_metadata(&place).map_err(failed)?;
        if meta.is_dir() && depth < MOST_DEPTH {
            collect(&place, &path, depth + 1, files)?;
        } else if meta.is_file() {
            if meta.len() > MOST_FILE_BYTES || files.len() >= MOST_FILES {
                return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
            }
            RelPath::new(&path)?;
            files.push((path, fs::read(&place).map_err(failed)?));
        }
    }
    Ok(())
}

/// What is in a folder, by name; nothing where there is none.
fn entries(folder: &Path) -> TaskResult<Vec<(String, PathBuf)>> {
    let failed = |source| TaskError::Io { path: folder.to_owned(), source };
    let all = match fs::read_dir(folder) {
        Ok(all) => all,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in all {
        let entry = entry.map_err(failed)?;
        if let Ok(name) = entry.file_name().into_string() {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}
