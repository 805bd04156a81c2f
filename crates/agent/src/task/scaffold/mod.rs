//! New projects from templates.

mod built_in;
mod manifest;
mod render;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use mlxcode_base::RelPath;
use mlxcode_edit::FileOperation;
use serde::Serialize;

use super::error::{TaskError, TaskResult};
use super::near::near;

pub use built_in::built_in_templates;
pub use manifest::{Variable, VariableKind};

/// A template of a project.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProjectTemplate {
    /// Its name.
    pub name: String,
    /// What it makes, in a sentence.
    pub description: String,
    /// Whether it is one of ours.
    pub is_built_in: bool,
    /// What may be said of the project, in the order in which it is asked.
    pub variables: Vec<Variable>,
    /// What to do when the project is there, a command a line.
    pub next: Vec<String>,
    pub(crate) files: Vec<TemplateFile>,
}

/// A file of a template.
#[derive(Clone, Debug)]
pub(crate) struct TemplateFile {
    /// Its path, a template too.
    pub path: String,
    /// Its content, a template unless it is raw.
    pub content: Vec<u8>,
    /// Whether it is taken as it is.
    pub raw: bool,
    /// Whether it is a program.
    pub executable: bool,
    /// An expression that has to hold for the file to be made.
    pub when: Option<String>,
}

/// A project as it would be made.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Scaffold {
    /// The files, by their paths below the root.
    pub files: Vec<RelPath>,
    /// What to do next, a command a line.
    pub next: Vec<String>,
    /// The value of each variable.
    pub values: BTreeMap<String, String>,
    /// What makes it, for a plan. A file that is there is refused by the plan.
    #[serde(skip)]
    pub operations: Vec<FileOperation>,
}

impl ProjectTemplate {
    /// The one of `templates` that has a name.
    pub fn named<'t>(name: &str, templates: &'t [Self]) -> TaskResult<&'t Self> {
        templates.iter().find(|template| template.name == name).ok_or_else(|| {
            let names: Vec<&str> =
                templates.iter().map(|template| template.name.as_str()).collect();
            let choices = match near(name, names.iter().copied()) {
                Some(one) => vec![one.to_owned()],
                None => names.iter().map(ToString::to_string).collect(),
            };
            TaskError::Unknown { what: "template", name: name.to_owned(), choices }
        })
    }

    /// All templates: those of the folders, each a folder with a
    /// `template.toml`, and the built-in ones, whose names they may take.
    pub fn all(folders: &[&Path]) -> TaskResult<Vec<Self>> {
        let mut all: Vec<Self> = Vec::new();
        for folder in folders {
            for template in manifest::in_folder(folder)? {
                if !all.iter().any(|other| other.name == template.name) {
                    all.push(template);
                }
            }
        }
        for template in built_in_templates() {
            if !all.iter().any(|other| other.name == template.name) {
                all.push(template);
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The value that a variable has where nobody gives one; it may rest on
    /// those before it.
    pub fn default_of(
        &self,
        variable: &Variable,
        values: &BTreeMap<String, String>,
    ) -> TaskResult<String> {
        render::text(&self.name, &variable.default, values)
    }

    /// Renders the project into the folder `into`, which need not be there.
    /// Nothing is written.
    pub fn render(&self, into: &str, given: &BTreeMap<String, String>) -> TaskResult<Scaffold> {
        let mut values = BTreeMap::new();
        for name in given.keys() {
            if !self.variables.iter().any(|variable| variable.name == *name) {
                let names = self.variables.iter().map(|variable| variable.name.as_str());
                let choices = match near(name, names.clone()) {
                    Some(one) => vec![one.to_owned()],
                    None => names.map(str::to_owned).collect(),
                };
                return Err(TaskError::Unknown { what: "variable", name: name.clone(), choices });
            }
        }
        for variable in &self.variables {
            let value = match given.get(&variable.name) {
                Some(value) => value.clone(),
                None => self.default_of(variable, &values)?,
            };
            variable.check(&value)?;
            values.insert(variable.name.clone(), value);
        }
        let mut scaffold = Scaffold {
            files: Vec::new(),
            next: Vec::new(),
            values: values.clone(),
            operations: Vec::new(),
        };
        for file in &self.files {
            if let Some(when) = &file.when
                && !render::holds(&self.name, when, &values)?
            {
                continue;
            }
            let name = format!("{}/{}", self.name, file.path);
            let path = render::text(&name, &file.path, &values)?;
            let path = match into {
                "" | "." => path,
                into => format!("{into}/{path}"),
            };
            let path = RelPath::new(&path)?;
            let content = match (file.raw, std::str::from_utf8(&file.content)) {
                (false, Ok(text)) => render::text(&name, text, &values)?.into_bytes(),
                _ => file.content.clone(),
            };
            scaffold.files.push(path.clone());
            let executable = file.executable;
            scaffold.operations.push(FileOperation::Create { path, content, executable });
        }
        let next = self.next.iter().map(|line| render::text(&self.name, line, &values));
        scaffold.next = next.collect::<TaskResult<_>>()?;
        Ok(scaffold)
    }
}
