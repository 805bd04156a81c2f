use std::ops::Range;

use mlxcode_base::{Language, LineRange};

use super::definition::{Definition, definitions};
use super::prose::{headings, pieces};

/// A longer definition is cut at its members or at lines.
const MOST_LINES: usize = 60;

/// Neighbours that are shorter together are one chunk.
const MERGED_LINES: usize = 20;

/// Members that lie deeper are not told apart: people do not write such code,
/// and a file made to nest without end must not exhaust the stack.
const MOST_DEPTH: usize = 12;

/// A longer first line says what matters in its beginning.
const MOST_SIGNATURE_CHARS: usize = 100;

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

/// Cuts a file into chunks: each line is in exactly one, in order.
pub fn chunks(text: &str, language: Option<Language>) -> Vec<Chunk> {
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let mut cutter = Cutter { lines: &lines, language, chunks: Vec::new() };
    match language {
        Some(Language::Markdown) => cutter.sections(&headings(&lines)),
        Some(language) => match definitions(text, language) {
            Some(found) => cutter.region(0..lines.len(), &found, None, 0),
            None => cutter.loose(0..lines.len(), None),
        },
        None => cutter.loose(0..lines.len(), None),
    }
    merged(cutter.chunks)
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
        inner: &[Definition],
        inside: Option<&str>,
        depth: usize,
    ) {
        let inner = if depth < MOST_DEPTH { inner } else { &[] };
        let mut at = range.start;
        let mut rest = inner;
        while let Some((first, others)) = rest.split_first() {
            let nested = others.iter().take_while(|one| one.first <= first.last).count();
            let (members, behind) = others.split_at(nested);
            rest = behind;
            let end = (first.last + 1).min(range.end);
            if first.first < at || end <= at {
                // It shares a line with the one before.
                continue;
            }
            let start = self.with_comments(at, first.first);
            self.loose(at..start, inside);
            self.definition(start..end, first, members, inside, depth);
            at = end;
        }
        self.loose(at..range.end, inside);
    }

    fn definition(
        &mut self,
        range: Range<usize>,
        head: &Definition,
        members: &[Definition],
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
        let signature = signature(self.lines[head.first]);
        let path = match inside {
            Some(outer) => format!("{outer} > {signature}"),
            None => signature,
        };
        // The head itself, its decorated twin too, lies in the first piece.
        let members: Vec<Definition> = members
            .iter()
            .filter(|member| member.first > head.first && member.name != head.name)
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

    fn sections(&mut self, starts: &[usize]) {
        let mut bounds = vec![0];
        bounds.extend(starts.iter().copied().filter(|start| *start > 0));
        bounds.push(self.lines.len());
        for pair in bounds.windows(2) {
            let (start, end) = (pair[0], pair[1]);
            let title = self.lines[start].trim();
            let titled = starts.contains(&start);
            for (number, piece) in
                pieces(self.lines, start..end, MOST_LINES).into_iter().enumerate()
            {
                let name = title.trim_start_matches('#').trim();
                let names = if titled && number == 0 { vec![name.to_owned()] } else { Vec::new() };
                self.push(piece, names, (titled && number > 0).then_some(title));
            }
        }
    }

    fn push(&mut self, range: Range<usize>, names: Vec<String>, inside: Option<&str>) {
        let lines = LineRange::new(range.start + 1, range.end);
        self.chunks.push(Chunk { lines, names, inside: inside.map(str::to_owned) });
    }
}

/// A definition's first line without what opens its body.
pub fn signature(line: &str) -> String {
    let line = line.trim().trim_end_matches(['{', ':']).trim_end();
    match line.char_indices().nth(MOST_SIGNATURE_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
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
