//! The findings in a reply: the text format that is asked for, or JSON, or what
//! small models make of either.

use serde_json::Value;

use super::finding::{RawFinding, Severity};

/// A reply, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadReply {
    /// What it says.
    pub findings: Vec<RawFinding>,
    /// Whether it was understood: it has findings, or says that there are none.
    pub understood: bool,
}

/// Reads a reply; any text gives something.
pub fn read(reply: &str) -> ReadReply {
    let mut findings = from_json(reply);
    if findings.is_empty() {
        findings = from_text(reply);
    }
    findings.retain(RawFinding::says_something);
    let understood = !findings.is_empty() || says_none(reply);
    ReadReply { findings, understood }
}

fn says_none(reply: &str) -> bool {
    let plain: String = reply.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect();
    let lower = plain.trim().to_lowercase();
    let phrases = [
        "no findings",
        "no issues",
        "no problems",
        "nothing to report",
        "looks good",
        "lgtm",
        "no significant",
    ];
    lower == "none"
        || lower == "findings none"
        || lower.ends_with(" none")
        || matches!(reply.trim(), "[]" | "{}")
        || phrases.iter().any(|phrase| lower.contains(phrase))
}

/// All JSON in the text: a list, an object with a list, or an object a line.
fn from_json(reply: &str) -> Vec<RawFinding> {
    let mut found = Vec::new();
    let mut rest = reply;
    while let Some(at) = rest.find(['[', '{']) {
        rest = &rest[at..];
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        if let Some(Ok(value)) = values.next() {
            take(&value, &mut found);
            rest = &rest[values.byte_offset()..];
        } else {
            rest = &rest[1..];
        }
    }
    found
}

fn take(value: &Value, found: &mut Vec<RawFinding>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| take(one, found)),
        Value::Object(object) => {
            let text = |keys: &[&str]| {
                let value = keys.iter().find_map(|key| object.get(*key))?;
                match value {
                    Value::String(text) => Some(text.trim().to_owned()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                }
            };
            let mut one = RawFinding {
                path: text(&["path", "file", "filename", "file_path"]).unwrap_or_default(),
                title: text(&["title", "message", "summary", "issue"]).unwrap_or_default(),
                explanation: text(&["explanation", "why", "description", "details", "body"])
                    .unwrap_or_default(),
                code: text(&["code", "snippet"]).unwrap_or_default(),
                fix: text(&["fix", "suggestion", "replacement"]),
                severity: text(&["severity", "level", "priority"])
                    .and_then(|word| Severity::read(&word)),
                ..RawFinding::default()
            };
            if let Some(line) = text(&["line", "lines", "start_line", "line_number", "lineNumber"])
            {
                one.set_lines(&line);
            }
            if let Some(last) =
                text(&["end_line", "last_line", "endLine"]).and_then(|last| last.parse().ok())
            {
                one.last_line = Some(last);
            }
            if one.says_something() {
                found.push(one);
            } else {
                object
                    .values()
                    .filter(|inner| inner.is_array())
                    .for_each(|inner| take(inner, found));
            }
        }
        _ => {}
    }
}

/// What a line of the text format is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Path,
    Line,
    Severity,
    Title,
    Why,
    Code,
    Fix,
}

fn from_text(reply: &str) -> Vec<RawFinding> {
    let mut found: Vec<RawFinding> = Vec::new();
    let mut current = RawFinding::default();
    let mut key = None;
    let mut lines = reply.lines().peekable();
    let mut finish = |current: &mut RawFinding| {
        let done = std::mem::take(current);
        if done != RawFinding::default() {
            found.push(done);
        }
    };
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if let Some(fence) = fence_of(trimmed) {
            let mut body = Vec::new();
            for inner in lines.by_ref() {
                if inner.trim() == fence {
                    break;
                }
                body.push(inner);
            }
            match key {
                Some(Key::Fix) => current.fix = Some(body.join("\n")),
                Some(Key::Code) => current.code = body.join("\n"),
                // A fence without a name around the answer itself.
                _ if body.iter().any(|line| keyed(line).is_some()) => {
                    finish(&mut current);
                    for one in from_text(&body.join("\n")) {
                        current = one;
                        finish(&mut current);
                    }
                }
                _ => {}
            }
            continue;
        }
        if let Some((found_key, value)) = keyed(trimmed) {
            // The next finding begins with a key that this one has.
            let again = match found_key {
                Key::Path => !current.path.is_empty(),
                Key::Line => current.line.is_some() && current.path.is_empty(),
                _ => false,
            };
            if again {
                finish(&mut current);
            }
            key = Some(found_key);
            set(&mut current, found_key, value);
        } else if is_border(trimmed) {
            finish(&mut current);
            key = None;
        } else if let Some(one) = compact(trimmed) {
            finish(&mut current);
            current = one;
            key = Some(Key::Why);
        } else if !trimmed.is_empty() {
            // More of what the key before says.
            let more = match key {
                Some(Key::Why) => &mut current.explanation,
                Some(Key::Title) if current.explanation.is_empty() => &mut current.explanation,
                Some(Key::Fix) if current.fix.is_some() => {
                    if let Some(fix) = &mut current.fix {
                        fix.push('\n');
                        fix.push_str(line);
                    }
                    continue;
                }
                _ => continue,
            };
            if !more.is_empty() {
                more.push(' ');
            }
            more.push_str(trimmed);
        }
    }
    finish(&mut current);
    found
}

