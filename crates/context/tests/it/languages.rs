//! Each language: a text, and what it defines, names and imports.
//!
//! A file of `tests/languages` holds the text and then, behind lines that
//! begin with `===`, what is expected: of symbols their lines, visibility,
//! kind, path, signature and documentation; of references, a line of the text
//! at a time, `name:kind` with a point before members and `~` behind locals;
//! of imports their kind, source, alias and names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mlxcode_base::{Language, LineIndex};
use mlxcode_context::{Import, ParseLimits, ParsedFile};

fn symbols(file: &ParsedFile) -> Vec<String> {
    let show = |one: mlxcode_context::Symbol| {
        let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let visibility = word(serde_json::to_value(one.visibility).unwrap());
        let kind = word(serde_json::to_value(one.kind).unwrap());
        let doc = one.doc.replace('\n', " ");
        let doc = if doc.is_empty() { String::new() } else { format!(" | {doc}") };
        format!("{} {visibility} {kind} {} | {}{doc}", one.lines, one.path(), one.signature)
    };
    file.symbols().into_iter().map(show).collect()
}

fn references(file: &ParsedFile) -> Vec<String> {
    let index = LineIndex::new(file.text());
    let mut lines: BTreeMap<usize, String> = BTreeMap::new();
    for one in file.references(&file.symbols()) {
        let kind = serde_json::to_value(one.kind).unwrap();
        let member = if one.is_member { "." } else { "" };
        let local = if one.is_local { "~" } else { "" };
        let line = lines.entry(index.line_of(one.range.start)).or_default();
        line.push_str(&format!(" {member}{}{local}:{}", one.name, kind.as_str().unwrap()));
    }
    lines.into_iter().map(|(line, names)| format!("{line}{names}")).collect()
}

fn import(one: &Import) -> String {
    let kind = serde_json::to_value(one.kind).unwrap();
    let alias = one.alias.as_ref().map(|alias| format!(" as {alias}")).unwrap_or_default();
    let all = if one.is_wildcard { " *" } else { "" };
    let names: Vec<String> = one
        .names
        .iter()
        .map(|name| match &name.alias {
            Some(alias) => format!("{} as {alias}", name.name),
            None => name.name.clone(),
        })
        .collect();
    let names = if names.is_empty() { String::new() } else { format!(" {{{}}}", names.join(", ")) };
    format!("{} {}{alias}{names}{all}", kind.as_str().unwrap(), one.source)
}

#[test]
fn each_language_is_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/languages");
    let mut wrong = Vec::new();
    for language in Language::ALL {
        let case = fs::read_to_string(folder.join(format!("{language}.txt"))).unwrap();
        let mut parts = case.split("=== ");
        let text = parts.next().unwrap();
        let file = ParsedFile::parse(text, language, &ParseLimits::default()).unwrap();
        if file.error_count() > 0 {
            wrong.push(format!("{language}: {} syntax errors", file.error_count()));
        }
        for part in parts {
            let (topic, expect) = part.split_once('\n').unwrap();
            let expect: Vec<&str> = expect.lines().collect();
            let found = match topic {
                "symbols" => symbols(&file),
                "references" => references(&file),
                _ => file.imports().iter().map(import).collect(),
            };
            for line in found.iter().filter(|line| !expect.contains(&line.as_str())) {
                wrong.push(format!("{language} {topic}: found    {line}"));
            }
            for line in expect.iter().filter(|line| !found.iter().any(|one| one == *line)) {
                wrong.push(format!("{language} {topic}: expected {line}"));
            }
            if found.iter().collect::<std::collections::HashSet<_>>().len() != found.len() {
                wrong.push(format!("{language} {topic}: twice the same"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
