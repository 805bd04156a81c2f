//! What programs write, read as findings.

use std::path::Path;

use mlxcode_base::{RelPath, Root};
use mlxcode_context::DiagnosticLevel;
use serde::Deserialize;
use serde_json::Value;

use super::finding::Finding;

/// How a program writes what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A list of objects, as `ruff` writes it.
    Ruff,
    /// A code quality report as GitLab reads it, which `ty` writes.
    GitLab,
    /// A message of the compiler in each line, as `cargo` writes it.
    Cargo,
    /// A list of files with their messages.
    Eslint,
    /// `FILE(LINE,COLUMN): error CODE: MESSAGE`, of old what editors read.
    Tsc,
    /// `FILE:LINE:COLUMN: MESSAGE`, as Go's compiler writes it to its errors.
    Lines,
}

/// Rules of `ruff` that tell of what does not run, rather than of style: the
/// choice that its documentation makes for a first look. A syntax error has no
/// rule, or the name of one.
const RUFF_ERRORS: [&str; 6] = ["E9", "F63", "F7", "F82", "F50", "invalid-syntax"];

impl Format {
    /// Reads what was written; `None` where it is nothing of the kind. Findings
    /// outside of the tree are left out.
    pub fn read(
        self,
        root: &Root,
        folder: &Path,
        output: &[u8],
        errors: &[u8],
    ) -> Option<Vec<Finding>> {
        let place = Where { root, folder };
        match self {
            Self::Ruff => ruff(&place, output),
            Self::GitLab => gitlab(&place, output),
            Self::Cargo => Some(cargo(&place, output)),
            Self::Eslint => eslint(&place, output),
            Self::Tsc => Some(each_line(output, |line| tsc(&place, line))),
            Self::Lines => Some(each_line(errors, |line| plain(&place, line))),
        }
    }
}

/// Where a program was run.
struct Where<'a> {
    root: &'a Root,
    folder: &'a Path,
}

impl Where<'_> {
    /// A file as a program names it: from the root of the system, from where it
    /// was run, or from a folder above that, as workspaces do.
    fn path(&self, name: &str) -> Option<RelPath> {
        let name = Path::new(name);
        let mut folders = self.folder.ancestors().take_while(|it| it.starts_with(self.root.path()));
        let full = folders.find_map(|folder| {
            let full = folder.join(name);
            full.is_file().then(|| full.canonicalize().unwrap_or(full))
        })?;
        RelPath::from_path(full.strip_prefix(self.root.path()).ok()?).ok()
    }

    fn finding(
        &self,
        name: &str,
        line: usize,
        level: DiagnosticLevel,
        code: Option<&str>,
        message: &str,
    ) -> Option<Finding> {
        Some(Finding {
            path: self.path(name)?,
            line: line.max(1),
            level,
            code: code.filter(|code| !code.is_empty()).map(str::to_owned),
            message: message.trim().to_owned(),
        })
    }
}

fn ruff(place: &Where<'_>, output: &[u8]) -> Option<Vec<Finding>> {
    #[derive(Deserialize)]
    struct One {
        code: Option<String>,
        filename: String,
        location: Location,
        message: String,
    }
    #[derive(Deserialize)]
    struct Location {
        row: usize,
    }
    let all: Vec<One> = serde_json::from_slice(output).ok()?;
    let finding = |one: One| {
        let code = one.code.as_deref();
        let is_error = code.is_none_or(|code| RUFF_ERRORS.iter().any(|it| code.starts_with(it)));
        let level = if is_error { DiagnosticLevel::Error } else { DiagnosticLevel::Warning };
        place.finding(&one.filename, one.location.row, level, code, &one.message)
    };
    Some(all.into_iter().filter_map(finding).collect())
}

