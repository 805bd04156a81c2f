//! Questions about places of a tree, and a server's answers to them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mlxcode_base::{CancelToken, Language, RelPath, Root, TextRange};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use super::error::ServerError;
use super::position::{Encoding, Position};
use super::server::LanguageServer;
use super::uri;
use crate::encoding;

/// A server reads its settings and libraries before it answers.
const START: Duration = Duration::from_secs(30);

/// A large tree is read when the first thing is asked.
const ANSWER: Duration = Duration::from_mins(1);

/// Files that a server names and that are larger than any source are not read.
const MOST_BYTES: u64 = 64 << 20;

/// A running language server, asked about one tree. It ends when this is
/// dropped.
pub struct ServerSession {
    pub(super) client: Client,
    pub(super) server: LanguageServer,
    root: Root,
    pub(super) encoding: Encoding,
    open: HashMap<RelPath, Shown>,
    pub(super) cancel: CancelToken,
    /// Whether it can be asked what is wrong; others tell it by themselves.
    pub(super) pulls: bool,
}

/// A text as the server was shown it.
struct Shown {
    version: u64,
    text: String,
}

/// A place that a server names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ServerPlace {
    /// In the tree.
    Inside {
        /// The file.
        path: RelPath,
        /// Where the name stands.
        range: TextRange,
    },
    /// In a file elsewhere, such as a library.
    Outside {
        /// The file.
        path: PathBuf,
        /// The line, from one.
        line: usize,
    },
}

#[derive(Deserialize)]
struct Range {
    start: Position,
    end: Position,
}

/// A location, or a link to one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(alias = "targetUri")]
    uri: String,
    range: Option<Range>,
    target_selection_range: Option<Range>,
}

impl ServerSession {
    /// Starts a server for a tree. `cancel` ends all that is asked of it.
    pub fn start(
        server: &LanguageServer,
        root: &Root,
        cancel: &CancelToken,
    ) -> Result<Self, ServerError> {
        let mut client = Client::start(server, root.path())?;
        let malformed = ServerError::Malformed { name: server.name };
        let address = uri::of_path(root.path()).ok_or(malformed)?;
        let parameters = json!({
            "processId": std::process::id(),
            "rootUri": address,
            "workspaceFolders": [{ "uri": address, "name": "tree" }],
            "initializationOptions": server.settings(),
            "capabilities": {
                "general": { "positionEncodings": ["utf-8", "utf-16"] },
                "textDocument": {
                    "definition": { "linkSupport": true },
                    "references": {},
                    "synchronization": {},
                    "diagnostic": {},
                    "publishDiagnostics": { "versionSupport": true },
                },
                "workspace": { "configuration": true, "workspaceFolders": true },
                "experimental": { "serverStatusNotification": true },
            },
        });
        let end = Instant::now() + ANSWER;
        let told = client.ask("initialize", &parameters, START, cancel)?;
        let encoding = told.pointer("/capabilities/positionEncoding").and_then(Value::as_str);
        let encoding =
            Encoding::named(encoding).ok_or(ServerError::Malformed { name: server.name })?;
        let pulls = told.pointer("/capabilities/diagnosticProvider");
        let pulls = pulls.is_some_and(|given| !given.is_null() && *given != json!(false));
        client.tell("initialized", &json!({}));
        if server.tells_when_ready() {
            // One that never says so is asked all the same.
            client.wait(end, cancel, |message| {
                message.pointer("/params/quiescent").and_then(Value::as_bool) == Some(true)
            })?;
        }
        let (server, root) = (server.clone(), root.clone());
        let (open, cancel) = (HashMap::new(), cancel.clone());
        Ok(Self { client, server, root, encoding, open, cancel, pulls })
    }

