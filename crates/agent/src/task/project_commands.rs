//! The commands by which a project checks itself.

use mlxcode_base::Root;

use super::text::read_text;

/// A manifest is short.
const MOST_BYTES: u64 = 1 << 20;

/// The command that tests a project, as its own files tell; `None` where they
/// do not.
pub fn test_command(root: &Root) -> Option<String> {
    let read = |name: &str| read_text(&root.path().join(name), MOST_BYTES).ok();
    if read("Cargo.toml").is_some() {
        return Some("cargo test".to_owned());
    }
    if let Some(text) = read("package.json") {
        let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let script = value["scripts"]["test"].as_str().unwrap_or_default();
        // What `npm init` writes tests nothing.
        if !script.is_empty() && !script.contains("no test specified") {
            return Some("npm test".to_owned());
        }
    }
    if read("go.mod").is_some() {
        return Some("go test ./...".to_owned());
    }
    let python = ["pyproject.toml", "setup.cfg", "pytest.ini", "tox.ini", "setup.py"];
    let named: Vec<String> = python.iter().filter_map(|name| read(name)).collect();
    let has_tests = root.path().join("tests").is_dir();
    match () {
        () if named.iter().any(|text| text.contains("pytest")) => {
            Some("python -m pytest -q".to_owned())
        }
        () if !named.is_empty() && has_tests => {
            Some("python -m unittest discover -s tests".to_owned())
        }
        () if read("pom.xml").is_some() => Some("mvn -q test".to_owned()),
        () if read("gradlew").is_some() => Some("./gradlew test".to_owned()),
        () if read("Makefile")
            .is_some_and(|text| text.lines().any(|line| line.starts_with("test:"))) =>
        {
            Some("make test".to_owned())
        }
        () => None,
    }
}
