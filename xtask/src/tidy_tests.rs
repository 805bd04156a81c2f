//! The check against small trees, clean and with one fault each.

use std::fs;

use super::*;

/// Writes one file into an empty tree and compares what is found.
fn check_file(file: &str, text: &str, expect: &[&str]) {
    let temp = tempfile::tempdir().unwrap();
    let place = temp.path().join(file);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(&place, text).unwrap();
    let found: Vec<_> = check(temp.path()).unwrap().iter().map(Finding::to_string).collect();
    assert_eq!(found.len(), expect.len(), "{found:#?}\nin\n{text}");
    for (found, expect) in found.iter().zip(expect) {
        assert!(found.starts_with(expect), "{found}\nnot\n{expect}");
    }
}

#[test]
fn a_clean_file_passes() {
    let text = "//! Words.\n\n/// A word.\npub struct Word {\n    /// Its text.\n    pub text: String,\n    \
        length: usize,\n}\n\npub use std::fmt;\npub(crate) fn quiet() {}\n\n\
        #[allow(dead_code, reason = \"kept\")]\nfn f() {}\n\nimpl Default for Word {\n    \
        fn default() -> Self { loop {} }\n}\n\n#[cfg(test)]\nmod tests {\n    \
        pub fn shown() { println!(\"x\"); }\n}\n";
    check_file("crates/a/src/lib.rs", text, &[]);
}

#[test]
fn a_long_file_fails_and_its_data_does_not() {
    let text = |lines: usize| "x = 1\n".repeat(lines);
    check_file("bindings/python/a.py", &text(600), &[]);
    check_file(
        "bindings/python/a.py",
        &text(601),
        &["bindings/python/a.py:601: the file has 601 lines, 600 at most;"],
    );
    check_file("crates/a/tests/fixtures/a.py", &text(601), &[]);
    check_file("crates/a/tests/cases/001/after/a.py", &text(601), &[]);
    check_file(
        "crates/a/tests/it/main.rs",
        &"\n".repeat(601),
        &["crates/a/tests/it/main.rs:601: the file has 601 lines"],
    );
}

#[test]
fn a_stray_print_fails_where_nobody_listens() {
    let text = "fn f() {\n    println!(\"x\");\n    std::eprint!(\"y\");\n}\n";
    check_file(
        "crates/a/src/lib.rs",
        text,
        &["crates/a/src/lib.rs:2: stray `println!`;", "crates/a/src/lib.rs:3: stray `eprint!`;"],
    );
    for place in ["crates/cli/src/a.rs", "xtask/src/a.rs", "crates/a/tests/it/a.rs", "a/build.rs"] {
        check_file(place, text, &[]);
    }
    check_file(
        "bindings/python/python/a.py",
        "def f():\n    print(1)\n",
        &["bindings/python/python/a.py:2: stray `print(…)`;"],
    );
    check_file("bindings/node/index.js", "console.log(1)\n", &["bindings/node/index.js:1: stray"]);
    check_file("examples/node/ask.js", "console.log(1)\n", &[]);
}

#[test]
fn a_dbg_fails_everywhere() {
    for place in ["crates/cli/src/a.rs", "crates/a/tests/it/a.rs", "xtask/src/a.rs"] {
        let found = format!("{place}:1: stray `dbg!`;");
        check_file(place, "fn f() { dbg!(1); }\n", &[&found]);
        check_file(place, "fn f() { vec![dbg!(1)]; }\n", &[&found]);
    }
}

#[test]
fn an_undocumented_public_item_fails() {
    for (text, line, what) in [
        ("pub fn f() {}", 1, "function `f`"),
        ("pub struct S;", 1, "struct `S`"),
        ("/// S.\npub struct S {\n    pub a: u8,\n}", 3, "field `a`"),
        ("/// E.\npub enum E {\n    A,\n}", 3, "variant `A`"),
        ("/// E.\npub enum E {\n    /// A.\n    A { b: u8 },\n}", 4, "field `b`"),
        ("/// T.\npub trait T {\n    fn f();\n}", 3, "trait member `f`"),
        ("/// S.\npub struct S;\nimpl S {\n    pub fn f(&self) {}\n}", 4, "method `f`"),
        ("pub const C: u8 = 1;", 1, "constant `C`"),
        ("pub type T = u8;", 1, "type `T`"),
        ("mod inner {\n    pub fn f() {}\n}", 2, "function `f`"),
    ] {
        let found = format!("crates/a/src/lib.rs:{line}: public {what} has no documentation;");
        check_file("crates/a/src/lib.rs", text, &[&found]);
        check_file("crates/a/tests/it/lib.rs", text, &[]);
    }
}

#[test]
fn members_need_documentation_where_users_see_the_type() {
    let text = "/// S.\npub struct S {\n    pub a: u8,\n}\nimpl S {\n    pub fn f() {}\n}\n";
    let allowed = format!("#[allow(missing_docs, reason = \"named alike\")]\n{text}");
    for (lib, text, lines) in [
        ("pub use one::S;", text, &[3, 6][..]),
        ("pub use one::{other::T, S as U};", text, &[3, 6]),
        ("pub use one::S;", &allowed, &[7]),
        ("use one::S;", text, &[]),
        ("pub use one::T;", text, &[]),
    ] {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("crates/a/src");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("lib.rs"), lib).unwrap();
        fs::write(folder.join("one.rs"), text).unwrap();
        let found: Vec<_> = check(temp.path()).unwrap().iter().map(|found| found.line).collect();
        assert_eq!(found, lines, "{lib}\n{text}");
    }
}

#[test]
fn an_allow_without_a_reason_fails_in_tests_too() {
    for (text, name) in [
        ("#[allow(dead_code)]\nfn f() {}", "allow"),
        ("#[expect(dead_code)]\nfn f() {}", "expect"),
        ("#![allow(dead_code)]", "allow"),
        ("#[cfg_attr(unix, allow(dead_code))]\nfn f() {}", "allow"),
        ("#[cfg(test)] #[allow(dead_code)] mod tests {}", "allow"),
    ] {
        let found = format!("crates/a/src/lib.rs:1: `#[{name}]` without a reason;");
        check_file("crates/a/src/lib.rs", text, &[&found]);
    }
    check_file("crates/a/src/lib.rs", "#[cfg_attr(unix, derive(Debug))]\nstruct S;", &[]);
}

#[test]
fn a_file_that_is_no_rust_is_told() {
    check_file("crates/a/src/lib.rs", "fn f( {\n", &["crates/a/src/lib.rs:1: cannot be parsed"]);
}
