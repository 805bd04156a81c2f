//! The grammars, and the queries that are put to their trees.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use mlxcode_base::Language;

use super::pattern::Patterns;

/// How much of a header tells C++ from C.
const HEADER_PROBE_BYTES: usize = 64 * 1024;

/// What a query finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// What a file defines.
    Symbols,
    /// What it names that is defined somewhere.
    References,
    /// What it takes from other files.
    Imports,
    /// Where names hold that nobody outside sees.
    Scopes,
}

/// A grammar with its queries, each read when it is first asked for.
pub struct Grammar {
    pub language: tree_sitter::Language,
    /// The names of kinds of nodes, and whether they are more than a sign or a
    /// word of the language, by their numbers.
    kinds: Vec<(String, bool)>,
    fields: HashMap<String, u16>,
    texts: [&'static str; 4],
    queries: [OnceLock<Option<Patterns>>; 4],
}

impl Grammar {
    fn new(language: tree_sitter::Language, texts: [&'static str; 4]) -> Self {
        let kinds = (0..language.node_kind_count() as u16).map(|kind| {
            let name = language.node_kind_for_id(kind).unwrap_or_default();
            (name.to_owned(), language.node_kind_is_named(kind))
        });
        let kinds = kinds.collect();
        let fields = (1..=language.field_count() as u16)
            .filter_map(|field| Some((language.field_name_for_id(field)?.to_owned(), field)));
        let fields = fields.collect();
        Self { language, kinds, fields, texts, queries: Default::default() }
    }

    /// `None` for a query that cannot be read; the tests find those.
    pub fn query(&self, topic: Topic) -> Option<&Patterns> {
        let place = topic as usize;
        let read = || Patterns::read(self.texts[place], self).ok();
        self.queries[place].get_or_init(read).as_ref()
    }

    #[cfg(test)]
    pub fn query_text(&self, topic: Topic) -> &'static str {
        self.texts[topic as usize]
    }

    pub fn kind_count(&self) -> usize {
        self.kinds.len()
    }

    /// The name of a kind of node.
    pub fn kind_name(&self, kind: u16) -> &str {
        self.kinds.get(usize::from(kind)).map_or("ERROR", |(name, _)| name.as_str())
    }

    /// Whether nodes of that kind are more than a sign or a word of the
    /// language.
    pub fn is_named(&self, kind: u16) -> bool {
        self.kinds.get(usize::from(kind)).is_none_or(|(_, is_named)| *is_named)
    }

    /// The number of a field.
    pub fn field(&self, name: &str) -> Option<u16> {
        self.fields.get(name).copied()
    }
}

/// The language of a file, by its name and, where that says too little, by
/// its text: a `.h` is C or C++, a script without an ending names its program.
pub fn language_of(path: &Path, text: &str) -> Option<Language> {
    match Language::from_path(path) {
        Some(Language::C) if path.extension().is_some_and(|end| end == "h") => {
            Some(if is_cpp(text) { Language::Cpp } else { Language::C })
        }
        None if path.extension().is_none() => shebang(text),
        found => found,
    }
}

/// Words that begin lines of C++ and of no C.
fn is_cpp(text: &str) -> bool {
    let probe = text.get(..text.floor_char_boundary(HEADER_PROBE_BYTES)).unwrap_or(text);
    probe.lines().any(|line| {
        let line = line.trim_start();
        ["class ", "namespace ", "template <", "template<", "using ", "public:", "private:"]
            .iter()
            .any(|start| line.starts_with(start))
            || line.contains("std::")
    })
}

fn shebang(text: &str) -> Option<Language> {
    let line = text.strip_prefix("#!")?.lines().next()?;
    let mut words = line.split(['/', ' ']).rev();
    let known = |word: &str| {
        Some(match word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
            "bash" | "dash" | "ksh" | "sh" | "zsh" => Language::Bash,
            "node" => Language::JavaScript,
            "php" => Language::Php,
            "python" => Language::Python,
            "ruby" => Language::Ruby,
            _ => return None,
        })
    };
    words.find_map(known)
}

