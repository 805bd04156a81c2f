use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::composed::{EnsembleConfig, ModelRule};

/// Which model answers what: by task, by the length of the prompt, by the kind
/// of the project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelsConfig {
    /// The quick model: it completes, writes the messages of commits, and sums
    /// up. Wherever a model is named, `small` stands for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub small: Option<String>,
    /// The good model: it converses, changes files, and reviews. Wherever a
    /// model is named, `large` stands for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large: Option<String>,
    /// By task: `chat`, `ask`, `edit`, `completion`, `commit`, `summary`,
    /// `review`, `explain`, `document`, `test`, `fix`, `batch`, `workflow`,
    /// `generate`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tasks: BTreeMap<String, String>,
    /// By kind of project: `rust`, `python`, `node`, `go`, `java`, `ruby`,
    /// `php`, `dotnet`, `cpp`, `swift`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub projects: BTreeMap<String, String>,
    /// By task and by the length of the prompt; the first rule that holds
    /// decides, before `tasks`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<ModelRule>,
    /// Models that are asked, in this order, where one cannot be reached, is not
    /// allowed or fails before its first word. A model of another machine is
    /// asked only where it stands here itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<String>,
    /// Several answers, of which the best is taken. In the user's own file
    /// alone.
    #[serde(default, skip_serializing_if = "EnsembleConfig::is_empty")]
    pub ensemble: EnsembleConfig,
}

impl ModelsConfig {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All models that it names.
    pub(super) fn named(&self) -> impl Iterator<Item = &String> {
        let rules = self.rules.iter().map(|rule| &rule.model);
        let of_kinds = self.tasks.values().chain(self.projects.values());
        let sizes = self.small.iter().chain(&self.large);
        sizes.chain(of_kinds).chain(rules).chain(&self.fallback).chain(&self.ensemble.models)
    }

    /// A project's models on top of the user's.
    pub(super) fn over(self, under: Self) -> Self {
        let join = |mut under: BTreeMap<String, String>, over| {
            under.extend(over);
            under
        };
        Self {
            small: self.small.or(under.small),
            large: self.large.or(under.large),
            tasks: join(under.tasks, self.tasks),
            projects: join(under.projects, self.projects),
            // The project's come first, so they decide.
            rules: [self.rules, under.rules].concat(),
            fallback: if self.fallback.is_empty() { under.fallback } else { self.fallback },
            // The user's alone.
            ensemble: under.ensemble,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

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
