use std::path::{Path, PathBuf};

use mlxcode_base::Root;
use regex::{Regex, RegexBuilder};
use serde::Serialize;
use serde_json::Value;

use super::condition::Condition;
use super::{Happening, HookedCall};
use crate::plugin::{PluginProblem, command::with_root};

/// How long a program may take where its rule says nothing, and at most.
const TIMEOUT_SECONDS: u64 = 60;
const LONGEST_SECONDS: u64 = 600;

/// How many rules a plugin may have.
const MOST_RULES: usize = 100;

/// How large a matcher may become when it is made ready.
const MOST_REGEX_BYTES: usize = 1 << 20;

/// What a program can hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HookEvent {
    /// A tool is about to be called.
    BeforeTool,
    /// A tool has been called.
    AfterTool,
    /// A session begins.
    SessionStart,
    /// Somebody said something.
    PromptSubmitted,
    /// The model has done what was asked, and stops.
    Stop,
    /// A session ends.
    SessionEnd,
}

impl HookEvent {
    const ALL: [Self; 6] = [
        Self::BeforeTool,
        Self::AfterTool,
        Self::SessionStart,
        Self::PromptSubmitted,
        Self::Stop,
        Self::SessionEnd,
    ];

    /// The name by which plugins know it, such as `PreToolUse`.
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeTool => "PreToolUse",
            Self::AfterTool => "PostToolUse",
            Self::SessionStart => "SessionStart",
            Self::PromptSubmitted => "UserPromptSubmit",
            Self::Stop => "Stop",
            Self::SessionEnd => "SessionEnd",
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}

/// One program, and what it hears of.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct HookRule {
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's folder.
    pub root: PathBuf,
    /// What it hears of.
    pub event: HookEvent,
    /// The tools that it hears of, as it is written; all where empty.
    pub matcher: String,
    /// The program: one text for a shell, or a program with its arguments.
    pub command: Vec<String>,
    /// How long it may take.
    pub timeout_seconds: u64,
    /// Whether its failure is an objection.
    pub blocks_on_failure: bool,
    #[serde(skip)]
    is_shell: bool,
    #[serde(skip)]
    pattern: Option<Regex>,
    #[serde(skip)]
    condition: Option<Condition>,
}

impl HookRule {
    /// The program that is started.
    pub(super) fn program(&self) -> String {
        match self.command.first() {
            Some(program) if !self.is_shell => self.with_root(program),
            _ if cfg!(windows) => "sh".to_owned(),
            _ => "/bin/sh".to_owned(),
        }
    }

    /// Its arguments. A shell's text stands in the plugin's file and is given
    /// as it is: the folder comes to it as a variable, all else on its input.
    pub(super) fn arguments(&self) -> Vec<String> {
        if self.is_shell {
            return vec!["-c".to_owned(), self.command.concat()];
        }
        self.command.iter().skip(1).map(|argument| self.with_root(argument)).collect()
    }

    fn with_root(&self, text: &str) -> String {
        with_root(text, &self.root)
    }

    /// The name under which it is told, if it concerns this rule.
    pub(super) fn concerns<'a>(&self, happening: &'a Happening) -> Option<&'a str> {
        if self.event != happening.event() {
            return None;
        }
        match happening {
            Happening::BeforeTool(call) | Happening::AfterTool { call, .. } => {
                let name = self.tool(call)?;
                self.condition.as_ref().is_none_or(|one| one.fits(name, call)).then_some(name)
            }
            Happening::SessionStart { source: why } | Happening::SessionEnd { reason: why } => {
                self.matches(why).then_some("")
            }
            // There is nothing that could be matched.
            Happening::PromptSubmitted { .. } | Happening::Stop { .. } => Some(""),
        }
    }

    fn tool<'a>(&self, call: &'a HookedCall) -> Option<&'a str> {
        // What others call it goes first: published programs know those names.
        let names = call.aliases.iter().chain(std::iter::once(&call.tool));
        names.map(String::as_str).find(|name| self.matches(name))
    }

    fn matches(&self, name: &str) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(name))
    }
}

/// Reads the rules of a `hooks.json`, or of the `hooks` of a manifest. What
/// is not known here is left out with a remark.
pub(in crate::plugin) fn read_rules(
    plugin: &str,
    root: &Root,
    path: &Path,
    document: &Value,
    problems: &mut Vec<PluginProblem>,
) -> Vec<HookRule> {
    let mut note = |text: String| {
        problems.push(PluginProblem { path: path.to_owned(), line: None, text });
    };
    let events = document.get("hooks").unwrap_or(document);
    let Value::Object(events) = events else {
        note("its hooks are no JSON object".to_owned());
        return Vec::new();
    };
    let mut rules = Vec::new();
    for (name, groups) in events {
        let Some(event) = HookEvent::of(name) else {
            if groups.is_array() {
                note(format!("the event `{name}` does not happen here; its programs are left out"));
            }
            continue;
        };
        let Some(groups) = groups.as_array() else {
            note(format!("the hooks of `{name}` are no list"));
            continue;
        };
        for group in groups {
            let matcher = group.get("matcher").and_then(Value::as_str).unwrap_or_default();
            let pattern = match pattern(matcher) {
                Ok(pattern) => pattern,
                Err(reason) => {
                    note(format!("the matcher `{matcher}` cannot be read: {reason}"));
                    continue;
                }
            };
            // A group of programs, or, written shortly, one program itself.
            let programs = match group.get("hooks").and_then(Value::as_array) {
                Some(programs) => programs.iter().collect(),
                None => vec![group],
            };
            for program in programs {
                match rule(program) {
                    Ok((command, is_shell, condition)) if rules.len() < MOST_RULES => {
                        rules.push(HookRule {
                            plugin: plugin.to_owned(),
                            root: root.path().to_owned(),
                            event,
                            matcher: matcher.to_owned(),
                            command,
                            timeout_seconds: seconds(program),
                            blocks_on_failure: blocks_on_failure(program),
                            is_shell,
                            pattern: pattern.clone(),
                            condition,
                        });
                    }
                    Ok(_) => note(format!("it has more than {MOST_RULES} programs")),
                    Err(reason) => note(format!("a program of `{name}` is left out: {reason}")),
                }
            }
        }
    }
    rules
}

