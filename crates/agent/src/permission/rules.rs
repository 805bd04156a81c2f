use globset::{GlobBuilder, GlobMatcher};
use mlxcode_base::{Diagnostic, ErrorKind};
use thiserror::Error;

use super::config::{PermissionConfig, PermissionRule};
use super::names::FileNames;
use super::ruling::{Answer, RuleSource};
use super::shell::{self, SimpleCommand};
use super::wrapper::base_name;

/// Why a rule cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PermissionError {
    /// A rule without keys would fit everything.
    #[error("a rule of `permissions` is empty")]
    Empty,
    /// The glob is none.
    #[error("the path `{glob}` of a rule is no glob")]
    Glob {
        /// The glob as written.
        glob: String,
        /// What is wrong with it.
        source: globset::Error,
    },
    /// The words are no beginning of a command.
    #[error("the command `{command}` of a rule cannot be read: {why}")]
    Command {
        /// The words as written.
        command: String,
        /// What is wrong with them.
        why: &'static str,
    },
}

impl Diagnostic for PermissionError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::InvalidInput
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "permission.empty_rule",
            Self::Glob { .. } => "permission.invalid_glob",
            Self::Command { .. } => "permission.invalid_command",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Empty => "give it a `tool`, a `path` or a `command`".to_owned(),
            Self::Glob { .. } => "write it like `docs/**` or `*.lock`".to_owned(),
            Self::Command { .. } => {
                "write the first words of one command, like `cargo test`".to_owned()
            }
        })
    }
}

/// A rule as it is compared.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) source: RuleSource,
    pub(super) answer: Answer,
    pub(super) written: PermissionRule,
    path: Option<GlobMatcher>,
    pub(super) words: Vec<String>,
}

/// The rules of a configuration, in its order.
pub(super) fn rules(
    config: &PermissionConfig,
    source: RuleSource,
) -> Result<Vec<Rule>, PermissionError> {
    let lists =
        [(Answer::Deny, &config.deny), (Answer::Ask, &config.ask), (Answer::Allow, &config.allow)];
    lists
        .into_iter()
        // A repository that was cloned allows nothing.
        .filter(|(answer, _)| source == RuleSource::User || *answer != Answer::Allow)
        .flat_map(|(answer, list)| list.iter().map(move |rule| Rule::new(answer, source, rule)))
        .collect()
}

impl Rule {
    fn new(
        answer: Answer,
        source: RuleSource,
        written: &PermissionRule,
    ) -> Result<Self, PermissionError> {
        if *written == PermissionRule::default() {
            return Err(PermissionError::Empty);
        }
        let path = written.path.as_deref().map(|glob| matcher(glob, answer)).transpose()?;
        let words = written.command.as_deref().map_or(Ok(Vec::new()), words)?;
        Ok(Self { source, answer, written: written.clone(), path, words })
    }

    fn fits_tool(&self, tool: &str) -> bool {
        self.written.tool.as_deref().is_none_or(|pattern| fits(pattern, tool))
    }

    /// Whether it is about a tool alone, and this one.
    pub(super) fn is_of_tool(&self, tool: &str) -> bool {
        self.written.tool.is_some()
            && self.path.is_none()
            && self.words.is_empty()
            && self.fits_tool(tool)
    }

    /// Whether it is about this file. What is allowed has to fit by each of its
    /// names; what is asked or refused by one, and a folder fits that holds
    /// nothing else.
    pub(super) fn is_of_path(&self, tool: &str, names: &FileNames) -> bool {
        let Some(glob) = &self.path else { return false };
        let fits = if self.answer == Answer::Allow {
            names.is_inside && names.inside.iter().all(|name| glob.is_match(name))
        } else {
            let mut all = names.inside.iter().chain(&names.others);
            all.any(|name| glob.is_match(name) || glob.is_match(format!("{name}/")))
        };
        fits && self.words.is_empty() && self.fits_tool(tool)
    }

    /// Whether it speaks of files at all.
    pub(super) fn has_path(&self) -> bool {
        self.path.is_some()
    }

    /// Whether it is about this command. What is allowed has to begin with the
    /// words; what is asked or refused holds them in their order, whatever
    /// options stand between, and whichever folder the program is in.
    pub(super) fn is_of_command(&self, tool: &str, command: &SimpleCommand) -> bool {
        if self.words.is_empty() || self.path.is_some() || !self.fits_tool(tool) {
            return false;
        }
        if self.answer == Answer::Allow {
            return command.words.starts_with(&self.words);
        }
        let [program, rest @ ..] = command.words.as_slice() else { return false };
        let is_program =
            *program == self.words[0] || base_name(program) == base_name(&self.words[0]);
        let mut left = rest.iter();
        is_program && self.words[1..].iter().all(|word| left.any(|there| there == word))
    }
}

/// The words of a rule about commands.
fn words(command: &str) -> Result<Vec<String>, PermissionError> {
    let failed = |why| PermissionError::Command { command: command.to_owned(), why };
    // Many write `npm run *` for what begins so.
    let beginning = command.trim().strip_suffix(" *").unwrap_or(command);
    let commands = shell::parse(beginning).map_err(|unsure| failed(unsure.0))?;
    match commands.as_slice() {
        [one] if one.assignments.is_empty() && one.redirects.is_empty() => Ok(one.words.clone()),
        _ => Err(failed("it is more than the words of one command")),
    }
}

/// What is refused is refused too where a file system takes large and small
/// letters for the same.
fn matcher(glob: &str, answer: Answer) -> Result<GlobMatcher, PermissionError> {
    let trimmed = glob.trim_start_matches("./");
    let anywhere = if trimmed.contains('/') { trimmed.to_owned() } else { format!("**/{trimmed}") };
    GlobBuilder::new(anywhere.trim_start_matches('/'))
        .literal_separator(true)
        .case_insensitive(answer > Answer::Allow)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|source| PermissionError::Glob { glob: glob.to_owned(), source })
}

/// Whether a name fits a pattern in which `*` stands for any letters.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(behind) = name.strip_prefix(first) else { return false };
    (0..=behind.len()).filter(|at| behind.is_char_boundary(*at)).any(|at| fits(rest, &behind[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_letters() {
        for (pattern, name, expect) in [
            ("run", "run", true),
            ("run", "runs", false),
            ("*", "", true),
            ("github/*", "github/search", true),
            ("github/*", "gitlab/search", false),
            ("*/delete_*", "a/delete_b", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(fits(pattern, name), expect, "{pattern} {name}");
        }
    }

    #[test]
    fn rules_that_say_nothing_are_refused() {
        for rule in [
            PermissionRule::default(),
            PermissionRule::path("a/[b"),
            PermissionRule::command(""),
            PermissionRule::command("git push; rm"),
            PermissionRule::command("X=1 make"),
            PermissionRule::command("make > out"),
            PermissionRule::command("echo $HOME"),
        ] {
            let config = PermissionConfig { deny: vec![rule.clone()], ..Default::default() };
            assert!(rules(&config, RuleSource::User).is_err(), "{rule:?}");
        }
    }
}
