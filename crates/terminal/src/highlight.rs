//! Colours of code.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use crate::{ColorDepth, Role, Screen, Style};

/// A longer line is no code that a person reads, and a regex on it takes long.
const LONGEST_LINE_BYTES: usize = 2000;
/// What comes after so much of one text is shown without colour.
const MOST_BYTES: usize = 1 << 20;

/// The kind of each scope that code is made of; a more precise name comes
/// before the one that it begins with.
const ROLES: [(&str, Role); 36] = [
    ("comment", Role::Comment),
    ("constant", Role::Constant),
    ("string", Role::String),
    ("keyword.operator.word", Role::Keyword),
    ("keyword.operator.logical.python", Role::Keyword),
    ("keyword.operator", Role::Operator),
    ("keyword", Role::Keyword),
    ("storage.type.numeric", Role::Constant),
    ("storage", Role::Keyword),
    ("entity.name.function", Role::Function),
    ("entity.name.macro", Role::Function),
    ("entity.name.tag", Role::Keyword),
    ("entity.name.type", Role::Type),
    ("entity.name.class", Role::Type),
    ("entity.name.struct", Role::Type),
    ("entity.name.enum", Role::Type),
    ("entity.name.trait", Role::Type),
    ("entity.name.impl", Role::Type),
    ("entity.name.interface", Role::Type),
    ("entity.name.namespace", Role::Type),
    ("entity.name.module", Role::Type),
    ("entity.name.section", Role::Heading),
    ("entity.other.inherited-class", Role::Type),
    ("entity.other.attribute-name", Role::Attribute),
    ("support.function", Role::Function),
    ("support.macro", Role::Function),
    ("support.type.property-name", Role::Attribute),
    ("support.type", Role::Type),
    ("support.class", Role::Type),
    ("support.constant", Role::Constant),
    ("variable.function", Role::Function),
    ("variable.language", Role::Keyword),
    ("variable.annotation", Role::Attribute),
    ("meta.annotation", Role::Attribute),
    ("markup.inserted", Role::Added),
    ("markup.deleted", Role::Removed),
];

/// Colours the lines of one text in order, as long as its language is known.
pub struct Highlighter {
    parsing: Option<Parsing>,
    bytes: usize,
}

struct Parsing {
    state: ParseState,
    scopes: ScopeStack,
    known: HashMap<Scope, Option<Role>>,
}

impl Highlighter {
    /// For a language as a code fence names it; unknown ones stay plain.
    pub fn for_language(name: &str) -> Self {
        Self::new(if name.is_empty() { None } else { find(&alias(name)) })
    }

    /// For a file, by its name.
    pub fn for_path(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map_or(name, |(_, extension)| extension);
        Self::new(find(name).or_else(|| find(extension)))
    }

    /// Colours nothing.
    pub fn plain() -> Self {
        Self::new(None)
    }

    fn new(syntax: Option<&SyntaxReference>) -> Self {
        let parsing = syntax.map(|syntax| Parsing {
            state: ParseState::new(syntax),
            scopes: ScopeStack::new(),
            known: HashMap::new(),
        });
        Self { parsing, bytes: 0 }
    }

    /// The parts of the next line, given without its end, that have a role.
    /// They are in order and do not overlap.
    pub fn line(&mut self, line: &str) -> Vec<(Range<usize>, Role)> {
        self.bytes += line.len();
        if line.len() > LONGEST_LINE_BYTES || self.bytes > MOST_BYTES {
            return Vec::new();
        }
        let Some(parsing) = &mut self.parsing else { return Vec::new() };
        let parts = parsing.line(line);
        if parts.is_none() {
            // Its rules do not fit the text; what follows would be wrong too.
            self.parsing = None;
        }
        parts.unwrap_or_default()
    }
}

/// A line of code in its colours.
pub(crate) fn highlighted(
    line: &str,
    highlighter: &mut Highlighter,
    screen: &Screen,
    base: Style,
) -> String {
    if screen.depth() == ColorDepth::None {
        return line.to_owned();
    }
    let mut shown = String::with_capacity(line.len() * 2);
    let mut from = 0;
    for (at, role) in highlighter.line(line) {
        shown.push_str(&screen.paint_style(base, &line[from..at.start]));
        let style = screen.theme.style(role).over(base);
        shown.push_str(&screen.paint_style(style, &line[at.clone()]));
        from = at.end;
    }
    shown.push_str(&screen.paint_style(base, &line[from..]));
    shown
}