fn rule(program: &Value) -> Result<(Vec<String>, bool, Option<Condition>), String> {
    match program.get("type").and_then(Value::as_str) {
        Some("command") | None => {}
        Some(other) => return Err(format!("`{other}` is no kind of program that runs here")),
    }
    let is_set = |name: &str| program.get(name).and_then(Value::as_bool) == Some(true);
    if is_set("async") || is_set("asyncRewake") {
        return Err("it wants to run beside the session, which no program does here".to_owned());
    }
    let condition = match program.get("if").and_then(Value::as_str) {
        Some(text) => Some(
            Condition::read(text).ok_or_else(|| format!("its `if`, `{text}`, cannot be read"))?,
        ),
        None => None,
    };
    let (command, is_shell) = command(program)?;
    Ok((command, is_shell, condition))
}

/// What is started, and whether a shell reads it.
fn command(program: &Value) -> Result<(Vec<String>, bool), String> {
    let args = program.get("args").and_then(Value::as_array);
    match program.get("command") {
        Some(Value::String(command)) if !command.trim().is_empty() => match args {
            // With arguments it is a program, and no shell is needed.
            Some(args) => {
                let mut whole = vec![command.clone()];
                whole.extend(texts(args).ok_or("its arguments are no texts")?);
                Ok((whole, false))
            }
            None => Ok((vec![command.clone()], true)),
        },
        Some(Value::Array(command)) if !command.is_empty() => {
            Ok((texts(command).ok_or("its command is no list of texts")?, false))
        }
        _ => Err("it has no `command`".to_owned()),
    }
}

fn texts(values: &[Value]) -> Option<Vec<String>> {
    values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}

fn seconds(program: &Value) -> u64 {
    let seconds = program
        .get("timeout")
        .and_then(Value::as_f64)
        .map_or(TIMEOUT_SECONDS, |seconds| seconds.ceil() as u64);
    seconds.clamp(1, LONGEST_SECONDS)
}

fn blocks_on_failure(program: &Value) -> bool {
    program.get("onFailure").and_then(Value::as_str) == Some("block")
}

/// A matcher: nothing or `*` for all, `A|B`, a regular expression, or, with a
/// `*` that is no part of one, a pattern such as `mcp__*`.
fn pattern(matcher: &str) -> Result<Option<Regex>, String> {
    if matcher.is_empty() || matcher == "*" {
        return Ok(None);
    }
    let looks_like_glob =
        !matcher.contains(['\\', '(', '[', '^', '$', '+', '.']) && matcher.contains('*');
    let source = if looks_like_glob {
        let parts = matcher
            .split('|')
            .map(|part| part.split('*').map(regex::escape).collect::<Vec<_>>().join(".*"));
        parts.collect::<Vec<_>>().join("|")
    } else {
        matcher.to_owned()
    };
    RegexBuilder::new(&format!("^(?:{source})$"))
        .size_limit(MOST_REGEX_BYTES)
        .build()
        .map(Some)
        .map_err(|error| error.to_string().lines().last().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_match_whole_names() {
        let check = |matcher: &str, yes: &[&str], no: &[&str]| {
            let pattern = pattern(matcher).unwrap();
            let matches =
                |name: &&&str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(name));
            assert_eq!(yes.iter().filter(matches).count(), yes.len(), "{matcher}");
            assert_eq!(no.iter().filter(matches).count(), 0, "{matcher}");
        };
        check("", &["Bash", ""], &[]);
        check("*", &["Bash"], &[]);
        check("Bash", &["Bash"], &["BashOutput", "bash", "MyBash"]);
        check("Edit|Write|MultiEdit", &["Edit", "MultiEdit"], &["NotebookEdit", "Editor"]);
        check("mcp__*", &["mcp__git__log"], &["git", "Xmcp__a"]);
        check("mcp__.*__write.*", &["mcp__a__write_file"], &["mcp__a__read"]);
        check("Notebook.*", &["NotebookEdit"], &["MyNotebook"]);
        check("^Bash$", &["Bash"], &["Bash2"]);
    }

    #[test]
    fn a_matcher_that_is_no_pattern_is_told() {
        assert!(pattern("(").is_err());
        assert!(pattern("a{1000}{1000}{1000}").is_err());
    }
}
