//! What can be typed in a conversation.

use std::time::{Duration, Instant};

use mlxcode_core::{
    CancelToken, HitReason, Mode, ModelLibrary, Offer, SearchKind, SearchOptions, SessionFilter,
    SessionSummary, SkillFile, ToolsWhen, Workspace,
};
use mlxcode_terminal::{Completer, Completion, Completions};

use super::{Repl, slash};
use crate::command::dirs;
use crate::exit::Outcome;
use crate::look;

/// The files of a tree seldom change while somebody types.
const FRESH: Duration = Duration::from_secs(20);
/// Fewer letters name no symbol.
const LEAST_SYMBOL: usize = 2;
/// More symbols are no help.
const MOST_SYMBOLS: usize = 20;

/// Commands, files, symbols and models.
pub(super) struct Known {
    workspace: Workspace,
    models: Vec<String>,
    themes: Vec<String>,
    /// Commands that people named.
    own: Vec<Completion>,
    files: Vec<String>,
    read: Option<Instant>,
}

impl Known {
    pub fn new(repl: &Repl<'_, '_>) -> Outcome<Self> {
        let dirs = dirs(repl.host)?;
        let listed = ModelLibrary::open(&dirs)?.list();
        // A library that cannot be listed says so where it is needed.
        let models = listed.unwrap_or_default().into_iter().map(|model| model.name).collect();
        let own = repl.commands.commands.iter().map(|command| Completion {
            text: command.name.clone(),
            detail: Some(command.description.lines().next().unwrap_or_default().to_owned()),
            space: true,
        });
        Ok(Self {
            workspace: repl.workspace.clone(),
            models,
            themes: look::themes(&dirs).names(),
            own: own.collect(),
            files: Vec::new(),
            read: None,
        })
    }

    fn files(&mut self) -> &[String] {
        if self.read.is_none_or(|read| read.elapsed() > FRESH) {
            if let Ok(files) = self.workspace.files(&CancelToken::new()) {
                self.files = files.iter().map(ToString::to_string).collect();
            }
            self.read = Some(Instant::now());
        }
        &self.files
    }

    fn sessions(&self) -> Vec<Completion> {
        let listed =
            self.workspace.sessions().and_then(|store| Ok(store.list(&SessionFilter::default())?));
        let completion = |session: SessionSummary| Completion {
            text: session.name.clone().unwrap_or_else(|| session.id.to_string()),
            detail: Some(session.label().to_owned()),
            space: false,
        };
        listed.unwrap_or_default().into_iter().map(completion).collect()
    }

    fn skills(&self) -> Vec<Completion> {
        let completion = |skill: SkillFile| Completion {
            text: skill.name(),
            detail: Some(skill.skill.description.lines().next().unwrap_or_default().to_owned()),
            space: true,
        };
        self.workspace.skills().unwrap_or_default().into_iter().map(completion).collect()
    }

    fn offers(&self) -> Vec<Completion> {
        let completion = |offer: Offer| Completion {
            text: offer.id(),
            detail: Some(offer.standing.as_str().to_owned()),
            space: true,
        };
        self.workspace.offers().unwrap_or_default().into_iter().map(completion).collect()
    }

    fn symbols(&self, name: &str) -> Vec<Completion> {
        let mut options = SearchOptions::default();
        options.kind = SearchKind::Symbol;
        options.limit = MOST_SYMBOLS;
        let found = self.workspace.find(name, &options, &());
        let hits = found.map(|found| found.hits).unwrap_or_default();
        hits.into_iter()
            .filter_map(|hit| {
                let detail = format!("{}:{}", hit.path, hit.lines);
                let text = hit.reasons.iter().find_map(|reason| match reason {
                    HitReason::Defines { name } => Some(name.clone()),
                    _ => None,
                })?;
                Some(Completion { text, detail: Some(detail), space: true })
            })
            .collect()
    }
}

impl Completer for Known {
    fn candidates(&mut self, wanted: Completions<'_>) -> Vec<Completion> {
        match wanted {
            Completions::Command(_) => slash::COMMANDS
                .iter()
                .map(|command| Completion {
                    text: command.name.to_owned(),
                    detail: Some(command.help.to_owned()),
                    space: !command.arguments.is_empty(),
                })
                .chain(self.own.iter().cloned())
                .collect(),
            Completions::Argument { command, .. } => match command {
                "resume" => self.sessions(),
                "model" => named(self.models.iter().map(String::as_str)),
                "mode" => named(Mode::ALL.into_iter().map(Mode::as_str)),
                "theme" => named(self.themes.iter().map(String::as_str)),
                "thinking" => named(["off", "on"]),
                "tools" => named(ToolsWhen::ALL.into_iter().map(ToolsWhen::as_str)),
                "mcp" => named(["restart"]),
                "skill" => self.skills(),
                "approve" => self.offers(),
                "files" | "drop" | "review" => named(self.files().iter().map(String::as_str)),
                _ => Vec::new(),
            },
            Completions::Mention(text) => {
                let mut found = named(self.files().iter().map(String::as_str));
                if text.chars().count() >= LEAST_SYMBOL && !text.contains(['/', '.']) {
                    found.extend(self.symbols(text));
                }
                found
            }
        }
    }
}

fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Completion> {
    let completion = |name: &str| Completion { text: name.to_owned(), detail: None, space: true };
    names.into_iter().map(completion).collect()
}
