//! The command as a user waits for it: from its start to its end.
//!
//! `cargo bench -p mlxcode-benches --bench command` builds the release
//! command first and measures that.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement starts processes, prints, and stops when its ground is missing"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mlxcode_benches::{Measured, grow, measure};

const RUNS: usize = 11;
const FILES: usize = 5_000;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's root");
    let program = build(root);
    let temp = tempfile::tempdir().expect("a temporary folder");
    let home = temp.path().join("home");
    let tree = temp.path().join("tree");
    grow(&tree, &root.join("crates"), FILES).expect("a tree of source files");

    let time = |args: &[&str]| measure(RUNS, || run(&program, &home, &tree, args));
    report("--version", &time(&["--version"]), Duration::from_millis(30));
    report("models list", &time(&["models", "list"]), Duration::from_millis(30));
    let question = "where is a cancelled generation reported?";
    // The first time of all, with nothing of this tree read before by the
    // program; the operating system still has the files it just wrote.
    let first = measure(1, || run(&program, &home, &tree, &["ask", question]));
    report(&format!("ask, {FILES} files, first time"), &first, Duration::from_secs(3));
    report(&format!("ask, {FILES} files"), &time(&["ask", question]), Duration::from_secs(3));
}

fn build(root: &Path) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--package", "mlx-code"])
        .current_dir(root)
        .status()
        .expect("cargo starts");
    assert!(built.success(), "the release command does not build");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    target.join("release").join(format!("mlx-code{}", std::env::consts::EXE_SUFFIX))
}

fn run(program: &Path, home: &Path, tree: &Path, args: &[&str]) {
    let status = Command::new(program)
        .args(args)
        .env("MLX_CODE_HOME", home)
        .current_dir(tree)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the command starts");
    assert!(status.success(), "{args:?} ends with {status}");
}

fn report(what: &str, measured: &Measured, limit: Duration) {
    let verdict = if measured.median() <= limit { "within" } else { "OVER" };
    println!("{what}: {measured}, {verdict} {} ms", limit.as_millis());
}
