//! The editor that a person has chosen.

#![allow(clippy::disallowed_methods, reason = "starts what the environment names, on a draft")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mlxcode_core::InputError;

use crate::exit::Outcome;
use crate::host::Host;

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
    /// What stands in it now.
    pub fn text(&self) -> Outcome<String> {
        let unreadable = |source| InputError::Unreadable { path: self.path.clone(), source };
        let length = fs::metadata(&self.path).map_err(unreadable)?.len();
        if length > MOST_BYTES {
            let path = self.path.clone();
            return Err(InputError::TextTooLong { path, most: MOST_BYTES }.into());
        }
        let bytes = fs::read(&self.path).map_err(unreadable)?;
        let text = String::from_utf8(bytes);
        Ok(text.map_err(|_| InputError::NotUtf8 { path: self.path.clone() })?)
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
    let folder = beside.parent().unwrap_or(Path::new("."));
    let name = beside.file_name().unwrap_or_default().to_string_lossy();
    // The editor tells the language by the ending.
    let stem = format!("{}.draft-{}", name.trim_start_matches('.'), std::process::id());
    // Drafts that were kept stay.
    let path = (0..MOST_DRAFTS)
        .map(|number| match number {
            0 => folder.join(format!("{stem}.json")),
            number => folder.join(format!("{stem}-{number}.json")),
        })
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join(format!("{stem}.json")));
    let unwritable = |source| InputError::Unwritable { path: path.clone(), source };
    fs::create_dir_all(folder).map_err(unwritable)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).map_err(unwritable)?;
    let mut draft = Draft { path: path.clone(), is_kept: false };
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(unwritable)?;
    drop(file);
    let Editor(words) = &editor;
    let (program, arguments) = (&words[0], &words[1..]);
    let name = program.to_string_lossy().into_owned();
    let mut command = Command::new(program);
    for secret in mlxcode_core::secret_variables() {
        command.env_remove(secret);
    }
    let ended = command
        .args(arguments)
        .arg(&path)
        .current_dir(&host.current_dir)
        .status()
        .map_err(|source| InputError::Editor { program: name.clone(), source: Some(source) })?;
    if !ended.success() {
        draft.keep();
        return Err(InputError::Editor { program: name, source: None }.into());
    }
    Ok(draft)
}

/// Splits a text into words as a shell would, without anything else that a shell
/// does. `None` where a quote is not closed.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            // A path of Windows has backslashes that mean nothing.
            (None | Some('"'), '\\')
                if characters
                    .peek()
                    .is_some_and(|next| matches!(next, '"' | '\'' | '\\' | ' ')) =>
            {
                word.get_or_insert_default().extend(characters.next());
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editor_is_words_and_no_shell() {
        for (text, expect) in [
            ("vi", Some(vec!["vi"])),
            ("code --wait", Some(vec!["code", "--wait"])),
            ("  '/opt/my editor/ed' -n \"a b\" ", Some(vec!["/opt/my editor/ed", "-n", "a b"])),
            ("/opt/my\\ editor", Some(vec!["/opt/my editor"])),
            ("C:\\bin\\ed.exe -w", Some(vec!["C:\\bin\\ed.exe", "-w"])),
            ("ed; rm -rf $HOME `x`", Some(vec!["ed;", "rm", "-rf", "$HOME", "`x`"])),
            ("ed ''", Some(vec!["ed", ""])),
            ("ed 'x", None),
            ("  ", None),
        ] {
            let expect = expect.map(|words| Editor(words.into_iter().map(Into::into).collect()));
            assert_eq!(Editor::parse(text), expect, "{text}");
        }
    }
}