    /// The server's name.
    pub fn name(&self) -> &'static str {
        self.server.name
    }

    /// Where the name at a byte of a file is defined.
    pub fn definitions(
        &mut self,
        path: &RelPath,
        text: &str,
        language: Language,
        at: usize,
    ) -> Result<Vec<ServerPlace>, ServerError> {
        let parameters = self.place(path, text, language, at)?;
        self.places("textDocument/definition", &parameters)
    }

    /// Where the name at a byte of a file is used, but for its definition.
    pub fn references(
        &mut self,
        path: &RelPath,
        text: &str,
        language: Language,
        at: usize,
    ) -> Result<Vec<ServerPlace>, ServerError> {
        let mut parameters = self.place(path, text, language, at)?;
        // Without declarations some leave out names that are imported.
        parameters["context"] = json!({ "includeDeclaration": true });
        let mut found = self.places("textDocument/references", &parameters)?;
        let defined = self.definitions(path, text, language, at)?;
        found.retain(|place| !defined.contains(place));
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Shows the server a file, and names a place in it.
    fn place(
        &mut self,
        path: &RelPath,
        text: &str,
        language: Language,
        at: usize,
    ) -> Result<Value, ServerError> {
        let (address, _) = self.show(path, text, language)?;
        let position = self.encoding.position(text, at);
        Ok(json!({ "textDocument": { "uri": address }, "position": position }))
    }

    /// Shows the server a file as it is now; its address, and the version that
    /// the server knows it by.
    pub(super) fn show(
        &mut self,
        path: &RelPath,
        text: &str,
        language: Language,
    ) -> Result<(String, u64), ServerError> {
        let malformed = || ServerError::Malformed { name: self.server.name };
        let full = self.root.path().join(path.as_path());
        let address = uri::of_path(&full).ok_or_else(malformed)?;
        let Some(shown) = self.open.get_mut(path) else {
            self.client.listen(&address);
            let document = json!({
                "uri": address, "languageId": language_id(language), "version": 1, "text": text,
            });
            self.client.tell("textDocument/didOpen", &json!({ "textDocument": document }));
            self.open.insert(path.clone(), Shown { version: 1, text: text.to_owned() });
            return Ok((address, 1));
        };
        if shown.text != text {
            shown.version += 1;
            self.client.listen(&address);
            text.clone_into(&mut shown.text);
            let parameters = json!({
                "textDocument": { "uri": address, "version": shown.version },
                "contentChanges": [{ "text": text }],
            });
            self.client.tell("textDocument/didChange", &parameters);
        }
        Ok((address, shown.version))
    }

    fn places(
        &mut self,
        method: &'static str,
        parameters: &Value,
    ) -> Result<Vec<ServerPlace>, ServerError> {
        let answer = self.client.ask(method, parameters, ANSWER, &self.cancel)?;
        let malformed = || ServerError::Malformed { name: self.server.name };
        let locations: Vec<Location> = match answer {
            Value::Null => Vec::new(),
            Value::Array(_) => serde_json::from_value(answer).map_err(|_| malformed())?,
            _ => vec![serde_json::from_value(answer).map_err(|_| malformed())?],
        };
        let mut texts = Vec::new();
        let mut found = Vec::with_capacity(locations.len());
        for location in locations {
            let range = location.target_selection_range.or(location.range);
            let range = range.ok_or_else(malformed)?;
            // What lies in no file, such as in an archive, cannot be shown.
            let Some(path) = uri::to_path(&location.uri) else { continue };
            found.push(self.told(path, &range, &mut texts));
        }
        Ok(found)
    }

    fn told(
        &self,
        path: PathBuf,
        range: &Range,
        texts: &mut Vec<(PathBuf, String)>,
    ) -> ServerPlace {
        let line = usize::try_from(range.start.line).unwrap_or(usize::MAX).saturating_add(1);
        let real = path.canonicalize().unwrap_or(path);
        let below = real.strip_prefix(self.root.path()).ok();
        let Some(path) = below.and_then(|below| RelPath::from_path(below).ok()) else {
            return ServerPlace::Outside { path: real, line };
        };
        if texts.last().is_none_or(|(last, _)| *last != real) {
            texts.push((real.clone(), read(&real)));
        }
        let text = texts.last().map_or("", |(_, text)| text.as_str());
        let (start, end) =
            (self.encoding.byte(text, range.start), self.encoding.byte(text, range.end));
        ServerPlace::Inside { path, range: TextRange::new(start, end.max(start)) }
    }
}

impl std::fmt::Debug for ServerSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerSession").field("server", &self.server).finish_non_exhaustive()
    }
}

fn read(path: &Path) -> String {
    let fits = fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= MOST_BYTES);
    // Servers count columns in the text, whatever the file holds it as.
    fits.then(|| encoding::read(path, MOST_BYTES)).flatten().unwrap_or_default()
}

fn language_id(language: Language) -> &'static str {
    match language {
        Language::Tsx => "typescriptreact",
        other => other.fence_name(),
    }
}
