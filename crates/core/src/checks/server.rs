//! Language servers, kept from one check to the next.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use mlxcode_base::{CancelToken, Language, RelPath, Root};
use mlxcode_context::{DiagnosticLevel, LanguageServer, ServerError, ServerSession};

use super::Changed;
use super::finding::{Finding, Looked};

/// Servers that run, by their names. They end when this is dropped.
#[derive(Debug)]
pub(super) struct Servers {
    named: BTreeMap<String, PathBuf>,
    sessions: HashMap<&'static str, ServerSession>,
}

impl Servers {
    /// None yet; programs that the user's configuration names.
    pub fn new(named: BTreeMap<String, PathBuf>) -> Self {
        Self { named, sessions: HashMap::new() }
    }

    /// Asks the servers of the files' languages.
    pub fn look(
        &mut self,
        root: &Root,
        folders: &[PathBuf],
        all: &[Changed],
        cancel: &CancelToken,
        take: &mut dyn FnMut(String, Looked),
    ) {
        type File = (RelPath, Language, String);
        let mut by_server: Vec<(LanguageServer, Vec<File>)> = Vec::new();
        for one in all {
            let Some(language) = one.language else { continue };
            let named = |name: &str| self.named.get(name).cloned();
            // Where none is installed there is nobody to ask.
            let Ok(server) = LanguageServer::find(language, &named, folders, root.path()) else {
                continue;
            };
            let file = (one.path.clone(), language, one.text.clone());
            match by_server.iter_mut().find(|(other, _)| *other == server) {
                Some((_, files)) => files.push(file),
                None => by_server.push((server, vec![file])),
            }
        }
        for (server, files) in by_server {
            let looked = match self.ask(&server, root, &files, cancel) {
                Ok(found) => Looked::Found(found),
                Err(ServerError::Cancelled) => return,
                Err(error) => Looked::NotRun(error.to_string()),
            };
            take(format!("{} (language server)", server.name), looked);
        }
    }

    fn ask(
        &mut self,
        server: &LanguageServer,
        root: &Root,
        files: &[(RelPath, Language, String)],
        cancel: &CancelToken,
    ) -> Result<Vec<Finding>, ServerError> {
        // One that failed is started anew the next time.
        let mut session = match self.sessions.remove(server.name) {
            Some(session) => session,
            None => ServerSession::start(server, root, cancel)?,
        };
        session.set_cancel(cancel);
        let found = session.diagnostics(files)?;
        self.sessions.insert(server.name, session);
        let finding = |one: mlxcode_context::ServerDiagnostic| Finding {
            path: one.path,
            line: one.line,
            level: one.level,
            code: one.code,
            message: one.message,
        };
        // Hints of a server are for somebody who types.
        let matters = |one: &Finding| one.level != DiagnosticLevel::Note;
        Ok(found.into_iter().map(finding).filter(matters).collect())
    }
}
