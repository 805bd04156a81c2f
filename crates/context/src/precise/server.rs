//! The servers that are known, and where they are looked for.

use std::path::{Path, PathBuf};

use mlxcode_base::Language;
use serde_json::{Value, json};

use super::error::ServerError;

/// A server that may be asked.
struct Known {
    name: &'static str,
    programs: &'static [&'static str],
    arguments: &'static [&'static str],
    languages: &'static [Language],
    /// What keeps it from starting what a tree names.
    environment: &'static [(&'static str, &'static str)],
    /// Whether it says when it has read the tree, and knows little before.
    tells_when_ready: bool,
}

const KNOWN: [Known; 5] = [
    Known {
        name: "ty",
        programs: &["ty"],
        arguments: &["server"],
        languages: &[Language::Python],
        environment: &[],
        tells_when_ready: false,
    },
    Known {
        name: "typescript",
        programs: &["tsgo", "tsc"],
        arguments: &["--lsp", "--stdio"],
        languages: &[Language::TypeScript, Language::Tsx, Language::JavaScript],
        environment: &[],
        tells_when_ready: false,
    },
    Known {
        name: "rust-analyzer",
        programs: &["rust-analyzer"],
        arguments: &[],
        languages: &[Language::Rust],
        // A tree's `.cargo/config.toml` may name other compilers.
        environment: &[
            ("RUSTC", "rustc"),
            ("RUSTC_WRAPPER", ""),
            ("RUSTC_WORKSPACE_WRAPPER", ""),
            ("CARGO_NET_OFFLINE", "true"),
        ],
        tells_when_ready: true,
    },
    Known {
        name: "gopls",
        programs: &["gopls"],
        arguments: &[],
        languages: &[Language::Go],
        // A tree's `go.mod` may ask for another compiler, or for the network.
        environment: &[("GOTOOLCHAIN", "local"), ("GOPROXY", "off"), ("CGO_ENABLED", "0")],
        tells_when_ready: false,
    },
    Known {
        name: "clangd",
        programs: &["clangd"],
        // Settings of a tree may name programs.
        arguments: &["--enable-config=false"],
        languages: &[Language::C, Language::Cpp],
        environment: &[],
        tells_when_ready: false,
    },
];

/// A language server on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LanguageServer {
    /// Its name, such as `ty`.
    pub name: &'static str,
    /// The program.
    pub program: PathBuf,
    /// What it is started with.
    pub arguments: Vec<String>,
}

impl LanguageServer {
    /// The server of a language: the program that `named` gives for its name,
    /// else the first in `folders`, which are usually those of `PATH`. What
    /// lies in `tree`, and folders that are not absolute, are left out: a tree
    /// must not choose what is started.
    pub fn find(
        language: Language,
        named: &dyn Fn(&str) -> Option<PathBuf>,
        folders: &[PathBuf],
        tree: &Path,
    ) -> Result<Self, ServerError> {
        let missing = || ServerError::NotInstalled { language };
        let known = KNOWN.iter().find(|known| known.languages.contains(&language));
        let known = known.ok_or_else(missing)?;
        let folders = folders.iter().filter(|folder| folder.is_absolute());
        let ending = if cfg!(windows) { ".exe" } else { "" };
        let places = folders.flat_map(|folder| {
            known.programs.iter().map(move |name| folder.join(format!("{name}{ending}")))
        });
        let is_ours = |place: &PathBuf| {
            let real = place.canonicalize();
            real.is_ok_and(|real| real.is_file() && !real.starts_with(tree))
                && !place.starts_with(tree)
        };
        let mut all = named(known.name).into_iter().chain(places);
        let program = all.find(|place| place.is_absolute() && is_ours(place));
        let arguments = known.arguments.iter().map(|one| (*one).to_owned()).collect();
        Ok(Self { name: known.name, program: program.ok_or_else(missing)?, arguments })
    }

    fn known(&self) -> Option<&'static Known> {
        KNOWN.iter().find(|known| known.name == self.name)
    }

    /// What is set in its environment.
    pub(super) fn environment(&self) -> &'static [(&'static str, &'static str)] {
        self.known().map_or(&[], |known| known.environment)
    }

    /// Whether it says when it has read the tree.
    pub(super) fn tells_when_ready(&self) -> bool {
        self.known().is_some_and(|known| known.tells_when_ready)
    }

    /// Settings that keep it from running code of the tree.
    pub(super) fn settings(&self) -> Value {
        match self.name {
            "rust-analyzer" => json!({
                "cargo": { "buildScripts": { "enable": false } },
                "procMacro": { "enable": false },
                "checkOnSave": false,
            }),
            _ => Value::Null,
        }
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::disallowed_methods, reason = "tests make the files they need")]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_tree_names_no_program() {
        let temp = tempfile::tempdir().unwrap();
        let place = temp.path().canonicalize().unwrap();
        let (tree, folder, other) = (place.join("tree"), place.join("bin"), place.join("other"));
        for one in [&tree, &folder, &other] {
            fs::create_dir(one).unwrap();
        }
        let find = |folders: &[&Path]| {
            let folders: Vec<PathBuf> = folders.iter().map(|one| one.to_path_buf()).collect();
            let found = LanguageServer::find(Language::Python, &|_| None, &folders, &tree);
            found.map(|server| server.program).ok()
        };
        fs::write(tree.join("ty"), "").unwrap();
        assert_eq!(find(&[&tree, Path::new("."), Path::new(""), &folder]), None);
        // A link in a folder of programs that leads into the tree.
        std::os::unix::fs::symlink(tree.join("ty"), folder.join("ty")).unwrap();
        assert_eq!(find(&[&folder]), None);
        fs::write(other.join("ty"), "").unwrap();
        assert_eq!(find(&[&tree, &folder, &other]), Some(other.join("ty")));
        let named = |name: &str| (name == "ty").then(|| other.join("ty"));
        let found = LanguageServer::find(Language::Python, &named, &[], &tree).unwrap();
        assert_eq!((found.name, found.program), ("ty", other.join("ty")));
        let error = LanguageServer::find(Language::Css, &named, &[], &tree).unwrap_err();
        assert!(matches!(error, ServerError::NotInstalled { language: Language::Css }));
    }
}
