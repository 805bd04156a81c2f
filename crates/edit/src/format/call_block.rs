//! The text around a call of a tool, from its first line to its last.

use serde_json::{Map, Value};

use super::fence::Fence;
use super::json::{self, Balance};
use super::tool_call::{self, Around};
use super::{BrokenReason, Line, Origin, ParsedItem, Step, search_replace};

/// Tags that agents have models write around the arguments of a call.
const TAGS: [&str; 8] = [
    "write_to_file",
    "replace_in_file",
    "apply_diff",
    "execute_command",
    "create_file",
    "edit_file",
    "str_replace",
    "insert_content",
];

/// A block that is being read.
#[derive(Clone, Debug)]
pub struct CallBlock {
    form: Form,
    origin: Origin,
    /// The path above.
    path: Option<String>,
    text: String,
    balance: Balance,
}

/// What ends a block.
#[derive(Clone, Debug)]
enum Form {
    Fence(Fence),
    /// `</tool_call>` and such.
    Tag(&'static str),
    /// The last bracket.
    Brackets,
}

impl CallBlock {
    /// Begins inside a fence.
    pub fn in_fence(fence: Fence, path: Option<String>, origin: Origin) -> Self {
        Self::new(Form::Fence(fence), origin, path)
    }

    fn new(form: Form, origin: Origin, path: Option<String>) -> Self {
        Self { form, origin, path, text: String::new(), balance: Balance::default() }
    }

    /// Begins outside of fences, at a line that is to be read next.
    pub fn open(line: Line<'_>) -> Option<Self> {
        let text = line.text.trim_start();
        let form = if text.starts_with("<tool_call>") {
            Form::Tag("</tool_call>")
        } else if text.starts_with("<function=") {
            Form::Tag("</function>")
        } else if let Some(tag) = text.strip_prefix('<') {
            let (tag, _) = tag.split_once('>')?;
            Form::Tag(TAGS.iter().find(|known| **known == tag)?)
        } else if line.text.starts_with("[TOOL_CALLS]") {
            Form::Brackets
        } else if line.text.starts_with(['{', '[']) {
            let inner = line.text[1..].trim_start();
            let begins = inner.is_empty() || inner.starts_with(['"', '{']);
            begins.then_some(Form::Brackets)?
        } else {
            return None;
        };
        Some(Self::new(form, Origin::of(line), None))
    }

    /// Reads a line.
    pub fn line(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) -> Step {
        let ends = match &self.form {
            Form::Fence(fence) => {
                if fence.closes(line.text) {
                    self.close(line.end, out);
                    return Step::Done;
                }
                false
            }
            Form::Tag(tag) if tag.starts_with('<') => line.text.contains(tag),
            Form::Tag(tag) => {
                let tail = line.text.rsplit_once("</").map_or("", |(_, tail)| tail);
                tail.trim_end().strip_suffix('>') == Some(tag)
            }
            Form::Brackets => {
                if Fence::open(line.text).is_some() || search_replace::opens(line.text) {
                    // It was something else all along.
                    return Step::NotMine;
                }
                let text = line.text.strip_prefix("[TOOL_CALLS]").unwrap_or(line.text);
                self.balance.closes(text)
            }
        };
        self.text.push_str(line.text);
        self.text.push('\n');
        if ends {
            self.close(line.end, out);
            return Step::Done;
        }
        Step::More
    }

    /// The last line with words that was read: where the block was none, it may
    /// name the file of what follows.
    pub fn last_line(&self) -> &str {
        self.text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default()
    }

    /// The reply ended inside.
    pub fn cut(&mut self, end: usize, out: &mut Vec<ParsedItem>) {
        if tool_call::seems_to_edit(&self.text) {
            out.push(self.origin.broken(self.path.take(), BrokenReason::Unterminated, end));
        }
    }

    fn close(&mut self, end: usize, out: &mut Vec<ParsedItem>) {
        let around = Around { origin: self.origin, end, path: self.path.as_deref() };
        let text = self.text.as_str();
        if let Form::Tag(tag) = self.form
            && !tag.starts_with('<')
        {
            return read_tags(tag, text, around, out);
        }
        let text = text.trim().trim_start_matches("<tool_call>").trim_start_matches("[TOOL_CALLS]");
        let text = text.trim_end().trim_end_matches("</tool_call>").trim();
        if text.contains("<function=") {
            for call in text.split("<function=").skip(1) {
                read_function(call, around, out);
            }
            return;
        }
        if let Some(value) = json::read(text) {
            return tool_call::read_json(&value, around, out);
        }
        // Several calls may follow each other, one a line.
        let lines: Option<Vec<Value>> =
            text.lines().filter(|line| !line.trim().is_empty()).map(json::read).collect();
        if let Some(values) = lines {
            for value in &values {
                tool_call::read_json(value, around, out);
            }
        } else if tool_call::seems_to_edit(text) {
            let path = self.path.clone();
            out.push(self.origin.broken(path, BrokenReason::BadCall, end));
        }
    }
}

/// Reads `name>`, then `<parameter=key>value</parameter>` again and again.
fn read_function(call: &str, around: Around<'_>, out: &mut Vec<ParsedItem>) {
    let Some((name, body)) = call.split_once('>') else { return };
    let body = body.rsplit_once("</function>").map_or(body, |(body, _)| body);
    let mut arguments = Map::new();
    for parameter in body.split("<parameter=").skip(1) {
        let Some((key, value)) = parameter.split_once('>') else { continue };
        let value = value.rsplit_once("</parameter>").map_or(value, |(value, _)| value);
        arguments.insert(key.trim().to_owned(), Value::String(unwrapped(key, value).to_owned()));
    }
    tool_call::read_call(name.trim(), &arguments, around, out);
}

/// Reads `<key>value</key>` for the keys that such calls have.
fn read_tags(name: &str, text: &str, around: Around<'_>, out: &mut Vec<ParsedItem>) {
    const KEYS: [&str; 9] = [
        "path",
        "file_path",
        "content",
        "diff",
        "command",
        "old_str",
        "new_str",
        "search",
        "replace",
    ];
    let mut arguments = Map::new();
    let mut rest = text;
    // The first keys are short; what the long ones hold may look like a key.
    for _ in 0..KEYS.len() {
        let next = KEYS
            .iter()
            .filter_map(|key| Some((rest.find(&format!("<{key}>"))?, *key)))
            .min_by_key(|(at, _)| *at);
        let Some((at, key)) = next else { break };
        let value = &rest[at + key.len() + 2..];
        let close = format!("</{key}>");
        let end = if matches!(key, "content" | "diff") {
            value.rfind(&close)
        } else {
            value.find(&close)
        };
        let Some(end) = end else { break };
        let text = unwrapped(key, &value[..end]);
        arguments.insert(key.to_owned(), Value::String(text.to_owned()));
        rest = &value[end + close.len()..];
    }
    tool_call::read_call(name, &arguments, around, out);
}

/// A value without the line end on either side of it; a file keeps its last.
fn unwrapped<'v>(key: &str, value: &'v str) -> &'v str {
    let value = value.strip_prefix('\n').unwrap_or(value);
    if matches!(key.trim(), "content" | "file_text") {
        return value;
    }
    value.strip_suffix('\n').unwrap_or(value)
}
