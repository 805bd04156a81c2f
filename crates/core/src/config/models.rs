use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Config;

/// Installed models for some tasks and for some kinds of projects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelsConfig {
    /// By task: `ask`, `edit`, `generate`, and what else asks a model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tasks: BTreeMap<String, String>,
    /// By kind of project: `rust`, `python`, `node`, `go`, `java`, `ruby`,
    /// `php`, `dotnet`, `cpp`, `swift`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub projects: BTreeMap<String, String>,
}

impl ModelsConfig {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All models that it names.
    pub(super) fn named(&self) -> impl Iterator<Item = &String> {
        self.tasks.values().chain(self.projects.values())
    }

    /// A project's models on top of the user's.
    pub(super) fn over(self, under: Self) -> Self {
        let join = |mut under: BTreeMap<String, String>, over| {
            under.extend(over);
            under
        };
        Self { tasks: join(under.tasks, self.tasks), projects: join(under.projects, self.projects) }
    }
}

/// What tells the kind of a project: a file in its root.
const MARKS: [(&str, &str); 16] = [
    ("Cargo.toml", "rust"),
    ("pyproject.toml", "python"),
    ("setup.py", "python"),
    ("requirements.txt", "python"),
    ("package.json", "node"),
    ("go.mod", "go"),
    ("pom.xml", "java"),
    ("build.gradle", "java"),
    ("build.gradle.kts", "java"),
    ("Gemfile", "ruby"),
    ("composer.json", "php"),
    ("global.json", "dotnet"),
    ("Directory.Build.props", "dotnet"),
    ("CMakeLists.txt", "cpp"),
    ("meson.build", "cpp"),
    ("Package.swift", "swift"),
];

/// The kinds of the project in a folder, by the files in it.
pub fn project_types(root: &Path) -> Vec<&'static str> {
    let mut kinds: Vec<&str> = Vec::new();
    for (mark, kind) in MARKS {
        if !kinds.contains(&kind) && root.join(mark).is_file() {
            kinds.push(kind);
        }
    }
    kinds
}

impl Config {
    /// The name of the model for a task in a project of some kinds: the task's,
    /// else that of the first kind that has one, else `model`.
    pub fn model_for(&self, task: &str, kinds: &[&str]) -> Option<&str> {
        let of_task = self.models.tasks.get(task);
        let of_kind = || kinds.iter().find_map(|kind| self.models.projects.get(*kind));
        of_task.or_else(of_kind).or(self.model.as_ref()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_counts() {
        let text = r#"{"model": "m", "models": {"tasks": {"edit": "e"}, "projects": {"go": "g"}}}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        for (task, kinds, expect) in [
            ("edit", &["go"][..], "e"),
            ("ask", &["rust", "go"], "g"),
            ("ask", &["rust"], "m"),
            ("ask", &[], "m"),
        ] {
            assert_eq!(config.model_for(task, kinds), Some(expect), "{task} {kinds:?}");
        }
        assert_eq!(Config::default().model_for("ask", &["go"]), None);
    }

    #[test]
    fn a_project_is_known_by_its_files() {
        let folder = tempfile::tempdir().unwrap();
        assert!(project_types(folder.path()).is_empty());
        for name in ["package.json", "setup.py", "pyproject.toml"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(project_types(folder.path()), ["python", "node"]);
    }
}
