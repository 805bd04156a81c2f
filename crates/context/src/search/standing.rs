//! How much a file counts by what it is.

use mlxcode_base::RelPath;

use crate::origin::{Origin, is_for_programs};
use crate::terms::Query;

const TEST_FOLDERS: [&str; 7] =
    ["test", "tests", "testing", "spec", "__tests__", "testdata", "fixtures"];

/// A factor from 0 to 1 for the score of a file.
pub fn standing(path: &RelPath, origin: Origin, query: &Query) -> f32 {
    let name = path.file_name();
    if is_for_programs(path) {
        return 0.05;
    }
    let mut factor = 1.0;
    let folder = |names: &[&str]| path.parts().rev().skip(1).any(|part| names.contains(&part));
    if origin != Origin::Written {
        factor *= 0.3;
    }
    let stem = name.split('.').next().unwrap_or(name);
    let test_name = ["test_", "test-"].iter().any(|start| stem.starts_with(start))
        || ["_test", "_tests", "-test", "Test", "_spec"].iter().any(|end| stem.ends_with(end))
        || name.contains(".test.")
        || name.contains(".spec.")
        || stem == "tests";
    if (test_name || folder(&TEST_FOLDERS)) && !query.asks("test") {
        factor *= 0.5;
    }
    if (folder(&["bench", "benches", "benchmarks", "examples", "example"])) && !query.asks("exampl")
    {
        factor *= 0.7;
    }
    // Prose says what, code says how; a question about code asks how.
    if [".md", ".markdown", ".rst", ".txt"].iter().any(|end| name.ends_with(end)) {
        factor *= 0.75;
    }
    if [".toml", ".orig", ".json", ".yaml", ".yml", ".cfg", ".ini", ".lock"]
        .iter()
        .any(|end| name.ends_with(end))
    {
        factor *= 0.75;
    }
    let upper = stem.to_ascii_uppercase();
    if ["CHANGELOG", "CHANGES", "HISTORY", "NEWS", "LICENSE", "COPYING", "AUTHORS"]
        .iter()
        .any(|known| upper.starts_with(known))
    {
        factor *= 0.25;
    }
    factor
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
        for lower in ["tests/parse.rs", "vendor/parse.rs", "src/parse_test.go", "CHANGELOG.md"] {
            assert!(of(lower, "parse") < source, "{lower}");
        }
        assert!(of("tests/parse.rs", "how is parse tested?") >= source);
    }
}
