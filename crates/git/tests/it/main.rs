//! The crate against the real git program, in temporary repositories.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "the tests make repositories with git itself")]

use std::fs;
use std::path::Path;
use std::process::Command;

use mlxcode_base::RelPath;
use mlxcode_git::{Error, Repository, StatusKind};

fn git(folder: &Path, args: &[&str]) {
    let output = Command::new("git")
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn repository() -> (tempfile::TempDir, Repository) {
    let temp = tempfile::tempdir().unwrap();
    git(temp.path(), &["init", "--quiet", "--initial-branch=main"]);
    git(temp.path(), &["config", "user.name", "Test"]);
    git(temp.path(), &["config", "user.email", "test@example.com"]);
    let found = Repository::discover(temp.path()).unwrap().unwrap();
    (temp, found)
}

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

#[test]
fn a_work_tree_is_found_from_below_and_not_where_there_is_none() {
    let (temp, repository) = repository();
    let deep = temp.path().join("a/b");
    fs::create_dir_all(&deep).unwrap();
    assert_eq!(Repository::discover(&deep).unwrap().as_ref(), Some(&repository));
    assert_eq!(repository.work_tree(), fs::canonicalize(temp.path()).unwrap());
    let bare = tempfile::tempdir().unwrap();
    fs::create_dir(bare.path().join(".git")).unwrap();
    assert_eq!(Repository::discover(bare.path()).unwrap(), None);
    assert!(matches!(
        Repository::discover(&bare.path().join("missing")),
        Err(Error::Discover { .. })
    ));
}

#[test]
fn a_linked_work_tree_is_one_too() {
    let (temp, repository) = repository();
    fs::write(temp.path().join("a.txt"), "one\n").unwrap();
    repository.commit(&[path("a.txt")], "first").unwrap();
    let beside = tempfile::tempdir().unwrap();
    let linked = beside.path().join("linked");
    git(temp.path(), &["worktree", "add", "--quiet", linked.to_str().unwrap()]);
    let found = Repository::discover(&linked).unwrap().unwrap();
    assert_eq!(found.head().unwrap().branch.as_deref(), Some("linked"));
}

#[test]
fn from_the_first_file_to_the_second_commit() {
    let (temp, repository) = repository();
    assert_eq!(repository.head().unwrap().commit, None);
    assert_eq!(repository.log(10).unwrap(), []);
    fs::write(temp.path().join("a.txt"), "one\n").unwrap();
    fs::write(temp.path().join("star*.txt"), "x\n").unwrap();
    let kinds: Vec<_> = repository.status().unwrap().into_iter().map(|file| file.kind).collect();
    assert_eq!(kinds, [StatusKind::Untracked; 2]);

    let first = repository.commit(&[path("a.txt")], "First: --amend $(x)\n\nBody.").unwrap();
    let log = repository.log(10).unwrap();
    assert_eq!(
        (log[0].id.as_str(), log[0].subject.as_str()),
        (first.as_str(), "First: --amend $(x)")
    );
    assert_eq!(log[0].body, "Body.");
    assert_eq!(repository.status().unwrap()[0].path.as_str(), "star*.txt");

    fs::write(temp.path().join("a.txt"), "two\n").unwrap();
    let diff = repository.diff(&[path("a.txt")]).unwrap();
    assert!(diff.contains("-one\n+two\n"), "{diff}");
    repository.commit(&[path("a.txt"), path("star*.txt")], "Second").unwrap();
    assert_eq!(repository.churn(10).unwrap()[&path("a.txt")], 2);
    assert_eq!(repository.churn(1).unwrap()[&path("star*.txt")], 1);
    assert!(matches!(repository.commit(&[path("a.txt")], "Third"), Err(Error::NothingToCommit)));
}

#[test]
fn a_repository_cannot_make_us_start_its_programs() {
    let (temp, repository) = repository();
    let proof = temp.path().join("ran");
    let script = temp.path().join("evil.sh");
    fs::write(&script, format!("#!/bin/sh\ntouch {}\n", proof.display())).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let script = script.to_str().unwrap();
    for setting in ["core.fsmonitor", "diff.external", "core.pager", "core.sshCommand"] {
        git(temp.path(), &["config", setting, script]);
    }
    git(temp.path(), &["config", "diff.evil.textconv", script]);
    fs::write(temp.path().join(".gitattributes"), "*.txt diff=evil\n").unwrap();
    let hooks = temp.path().join(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    fs::copy(script, hooks.join("pre-commit")).unwrap();
    fs::write(temp.path().join("a.txt"), "one\n").unwrap();
    repository.commit(&[path("a.txt")], "first").unwrap();
    fs::write(temp.path().join("a.txt"), "two\n").unwrap();
    repository.status().unwrap();
    repository.diff(&[]).unwrap();
    repository.log(1).unwrap();
    assert!(!proof.exists(), "a program of the repository was started");
}
