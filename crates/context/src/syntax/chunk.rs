use std::ops::Range;

use mlxcode_base::{Language, LineRange};

use super::definition::{Definition, definitions};
use super::prose::{headings, pieces};

/// A longer definition is cut at its members or at lines.
const MOST_LINES: usize = 60;

/// Neighbours that are shorter together are one chunk.
const MERGED_LINES: usize = 20;

/// A piece of a file that can be read by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its lines.
    pub lines: LineRange,
    /// What it defines, in order.
    pub names: Vec<String>,
    /// The first line of what it is a part of, such as `impl Parser {`.
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
            Some(found) => cutter.region(0..lines.len(), &found, None),
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
    fn region(&mut self, range: Range<usize>, inner: &[Definition], inside: Option<&str>) {
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
            self.definition(start..end, first, members, inside);
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
    ) {
        if range.len() <= MOST_LINES {
            let mut names = vec![head.name.clone()];
            names.extend(members.iter().map(|member| member.name.clone()));
            names.dedup();
            self.push(range, names, inside);
            return;
        }
        let signature = self.lines[head.first].trim();
        // The head itself, its decorated twin too, lies in the first piece.
        let members: Vec<Definition> = members
            .iter()
            .filter(|member| member.first > head.first && member.name != head.name)
            .cloned()
            .collect();
        let before = self.chunks.len();
        self.region(range, &members, Some(signature));
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
            [
                "1-1 Big",
                "2-43 a in `impl Big {`",
                "44-85 b in `impl Big {`",
                "86-86  in `impl Big {`"
            ]
        );
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
        ]);
        prop::collection::vec(line, 0..150).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #[test]
        fn every_line_is_in_one_chunk(text in any_text(), which in 0..5_usize) {
            let language = [
                None, Some(Language::Rust), Some(Language::Python), Some(Language::Markdown),
                Some(Language::JavaScript),
            ][which];
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
