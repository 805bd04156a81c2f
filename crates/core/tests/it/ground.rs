use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_core::{Dirs, Error, Model, ScriptedModel, Turn, TurnOptions, Workspace};
use tempfile::TempDir;

/// Copies of crates of this workspace, in a folder without git.
pub struct Ground {
    temp: TempDir,
    pub workspace: Workspace,
}

impl Ground {
    pub fn new(crates: &[&str]) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        fs::create_dir(temp.path().join("project")).unwrap();
        for name in crates {
            let from = here.join(name);
            copy(&from.join("src"), &temp.path().join("project").join(name).join("src"));
        }
        let workspace =
            Workspace::open(&temp.path().join("project"), &Dirs::under(&temp.path().join("home")));
        Self { workspace: workspace.unwrap(), temp }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join("project").join(name)
    }

    /// A place outside of the project.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Every file with its bytes.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.temp.path().join("project")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(path.clone(), fs::read(path).unwrap());
                }
            }
        }
        files
    }

    /// A turn in which the model replies so, read to its end.
    pub fn edit(&self, instruction: &str, reply: &str) -> Result<Turn, Error> {
        let model = Model::new(ScriptedModel::new([reply]));
        let mut turn = self.workspace.edit(&model, instruction, TurnOptions::default())?;
        turn.read_to_end()?;
        Ok(turn)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

/// A SEARCH/REPLACE block as models write it.
pub fn block(path: &str, search: &str, replace: &str) -> String {
    let with_end = |text: &str| if text.is_empty() { String::new() } else { format!("{text}\n") };
    let (search, replace) = (with_end(search), with_end(replace));
    format!("{path}\n```rust\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n```\n\n")
}
