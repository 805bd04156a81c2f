//! What a server finds wrong with files.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use mlxcode_base::{CancelToken, Language, RelPath};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::ServerError;
use super::position::Position;
use super::session::ServerSession;

/// How long a server that tells by itself is waited for. It may have to read
/// the tree first.
const TOLD: Duration = Duration::from_secs(20);

/// How long after the last file was told of a server may add to it: some tell
/// of syntax first, and of types later.
const MORE: Duration = Duration::from_millis(400);

/// How long one that is asked may take.
const ANSWER: Duration = Duration::from_secs(30);

/// A file may be wrong everywhere; so many findings tell as much as all.
const MOST: usize = 1_000;

/// Something that a language server finds wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerDiagnostic {
    /// The file.
    pub path: RelPath,
    /// The line, from one.
    pub line: usize,
    /// How bad it is.
    pub level: DiagnosticLevel,
    /// The server's name for it, where it has one.
    pub code: Option<String>,
    /// What is wrong.
    pub message: String,
}

/// How bad something is that was found wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DiagnosticLevel {
    /// It does not work.
    Error,
    /// It should be another way.
    Warning,
    /// Something to know.
    Note,
}

#[derive(Deserialize)]
struct Found {
    range: FoundRange,
    severity: Option<u8>,
    code: Option<Value>,
    message: String,
}

#[derive(Deserialize)]
struct FoundRange {
    start: Position,
}

impl ServerSession {
    /// Ends all that is asked from now on when this is cancelled, in place of
    /// what was named before.
    pub fn set_cancel(&mut self, cancel: &CancelToken) {
        self.cancel = cancel.clone();
    }

    /// What is wrong with files, as their texts are now. Servers that can be
    /// asked are asked; of others it is waited until they have told of each
    /// file, at most twenty seconds.
    ///
    /// # Errors
    /// A server that has not told of any of the files in that time, next to all
    /// that can go wrong with a server.
    pub fn diagnostics(
        &mut self,
        files: &[(RelPath, Language, String)],
    ) -> Result<Vec<ServerDiagnostic>, ServerError> {
        let mut shown = HashMap::new();
        let mut places = Vec::with_capacity(files.len());
        for (path, language, text) in files {
            let (address, version) = self.show(path, text, *language)?;
            shown.insert(address.clone(), version);
            places.push((path, address));
        }
        let mut told = if self.pulls { self.asked(&places)? } else { self.waited_for(&shown)? };
        let mut found = Vec::new();
        for (path, address) in places {
            let given = told.remove(&address).unwrap_or_default();
            found.extend(given.into_iter().map(|one| one.at(path)));
        }
        found.truncate(MOST);
        Ok(found)
    }

    fn asked(
        &mut self,
        places: &[(&RelPath, String)],
    ) -> Result<HashMap<String, Vec<Found>>, ServerError> {
        let mut told = HashMap::new();
        for (_, address) in places {
            let parameters = json!({ "textDocument": { "uri": address } });
            let method = "textDocument/diagnostic";
            let mut answer = self.client.ask(method, &parameters, ANSWER, &self.cancel)?;
            told.insert(address.clone(), self.read(answer["items"].take())?);
        }
        Ok(told)
    }

    /// What the server tells by itself. Of a text that it was shown before it
    /// may have told already, and then it does not do so again.
    fn waited_for(
        &self,
        shown: &HashMap<String, u64>,
    ) -> Result<HashMap<String, Vec<Found>>, ServerError> {
        let told_of = |(address, version): (&String, &u64)| {
            self.client.published(address, *version).is_some()
        };
        // What came since the last question.
        let now = Instant::now();
        self.client.wait(now, &self.cancel, |_| false)?;
        if !shown.iter().all(told_of) {
            let all = |_: &Value| shown.iter().all(told_of);
            if self.client.wait(now + TOLD, &self.cancel, all)?.is_some() {
                self.client.wait(Instant::now() + MORE, &self.cancel, |_| false)?;
            }
        }
        let mut told = HashMap::new();
        for (address, version) in shown {
            if let Some(last) = self.client.published(address, *version) {
                told.insert(address.clone(), self.read(last.diagnostics)?);
            }
        }
        if told.is_empty() && !shown.is_empty() {
            let (name, method) = (self.server.name, "textDocument/didOpen");
            return Err(ServerError::Silent { name, method, time: now.elapsed() });
        }
        Ok(told)
    }

    fn read(&self, found: Value) -> Result<Vec<Found>, ServerError> {
        let malformed = |_| ServerError::Malformed { name: self.server.name };
        match found {
            Value::Null => Ok(Vec::new()),
            found => serde_json::from_value(found).map_err(malformed),
        }
    }
}

impl Found {
    fn at(self, path: &RelPath) -> ServerDiagnostic {
        let code = match self.code {
            Some(Value::String(code)) => Some(code),
            Some(Value::Number(code)) => Some(code.to_string()),
            _ => None,
        };
        let level = match self.severity {
            None | Some(1) => DiagnosticLevel::Error,
            Some(2) => DiagnosticLevel::Warning,
            Some(_) => DiagnosticLevel::Note,
        };
        let line = usize::try_from(self.range.start.line).unwrap_or(usize::MAX).saturating_add(1);
        ServerDiagnostic { path: path.clone(), line, level, code, message: self.message }
    }
}
