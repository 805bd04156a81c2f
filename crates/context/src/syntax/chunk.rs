use std::ops::Range;

use mlxcode_base::{Language, LineRange, RelPath};

use super::limits::ParseLimits;
use super::parsed_file::ParsedFile;
use super::pieces::pieces;
use crate::symbol::{Symbol, SymbolKind};

/// A longer definition is cut at its members or at lines.
const MOST_LINES: usize = 60;

/// Neighbours that are shorter together are one chunk.
const MERGED_LINES: usize = 20;

/// Members that lie deeper are not told apart: people do not write such code,
/// and a file made to nest without end must not exhaust the stack.
const MOST_DEPTH: usize = 12;

/// A piece of a file that can be read by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its lines.
    pub lines: LineRange,
    /// What it defines, in order.
    pub names: Vec<String>,
    /// What it is a part of, by the first lines of that from the outermost on,
    /// such as `impl Parser > fn push(&mut self)`.
    pub inside: Option<String>,
}

impl Chunk {
    /// Tells whether it is a part of a type, or of a module, of that name.
    /// `path` is its file.
    pub(crate) fn is_owned(&self, path: &RelPath, owner: &str) -> bool {
        let inside = self.inside.as_deref().unwrap_or_default();
        let mut words = inside.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| word == owner)
            || self.names.iter().any(|name| name == owner)
            || path.parts().any(|part| part.split('.').next() == Some(owner))
    }
}

/// Cuts a file into chunks: each line is in exactly one, in order.
pub fn chunks(text: &str, language: Option<Language>) -> Vec<Chunk> {
    let limits = ParseLimits::default();
    let file = language.and_then(|language| ParsedFile::parse(text, language, &limits));
    chunks_along(text, language, file.map(|file| file.symbols()).as_deref())
}

/// As [`chunks`], where the file's symbols are known; `None` cuts by lines.
pub fn chunks_along(
    text: &str,
    language: Option<Language>,
    symbols: Option<&[Symbol]>,
) -> Vec<Chunk> {
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let mut cutter = Cutter { lines: &lines, language, chunks: Vec::new() };
    match symbols {
        Some(symbols) if language == Some(Language::Markdown) => cutter.sections(symbols),
        Some(symbols) => {
            let symbols: Vec<Symbol> = symbols.iter().filter(|one| is_cut(one)).cloned().collect();
            cutter.region(0..lines.len(), &symbols, None, 0);
        }
        None => cutter.loose(0..lines.len(), None),
    }
    merged(cutter.chunks)
}

/// Tells whether a symbol can stand by itself. A field says little without
/// its type.
fn is_cut(symbol: &Symbol) -> bool {
    !matches!(symbol.kind, SymbolKind::Field | SymbolKind::Property | SymbolKind::Variant)
}

struct Cutter<'t> {
    lines: &'t [&'t str],
    language: Option<Language>,
    chunks: Vec<Chunk>,
}

