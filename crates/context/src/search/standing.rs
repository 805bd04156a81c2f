//! How much a file counts by what it is.

use mlxcode_base::{Language, RelPath};

use crate::origin::{Origin, is_for_programs};
use crate::terms::Query;

const EXAMPLE_FOLDERS: [&str; 5] = ["bench", "benches", "benchmarks", "examples", "example"];

const DATA_ENDS: [&str; 8] = [".toml", ".orig", ".json", ".yaml", ".yml", ".cfg", ".ini", ".lock"];

/// What says what there is, and has a file beside it that says how. Headers of C
/// that are all there is stand below nothing but each other.
const DECLARATION_ENDS: [&str; 8] =
    [".d.ts", ".d.mts", ".d.cts", ".pyi", ".h", ".hh", ".hpp", ".hxx"];

/// Source code in languages that nothing here parses.
const SOURCE_ENDS: [&str; 30] = [
    ".asm", ".clj", ".cu", ".dart", ".erl", ".ex", ".exs", ".f90", ".fs", ".groovy", ".hs", ".jl",
    ".lua", ".m", ".ml", ".mm", ".nim", ".pas", ".pl", ".pm", ".proto", ".r", ".s", ".scala",
    ".sol", ".sql", ".svelte", ".tcl", ".vue", ".zig",
];

const TEST_FOLDERS: [&str; 7] =
    ["test", "tests", "testing", "spec", "__tests__", "testdata", "fixtures"];

/// What a file is, as far as it matters for its rank: known before anything
/// is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing(u16);

impl Standing {
    const FOR_PROGRAMS: u16 = 1;
    const FOREIGN: u16 = 2;
    const TEST: u16 = 4;
    const EXAMPLE: u16 = 8;
    const PROSE: u16 = 16;
    const DATA: u16 = 32;
    const HISTORY: u16 = 64;
    const DECLARATIONS: u16 = 128;
    const OTHER: u16 = 256;

    /// Reads a file's place and who wrote it.
    pub fn of(path: &RelPath, origin: Origin) -> Self {
        let name = path.file_name();
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        let stem = name.split('.').next().unwrap_or(name);
        let upper = stem.to_ascii_uppercase();
        let test_name = ["test_", "test-"].iter().any(|start| stem.starts_with(start))
            || ["_test", "_tests", "-test", "Test", "_spec"].iter().any(|end| stem.ends_with(end))
            || name.contains(".test.")
            || name.contains(".spec.")
            || stem == "tests";
        let history = ["CHANGELOG", "CHANGES", "HISTORY", "NEWS", "LICENSE", "COPYING", "AUTHORS"];
        let (prose, data) = (ends(&[".md", ".markdown", ".rst", ".txt"]), ends(&DATA_ENDS));
        let code = match Language::from_path(path.as_path()) {
            Some(language) => language.is_code() && language != Language::Css,
            None => ends(&SOURCE_ENDS),
        };
        let marks = [
            (is_for_programs(path), Self::FOR_PROGRAMS),
            (origin != Origin::Written, Self::FOREIGN),
            (test_name || path.lies_in(&TEST_FOLDERS), Self::TEST),
            (path.lies_in(&EXAMPLE_FOLDERS), Self::EXAMPLE),
            (prose, Self::PROSE),
            (data, Self::DATA),
            (!code && !prose && !data, Self::OTHER),
            // `history.rs` and `license_header.go` are code about such texts.
            (!code && history.iter().any(|known| upper.starts_with(known)), Self::HISTORY),
            (ends(&DECLARATION_ENDS), Self::DECLARATIONS),
        ];
        Self(marks.iter().filter(|(holds, _)| *holds).fold(0, |all, (_, mark)| all | mark))
    }

    /// A factor from 0 to 1 for the score of the file.
    pub fn factor(self, query: &Query) -> f32 {
        let is = |mark| self.0 & mark > 0;
        if is(Self::FOR_PROGRAMS) {
            return 0.05;
        }
        let factors = [
            (is(Self::FOREIGN), 0.2),
            (is(Self::TEST) && !query.asks("test"), 0.57),
            (is(Self::EXAMPLE) && !query.asks("exampl"), 0.63),
            // Prose says what, code says how; a question about code asks how.
            // Who names docs may mean those in the code as well.
            (is(Self::PROSE), if query.asks("doc") { 0.4 } else { 0.12 }),
            (is(Self::DATA), 0.2),
            // Styles, pages, scripts of builds.
            (is(Self::OTHER), 0.2),
            (is(Self::HISTORY), 0.17),
            // The source says the same and how.
            (is(Self::DECLARATIONS), 0.63),
        ];
        factors.iter().filter(|(holds, _)| *holds).map(|(_, factor)| factor).product()
    }

    /// Whether nothing is said in the file: programs read it.
    pub fn is_data(self) -> bool {
        self.0 & (Self::DATA | Self::FOR_PROGRAMS) > 0
    }

    pub fn bits(self) -> u16 {
        self.0
    }

    pub fn from_bits(bits: u16) -> Self {
        Self(bits)
    }
}

/// A factor from 0 to 1 for the score of a file.
pub fn standing(path: &RelPath, origin: Origin, query: &Query) -> f32 {
    Standing::of(path, origin).factor(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_stand_above_tests_and_foreign_code() {
        let of = |path: &str, question: &str| {
            let path = RelPath::new(path).unwrap();
            standing(&path, Origin::of(&path, ""), &Query::new(question))
        };
        let source = of("src/parse.rs", "parse");
        for lower in [
            "tests/parse.rs",
            "vendor/parse.rs",
            "src/parse_test.go",
            "CHANGELOG.md",
            "types/parse.d.ts",
            "include/parse.h",
            "examples/parse.rs",
            "src/parse.css",
            "parse.mk",
        ] {
            assert!(of(lower, "parse") < source, "{lower}");
        }
        assert!(of("tests/parse.rs", "how is parse tested?") >= source);
        for code in ["src/history.rs", "cmd/license_header.go", "news/changes.py"] {
            assert!(of(code, "parse") >= source, "{code}");
        }
        assert!(of("HISTORY.md", "parse") < of("notes.md", "parse"));
    }
}
