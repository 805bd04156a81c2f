//! What is looked at after a change, with programs that do what a test says.

use std::fs;
use std::path::Path;

use mlxcode_core::{
    CancelToken, CheckCommand, CheckReport, CheckSource, Checker as _, Checks, Dirs, RelPath,
    ServerFolders, Workspace,
};
use tempfile::TempDir;

struct Ground {
    folder: TempDir,
}

impl Ground {
    fn new(files: &[(&str, &str)]) -> Self {
        let ground = Self { folder: tempfile::tempdir().unwrap() };
        for (name, text) in files {
            ground.write(name, text);
        }
        fs::create_dir_all(ground.folder.path().join("bin")).unwrap();
        ground
    }

    fn write(&self, name: &str, text: &str) {
        let place = self.folder.path().join("tree").join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    /// Installs a program, in `bin` or in a folder of the tree.
    fn install(&self, place: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let place = self.folder.path().join(place);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn config(&self, text: &str) {
        let dirs = Dirs::under(self.folder.path());
        fs::create_dir_all(&dirs.config).unwrap();
        fs::write(dirs.config_file(), text).unwrap();
    }

    fn checks(&self) -> Checks {
        let dirs = Dirs::under(self.folder.path());
        let workspace = Workspace::open(&self.folder.path().join("tree"), &dirs).unwrap();
        let mut folders = ServerFolders::default();
        // What is installed on this machine does not matter.
        folders.folders = vec![self.folder.path().join("bin")];
        workspace.checks(&folders)
    }
}

fn paths(names: &[&str]) -> Vec<RelPath> {
    names.iter().map(|name| RelPath::new(name).unwrap()).collect()
}

fn check(checks: &Checks, names: &[&str]) -> Vec<CheckReport> {
    let mut reports = Vec::new();
    checks.check(&paths(names), &CancelToken::new(), &mut |report| reports.push(report));
    reports
}

/// The reports that something is wrong, or that tell something.
fn told(checks: &Checks, names: &[&str]) -> Vec<String> {
    let reports = check(checks, names);
    let told = reports.iter().filter(|one| !one.ok || !one.output.is_empty());
    told.map(|one| format!("{} {} {}", one.check, one.ok, one.output.trim_end())).collect()
}

#[test]
fn what_cannot_be_parsed_is_told_with_its_line() {
    let ground = Ground::new(&[("a.py", "def f():\n    return 1\n"), ("b.md", "# (\n")]);
    let checks = ground.checks();
    let reports = check(&checks, &["a.py", "b.md", "gone.py"]);
    assert_eq!(reports.len(), 1);
    assert!(reports[0].ok && reports[0].output.is_empty(), "{reports:?}");
    ground.write("a.py", "def f():\n    return 1\n\nprint((2)\n");
    let told_of = told(&checks, &["a.py"]);
    assert_eq!(told_of, ["syntax false a.py:4: error: this cannot be read\n    4 | print((2)"]);
    // It was so before the next change: a session that begins now is not told.
    let later = ground.checks();
    later.before(&paths(&["a.py"]), &CancelToken::new());
    ground.write("a.py", "x = 1\n\ndef f():\n    return 1\n\nprint((2)\n");
    assert_eq!(told(&later, &["a.py"]), [""; 0]);
    // The session that brought it is told until it is mended.
    checks.before(&paths(&["a.py"]), &CancelToken::new());
    assert_eq!(told(&checks, &["a.py"]).len(), 1);
    ground.write("a.py", "print((2))\n");
    assert_eq!(told(&checks, &["a.py"]), [""; 0]);
}

#[test]
fn a_sign_that_is_missing_is_named() {
    let ground = Ground::new(&[("a.rs", "fn f() {\n    let a = 1\n}\n")]);
    let found = ["syntax false a.rs:2: error: `;` is missing here or before\n    2 | let a = 1"];
    assert_eq!(told(&ground.checks(), &["a.rs"]), found);
}

#[test]
fn commands_of_the_user_are_run_for_the_files_that_fit() {
    let ground = Ground::new(&[("src/a.rs", ""), ("b'; touch evil; '.rs", ""), ("c.py", "")]);
    ground.config(
        r#"{"checks": [
            {"files": "**/*.rs", "run": "echo \"$@\"; printf '\\033[1mbad\\033[0m\\n' >&2; exit 3"},
            {"files": "*.py", "run": "test -e src/a.rs"},
            {"files": "*.py", "run": "no-such-program-here"},
            {"files": "*.py", "run": "sleep 600", "seconds": 0},
            {"files": "{", "run": "true"}
        ]}"#,
    );
    let checks = ground.checks();
    let reports = check(&checks, &["src/a.rs", "b'; touch evil; '.rs"]);
    let [_, command, glob] = &reports[..] else { panic!("{reports:?}") };
    assert!(!command.ok);
    assert_eq!(command.output, "exit status 3\n./src/a.rs ./b'; touch evil; '.rs\nbad\n");
    assert!(glob.ok && glob.output.contains("no glob"), "{glob:?}");
    assert!(!ground.folder.path().join("tree/evil").exists());
    let outputs: Vec<_> =
        check(&checks, &["c.py"]).into_iter().map(|one| (one.ok, one.output)).collect();
    assert_eq!(outputs[1], (true, String::new()));
    assert!(outputs[2].0 && outputs[2].1.starts_with("it did not run:\n"), "{outputs:?}");
    assert_eq!(outputs[3], (true, "it was ended after 0 seconds\n".to_owned()));
}