impl Cutter<'_> {
    /// Cuts lines that hold `inner` definitions, sorted, outer ones first.
    fn region(
        &mut self,
        range: Range<usize>,
        inner: &[Symbol],
        inside: Option<&str>,
        depth: usize,
    ) {
        let inner = if depth < MOST_DEPTH { inner } else { &[] };
        let mut at = range.start;
        let mut rest = inner;
        while let Some((first, others)) = rest.split_first() {
            let nested = others.iter().take_while(|one| one.lines.first <= first.lines.last);
            let (members, behind) = others.split_at(nested.count());
            rest = behind;
            let begin = first.lines.first - 1;
            let end = first.lines.last.min(range.end);
            if begin < at || end <= at {
                // It shares a line with the one before.
                continue;
            }
            let start = self.with_comments(at, begin);
            self.loose(at..start, inside);
            self.definition(start..end, first, members, inside, depth);
            at = end;
        }
        self.loose(at..range.end, inside);
    }

    fn definition(
        &mut self,
        range: Range<usize>,
        head: &Symbol,
        members: &[Symbol],
        inside: Option<&str>,
        depth: usize,
    ) {
        if range.len() <= MOST_LINES {
            let mut names = vec![head.name.clone()];
            names.extend(members.iter().map(|member| member.name.clone()));
            names.dedup();
            self.push(range, names, inside);
            return;
        }
        let path = match inside {
            Some(outer) => format!("{outer} > {}", head.signature),
            None => head.signature.clone(),
        };
        // What begins on the head's own line lies in the first piece.
        let members: Vec<Symbol> = members
            .iter()
            .filter(|member| member.lines.first > head.lines.first)
            .cloned()
            .collect();
        let before = self.chunks.len();
        self.region(range, &members, Some(&path), depth + 1);
        if let Some(first) = self.chunks.get_mut(before) {
            first.names.insert(0, head.name.clone());
            first.inside = inside.map(str::to_owned);
        }
    }

    /// The comment and attribute lines right above a definition belong to it.
    fn with_comments(&self, least: usize, first: usize) -> usize {
        let hash = !matches!(self.language, Some(Language::C | Language::Cpp));
        let belongs = |line: &str| {
            let line = line.trim_start();
            ["//", "/*", "*", "@", "--"].iter().any(|start| line.starts_with(start))
                || (hash && line.starts_with('#'))
        };
        let above = self.lines[least..first].iter().rev();
        first - above.take_while(|line| belongs(line)).count()
    }

    fn loose(&mut self, range: Range<usize>, inside: Option<&str>) {
        for piece in pieces(self.lines, range, MOST_LINES) {
            self.push(piece, Vec::new(), inside);
        }
    }

    fn sections(&mut self, headings: &[Symbol]) {
        let mut starts: Vec<usize> = headings.iter().map(|one| one.lines.first - 1).collect();
        starts.sort_unstable();
        let mut bounds = vec![0];
        bounds.extend(starts.iter().copied().filter(|start| *start > 0));
        bounds.push(self.lines.len());
        for pair in bounds.windows(2) {
            let (start, end) = (pair[0], pair[1]);
            let title = headings.iter().find(|one| one.lines.first == start + 1);
            for (number, piece) in
                pieces(self.lines, start..end, MOST_LINES).into_iter().enumerate()
            {
                let name = title.filter(|_| number == 0).map(|title| title.name.clone());
                let inside = title.filter(|_| number > 0).map(|title| title.signature.as_str());
                self.push(piece, name.into_iter().collect(), inside);
            }
        }
    }

    fn push(&mut self, range: Range<usize>, names: Vec<String>, inside: Option<&str>) {
        let lines = LineRange::new(range.start + 1, range.end);
        self.chunks.push(Chunk { lines, names, inside: inside.map(str::to_owned) });
    }
}

