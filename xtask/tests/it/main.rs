//! The tasks as programs, on small workspaces: what a caller sees of a clean
//! one and of a fault. Each rule has its own test beside the code.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "the tasks are programs")]

use std::fs;
use std::path::Path;
use std::process::Command;

const PAGE: &str = "\
<!-- arrows:begin -->
| folder | package | what | may import |
|---|---|---|---|
| `low` | `t-low` | below | – |
| `high` | `t-high` | above | low |
<!-- arrows:end -->
<!-- bound:begin -->
| name | only in |
|---|---|
| `heavy` | low |
<!-- bound:end -->
";

struct Workspace(tempfile::TempDir);

impl Workspace {
    /// Two packages, `high` above `low`, that keep all rules.
    fn new() -> Self {
        let workspace = Self(tempfile::tempdir().unwrap());
        workspace
            .write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"low\", \"high\"]\n");
        workspace.write("ARCHITECTURE.md", PAGE);
        workspace.package("low", "");
        workspace.package("high", "t-low = { path = \"../low\" }\n");
        workspace
    }

    fn package(&self, name: &str, dependencies: &str) {
        let manifest = format!(
            "[package]\nname = \"t-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}"
        );
        self.write(&format!("{name}/Cargo.toml"), &manifest);
        self.write(&format!("{name}/src/lib.rs"), "//! Words.\nmod one;\npub use one::One;\n");
        self.write(&format!("{name}/src/one.rs"), "/// One.\npub struct One;\n");
    }

    fn write(&self, name: &str, text: &str) {
        let place = self.0.path().join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    /// Runs a task; `None` where it passes, else what it says.
    fn run(&self, task: &str) -> Option<String> {
        run(task, self.0.path())
    }
}

fn run(task: &str, root: &Path) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args([task, "--root"])
        .arg(root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (!output.status.success()).then_some(said)
}

#[test]
fn a_clean_workspace_passes() {
    let workspace = Workspace::new();
    assert_eq!(workspace.run("layers"), None);
    assert_eq!(workspace.run("tidy"), None);
}

#[test]
fn layers_fails_and_says_where_and_what_to_do() {
    let workspace = Workspace::new();
    workspace.package("high", "");
    workspace.package("low", "t-high = { path = \"../high\" }\nheavy = \"1\"\n");
    workspace.write("high/src/one.rs", "/// One.\npub struct One(heavy::Two);\n");
    let said = workspace.run("layers").unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(
        lines[0].starts_with("high/src/one.rs:2: `heavy::Two` belongs to t-low; ask"),
        "{said}"
    );
    assert!(
        lines[1].starts_with("low/Cargo.toml:7: dependency on `t-high` runs against the arrows: "),
        "{said}"
    );
    assert_eq!(lines[2], "xtask: layers: 2 findings");
}

#[test]
fn layers_fails_without_its_table() {
    let workspace = Workspace::new();
    workspace.write("ARCHITECTURE.md", "nothing");
    assert!(workspace.run("layers").unwrap().contains("`<!-- arrows:begin -->`"));
    workspace.write("ARCHITECTURE.md", &PAGE.replace("| `high` | `t-high` | above | low |\n", ""));
    assert!(workspace.run("layers").unwrap().contains("`t-high` is not in the arrow table"));
}

#[test]
fn tidy_fails_and_says_where_and_what_to_do() {
    let workspace = Workspace::new();
    workspace.write("low/src/one.rs", "pub struct One;\nfn f() {\n    println!(\"x\");\n}\n");
    workspace.write("low/src/two.rs", &"// x\n".repeat(601));
    let said = workspace.run("tidy").unwrap();
    assert_eq!(
        said,
        "low/src/one.rs:1: public struct `One` has no documentation; say what it is for\n\
         low/src/one.rs:3: stray `println!`; return the text or an error to the caller\n\
         low/src/two.rs:601: the file has 601 lines, 600 at most; give each operation a file\n\
         xtask: tidy: 3 findings\n"
    );
}

#[test]
fn an_unknown_task_shows_the_help() {
    assert!(run("nonsense", Path::new(".")).unwrap().contains("usage: cargo xtask"));
}
