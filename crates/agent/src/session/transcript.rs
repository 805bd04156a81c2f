//! The conversation so far as a file, for programs of plugins: published ones
//! read it, a JSON object a line.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mlxcode_models::{Message, Role};
use serde_json::{Value, json};

use super::Entry;

/// The most bytes that are written: the newest of a long conversation. It is
/// written for each thing that a program hears of.
const MOST_BYTES: usize = 4 << 20;

/// What lies there longer was left by a process that was killed: no program runs
/// for a day.
const LEFT_OVER: Duration = Duration::from_hours(24);

/// How many files are looked at to find those.
const MOST_SWEPT: usize = 100;

/// A file with the conversation so far, for this user alone. It goes when this is
/// dropped.
#[derive(Debug)]
pub(super) struct Transcript {
    path: PathBuf,
}

impl Transcript {
    /// Writes what was said into a new file of `folder`.
    #[allow(clippy::disallowed_methods, reason = "a folder of our own, in the user's state")]
    pub fn write(folder: &Path, session: &str, cwd: &Path, entries: &[Entry]) -> io::Result<Self> {
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        sweep(folder);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{}-{number}.jsonl", std::process::id()));
        // Another process had this number, and was killed.
        let _ = fs::remove_file(&path);
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        // From here on, what was begun goes when something fails.
        let transcript = Self { path };
        file.write_all(lines(session, cwd, entries).as_bytes())?;
        Ok(transcript)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Transcript {
    #[allow(clippy::disallowed_methods, reason = "the file that it made")]
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes what killed processes left.
#[allow(clippy::disallowed_methods, reason = "a folder of our own, in the user's state")]
fn sweep(folder: &Path) {
    let Ok(files) = fs::read_dir(folder) else { return };
    for file in files.flatten().take(MOST_SWEPT) {
        let age = file.metadata().and_then(|meta| meta.modified()).map(|time| time.elapsed());
        if matches!(age, Ok(Ok(age)) if age > LEFT_OVER) {
            let _ = fs::remove_file(file.path());
        }
    }
}

/// The messages, a line each, without what the instructions say, without
/// passages of code, pictures and thoughts: what was said and done.
fn lines(session: &str, cwd: &Path, entries: &[Entry]) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut bytes = 0;
    for entry in entries.iter().rev() {
        let Some((kind, message)) = told(entry) else { continue };
        let line = json!({
            "type": kind,
            "message": message,
            "sessionId": session,
            "cwd": cwd.to_string_lossy(),
        });
        let line = format!("{line}\n");
        bytes += line.len();
        if bytes > MOST_BYTES {
            break;
        }
        lines.push(line);
    }
    lines.into_iter().rev().collect()
}

fn told(Entry { message, words, .. }: &Entry) -> Option<(&'static str, Value)> {
    let Message { role, content, tool_calls, tool_call_id, .. } = message;
    Some(match role {
        Role::User => {
            ("user", json!({"role": "user", "content": words.as_ref().unwrap_or(content)}))
        }
        Role::Assistant => {
            let text = (!content.is_empty()).then(|| json!({"type": "text", "text": content}));
            let calls = tool_calls.iter().map(|call| {
                json!({"type": "tool_use", "id": call.id, "name": call.name,
                       "input": call.arguments})
            });
            let content: Vec<Value> = text.into_iter().chain(calls).collect();
            ("assistant", json!({"role": "assistant", "content": content}))
        }
        // As others do, an answer to a call is the user's.
        Role::Tool => {
            let result =
                json!({"type": "tool_result", "tool_use_id": tool_call_id, "content": content});
            ("user", json!({"role": "user", "content": [result]}))
        }
        _ => return None,
    })
}