/// Joins short neighbours that are parts of the same thing.
fn merged(chunks: Vec<Chunk>) -> Vec<Chunk> {
    let mut out: Vec<Chunk> = Vec::new();
    for chunk in chunks {
        match out.last_mut() {
            Some(last)
                if last.inside == chunk.inside
                    && last.lines.count() + chunk.lines.count() <= MERGED_LINES =>
            {
                last.lines.last = chunk.lines.last;
                last.names.extend(chunk.names);
            }
            _ => out.push(chunk),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str, language: Language) -> Vec<String> {
        let show = |chunk: Chunk| {
            let inside = chunk.inside.map(|inside| format!(" in `{inside}`")).unwrap_or_default();
            format!("{} {}{inside}", chunk.lines, chunk.names.join("+"))
        };
        chunks(text, Some(language)).into_iter().map(show).collect()
    }

    fn body(lines: usize) -> String {
        "    step();\n".repeat(lines)
    }

    #[test]
    fn a_definition_takes_its_comment_along() {
        let text =
            format!("use a;\n\n/// Says so.\n#[x]\nfn f() {{\n{}}}\nfn g() {{}}\n", body(20));
        assert_eq!(shown(&text, Language::Rust), ["1-2 ", "3-26 f", "27-27 g"]);
    }

    #[test]
    fn a_long_container_is_cut_at_its_members() {
        let text = format!(
            "impl Big {{\n    fn a() {{\n{}    }}\n    fn b() {{\n{}    }}\n}}\n",
            body(40),
            body(40)
        );
        assert_eq!(
            shown(&text, Language::Rust),
            ["1-1 Big", "2-43 a in `impl Big`", "44-85 b in `impl Big`", "86-86  in `impl Big`"]
        );
    }

    #[test]
    fn a_long_member_is_cut_and_says_where_it_is() {
        let text = format!("class A(B):\n    def f(self):\n{}", "        step()\n".repeat(100));
        assert_eq!(
            shown(&text, Language::Python),
            ["1-1 A", "2-61 f in `class A(B)`", "62-102  in `class A(B) > def f(self)`",]
        );
    }

    #[test]
    fn each_language_is_cut_at_its_definitions() {
        use Language as L;
        for (language, first, line, end, second, names) in [
            (L::Bash, "one() {", "  step", "}", "two() {", ["one", "two"]),
            (L::C, "int one(void) {", "  step();", "}", "char *two(int n) {", ["one", "two"]),
            (L::Cpp, "int A::one() {", "  step();", "}", "class Two {", ["one", "Two"]),
            (L::Css, ".one {", "  color: red;", "}", "#two {", [".one", "#two"]),
            (L::Go, "func one() {", "\tstep()", "}", "func (t T) two() {", ["one", "two"]),
            (L::Html, "<nav>", "<b>x</b>", "</nav>", "<div id=\"two\">", ["nav", "two"]),
            (L::Java, "class One {", "  int x;", "}", "interface Two {", ["One", "Two"]),
            (L::JavaScript, "function one() {", "  step()", "}", "class Two {", ["one", "Two"]),
            (L::Python, "def one():", "    step()", "", "class Two:", ["one", "Two"]),
            (L::Ruby, "def one", "  step", "end", "class Two", ["one", "Two"]),
            (L::Rust, "fn one() {", "    step();", "}", "unsafe fn two() {", ["one", "two"]),
            (L::Toml, "[one]", "x = 1", "", "[[two]]", ["one", "two"]),
            (L::Tsx, "function One() {", "  step()", "}", "const Two = () => {", ["One", "Two"]),
            (L::TypeScript, "interface One {", "  x: 1", "}", "enum Two {", ["One", "Two"]),
        ] {
            let end = if language == L::Html { ["</nav>", "</div>"] } else { [end, end] };
            let body = format!("{line}\n").repeat(22);
            let text = format!("{first}\n{body}{}\n{second}\n{body}{}\n", end[0], end[1]);
            let found = chunks(&text, Some(language));
            let heads: Vec<&str> =
                found.iter().filter_map(|c| Some(c.names.first()?.as_str())).collect();
            assert_eq!(heads, names, "{language}");
            assert!(found.iter().any(|chunk| chunk.lines.first == 25), "{language} {found:?}");
        }
    }

    #[test]
    fn endless_nesting_is_cut_by_lines() {
        let text = "mod a {\n".repeat(20_000) + &"}\n".repeat(20_000);
        let found = chunks(&text, Some(Language::Rust));
        assert_eq!(found.last().map(|chunk| chunk.lines.last), Some(40_000));
    }

    #[test]
    fn markdown_is_cut_at_headings_outside_of_fences() {
        let text =
            format!("# One\n{}## Two\n```\n# no\n```\n{}", "a\n".repeat(20), "b\n".repeat(20));
        assert_eq!(shown(&text, Language::Markdown), ["1-21 One", "22-45 Two"]);
    }

    #[test]
    fn an_empty_file_has_no_chunk() {
        assert_eq!(chunks("", Some(Language::Rust)), []);
        assert_eq!(shown("\n", Language::Rust), ["1-1 "]);
    }

    const NAMES: &str = "x\\.(sh|c|cc|css|go|html|java|js|json|md|py|rb|rs|toml|tsx|ts|yaml|txt)";

    fn any_text() -> impl Strategy<Value = String> {
        let line = prop::sample::select(vec![
            "fn a() {",
            "}",
            "impl X {",
            "    x",
            "",
            "# T",
            "```",
            "// c",
            "class A:",
            "    def b(self):",
            "@dec",
            "#[at]",
            "{ {",
            "\"",
            "/*",
            "[table]",
            "\"key\": {",
            "<div id=\"a\">",
            "def m",
            "end",
        ]);
        prop::collection::vec(line, 0..150).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #[test]
        fn every_line_is_in_one_chunk(text in any_text(), name in NAMES) {
            let language = Language::from_path(name.as_ref());
            let mut next = 1;
            for chunk in chunks(&text, language) {
                prop_assert_eq!(chunk.lines.first, next);
                prop_assert!(chunk.lines.count() <= MOST_LINES, "{:?}", chunk);
                next = chunk.lines.last + 1;
            }
            prop_assert_eq!(next, text.lines().count() + 1);
        }
    }
}
