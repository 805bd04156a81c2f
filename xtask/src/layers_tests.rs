//! The check against small workspaces, clean and with one fault each.

use std::fs;
use std::path::Path;

use super::*;

const TABLES: &str = "# A\n\
    <!-- arrows:begin -->\n\
    | folder | package | what | may import |\n|---|---|---|---|\n\
    | `low` | `t-low` | below | – |\n\
    | `mid` | `t-mid` | between | low |\n\
    | `high` | `t-high` | above | low, mid |\n\
    <!-- arrows:end -->\n\
    <!-- bound:begin -->\n\
    | name | only in |\n|---|---|\n\
    | `heavy`, `heavy-*` | mid |\n\
    | `std::process::Command` | high |\n\
    <!-- bound:end -->\n";

/// A clean workspace of three packages.
fn workspace() -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    write(temp.path(), "ARCHITECTURE.md", TABLES);
    write(temp.path(), "Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n");
    package(temp.path(), "low", "");
    package(temp.path(), "mid", "t-low = { path = \"../low\" }\nheavy-core = \"1\"\n");
    package(temp.path(), "high", "t-low = { path = \"../low\" }\nt-mid = { path = \"../mid\" }\n");
    write(temp.path(), "mid/src/lib.rs", "use t_low::x;\nuse heavy_core::Tensor;\n");
    write(temp.path(), "high/src/lib.rs", "use t_mid::{x, y};\nuse std::process::Command;\n");
    temp
}

fn package(root: &Path, name: &str, dependencies: &str) {
    let manifest = format!(
        "[package]\nname = \"t-{name}\"\nversion = \"0.0.1\"\nedition = \"2024\"\n\n\
         [dependencies]\n{dependencies}"
    );
    write(root, &format!("{name}/Cargo.toml"), &manifest);
    write(root, &format!("{name}/src/lib.rs"), "");
}

fn write(root: &Path, file: &str, text: &str) {
    let place = root.join(file);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, text).unwrap();
}

/// Writes `text` to `file` of a clean workspace and compares what is found.
fn check_with(file: &str, text: &str, expect: &[&str]) {
    let temp = workspace();
    write(temp.path(), file, text);
    let found: Vec<_> = check(temp.path()).unwrap().iter().map(Finding::to_string).collect();
    assert_eq!(found.len(), expect.len(), "{found:#?}");
    for (found, expect) in found.iter().zip(expect) {
        assert!(found.starts_with(expect), "{found}\nnot\n{expect}");
    }
}

#[test]
fn a_clean_workspace_passes() {
    check_with("low/src/lib.rs", "use std::process::ExitCode;\n", &[]);
}

#[test]
fn an_import_against_the_arrows_fails() {
    check_with(
        "low/src/lib.rs",
        "\nfn f() { t_mid::x(); }\n",
        &["low/src/lib.rs:2: import of `t-mid` runs against the arrows: low may import nobody;"],
    );
    check_with(
        "mid/tests/it/main.rs",
        "use t_high as h;\n",
        &["mid/tests/it/main.rs:1: import of `t-high` runs against the arrows"],
    );
}

#[test]
fn a_dependency_against_the_arrows_fails_before_it_is_used() {
    let manifest = "[package]\nname = \"t-low\"\nversion = \"0.0.1\"\n\n\
        [dev-dependencies]\nt-mid = { path = \"../mid\" }\n";
    check_with(
        "low/Cargo.toml",
        manifest,
        &["low/Cargo.toml:6: development dependency on `t-mid` runs against the arrows"],
    );
}

#[test]
fn a_crate_bound_to_another_package_fails() {
    let manifest = "[package]\nname = \"t-low\"\nversion = \"0.0.1\"\n\n\
        [dependencies.other]\npackage = \"heavy\"\nversion = \"1\"\n";
    check_with("low/Cargo.toml", manifest, &["low/Cargo.toml:5: `heavy` belongs to t-mid;"]);
    check_with(
        "high/src/lib.rs",
        "pub use heavy_core::Tensor;\n",
        &["high/src/lib.rs:1: `heavy_core::Tensor` belongs to t-mid;"],
    );
}

#[test]
fn a_path_bound_to_another_package_fails_outside_tests() {
    for text in [
        "use std::process::{Command, Stdio};\n",
        "use std::process::*;\n",
        "fn f() { let x = std::process::Command::new(\"git\"); }\n",
    ] {
        check_with("mid/src/lib.rs", text, &["mid/src/lib.rs:1: `std::process::"]);
        check_with("mid/src/lib.rs", &format!("#[cfg(test)]\nmod tests {{ {text} }}\n"), &[]);
        check_with("mid/tests/it.rs", text, &[]);
        check_with("mid/examples/one.rs", text, &[]);
    }
    check_with(
        "mid/src/lib.rs",
        "use std::process as p;\nfn f() { p::Command::new(\"git\"); }\n",
        &["mid/src/lib.rs:2: `std::process::Command::new` belongs to t-high;"],
    );
}

#[test]
fn a_table_that_is_not_true_fails() {
    let without = TABLES.replace("| `low` | `t-low` | below | – |\n", "").replace("low, ", "");
    check_with(
        "ARCHITECTURE.md",
        &without.replace("| low |", "| – |"),
        &["low/Cargo.toml:2: `t-low` is not in the arrow table;"],
    );
    let more = TABLES.replace("| `low` |", "| `more` | `t-more` | nothing | – |\n| `low` |");
    check_with(
        "ARCHITECTURE.md",
        &more,
        &["ARCHITECTURE.md:5: the workspace has no package `t-more`;"],
    );
    let moved = TABLES.replace("| `low` |", "| `crates/low` |");
    check_with("ARCHITECTURE.md", &moved, &["ARCHITECTURE.md:5: `t-low` lies in low;"]);
}

#[test]
fn a_file_that_is_no_rust_is_told() {
    check_with("mid/src/odd.rs", "fn f( {\n", &["mid/src/odd.rs:1: cannot be parsed"]);
}