#[test]
fn a_project_only_proposes_commands() {
    let ground = Ground::new(&[
        ("a.py", ""),
        (".mlx-code.json", r#"{"checks": [{"files": "*", "run": "touch evil"}]}"#),
    ]);
    assert_eq!(check(&ground.checks(), &["a.py"]).len(), 1);
    let dirs = Dirs::under(ground.folder.path());
    let tree = ground.folder.path().join("tree");
    let workspace = Workspace::open(&tree, &dirs).unwrap();
    assert_eq!(workspace.proposed_checks(), [CheckCommand::new("*", "touch evil")]);
    assert!(!tree.join("evil").exists());
    // Somebody agreed.
    check(&ground.checks().with_commands(workspace.proposed_checks().to_vec()), &["a.py"]);
    assert!(tree.join("evil").exists());
}

/// A `ruff` that finds `wrong` in any line, by the rule that stands behind it.
const RUFF: &str = r#"
for last; do :; done
printf '['
grep -n wrong "$last" | sed 's/^\([0-9]*\):.*wrong \([A-Z0-9]*\).*/{"code":"\2","filename":"NAME","location":{"row":\1,"column":1},"message":"is wrong"},/' | sed "s|NAME|$PWD/$last|" | tr -d '\n' | sed 's/,$//'
printf ']'
grep -q wrong "$last" && exit 1
exit 0
"#;

#[test]
fn of_a_linter_only_what_is_new_is_told() {
    let ground = Ground::new(&[("a.py", "x = 1  # wrong F821\ny = 2\n")]);
    ground.install("bin/ruff", RUFF);
    // It reads and runs nothing, and so is asked unless somebody switches it off.
    ground.config(r#"{"check_with": []}"#);
    assert_eq!(check(&ground.checks(), &["a.py"]).len(), 1);
    ground.config("{}");
    let checks = ground.checks();
    checks.before(&paths(&["a.py"]), &CancelToken::new());
    ground.write("a.py", "new = 0  # wrong F821\nx = 1  # wrong F821\ny = 2\n");
    let new = "ruff check false a.py:1: error F821: is wrong\n    1 | new = 0  # wrong F821";
    assert_eq!(told(&checks, &["a.py"]), [new]);
    // A repair that leaves it.
    checks.before(&paths(&["a.py"]), &CancelToken::new());
    assert_eq!(told(&checks, &["a.py"]), [new]);
    // Matters of style are told, and nothing fails.
    ground.write("a.py", "x = 1  # wrong F821\ny = 2  # wrong E501\n");
    assert_eq!(
        told(&checks, &["a.py"]),
        ["ruff check true a.py:2: warning E501: is wrong\n    2 | y = 2  # wrong E501"]
    );
}

#[test]
fn what_runs_code_of_the_project_waits_for_a_word() {
    let ground = Ground::new(&[("a.rs", ""), ("Cargo.toml", ""), ("b.py", "")]);
    ground.install("bin/cargo", "exit 0");
    // What nobody asked for is not missed either.
    assert_eq!(told(&ground.checks(), &["a.rs", "b.py"]), [""; 0]);
    let names = |checks: &Checks| {
        let reports = check(checks, &["a.rs"]);
        reports.into_iter().map(|one| one.check).collect::<Vec<_>>()
    };
    assert_eq!(names(&ground.checks()), ["syntax"]);
    let all = ground.checks().with_source(CheckSource::Programs);
    assert_eq!(names(&all), ["syntax", "cargo check"]);
}

#[test]
fn a_program_that_fails_is_no_failed_check() {
    let ground = Ground::new(&[("a.py", "x = 1\n")]);
    let checks = || ground.checks().with_source(CheckSource::Programs);
    let missing = ["ruff", "ty"]
        .map(|name| format!("{name} check true it did not run: `{name}` is not installed"));
    let all = checks();
    assert_eq!(told(&all, &["a.py"]), missing);
    // Once is enough.
    assert_eq!(told(&all, &["a.py"]), [""; 0]);
    for (script, words) in [
        ("echo '[]'; echo no such setting >&2; exit 2", "status 2: no such setting"),
        ("echo rubbish", "status 0: rubbish"),
        ("echo '[]'; exit 1", "status 1: []"),
        ("kill -SEGV $$", "it crashed"),
    ] {
        ground.install("bin/ruff", script);
        let expect = format!("ruff check true it did not run: {words}");
        assert_eq!(told(&checks(), &["a.py"]), [expect]);
    }
}

#[test]
fn programs_of_the_project_are_run_only_where_that_is_said() {
    let ground = Ground::new(&[("sub/a.py", "x = 1  # wrong F821\n")]);
    ground.install("tree/.venv/bin/ruff", RUFF);
    let told_by = |source| told(&ground.checks().with_source(source), &["sub/a.py"])[0].clone();
    assert!(told_by(CheckSource::Programs).contains("not installed"));
    assert!(told_by(CheckSource::ProjectPrograms).starts_with("ruff check false sub/a.py:1"));
    // Not even by a link from a folder of programs.
    let link = ground.folder.path().join("bin/ruff");
    std::os::unix::fs::symlink(ground.folder.path().join("tree/.venv/bin/ruff"), link).unwrap();
    assert!(told_by(CheckSource::Programs).contains("not installed"));
}

/// What a program that prints `output` is read as.
fn read_as(files: &[(&str, &str)], program: &str, output: &str, changed: &str) -> Vec<String> {
    let ground = Ground::new(files);
    let tree = ground.folder.path().join("tree").canonicalize().unwrap();
    let output = output.replace("ROOT", tree.to_str().unwrap());
    fs::write(ground.folder.path().join("output"), output).unwrap();
    let place = ground.folder.path().join("output");
    ground.install(
        &format!("bin/{program}"),
        &format!("cat {0}; cat {0} >&2; exit 1", place.display()),
    );
    let checks = ground.checks().with_source(CheckSource::Programs);
    let reports = check(&checks, &[changed]);
    let lines =
        reports.iter().flat_map(|one| one.output.lines()).filter(|line| !line.starts_with(' '));
    lines.filter(|line| !line.contains("not installed")).map(str::to_owned).collect()
}

#[test]
fn what_programs_write_is_read() {
    let python = [("a.py", "x\ny\n")];
    let ty = r#"[{"check_name": "unresolved-reference", "description": "unresolved-reference: Name `x` used", "severity": "major", "fingerprint": "1", "location": {"path": "a.py", "positions": {"begin": {"line": 2, "column": 1}, "end": {"line": 2, "column": 2}}}},
        {"check_name": "style", "description": "so", "severity": "minor", "location": {"path": "../../etc/passwd", "lines": {"begin": 1}}}]"#;
    assert_eq!(
        read_as(&python, "ty", ty, "a.py"),
        ["a.py:2: error unresolved-reference: Name `x` used"]
    );
    let scripts = [("w/eslint.config.js", ""), ("w/src/a.js", "x\n")];
    let eslint = r#"[{"filePath": "ROOT/w/src/a.js", "messages": [{"ruleId": "no-undef", "severity": 2, "message": "'x' is not defined.", "line": 1, "column": 1}, {"ruleId": null, "severity": 1, "message": "odd", "line": 1}]}]"#;
    assert_eq!(
        read_as(&scripts, "eslint", eslint, "w/src/a.js"),
        ["w/src/a.js:1: error no-undef: 'x' is not defined.", "w/src/a.js:1: warning: odd"]
    );
    let typed = [("w/tsconfig.json", "{}"), ("w/src/a.ts", "let x: number = ''\n")];
    let tsc = "src/a.ts(1,5): error TS2322: Type 'string' is not assignable to type 'number'.\n  a note\n";
    assert_eq!(
        read_as(&typed, "tsc", tsc, "w/src/a.ts"),
        ["w/src/a.ts:1: error TS2322: Type 'string' is not assignable to type 'number'."]
    );
    let go = [("go.mod", "module x\n"), ("p/a.go", "package p\n")];
    let vet = "# x/p\nvet: ./a.go:1:9: undefined: y\np/a.go:1:2: second\n";
    assert_eq!(
        read_as(&go, "go", vet, "p/a.go"),
        ["p/a.go:1: error: undefined: y", "p/a.go:1: error: second"]
    );
    let rust = [("Cargo.toml", ""), ("c/Cargo.toml", ""), ("c/src/lib.rs", "fn f() {}\n")];
    let span = r#""spans": [{"is_primary": true, "file_name": "c/src/lib.rs", "line_start": 1, "label": "expected `u8`"}]"#;
    let line = |level: &str, message: &str| {
        format!(
            r#"{{"reason": "compiler-message", "message": {{"level": "{level}", "message": "{message}", "code": {{"code": "E0308"}}, {span}, "children": [{{"level": "help", "message": "try this"}}]}}}}"#
        )
    };
    let cargo = [
        line("error", "mismatched types"),
        line("error", "mismatched types"),
        line("warning", "unused"),
        r#"{"reason": "build-finished", "success": false}"#.to_owned(),
    ];
    // A status that is none of cargo's own: it has not looked.
    let read = read_as(&rust, "cargo", &cargo.join("\n"), "c/src/lib.rs");
    assert!(read[0].starts_with("it did not run: status 1"), "{read:?}");
    let ground = Ground::new(&rust);
    fs::write(ground.folder.path().join("output"), cargo.join("\n")).unwrap();
    let place = ground.folder.path().join("output");
    // It runs where the nearest manifest is.
    ground.install(
        "bin/cargo",
        &format!("test -e src/lib.rs || exit 9; cat {}; exit 101", place.display()),
    );
    let checks = ground.checks().with_source(CheckSource::Programs);
    let reports = check(&checks, &["c/src/lib.rs"]);
    let lines: Vec<&str> =
        reports[1].output.lines().filter(|line| !line.starts_with(' ')).collect();
    let rest = "expected `u8`; help: try this";
    assert_eq!(
        lines,
        [
            format!("c/src/lib.rs:1: error E0308: mismatched types: {rest}"),
            format!("c/src/lib.rs:1: warning E0308: unused: {rest}")
        ]
    );
}

/// A small project with a mistake, who finds it, and what is told of it.
type Project<'a> = (&'a str, CheckSource, &'a [(&'a str, &'a str)], &'a str, &'a str);

#[test]
#[ignore = "asks the programs that are installed"]
fn real_tools() {
    let typed = ["let a: number = 1;\nexport { a };\n", "let a: number = '';\nexport { a };\n"];
    let go =
        ["package p\n\nfunc F() int { return 1 }\n", "package p\n\nfunc F() int { return x }\n"];
    let manifest = "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let rust = ["pub fn f() -> u8 {\n    1\n}\n", "pub fn f() -> u8 {\n    \"\"\n}\n"];
    let python = ["x = 1\n", "x = 1\nprint(y)\n"];
    let script = ["const a = 1;\nexport { a };\n", "const a = 1;\nexport { a };\nb();\n"];
    let eslint = "export default [{ rules: { 'no-undef': 'error' } }];\n";
    let programs = CheckSource::ProjectPrograms;
    let all: [Project<'_>; 9] = [
        ("ruff check", programs, &[("a.py", python[0])], python[1], "a.py:2: error F821"),
        ("ty check", programs, &[("a.py", python[0])], python[1], "a.py:2: error unresolved"),
        (
            "cargo check",
            programs,
            &[("src/lib.rs", rust[0]), ("Cargo.toml", manifest)],
            rust[1],
            "src/lib.rs:2: error E0308",
        ),
        (
            "tsc",
            programs,
            &[("a.ts", typed[0]), ("tsconfig.json", "{}")],
            typed[1],
            "a.ts:1: error TS2322",
        ),
        (
            "eslint",
            programs,
            &[("a.js", script[0]), ("eslint.config.mjs", eslint)],
            script[1],
            "a.js:3: error no-undef",
        ),
        (
            "go vet",
            programs,
            &[("a.go", go[0]), ("go.mod", "module p\n\ngo 1.21\n")],
            go[1],
            "a.go:3: error",
        ),
        (
            "ty (language server)",
            CheckSource::Servers,
            &[("a.py", python[0])],
            python[1],
            "a.py:2: error unresolved",
        ),
        (
            "typescript (language server)",
            CheckSource::Servers,
            &[("a.ts", typed[0]), ("tsconfig.json", "{}")],
            typed[1],
            "a.ts:1: error 2322",
        ),
        (
            "rust-analyzer (language server)",
            CheckSource::Servers,
            &[("src/lib.rs", rust[0]), ("Cargo.toml", manifest)],
            rust[1],
            "src/lib.rs:2: error E0308",
        ),
    ];
    for (name, source, files, after, expect) in all {
        let ground = Ground::new(files);
        let dirs = Dirs::under(ground.folder.path());
        let workspace = Workspace::open(&ground.folder.path().join("tree"), &dirs).unwrap();
        let checks = workspace.checks(&ServerFolders::from_env()).with_source(source);
        let changed = files[0].0;
        let begin = std::time::Instant::now();
        checks.before(&paths(&[changed]), &CancelToken::new());
        let before = begin.elapsed();
        ground.write(changed, after);
        let begin = std::time::Instant::now();
        let reports = check(&checks, &[changed]);
        let time = begin.elapsed();
        let Some(report) = reports.iter().find(|one| one.check == name) else {
            println!("{name}: not installed");
            continue;
        };
        println!("{name}: {before:.1?} before, {time:.1?} after: {}", report.output);
        // What does not run here, such as an old version, is printed above.
        if report.output.contains("did not run") {
            continue;
        }
        assert!(!report.ok && report.output.contains(expect), "{reports:?}");
        ground.write(changed, files[0].1);
        let reports = check(&checks, &[changed]);
        let report = reports.iter().find(|one| one.check == name).unwrap();
        assert!(report.ok, "{report:?}");
    }
}

#[test]
fn who_cancels_is_told_no_more() {
    let ground = Ground::new(&[("a.py", "x = 1\n")]);
    ground.install("bin/ruff", "sleep 600");
    ground.config(r#"{"checks": [{"files": "*", "run": "touch evil"}]}"#);
    let checks = ground.checks().with_source(CheckSource::Programs);
    let cancel = CancelToken::new();
    cancel.cancel();
    let mut reports = Vec::new();
    checks.check(&paths(&["a.py"]), &cancel, &mut |report| reports.push(report.check));
    assert!(!Path::new(&ground.folder.path().join("tree/evil")).exists());
    assert_eq!(reports, ["syntax"]);
}

#[test]
fn what_was_wrong_stays_known_while_other_files_change() {
    let ground = Ground::new(&[("a.py", "x = (1\n"), ("b.py", "y = 2\n")]);
    let checks = ground.checks();
    let change = |name: &str, text: &str| {
        checks.before(&paths(&[name]), &CancelToken::new());
        ground.write(name, text);
        told(&checks, &[name])
    };
    assert_eq!(change("a.py", "a = 0\nx = (1\n"), [""; 0]);
    assert_eq!(change("b.py", "b = 0\ny = 2\n"), [""; 0]);
    // The first is as it was left, and its error is an old one still.
    assert_eq!(change("a.py", "a = 1\nx = (1\n"), [""; 0]);
    // The same under another name.
    checks.before(&paths(&["a.py"]), &CancelToken::new());
    let tree = ground.folder.path().join("tree");
    fs::rename(tree.join("a.py"), tree.join("c.py")).unwrap();
    checks.renamed(&paths(&["a.py"])[0], &paths(&["c.py"])[0]);
    assert_eq!(told(&checks, &["c.py"]), [""; 0]);
    assert_eq!(change("c.py", "a = 2\nx = (1\n"), [""; 0]);
}

#[test]
fn a_look_that_came_to_nothing_is_made_again() {
    let text = "x = 1  # wrong F821\n";
    let ground = Ground::new(&[("a.py", text)]);
    ground.install("bin/ruff", RUFF);
    // Before the first change somebody cancelled.
    let checks = ground.checks();
    let cancelled = CancelToken::new();
    cancelled.cancel();
    checks.before(&paths(&["a.py"]), &cancelled);
    checks.before(&paths(&["a.py"]), &CancelToken::new());
    ground.write("a.py", "x = 1  # wrong F821\ny = 2\n");
    assert_eq!(told(&checks, &["a.py"]), [""; 0]);
    // The linter failed.
    let checks = ground.checks();
    ground.install("bin/ruff", "exit 2");
    checks.before(&paths(&["a.py"]), &CancelToken::new());
    ground.install("bin/ruff", RUFF);
    checks.before(&paths(&["a.py"]), &CancelToken::new());
    ground.write("a.py", text);
    assert_eq!(told(&checks, &["a.py"]), [""; 0]);
    // It was cancelled afterwards: what was wrong before is known all the same.
    checks.before(&paths(&["a.py"]), &CancelToken::new());
    ground.write("a.py", "y = 2  # wrong F821\nx = 1  # wrong F821\n");
    checks.check(&paths(&["a.py"]), &cancelled, &mut |_| {});
    checks.before(&paths(&["a.py"]), &CancelToken::new());
    let new = "ruff check false a.py:1: error F821: is wrong\n    1 | y = 2  # wrong F821";
    assert_eq!(told(&checks, &["a.py"]), [new]);
}
