//! The editor that a person has chosen.

#![allow(clippy::disallowed_methods, reason = "starts what the environment names, on a draft")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mlxcode_core::InputError;

use crate::exit::Outcome;
use crate::host::Host;
use crate::words::words;

/// Drafts of one process that are kept beside each other.
const MOST_DRAFTS: usize = 100;

/// A draft longer than this is not read back.
const MOST_BYTES: u64 = 1 << 20;

/// The program that a person edits texts with, and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Editor(Vec<OsString>);

impl Editor {
    /// The editor that `VISUAL`, else `EDITOR`, names. It is split as words, in
    /// which quotes hold together; no shell reads it.
    pub fn from_env() -> Option<Self> {
        let named = |name: &str| std::env::var(name).ok();
        ["VISUAL", "EDITOR"].into_iter().find_map(|name| Self::parse(&named(name)?))
    }

    /// As [`from_env`](Self::from_env), of a text.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<OsString> = words(text)?.into_iter().map(OsString::from).collect();
        (!words.is_empty()).then_some(Self(words))
    }
}

/// A copy that was given to the editor. It goes with the value, unless it is
/// kept.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    is_kept: bool,
}

impl Draft {
    /// What stands in it now. One that cannot be read stays where the error
    /// says that it is.
    pub fn text(&mut self) -> Result<String, InputError> {
        let text = self.read();
        self.is_kept |= text.is_err();
        text
    }

    fn read(&self) -> Result<String, InputError> {
        let unreadable = |source| InputError::Unreadable { path: self.path.clone(), source };
        let length = fs::metadata(&self.path).map_err(unreadable)?.len();
        if length > MOST_BYTES {
            let path = self.path.clone();
            return Err(InputError::TextTooLong { path, most: MOST_BYTES });
        }
        let bytes = fs::read(&self.path).map_err(unreadable)?;
        let text = String::from_utf8(bytes);
        text.map_err(|_| InputError::NotUtf8 { path: self.path.clone() })
    }

    /// Leaves it where it is.
    pub fn keep(&mut self) -> &Path {
        self.is_kept = true;
        &self.path
    }

    /// Removes it.
    pub fn discard(self) {
        drop(self);
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_kept {
            // One that is gone needs no removal.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Gives a text to the editor, in a draft beside `beside`, and waits until it is
/// closed.
pub fn edit_text(text: &str, beside: &Path, host: &mut Host<'_>) -> Outcome<Draft> {
    let Some(editor) = host.editor.clone() else { return Err(InputError::NoEditor.into()) };
    Ok(editor.open(text, beside, &host.current_dir)?)
}

impl Editor {
    /// Gives a text to the editor, in a draft beside `beside`, and waits until
    /// it is closed.
    pub(crate) fn open(
        &self,
        text: &str,
        beside: &Path,
        current_dir: &Path,
    ) -> Result<Draft, InputError> {
        let path = free_path(beside);
        let unwritable = |source| InputError::Unwritable { path: path.clone(), source };
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(unwritable)?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(unwritable)?;
        let mut draft = Draft { path: path.clone(), is_kept: false };
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(unwritable)?;
        drop(file);
        let Self(words) = self;
        let (program, arguments) = (&words[0], &words[1..]);
        let name = program.to_string_lossy().into_owned();
        let mut command = Command::new(program);
        for secret in mlxcode_core::secret_variables() {
            command.env_remove(secret);
        }
        let ended = command.args(arguments).arg(&path).current_dir(current_dir).status().map_err(
            |source| InputError::Editor { program: name.clone(), source: Some(source), kept: None },
        )?;
        if !ended.success() {
            let kept = Some(draft.keep().to_owned());
            return Err(InputError::Editor { program: name, source: None, kept });
        }
        Ok(draft)
    }
}

/// A path for a draft beside a file that no draft has yet. The editor tells the
/// language by the ending.
fn free_path(beside: &Path) -> PathBuf {
    let folder = beside.parent().unwrap_or(Path::new("."));
    let name = beside.file_name().unwrap_or_default().to_string_lossy();
    let name = name.trim_start_matches('.');
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) => (stem, format!(".{ending}")),
        None => (name, String::new()),
    };
    let stem = format!("{stem}.draft-{}", std::process::id());
    // Drafts that were kept stay.
    let path = |number: usize| match number {
        0 => folder.join(format!("{stem}{ending}")),
        number => folder.join(format!("{stem}-{number}{ending}")),
    };
    (0..MOST_DRAFTS).map(path).find(|path| !path.exists()).unwrap_or_else(|| path(0))
}
