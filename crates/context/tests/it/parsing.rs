//! Edits, limits and texts that are no code.

use std::time::Duration;

use mlxcode_base::{Language, TextRange};
use mlxcode_context::{Error, ParseLimits, ParsedFile, chunks};
use proptest::prelude::*;

fn parsed(text: &str, language: Language) -> ParsedFile {
    ParsedFile::parse(text, language, &ParseLimits::default()).unwrap()
}

/// All that a file tells.
fn told(file: &ParsedFile) -> String {
    let symbols = file.symbols();
    let (references, imports) = (file.references(&symbols), file.imports());
    format!("{:?} {symbols:?} {references:?} {imports:?}", file.error_count())
}

#[test]
fn a_part_that_takes_too_long_is_given_up() {
    let text = "fn f() { g(1); }\n".repeat(4_000);
    let mut limits = ParseLimits::default();
    limits.reports = 3;
    let file = ParsedFile::parse(text.as_str(), Language::Rust, &limits).unwrap();
    assert_eq!(file.given_up(), [TextRange::new(0, text.len())]);
    assert!(file.symbols().is_empty());

    let mut limits = ParseLimits::default();
    limits.time = Duration::ZERO;
    let file = ParsedFile::parse(text.as_str(), Language::Rust, &limits).unwrap();
    assert_eq!(file.given_up().len(), 1);
}

#[test]
fn a_file_that_takes_too_long_keeps_what_was_read() {
    let text = (0..2_000).map(|n| format!("int f{n}(void) {{ return g(1); }}\n\n"));
    let text = text.collect::<String>();
    let mut limits = ParseLimits::default();
    limits.part_bytes = 2_000;
    let whole = ParsedFile::parse(text.as_str(), Language::C, &limits).unwrap();
    assert!(whole.given_up().is_empty() && whole.symbols().len() == 2_000);

    limits.file_reports = 500;
    let file = ParsedFile::parse(text.as_str(), Language::C, &limits).unwrap();
    let (symbols, given_up) = (file.symbols(), file.given_up());
    assert!((100..1_900).contains(&symbols.len()), "{}", symbols.len());
    assert_eq!(symbols[..], whole.symbols()[..symbols.len()]);
    // The rest follows without a gap.
    let first = given_up[0].start;
    assert!(symbols.iter().all(|symbol| symbol.range.end <= first));
    assert!(given_up.windows(2).all(|two| two[0].end == two[1].start));
    assert_eq!(given_up[given_up.len() - 1].end, text.len());
}

#[test]
fn hostile_texts_end() {
    // What no closing sign ends, what nests, and what begins again and again.
    for (language, piece, count) in [
        (Language::Json, "[", 50_000),
        (Language::Rust, "{", 50_000),
        (Language::Python, "(", 50_000),
        (Language::JavaScript, "`${", 20_000),
        (Language::Html, "<div>", 4_000),
        (Language::Yaml, "- ", 20_000),
        (Language::Markdown, "> ", 20_000),
        (Language::Cpp, "a<", 20_000),
        (Language::Ruby, "<<A\n", 3_000),
        (Language::Swift, "#\"", 3_000),
        (Language::C, "#if A\n", 20_000),
    ] {
        let mut limits = ParseLimits::default();
        limits.reports = 2_000;
        let file = ParsedFile::parse(piece.repeat(count), language, &limits).unwrap();
        told(&file);
    }
}

#[test]
fn long_files_are_read_in_parts() {
    let text = (0..200).map(|n| format!("def f{n}():\n    g(1)\n\n")).collect::<String>();
    let mut limits = ParseLimits::default();
    limits.part_bytes = 1_000;
    let file = ParsedFile::parse(text.as_str(), Language::Python, &limits).unwrap();
    assert_eq!(file.error_count(), 0);
    let symbols = file.symbols();
    assert_eq!(symbols.len(), 200);
    assert_eq!(symbols[150].lines.first, 451);
    assert_eq!(file.references(&symbols).len(), 200);

    let mut edited = file.clone();
    edited.edit(TextRange::new(3_000, 3_003), "x = 1\n").unwrap();
    let fresh = ParsedFile::parse(edited.text(), Language::Python, &limits).unwrap();
    assert_eq!(told(&edited), told(&fresh));
}