fn gitlab(place: &Where<'_>, output: &[u8]) -> Option<Vec<Finding>> {
    let all: Vec<Value> = serde_json::from_slice(output).ok()?;
    let finding = |one: &Value| {
        let line = one.pointer("/location/positions/begin/line");
        let line = line.or_else(|| one.pointer("/location/lines/begin"))?.as_u64()?;
        let level = match one["severity"].as_str()? {
            "info" => DiagnosticLevel::Note,
            "minor" => DiagnosticLevel::Warning,
            _ => DiagnosticLevel::Error,
        };
        let code = one["check_name"].as_str();
        let message = one["description"].as_str()?;
        // It begins with the rule, which is told already.
        let message = code.and_then(|code| message.strip_prefix(code)?.strip_prefix(": "));
        let message = message.or_else(|| one["description"].as_str())?;
        place.finding(one.pointer("/location/path")?.as_str()?, line as usize, level, code, message)
    };
    Some(all.iter().filter_map(finding).collect())
}

fn cargo(place: &Where<'_>, output: &[u8]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for line in output.split(|byte| *byte == b'\n') {
        let Ok(Value::Object(one)) = serde_json::from_slice(line) else { continue };
        if one.get("reason").and_then(Value::as_str) != Some("compiler-message") {
            continue;
        }
        let Some(message) = one.get("message") else { continue };
        // Those of several targets are told once, as are sums without a place.
        if let Some(finding) = rustc(place, message).filter(|one| !found.contains(one)) {
            found.push(finding);
        }
    }
    found
}

fn rustc(place: &Where<'_>, message: &Value) -> Option<Finding> {
    let level = match message["level"].as_str()? {
        level if level.starts_with("error") => DiagnosticLevel::Error,
        "warning" => DiagnosticLevel::Warning,
        _ => DiagnosticLevel::Note,
    };
    let spans = message["spans"].as_array()?;
    let span = spans.iter().find(|span| span["is_primary"] == true)?;
    let mut text = message["message"].as_str()?.to_owned();
    if let Some(label) = span["label"].as_str() {
        text.push_str(": ");
        text.push_str(label);
    }
    for note in message["children"].as_array().into_iter().flatten() {
        if note["level"] == "help"
            && let Some(help) = note["message"].as_str()
        {
            text.push_str("; help: ");
            text.push_str(help);
        }
    }
    let line = span["line_start"].as_u64()? as usize;
    let code = message.pointer("/code/code").and_then(Value::as_str);
    place.finding(span["file_name"].as_str()?, line, level, code, &text)
}

fn eslint(place: &Where<'_>, output: &[u8]) -> Option<Vec<Finding>> {
    let all: Vec<Value> = serde_json::from_slice(output).ok()?;
    let mut found = Vec::new();
    for file in &all {
        let name = file["filePath"].as_str()?;
        for one in file["messages"].as_array()? {
            let level = match one["severity"].as_u64() {
                Some(2) => DiagnosticLevel::Error,
                _ => DiagnosticLevel::Warning,
            };
            let line = one["line"].as_u64().unwrap_or(1) as usize;
            let message = one["message"].as_str().unwrap_or_default();
            found.extend(place.finding(name, line, level, one["ruleId"].as_str(), message));
        }
    }
    Some(found)
}

fn each_line(bytes: &[u8], read: impl Fn(&str) -> Option<Finding>) -> Vec<Finding> {
    String::from_utf8_lossy(bytes).lines().filter_map(read).collect()
}

fn tsc(place: &Where<'_>, line: &str) -> Option<Finding> {
    let (before, rest) = line.split_once("): ")?;
    let (name, position) = before.rsplit_once('(')?;
    let number = position.split(',').next()?.parse().ok()?;
    let (level, rest) = rest.split_once(' ')?;
    let level = match level {
        "error" => DiagnosticLevel::Error,
        "warning" => DiagnosticLevel::Warning,
        _ => return None,
    };
    let (code, message) = rest.split_once(": ")?;
    place.finding(name, number, level, Some(code), message)
}

fn plain(place: &Where<'_>, line: &str) -> Option<Finding> {
    let line = line.strip_prefix("vet: ").unwrap_or(line);
    let (name, rest) = line.split_once(':')?;
    let (number, rest) = rest.split_once(':')?;
    let number = number.parse().ok()?;
    let rest = match rest.split_once(':') {
        Some((column, rest)) if column.parse::<usize>().is_ok() => rest,
        _ => rest,
    };
    place.finding(name, number, DiagnosticLevel::Error, None, rest)
}
