use assert_cmd::Command;
use predicates::str::{contains, ends_with};

#[test]
fn words_of_a_file_are_counted() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "to be or not to be").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_{{ name | lower }}"));
    command.arg(file.path()).assert().success().stdout(ends_with(": 6\n"));
}

#[test]
fn a_missing_file_is_an_error() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_{{ name | lower }}"));
    command.arg("missing").assert().failure().stderr(contains("cannot read missing"));
}
