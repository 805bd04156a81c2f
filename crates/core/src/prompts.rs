//! What a model is told: our own prompts, the user's, the project's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mlxcode_agent::Prompts;
use mlxcode_agent::plugin::Approvals;

use crate::dirs::Dirs;
use crate::error::Result;
use crate::input::InputError;
use crate::workspace::Workspace;

/// The folder of a project's prompts, in the root.
pub const PROJECT_PROMPTS: &str = ".mlx-code/prompts";

/// How much a project's prompts may hold together, for who says yes to them.
const MOST_BYTES: u64 = 1 << 20;

/// The prompts that a project brings. What a model is told decides what comes
/// of its work, so they count only once the user said yes, and to their
/// content: when it changes, he is asked again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProjectPrompts {
    /// Their folder.
    pub folder: PathBuf,
    /// Their files, in order.
    pub files: Vec<PathBuf>,
    /// Whether the user said yes to what they hold now.
    pub is_trusted: bool,
}

impl Dirs {
    /// The folder of the user's own prompts.
    pub fn prompts(&self) -> PathBuf {
        self.config.join("prompts")
    }
}

impl Workspace {
    /// The prompts: the project's in `.mlx-code/prompts` where the user trusts
    /// them, those in the folder that the user's configuration names, those in
    /// [`Dirs::prompts`], then the built-in ones.
    pub fn prompts(&self) -> Prompts {
        Prompts::new(&self.prompt_folders())
    }

    /// The folders that prompts are read from, strongest first.
    pub fn prompt_folders(&self) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        // A file of approvals that cannot be read has approved nothing.
        if let Ok(Some(project)) = self.project_prompts()
            && project.is_trusted
        {
            folders.push(project.folder);
        }
        // A relative folder is meant from the file that names it.
        let named = self.config().prompts.as_ref();
        folders.extend(named.map(|folder| self.dirs.config.join(folder)));
        folders.push(self.dirs.prompts());
        folders
    }

    /// The project's own prompts; `None` where it has none.
    ///
    /// # Errors
    /// Prompts that cannot be read, are links, or are too long, and a file of
    /// approvals that is damaged.
    pub fn project_prompts(&self) -> Result<Option<ProjectPrompts>> {
        let Some((folder, files, content)) = read(self.root())? else { return Ok(None) };
        let approvals = Approvals::read(&self.dirs.approvals())?;
        let is_trusted = approvals.is_file_approved(&folder, &content);
        Ok(Some(ProjectPrompts { folder, files, is_trusted }))
    }

    /// Says yes to the project's prompts as they are now, or takes that back.
    /// `None` where there are none.
    pub fn trust_prompts(&self, trusted: bool) -> Result<Option<ProjectPrompts>> {
        let Some((folder, files, content)) = read(self.root())? else { return Ok(None) };
        let state = self.dirs.approvals();
        let mut approvals = Approvals::read(&state)?;
        if trusted {
            approvals.approve_file(&folder, &content);
        } else {
            approvals.revoke(&folder);
        }
        approvals.write(&state)?;
        Ok(Some(ProjectPrompts { folder, files, is_trusted: trusted }))
    }
}

/// Their folder, their files and what is approved of them.
pub(crate) type Found = (PathBuf, Vec<PathBuf>, Vec<u8>);

/// The project's prompts, and all that they hold with their names and lengths.
pub(crate) fn read(root: &Path) -> Result<Option<Found>> {
    let folder = root.join(PROJECT_PROMPTS);
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| InputError::Unreadable { path, source }
    };
    // A link could show a model, on whatever machine, what lies elsewhere.
    let refused = || io::Error::new(io::ErrorKind::InvalidInput, "it is a link");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&folder)(error).into()),
    };
    for above in [folder.parent().unwrap_or(root), &folder] {
        if above.is_symlink() {
            return Err(unreadable(above)(refused()).into());
        }
    }
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    files.sort();
    let (mut content, mut left) = (Vec::new(), MOST_BYTES);
    for file in &files {
        let meta = fs::symlink_metadata(file).map_err(unreadable(file))?;
        if meta.is_symlink() {
            return Err(unreadable(file)(refused()).into());
        }
        if !meta.is_file() {
            let no_file = io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file");
            return Err(unreadable(file)(no_file).into());
        }
        if meta.len() > left {
            return Err(InputError::PromptsTooLong { folder, most: MOST_BYTES }.into());
        }
        left -= meta.len();
        let bytes = fs::read(file).map_err(unreadable(file))?;
        let name = file.file_name().unwrap_or_default().as_encoded_bytes();
        for part in [name, &bytes] {
            content.extend((part.len() as u64).to_le_bytes());
            content.extend(part);
        }
    }
    Ok((!files.is_empty()).then_some((folder, files, content)))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests make the files they need")]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_trusted_says_why() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("project");
        let folder = root.join(PROJECT_PROMPTS);
        fs::create_dir_all(folder.join("ask.md")).unwrap();
        let workspace = Workspace::open(&root, &Dirs::under(temp.path())).unwrap();
        let refused = || {
            let error = workspace.project_prompts().unwrap_err();
            (error.code(), error.sentence())
        };
        let (code, sentence) = refused();
        assert_eq!(code, "input.unreadable");
        assert!(sentence.contains("ask.md") && sentence.contains("no plain file"), "{sentence}");
        fs::remove_dir(folder.join("ask.md")).unwrap();
        for name in ["ask.md", "edit.md"] {
            fs::write(folder.join(name), "x".repeat(600 << 10)).unwrap();
        }
        // Each alone is short enough.
        let (code, sentence) = refused();
        assert_eq!(code, "input.prompts_too_long");
        assert!(sentence.contains("together") && !sentence.contains("edit.md"), "{sentence}");
    }
}