#[test]
fn an_edit_must_be_of_the_text() {
    let mut file = parsed("é = 1\n", Language::Python);
    for range in [TextRange::new(1, 2), TextRange::new(0, 99)] {
        assert!(matches!(file.edit(range, "x"), Err(Error::EditOutside { .. })));
    }
    file.edit(TextRange::new(0, 2), "x").unwrap();
    assert_eq!(file.symbols()[0].name, "x");
}

const CODE: [(Language, &[&str]); 5] = [
    (
        Language::Rust,
        &[
            "fn a(x: u8) -> u8 { x + b(x) }\n",
            "/// Says.\n#[at]\nstruct S { f: u8 }\n",
            "impl S { fn m(&self) { self.f; } }\n",
            "use a::{b, c};\n",
            "mod m {\n",
            "}\n",
        ],
    ),
    (
        Language::Python,
        &[
            "class A(B):\n",
            "    def b(self, x):\n        return x\n",
            "\"\"\"Says.\"\"\"\n",
            "from . import c\n",
            "x = [y for y in z]\n",
        ],
    ),
    (
        Language::TypeScript,
        &[
            "export const a = (b: C) => b\n",
            "class A { private x = 1; m() {} }\n",
            "import { a } from './b'\n",
            "`${x}`\n",
            "}\n",
        ],
    ),
    (
        Language::Cpp,
        &["class X A : B {\n", "int f() const { return 1; }\n", "};\n", "#if A\n", "#endif\n"],
    ),
    (Language::Markdown, &["# A\n", "## B\n", "text\n", "```\n", "> a\n"]),
];

fn code() -> impl Strategy<Value = (Language, Vec<&'static str>)> {
    prop::sample::select(CODE.to_vec()).prop_flat_map(|(language, lines)| {
        (Just(language), prop::collection::vec(prop::sample::select(lines), 0..12))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_edited_file_tells_what_a_fresh_one_does(
        (language, lines) in code(),
        edits in prop::collection::vec((0.0..1.0_f64, 0..30_usize, "[a-z(){}\n\"# ]{0,12}"), 1..6),
    ) {
        let mut file = parsed(&lines.concat(), language);
        for (place, len, with) in edits {
            let text = file.text();
            let start = text.floor_char_boundary((place * text.len() as f64) as usize);
            let end = text.floor_char_boundary(start + len);
            file.edit(TextRange::new(start, end), &with).unwrap();
            let fresh = parsed(file.text(), language);
            prop_assert_eq!(told(&file), told(&fresh), "{:?}", file.text());
        }
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300), place in 0..21_usize) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let language = Language::ALL[place];
        let file = parsed(&text, language);
        let symbols = file.symbols();
        for one in &symbols {
            prop_assert!(text.get(one.range.start..one.range.end).is_some());
            prop_assert!(one.range.start <= one.name_range.start);
            prop_assert!(one.name_range.end <= one.range.end);
            prop_assert!(one.parent.is_none_or(|parent| parent < symbols.len()));
        }
        for one in file.references(&symbols) {
            prop_assert!(text.get(one.range.start..one.range.end) == Some(one.name.as_str()));
        }
        file.imports();
        chunks(&text, Some(language));
    }

    #[test]
    fn broken_code_is_read((language, lines) in code(), cut in 0..200_usize) {
        let text = lines.concat();
        let text = &text[text.floor_char_boundary(cut)..];
        for one in parsed(text, language).symbols() {
            prop_assert!(text.get(one.range.start..one.range.end).is_some());
        }
    }
}
