//! Answers of a language's own server, for those who ask for them.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::path::PathBuf;

use mlxcode_base::{CancelToken, Language, RelPath, Root};
use mlxcode_context::{
    CodePlace, CodeUsage, Definition, LanguageServer, ReferenceKind, ServerPlace, ServerSession,
    SymbolKind,
};

use crate::error::Result;
use crate::navigation::Navigation;
use crate::workspace::Workspace;

/// Where programs of language servers are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerFolders {
    /// Folders of programs, the first first.
    pub folders: Vec<PathBuf>,
}

impl ServerFolders {
    /// The folders of `PATH`. Meant for faces, as
    /// [`Dirs::from_env`](crate::Dirs::from_env) is.
    #[allow(clippy::disallowed_methods, reason = "reads what only faces ask for, as Dirs does")]
    pub fn from_env() -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        Self { folders: env::split_paths(&path).collect() }
    }
}

/// What a language server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreciseAnswer<T> {
    /// The server's name, such as `ty`.
    pub by: &'static str,
    /// What it found in the tree.
    pub found: Vec<T>,
    /// Places outside of it: files, and lines from one.
    pub outside: Vec<(PathBuf, usize)>,
}

/// Language servers of a workspace. Each is started when something in its
/// language is asked, and ended when this is dropped.
#[derive(Debug)]
pub struct Precise<'n> {
    navigation: &'n Navigation,
    root: Root,
    named: BTreeMap<String, PathBuf>,
    folders: ServerFolders,
    sessions: HashMap<&'static str, ServerSession>,
    cancel: CancelToken,
}

impl Workspace {
    /// Asks language servers about what `navigation` knows. Only those that
    /// are on a short list are started, from the user's configuration or from
    /// `folders`, and never one that lies in the tree. `cancel` stops them.
    pub fn precise<'n>(
        &self,
        navigation: &'n Navigation,
        folders: &ServerFolders,
        cancel: &CancelToken,
    ) -> Precise<'n> {
        let named = self.config().servers.clone().unwrap_or_default();
        Precise {
            navigation,
            root: self.root.clone(),
            named,
            folders: folders.clone(),
            sessions: HashMap::new(),
            cancel: cancel.clone(),
        }
    }
}

impl Precise<'_> {
    /// Where something is defined.
    ///
    /// # Errors
    /// Where no server of the language is installed, one with the code
    /// `context.server_missing`.
    pub fn definition(&mut self, place: &CodePlace) -> Result<PreciseAnswer<Definition>> {
        let (by, places) = self.ask(place, ServerSession::definitions)?;
        let navigation = self.navigation;
        let mut answer = sorted(by, places, |path, range| {
            Ok(navigation.graph().definition_named(navigation.texts(), &path, range)?)
        });
        let names = self.names_at(place)?;
        answer.found.retain(|one| !is_what_is_around(one, &names));
        Ok(answer)
    }

    /// The names that stand at a place.
    fn names_at(&self, place: &CodePlace) -> Result<Vec<(RelPath, String)>> {
        let (graph, texts) = (self.navigation.graph(), self.navigation.texts());
        let mut names = Vec::new();
        for (path, _, offsets) in graph.names_at(texts, place)? {
            let text = texts.text(&path).unwrap_or_default();
            names.extend(offsets.iter().filter_map(|at| {
                let is_part = |one: &char| one.is_alphanumeric() || *one == '_';
                let name: String = text.get(*at..)?.chars().take_while(is_part).collect();
                Some((path.clone(), name))
            }));
        }
        Ok(names)
    }

    /// Who uses something.
    ///
    /// # Errors
    /// As [`definition`](Self::definition).
    pub fn references(&mut self, place: &CodePlace) -> Result<PreciseAnswer<CodeUsage>> {
        let (by, places) = self.ask(place, ServerSession::references)?;
        let navigation = self.navigation;
        Ok(sorted(by, places, |path, range| {
            Ok(navigation.graph().usage_named(navigation.texts(), &path, range)?)
        }))
    }

    /// Who calls something.
    ///
    /// # Errors
    /// As [`definition`](Self::definition).
    pub fn callers(&mut self, place: &CodePlace) -> Result<PreciseAnswer<CodeUsage>> {
        let mut answer = self.references(place)?;
        answer.found.retain(|one| matches!(one.kind, ReferenceKind::Call | ReferenceKind::Macro));
        Ok(answer)
    }

    /// Asks about each name that is meant; of those on a line, the first of
    /// which the server knows something.
    fn ask(
        &mut self,
        place: &CodePlace,
        question: impl Fn(
            &mut ServerSession,
            &RelPath,
            &str,
            Language,
            usize,
        )
            -> std::result::Result<Vec<ServerPlace>, mlxcode_context::ServerError>,
    ) -> Result<(&'static str, Vec<ServerPlace>)> {
        let (mut by, mut found) = ("", Vec::new());
        let navigation = self.navigation;
        for (path, language, offsets) in navigation.graph().names_at(navigation.texts(), place)? {
            let text = navigation.texts().text(&path).unwrap_or_default();
            let session = self.session(language)?;
            by = session.name();
            for at in offsets {
                let places = question(session, &path, &text, language, at);
                let places = places.map_err(mlxcode_context::Error::from)?;
                if !places.is_empty() {
                    found.extend(places);
                    break;
                }
            }
        }
        Ok((by, found))
    }

    fn session(&mut self, language: Language) -> Result<&mut ServerSession> {
        let named = |name: &str| self.named.get(name).cloned();
        let server =
            LanguageServer::find(language, &named, &self.folders.folders, self.root.path())
                .map_err(mlxcode_context::Error::from)?;
        if !self.sessions.contains_key(server.name) {
            let session = ServerSession::start(&server, &self.root, &self.cancel);
            self.sessions.insert(server.name, session.map_err(mlxcode_context::Error::from)?);
        }
        let missing = mlxcode_context::ServerError::Ended { name: server.name };
        let session = self.sessions.get_mut(server.name);
        Ok(session.ok_or(mlxcode_context::Error::from(missing))?)
    }
}

/// Whether a server told the module around a name and not what it stands for:
/// clangd does, where it does not know the headers.
fn is_what_is_around(one: &Definition, names: &[(RelPath, String)]) -> bool {
    let own = one.symbol.as_deref().map(|path| path.rsplit(['.', ':']).next().unwrap_or(path));
    let is_here = names.iter().any(|(path, _)| *path == one.path);
    let is_named = names.iter().any(|(_, name)| Some(name.as_str()) == own);
    one.kind == Some(SymbolKind::Module) && is_here && !is_named
}

/// Parts what lies in the tree from the rest. A file that the tree's rules
/// leave out is outside as well.
fn sorted<T>(
    by: &'static str,
    places: Vec<ServerPlace>,
    told: impl Fn(RelPath, mlxcode_base::TextRange) -> Result<T>,
) -> PreciseAnswer<T> {
    let (mut found, mut outside) = (Vec::new(), Vec::new());
    for place in places {
        match place {
            ServerPlace::Inside { path, range } => found.extend(told(path, range).ok()),
            ServerPlace::Outside { path, line } => outside.push((path, line)),
            _ => {}
        }
    }
    outside.sort_unstable();
    outside.dedup();
    PreciseAnswer { by, found, outside }
}