/// The grammar of a language. `None` for a language that has none here.
pub fn grammar(language: Language) -> Option<&'static Grammar> {
    macro_rules! texts {
        ($topic:literal, $($folder:literal)+) => {
            concat!($(include_str!(concat!("../../queries/", $folder, "/", $topic, ".scm")), "\n"),+)
        };
    }
    macro_rules! grammars {
        ($($variant:ident: $function:expr, $($folder:literal)+;)*) => {
            match language {
                $(Language::$variant => {
                    static GRAMMAR: OnceLock<Grammar> = OnceLock::new();
                    Some(GRAMMAR.get_or_init(|| {
                        let texts = [
                            texts!("symbols", $($folder)+),
                            texts!("references", $($folder)+),
                            texts!("imports", $($folder)+),
                            texts!("scopes", $($folder)+),
                        ];
                        Grammar::new($function.into(), texts)
                    }))
                })*
                _ => None,
            }
        };
    }
    grammars! {
        Bash: tree_sitter_bash::LANGUAGE, "bash";
        C: tree_sitter_c::LANGUAGE, "c";
        Cpp: tree_sitter_cpp::LANGUAGE, "c" "cpp";
        CSharp: tree_sitter_c_sharp::LANGUAGE, "csharp";
        Css: tree_sitter_css::LANGUAGE, "css";
        Go: tree_sitter_go::LANGUAGE, "go";
        Html: tree_sitter_html::LANGUAGE, "html";
        Java: tree_sitter_java::LANGUAGE, "java";
        JavaScript: tree_sitter_javascript::LANGUAGE, "ecmascript" "javascript" "jsx";
        Json: tree_sitter_json::LANGUAGE, "json";
        Kotlin: tree_sitter_kotlin_ng::LANGUAGE, "kotlin";
        Markdown: tree_sitter_md::LANGUAGE, "markdown";
        Php: tree_sitter_php::LANGUAGE_PHP, "php";
        Python: tree_sitter_python::LANGUAGE, "python";
        Ruby: tree_sitter_ruby::LANGUAGE, "ruby";
        Rust: tree_sitter_rust::LANGUAGE, "rust";
        Swift: tree_sitter_swift::LANGUAGE, "swift";
        Toml: tree_sitter_toml_ng::LANGUAGE, "toml";
        Tsx: tree_sitter_typescript::LANGUAGE_TSX, "ecmascript" "typescript" "jsx";
        TypeScript: tree_sitter_typescript::LANGUAGE_TYPESCRIPT, "ecmascript" "typescript";
        Yaml: tree_sitter_yaml::LANGUAGE, "yaml";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_is_read() {
        let mut wrong = Vec::new();
        for language in Language::ALL {
            let grammar = grammar(language).unwrap();
            for text in grammar.texts {
                if let Err(error) = tree_sitter::Query::new(&grammar.language, text) {
                    wrong.push(format!("{language}: {error}"));
                }
                if let Err(error) = Patterns::read(text, grammar) {
                    wrong.push(format!("{language}: {error:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn headers_and_scripts_are_told_by_their_text() {
        for (name, text, expect) in [
            ("a.h", "int f(void);\n", Some(Language::C)),
            ("a.h", "#pragma once\nnamespace a {\n}\n", Some(Language::Cpp)),
            ("a.h", "std::string f();\n", Some(Language::Cpp)),
            ("run", "#!/usr/bin/env python3\n", Some(Language::Python)),
            ("run", "#!/bin/sh -e\n", Some(Language::Bash)),
            ("run", "hello\n", None),
            ("notes.txt", "#!/bin/sh\n", None),
        ] {
            assert_eq!(language_of(Path::new(name), text), expect, "{name} {text}");
        }
    }
}