impl Parsing {
    fn line(&mut self, line: &str) -> Option<Vec<(Range<usize>, Role)>> {
        let ended = format!("{line}\n");
        let operations = self.state.parse_line(&ended, syntaxes()).ok()?;
        let mut parts: Vec<(Range<usize>, Role)> = Vec::new();
        let mut from = 0;
        for (at, operation) in operations {
            let at = at.min(line.len());
            self.part(&mut parts, from..at);
            from = from.max(at);
            self.scopes.apply(&operation).ok()?;
        }
        self.part(&mut parts, from..line.len());
        Some(parts)
    }

    fn part(&mut self, parts: &mut Vec<(Range<usize>, Role)>, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let Some(role) = self.role() else { return };
        match parts.last_mut() {
            Some((last, same)) if last.end == range.start && *same == role => last.end = range.end,
            _ => parts.push((range, role)),
        }
    }

    /// The innermost scope that says something decides.
    fn role(&mut self) -> Option<Role> {
        let known = &mut self.known;
        self.scopes.as_slice().iter().rev().find_map(|scope| {
            *known.entry(*scope).or_insert_with(|| {
                roles().iter().find(|(kind, _)| kind.is_prefix_of(*scope)).map(|(_, role)| *role)
            })
        })
    }
}

fn roles() -> &'static [(Scope, Role)] {
    static SCOPES: OnceLock<Vec<(Scope, Role)>> = OnceLock::new();
    SCOPES.get_or_init(|| {
        ROLES
            .iter()
            .filter_map(|(name, role)| Scope::new(name).ok().map(|scope| (scope, *role)))
            .collect()
    })
}

/// Read when the first code is shown: it takes some milliseconds.
fn syntaxes() -> &'static SyntaxSet {
    static SYNTAXES: OnceLock<SyntaxSet> = OnceLock::new();
    SYNTAXES.get_or_init(two_face::syntax::extra_newlines)
}

fn find(name: &str) -> Option<&'static SyntaxReference> {
    // The "language" without rules is known too.
    syntaxes().find_syntax_by_token(name).filter(|syntax| syntax.name != "Plain Text")
}

/// Names that models write after a fence and that no extension equals.
fn alias(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let known = match name.as_str() {
        "golang" => "go",
        "shell" | "console" | "shell-session" | "shellscript" | "zsh" => "bash",
        "csharp" | "c#" => "cs",
        "jsonc" | "json5" | "jsonl" => "json",
        "node" | "mjs" => "js",
        "docker" => "dockerfile",
        "powershell" | "pwsh" => "ps1",
        "python3" | "pycon" => "py",
        "rs" => "rust",
        "patch" => "diff",
        _ => return name,
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles_of(highlighter: &mut Highlighter, line: &str) -> Vec<(String, Role)> {
        highlighter.line(line).into_iter().map(|(at, role)| (line[at].to_owned(), role)).collect()
    }

    #[test]
    fn the_parts_of_a_line_have_roles() {
        let mut rust = Highlighter::for_language("rust");
        let parts = roles_of(&mut rust, "fn main() { let x = \"a\"; } // b");
        for part in [
            ("fn", Role::Keyword),
            ("main", Role::Function),
            ("\"a\"", Role::String),
            ("// b", Role::Comment),
        ] {
            assert!(parts.contains(&(part.0.to_owned(), part.1)), "{part:?} in {parts:?}");
        }
    }

    #[test]
    fn a_comment_goes_on_in_the_next_line() {
        let mut code = Highlighter::for_path("src/x.c");
        code.line("int a; /* one");
        assert_eq!(roles_of(&mut code, "two"), [("two".to_owned(), Role::Comment)]);
    }

    #[test]
    fn languages_are_known_by_many_names() {
        for name in [
            "rust",
            "rs",
            "py",
            "python",
            "ts",
            "tsx",
            "typescript",
            "toml",
            "yaml",
            "yml",
            "sh",
            "console",
            "golang",
            "c++",
            "cpp",
            "kotlin",
            "swift",
            "dockerfile",
            "json",
            "html",
            "css",
            "sql",
            "java",
            "ruby",
            "php",
            "diff",
            "makefile",
            "csharp",
            "zig",
            "elixir",
        ] {
            assert!(Highlighter::for_language(name).parsing.is_some(), "{name}");
        }
        for name in ["", "text", "plaintext", "no-such-language"] {
            assert!(Highlighter::for_language(name).parsing.is_none(), "{name}");
        }
        for path in ["Cargo.toml", "a/b/Makefile", "x.rs", "Dockerfile", "web/app.tsx"] {
            assert!(Highlighter::for_path(path).parsing.is_some(), "{path}");
        }
    }

    #[test]
    fn a_very_long_line_stays_plain() {
        let mut code = Highlighter::for_language("rust");
        assert!(code.line(&"let x = 1; ".repeat(1000)).is_empty());
        assert!(!code.line("let x = 1;").is_empty());
    }
}