fn set(current: &mut RawFinding, key: Key, value: &str) {
    let plain = value.trim().trim_matches('*').trim();
    match key {
        Key::Path => {
            let path = plain.trim_matches('`');
            // `a.rs:12` says both.
            match path.rsplit_once(':') {
                Some((file, digits)) if digits.starts_with(|c: char| c.is_ascii_digit()) => {
                    file.clone_into(&mut current.path);
                    current.set_lines(digits);
                }
                _ => path.clone_into(&mut current.path),
            }
        }
        Key::Line => current.set_lines(plain),
        Key::Severity => current.severity = Severity::read(plain),
        Key::Title => plain.clone_into(&mut current.title),
        Key::Why => plain.clone_into(&mut current.explanation),
        Key::Code => plain.trim_matches('`').clone_into(&mut current.code),
        Key::Fix => {
            let none = ["", "none", "n/a", "no", "-"].contains(&plain.to_lowercase().as_str());
            current.fix = (!none).then(|| plain.trim_matches('`').to_owned());
        }
    }
}

/// `path: x`, `- **Path:** x`, `Line 12:` is no key.
fn keyed(line: &str) -> Option<(Key, &str)> {
    let line = line.trim().trim_start_matches(['-', '*', '#', '>', ' ', '+']);
    let (name, value) = line.split_once(':')?;
    let name = name.trim_matches(['*', ' ', '`', '"']).to_lowercase();
    let key = match name.as_str() {
        "path" | "file" | "filename" | "file path" => Key::Path,
        "line" | "lines" | "line number" => Key::Line,
        "severity" | "level" | "priority" => Key::Severity,
        "title" | "issue" | "problem" | "summary" | "finding" => Key::Title,
        "why" | "explanation" | "description" | "details" | "reason" => Key::Why,
        "code" | "current" => Key::Code,
        "fix" | "suggestion" | "replacement" | "suggested fix" | "suggested code" => Key::Fix,
        _ => return None,
    };
    Some((key, value))
}

/// `FINDING`, `### Finding 2`, `---`, `1.` alone.
fn is_border(line: &str) -> bool {
    let plain = line.trim_matches(['*', '#', ' ', ':', '=']).to_lowercase();
    let numbered = plain.strip_prefix("finding").or_else(|| plain.strip_prefix("issue"));
    let ruled = line.len() >= 3 && line.chars().all(|c| "-=*_".contains(c));
    ruled
        || numbered.is_some_and(|rest| {
            rest.trim().chars().all(|c| c.is_ascii_digit() || ".)#".contains(c))
        })
}

/// `src/a.rs:13: warning: title`, the way of compilers.
fn compact(line: &str) -> Option<RawFinding> {
    let line = line.trim_start_matches(['-', '*', ' ']);
    let line =
        line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches([')', '.', ' ']);
    let line = line.trim_start_matches(['`', '*']);
    let (path, rest) = line.split_once(':')?;
    let is_path = path.contains(['.', '/']) && !path.contains(' ');
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '-')?;
    let (lines, rest) = rest.split_at(end);
    if !is_path || !lines.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut one = RawFinding { path: path.to_owned(), ..RawFinding::default() };
    one.set_lines(lines);
    let mut rest = rest.trim_start_matches([':', '`', '*', ' ', '-', '–', '—']);
    // A column.
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits > 0 && rest[digits..].starts_with(':') {
        rest = rest[digits + 1..].trim_start();
    }
    if let Some((word, after)) = rest.split_once([':', ' ', ']'])
        && let Some(severity) = Severity::read(word)
    {
        one.severity = Some(severity);
        rest = after.trim_start_matches([':', ']', '*', ' ', '-']);
    }
    let (title, why) =
        rest.split_once(". ").or_else(|| rest.split_once(" - ")).unwrap_or((rest, ""));
    title.trim().clone_into(&mut one.title);
    why.trim().clone_into(&mut one.explanation);
    Some(one)
}

/// The signs that close a fence which this line opens.
fn fence_of(line: &str) -> Option<String> {
    let ticks = line.len() - line.trim_start_matches('`').len();
    (ticks >= 3 && !line[ticks..].contains('`')).then(|| "`".repeat(ticks))
}
