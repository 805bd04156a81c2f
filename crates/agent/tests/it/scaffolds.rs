//! The projects that the built-in templates make, tested by their own tools
//! with what the registries have today. Run by hand: it takes minutes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use mlxcode_agent::task::scaffold::{ProjectTemplate, built_in_templates};
use mlxcode_base::Root;
use mlxcode_edit::{EditPlan, Journal, ResolveOptions, apply};

fn run(folder: &Path, line: &str) -> String {
    let output = Command::new("sh").args(["-c", line]).current_dir(folder).output().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{line}\n{said}");
    said
}

/// Makes a project through a plan, as a face does.
fn made(name: &str, folder: &Path) {
    let tree = folder.join("tree");
    fs::create_dir(&tree).unwrap();
    let all = built_in_templates();
    let template = ProjectTemplate::named(name, &all).unwrap();
    let values = BTreeMap::from([("name".to_owned(), "My-app2".to_owned())]);
    let scaffold = template.render("", &values).unwrap();
    let root = Root::open(&tree).unwrap();
    let options = ResolveOptions::default();
    let plan = EditPlan::of_operations(&root, &scaffold.operations, &options).unwrap();
    assert!(plan.is_applicable(), "{:?}", plan.refusals());
    let mut journal = Journal::open(&folder.join("journal"), &root).unwrap();
    apply(&plan, &mut journal, "scaffold").unwrap();
    // What is there is never written over.
    let again = EditPlan::of_operations(&root, &scaffold.operations, &options).unwrap();
    assert!(!again.is_applicable() && again.changes().is_empty());
}

fn check(name: &str, lines: &[&str]) {
    let only = std::env::var("MLXCODE_TEMPLATES").unwrap_or_default();
    if !only.is_empty() && !only.split(',').any(|one| one == name) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    made(name, folder.path());
    for line in lines {
        let said = run(&folder.path().join("tree"), line);
        let last: Vec<&str> = said.lines().rev().take(6).collect();
        #[allow(clippy::print_stdout, reason = "what was tested with which version is told")]
        for line in last.iter().rev() {
            println!("{name}: {line}");
        }
    }
}

#[test]
fn a_project_is_made_through_a_plan() {
    for template in built_in_templates() {
        made(&template.name, tempfile::tempdir().unwrap().path());
    }
}

#[test]
#[ignore = "asks registries and takes minutes; see CONTRIBUTING.md"]
fn every_project_passes_its_own_tests() {
    let python =
        ["python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]'", ".venv/bin/pytest -q"];
    check(
        "python",
        &[
            &python[..],
            &[".venv/bin/My-app2 Ada", ".venv/bin/pip list --format=freeze | grep -E '^pytest='"],
        ]
        .concat(),
    );
    check(
        "flask",
        &[&python[..], &[".venv/bin/pip list --format=freeze | grep -iE '^(flask|pytest)='"]]
            .concat(),
    );
    check(
        "fastapi",
        &[
            &python[..],
            &[".venv/bin/pip list --format=freeze | grep -iE '^(fastapi|pydantic|pytest)='"],
        ]
        .concat(),
    );
    check("rust-lib", &["cargo test -q", "cargo clippy -q -- -D warnings", "cargo fmt --check"]);
    check(
        "rust-cli",
        &[
            "cargo test -q",
            "cargo run -q -- README.md",
            "cargo clippy -q -- -D warnings",
            "cargo fmt --check",
        ],
    );
    let node = ["npm install --no-audit --no-fund --loglevel=error", "npm test", "npm run build"];
    check("node-lib", &[&node[..], &["npm run check", "npm ls --depth=0"]].concat());
    check("react", &[&node[..], &["npm ls --depth=0"]].concat());
}
