use std::process::{Command, Output};

fn run(argument: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_{{ name | lower }}"))
        .arg(argument)
        .output()
        .unwrap()
}

#[test]
fn words_of_a_file_are_counted() {
    let output = run(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs"));
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("lib.rs: "), "{text}");
}

#[test]
fn a_missing_file_is_an_error() {
    let output = run("missing");
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("cannot read missing"), "{text}");
}
