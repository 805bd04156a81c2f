use std::sync::{Mutex, PoisonError};

use mlxcode_base::Root;

use super::config::PermissionConfig;
use super::names::FileNames;
use super::rules::{PermissionError, Rule, rules};
use super::ruling::{Answer, DecidedBy, Grant, RuleSource, Ruling};
use crate::session::{Mode, Policy, Verdict};
use crate::tool::Access;

/// Places whose change is asked for in every mode: they decide what git and
/// this program do next.
const GUARDED: [&str; 2] = [".git", ".mlx-code"];

/// Decides what a session may do.
///
/// ```
/// use mlxcode_agent::permission::{Answer, PermissionConfig, PermissionRule, Permissions};
/// use mlxcode_agent::{Access, Mode};
///
/// let mut user = PermissionConfig::default();
/// user.allow.push(PermissionRule::command("cargo test"));
/// let permissions = Permissions::new(&user, None, true)?;
/// let run = |line: &str| {
///     let access = Access::Run { command: line.to_owned() };
///     permissions.decide(Mode::Ask, "run", &access).answer
/// };
/// assert_eq!(run("cargo test --lib | tail -n 3"), Answer::Allow);
/// assert_eq!(run("cargo test; rm -rf target"), Answer::Ask);
/// # Ok::<(), mlxcode_agent::permission::PermissionError>(())
/// ```
#[derive(Debug)]
pub struct Permissions {
    pub(super) rules: Vec<Rule>,
    /// The user's mode, where one is configured.
    mode: Option<Mode>,
    /// The most that the project lets a session do.
    ceiling: Option<Mode>,
    /// The folder that paths are relative to, where it is known.
    root: Option<Root>,
    /// Whether commands are confined on this machine.
    pub(super) is_confined: bool,
    pub(super) grants: Mutex<Vec<Grant>>,
}

impl Permissions {
    /// The rules of the user and, on top, of the project. `is_confined` tells
    /// whether commands run in a sandbox; without one each is asked for.
    pub fn new(
        user: &PermissionConfig,
        project: Option<&PermissionConfig>,
        is_confined: bool,
    ) -> Result<Self, PermissionError> {
        let mut all = rules(user, RuleSource::User)?;
        if let Some(project) = project {
            all.extend(rules(project, RuleSource::Project)?);
        }
        let ceiling = project.and_then(|project| project.mode);
        let grants = Mutex::default();
        Ok(Self { rules: all, mode: user.mode, ceiling, root: None, is_confined, grants })
    }

    /// Names the folder that paths are relative to: absolute ones below it are
    /// then told from others, and links are followed. Without one, every
    /// absolute path lies outside.
    pub fn in_root(mut self, root: Root) -> Self {
        self.root = Some(root);
        self
    }

    /// The names of a file that is spelled so.
    pub(super) fn names(&self, path: &str) -> FileNames {
        FileNames::of(self.root.as_ref(), path)
    }

    /// The names of what may be a file, by its letters alone.
    pub(super) fn spelled(&self, path: &str) -> FileNames {
        FileNames::as_spelled(self.root.as_ref(), path)
    }

    /// The mode that a session begins in.
    pub fn mode(&self) -> Mode {
        self.within(self.mode.unwrap_or_default())
    }

    /// The stricter of a mode and the project's.
    fn within(&self, mode: Mode) -> Mode {
        let rank = |mode: Mode| Mode::ALL.iter().position(|other| *other == mode).unwrap_or(0);
        self.ceiling.filter(|ceiling| rank(*ceiling) < rank(mode)).unwrap_or(mode)
    }

    /// What was allowed in this session.
    pub fn grants(&self) -> Vec<Grant> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Allows something for the rest of the session. It does not go before a
    /// refusal, nor before a question about something more exact.
    pub fn grant(&self, grant: Grant) {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }

    /// Decides, and says by what.
    pub fn decide(&self, mode: Mode, tool: &str, access: &Access) -> Ruling {
        let mode = self.within(mode);
        let by_access = match access {
            Access::Read { path } => self.file(mode, tool, path, false),
            Access::Write { paths } => paths
                .iter()
                .map(|path| self.file(mode, tool, path, true))
                .reduce(Ruling::and)
                .unwrap_or_else(|| by_mode(Answer::Ask, mode)),
            Access::Run { command } => self.line(mode, tool, command),
            Access::Mcp { server, tool } => self.served(mode, &format!("{server}/{tool}")),
            Access::Other => by_mode(Answer::Allow, mode),
        };
        // A rule about the tool itself, beside what it is used for.
        match self.of_tool(tool).map(ruled) {
            Some(ruling) if ruling.answer > Answer::Allow => ruling.and(by_access),
            Some(ruling) if by_access.answer == Answer::Ask && by_mode_alone(&by_access, mode) => {
                ruling
            }
            _ => by_access,
        }
    }

