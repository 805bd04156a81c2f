//! A case, and what came of it.

use std::fs;
use std::path::Path;

use mlxcode_base::Root;
use mlxcode_edit::{EditPlan, Journal, ParsedItem, ReplyParser, ResolveOptions, apply};
use mlxcode_models::{ReplyOptions, ReplyPiece, ReplyReader, ToolSpec};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::ground::{Files, before};

/// What a reply came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Applied,
    Call,
    Refused,
    AskedAgain,
    Nothing,
    Text,
    Thinking,
}

impl Class {
    pub const ALL: [Self; 7] = [
        Self::Applied,
        Self::Call,
        Self::Refused,
        Self::AskedAgain,
        Self::Nothing,
        Self::Text,
        Self::Thinking,
    ];

    pub fn words(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Call => "call made",
            Self::Refused => "refused",
            Self::AskedAgain => "asked again",
            Self::Nothing => "nothing to do",
            Self::Text => "text only",
            Self::Thinking => "thinking only",
        }
    }
}

/// A reply, and what was meant.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub class: Class,
    pub calls: Vec<String>,
    pub says: Vec<String>,
    changes: Vec<[String; 3]>,
    pub reply: String,
    pub has_tools: bool,
    pub starts_thinking: bool,
}

impl Case {
    pub fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap();
        let (head, reply) = text.split_once("\n===\n").unwrap_or_else(|| panic!("{name}: ==="));
        let mut case = Self {
            class: Class::Text,
            calls: Vec::new(),
            says: Vec::new(),
            changes: Vec::new(),
            reply: reply.to_owned(),
            has_tools: true,
            starts_thinking: false,
            name,
        };
        for line in head.lines() {
            let (key, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
            match key {
                "expect" => case.class = class(value),
                "file" => case.changes.push(three(value)),
                "new" => {
                    let (path, text) = value.split_once(" | ").unwrap();
                    case.changes.push([path.to_owned(), String::new(), unescaped(text)]);
                }
                "call" => case.calls.push(value.to_owned()),
                "says" => case.says.push(value.to_owned()),
                "tools" => case.has_tools = value == "yes",
                "starts_thinking" => case.starts_thinking = value == "yes",
                "crlf" => case.reply = case.reply.replace('\n', "\r\n"),
                "chomp" => case.reply = case.reply.trim_end_matches('\n').to_owned(),
                _ => panic!("{line}"),
            }
        }
        case
    }

    /// The files as they were meant to be.
    pub fn meant(&self) -> Files {
        let mut files = before();
        for [path, old, new] in &self.changes {
            if old.is_empty() {
                files.insert(path.clone(), new.clone());
                continue;
            }
            let text = files.get_mut(path).unwrap();
            assert_eq!(text.matches(old.as_str()).count(), 1, "{}: {old}", self.name);
            *text = text.replacen(old.as_str(), new, 1);
        }
        files
    }
}

fn class(words: &str) -> Class {
    let known = |class: &Class| {
        class.words() == words
            || matches!((class, words), (Class::Nothing, "nothing"))
            || class.words().starts_with(&format!("{words} "))
    };
    Class::ALL.into_iter().find(known).unwrap_or_else(|| panic!("{words}"))
}

fn three(value: &str) -> [String; 3] {
    let mut parts = value.splitn(3, " | ");
    let mut next = || unescaped(parts.next().unwrap_or_default().trim_end_matches(" |"));
    [next(), next(), next()]
}

fn unescaped(text: &str) -> String {
    text.replace("\\r", "\r").replace("\\n", "\n")
}

/// What came of a reply.
#[derive(Debug)]
pub struct Outcome {
    pub class: Class,
    pub calls: Vec<String>,
    /// What the model is told.
    pub told: Vec<String>,
}

impl Outcome {
    pub fn of(case: &Case, tree: &TempDir) -> Self {
        let pieces = read(case, usize::MAX);
        assert_eq!(pieces, read(case, 3), "{}: cut otherwise, read otherwise", case.name);
        let (mut parser, mut items) = (ReplyParser::new(), Vec::new());
        let (mut calls, mut told) = (Vec::new(), Vec::new());
        let (mut says, mut thinks) = (false, false);
        for piece in pieces {
            match piece {
                ReplyPiece::Text(text) => {
                    says |= !text.trim().is_empty();
                    items.extend(parser.push(&text));
                }
                ReplyPiece::Thinking(_) => thinks = true,
                ReplyPiece::ToolCall(call) => {
                    calls.push(format!("{} {}", call.name, call.arguments));
                }
                ReplyPiece::BrokenCall { reason, .. } => told.push(reason),
                other => panic!("{other:?}"),
            }
        }
        items.extend(parser.finish());
        // A command that is shown is for the person.
        items.retain(|item| !matches!(item, ParsedItem::Command(_)));
        let root = Root::open(tree.path()).unwrap();
        let plan = EditPlan::resolve(&root, &items, &ResolveOptions::default()).unwrap();
        let is_broken = !told.is_empty();
        told.extend(plan.refusals().iter().map(|refusal| {
            format!("{}: {}", refusal.path, refusal.reason).trim_start_matches(": ").to_owned()
        }));
        let is_refused = !plan.refusals().is_empty();
        let changes = !plan.changes().is_empty();
        if !is_broken && !is_refused && changes {
            let journal = tempfile::tempdir().unwrap();
            let mut journal = Journal::open(journal.path(), &root).unwrap();
            apply(&plan, &mut journal, "test").unwrap();
        }
        let class = match () {
            () if is_broken => Class::AskedAgain,
            () if is_refused => Class::Refused,
            () if !calls.is_empty() => Class::Call,
            () if changes => Class::Applied,
            () if !plan.already_there().is_empty() || !items.is_empty() => Class::Nothing,
            () if thinks && !says => Class::Thinking,
            () => Class::Text,
        };
        Self { class, calls, told }
    }
}

/// The pieces of a reply that comes in parts of so many characters.
fn read(case: &Case, part: usize) -> Vec<ReplyPiece> {
    let tools = if case.has_tools { tools() } else { Vec::new() };
    let starts_thinking = case.starts_thinking;
    let mut reader =
        ReplyReader::new(ReplyOptions { tools, starts_thinking, ..ReplyOptions::default() });
    let mut all: Vec<ReplyPiece> = Vec::new();
    let chars: Vec<char> = case.reply.chars().collect();
    let parts: Vec<String> =
        chars.chunks(part.min(chars.len().max(1))).map(|part| part.iter().collect()).collect();
    let pieces: Vec<ReplyPiece> = parts.iter().flat_map(|part| reader.push(part)).collect();
    for piece in pieces.into_iter().chain(reader.finish()) {
        match (all.last_mut(), piece) {
            (Some(ReplyPiece::Text(last)), ReplyPiece::Text(text))
            | (Some(ReplyPiece::Thinking(last)), ReplyPiece::Thinking(text)) => {
                last.push_str(&text);
            }
            (_, piece) => all.push(piece),
        }
    }
    all
}

pub fn tools() -> Vec<ToolSpec> {
    let text = json!({"type": "string"});
    let tool = |name: &str, properties: Value, required: &[&str]| ToolSpec {
        name: name.to_owned(),
        description: String::new(),
        parameters: json!({"type": "object", "properties": properties, "required": required}),
    };
    vec![
        tool("read_file", json!({"path": text, "line": {"type": "integer"}}), &["path"]),
        tool("write_file", json!({"path": text, "content": text}), &["path", "content"]),
        tool("list_files", json!({"deep": {"type": "boolean"}}), &[]),
    ]
}
