//! Plugins: read, judged, enabled, asked.

#![allow(
    clippy::exit,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "tests act as programs, and stop where something is amiss"
)]

mod hooks;
mod library;
mod models;
mod published;
mod reading;

use std::fs;
use std::path::{Path, PathBuf};

/// A folder with files that ends with the test.
pub(crate) struct Ground {
    folder: tempfile::TempDir,
}

impl Ground {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The folder, without links.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A plugin with a manifest and one hook before each tool.
    pub(crate) fn plugin(&self, folder: &str, name: &str) -> PathBuf {
        let manifest = format!(r#"{{"name": "{name}", "version": "1.0"}}"#);
        self.write(&format!("{folder}/.plugin/plugin.json"), &manifest);
        self.write(
            &format!("{folder}/skills/do-it/SKILL.md"),
            "---\nname: do-it\ndescription: Does it.\n---\nDo it.\n",
        );
        self.path().join(folder)
    }
}

/// A file's text, or nothing.
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