    /// The strictest rule about a tool itself.
    fn of_tool(&self, name: &str) -> Option<&Rule> {
        let about = self.rules.iter().filter(|rule| rule.is_of_tool(name));
        about.reduce(|first, other| if other.answer > first.answer { other } else { first })
    }

    fn served(&self, mode: Mode, name: &str) -> Ruling {
        if let Some(rule) = self.of_tool(name) {
            let granted =
                self.granted(|grant| matches!(grant, Grant::Tool { name: own } if own == name));
            return match (rule.answer, granted) {
                (Answer::Ask, Some(grant)) => grant,
                _ => ruled(rule),
            };
        }
        if mode == Mode::ReadOnly {
            return by_mode(Answer::Deny, mode);
        }
        self.granted(|grant| matches!(grant, Grant::Tool { name: own } if own == name))
            .unwrap_or_else(|| {
                by_mode(if mode == Mode::Full { Answer::Allow } else { Answer::Ask }, mode)
            })
    }

    /// One file that is read or changed.
    pub(super) fn file(&self, mode: Mode, tool: &str, path: &str, writes: bool) -> Ruling {
        let names = self.names(path);
        let fitting = |answer| {
            self.rules.iter().find(|rule| rule.answer == answer && rule.is_of_path(tool, &names))
        };
        if let Some(rule) = fitting(Answer::Deny) {
            return ruled(rule);
        }
        if writes && mode == Mode::ReadOnly {
            return by_mode(Answer::Deny, mode);
        }
        let granted = self.granted(|grant| {
            matches!(grant, Grant::Path { path: own, writes: may } if own == path && (*may || !writes))
        });
        if let Some(ruling) = granted {
            return ruling;
        }
        if let Some(rule) = fitting(Answer::Ask) {
            return ruled(rule);
        }
        if !names.is_inside {
            return outside(path);
        }
        if writes && names.inside.iter().chain([&path.to_owned()]).any(|name| is_guarded(name)) {
            let why = format!("{path} decides what other programs do");
            return Ruling::new(Answer::Ask, why, DecidedBy::Guarded);
        }
        if let Some(rule) = fitting(Answer::Allow) {
            return ruled(rule);
        }
        let may = !writes || matches!(mode, Mode::AutoEdit | Mode::Full);
        by_mode(if may { Answer::Allow } else { Answer::Ask }, mode)
    }

    pub(super) fn granted(&self, fits: impl Fn(&Grant) -> bool) -> Option<Ruling> {
        let grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        let grant = grants.iter().find(|grant| fits(grant))?.clone();
        Some(Ruling::new(
            Answer::Allow,
            "it was allowed for this session",
            DecidedBy::Grant { grant },
        ))
    }
}

impl Policy for Permissions {
    fn judge(&self, mode: Mode, tool: &str, access: &Access) -> Verdict {
        self.decide(mode, tool, access).verdict()
    }

    fn remember(&self, tool: &str, access: &Access) {
        for grant in self.offered(Mode::Ask, tool, access) {
            self.grant(grant);
        }
    }
}

pub(super) fn ruled(rule: &Rule) -> Ruling {
    let source = rule.source;
    Ruling::new(rule.answer, clause(rule), DecidedBy::Rule { source, rule: rule.written.clone() })
}

/// A rule as a clause.
fn clause(rule: &Rule) -> String {
    let written = &rule.written;
    let parts = [("tool", &written.tool), ("path", &written.path), ("command", &written.command)];
    let parts =
        parts.into_iter().filter_map(|(key, value)| Some(format!("{key} `{}`", value.as_ref()?)));
    let whose = match rule.source {
        RuleSource::User => "your",
        RuleSource::Project => "the project's",
    };
    let list = match rule.answer {
        Answer::Allow => "allow",
        Answer::Ask => "ask",
        Answer::Deny => "deny",
    };
    format!("{whose} rule `{list}` for {}", parts.collect::<Vec<_>>().join(", "))
}

pub(super) fn by_mode(answer: Answer, mode: Mode) -> Ruling {
    Ruling::new(answer, format!("the mode is {}", mode.as_str()), DecidedBy::Mode { mode })
}

fn by_mode_alone(ruling: &Ruling, mode: Mode) -> bool {
    ruling.by == DecidedBy::Mode { mode }
}

pub(super) fn outside(path: &str) -> Ruling {
    Ruling::new(Answer::Ask, format!("{path} lies outside of the root"), DecidedBy::Outside)
}

fn is_guarded(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| {
        GUARDED.iter().any(|name| {
            let part = part.to_ascii_lowercase();
            part == *name || (*name == ".mlx-code" && part.starts_with(name))
        })
    })
}

#[cfg(test)]
#[path = "permissions_tests.rs"]
mod tests;
