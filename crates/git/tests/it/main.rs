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
    // What a developer's own settings could change.
    git(temp.path(), &["config", "core.autocrlf", "false"]);
    git(temp.path(), &["config", "core.excludesFile", "/dev/null"]);
    git(temp.path(), &["config", "core.attributesFile", "/dev/null"]);
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
    assert!(matches!(repository.commit(&[], "Third"), Err(Error::NothingToCommit)));
    assert!(matches!(repository.commit(&[path("a.txt")], " \n"), Err(Error::EmptyMessage)));
}

#[test]
fn a_broken_repository_does_not_stand_for_the_one_around_it() {
    let (temp, outer) = repository();
    fs::write(temp.path().join("a.txt"), "one\n").unwrap();
    outer.commit(&[path("a.txt")], "first").unwrap();
    let inner = temp.path().join("inner");
    fs::create_dir_all(inner.join(".git")).unwrap();
    fs::write(inner.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    let broken = Repository::discover(&inner).unwrap().unwrap();
    assert_eq!(broken.work_tree(), fs::canonicalize(&inner).unwrap());
    assert!(matches!(broken.head(), Err(Error::Failed { verb: "status", .. })));
    assert!(broken.commit(&[path("b.txt")], "no").is_err());
    assert_eq!(outer.log(10).unwrap().len(), 1);
}

#[test]
fn a_submodules_file_leads_to_its_repository() {
    let (inner, module) = repository();
    fs::write(inner.path().join("a.txt"), "one\n").unwrap();
    module.commit(&[path("a.txt")], "first").unwrap();
    let (outer, around) = repository();
    let source = inner.path().to_str().unwrap();
    let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", source, "sub"];
    git(outer.path(), &add);
    let found = Repository::discover(&outer.path().join("sub")).unwrap().unwrap();
    assert_eq!(found.work_tree(), fs::canonicalize(outer.path().join("sub")).unwrap());
    assert_eq!(found.log(1).unwrap()[0].subject, "first");
    let paths: Vec<_> = around.status().unwrap().into_iter().map(|file| file.path).collect();
    assert_eq!(paths, [path(".gitmodules"), path("sub")]);
}

#[test]
fn files_staged_before_stay_staged_and_stay_out() {
    let (temp, repository) = repository();
    for name in ["a.txt", "staged.txt", "gone.txt"] {
        fs::write(temp.path().join(name), "one\n").unwrap();
    }
    repository.commit(&[path("gone.txt")], "first").unwrap();
    git(temp.path(), &["add", "staged.txt"]);
    fs::remove_file(temp.path().join("gone.txt")).unwrap();
    repository.commit(&[path("a.txt"), path("gone.txt")], "second").unwrap();
    let left = repository.status().unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!((left[0].path.as_str(), left[0].kind), ("staged.txt", StatusKind::Added));
    assert!(!temp.path().join("gone.txt").exists());
}

#[test]
fn a_commit_that_fails_leaves_the_index_as_it_was() {
    let (temp, repository) = repository();
    git(temp.path(), &["config", "user.useConfigOnly", "true"]);
    for key in ["user.name", "user.email"] {
        git(temp.path(), &["config", key, ""]);
    }
    fs::write(temp.path().join("a.txt"), "one\n").unwrap();
    let before = repository.status().unwrap();
    let error = repository.commit(&[path("a.txt")], "first").unwrap_err();
    assert!(matches!(error, Error::NoIdentity), "{error:?}");
    assert_eq!(repository.status().unwrap(), before);
    assert_eq!(before[0].kind, StatusKind::Untracked);
}

#[test]
fn before_the_first_commit_the_diff_is_all_that_is_staged() {
    let (temp, repository) = repository();
    assert_eq!(repository.diff(&[]).unwrap(), "");
    assert!(repository.churn(5).unwrap().is_empty());
    fs::write(temp.path().join("a.txt"), "one\n").unwrap();
    git(temp.path(), &["add", "a.txt"]);
    // The user's taste in diffs changes nothing.
    git(temp.path(), &["config", "diff.noprefix", "true"]);
    git(temp.path(), &["config", "color.ui", "always"]);
    let diff = repository.diff(&[]).unwrap();
    assert!(diff.contains("--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+one\n"), "{diff}");
}

#[test]
fn a_setting_cannot_lead_to_another_folder() {
    let (temp, repository) = repository();
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("private.txt"), "x\n").unwrap();
    fs::write(temp.path().join("a.txt"), "one\n").unwrap();
    git(temp.path(), &["config", "core.worktree", other.path().to_str().unwrap()]);
    let paths: Vec<_> = repository.status().unwrap().into_iter().map(|file| file.path).collect();
    assert_eq!(paths, [path("a.txt")]);
}

#[test]
fn a_head_without_a_branch_has_its_commit() {
    let (temp, repository) = repository();
    fs::write(temp.path().join("a.txt"), "one\n").unwrap();
    let first = repository.commit(&[path("a.txt")], "first").unwrap();
    git(temp.path(), &["checkout", "--quiet", "--detach"]);
    let head = repository.head().unwrap();
    assert_eq!((head.branch, head.commit), (None, Some(first)));
}

#[test]
fn an_index_that_another_program_holds_is_an_error_with_its_reason() {
    let (temp, repository) = repository();
    fs::write(temp.path().join("a.txt"), "one\n").unwrap();
    fs::write(temp.path().join(".git/index.lock"), "").unwrap();
    let error = repository.commit(&[path("a.txt")], "first").unwrap_err();
    assert!(error.to_string().contains("index.lock"), "{error}");
    fs::remove_file(temp.path().join(".git/index.lock")).unwrap();
    repository.commit(&[path("a.txt")], "first").unwrap();
}

#[test]
fn a_file_behind_the_repositorys_own_filter_is_not_committed_in_clear() {
    let (temp, repository) = repository();
    git(temp.path(), &["config", "filter.secret.clean", "tr a-z b-za"]);
    git(temp.path(), &["config", "filter.secret.required", "true"]);
    fs::write(temp.path().join(".gitattributes"), "*.key filter=secret\n").unwrap();
    fs::write(temp.path().join("a.key"), "hush\n").unwrap();
    fs::write(temp.path().join("a.txt"), "one\n").unwrap();
    let error = repository.commit(&[path("a.txt"), path("a.key")], "first").unwrap_err();
    assert!(matches!(&error, Error::Filtered { filter, .. } if filter == "secret"), "{error:?}");
    assert_eq!(repository.head().unwrap().commit, None);
    repository.commit(&[path("a.txt")], "first").unwrap();
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
    for setting in [
        "core.fsmonitor",
        "diff.external",
        "core.pager",
        "core.sshCommand",
        "core.editor",
        "gpg.program",
        "gc.recentObjectsHook",
        "filter.evil.clean",
        "filter.evil.smudge",
        "diff.evil.command",
        "hook.evil.command",
    ] {
        git(temp.path(), &["config", setting, script]);
    }
    for (setting, value) in [
        ("commit.gpgSign", "true"),
        ("log.showSignature", "true"),
        ("filter.evil.required", "true"),
        ("hook.evil.event", "pre-commit"),
        ("gc.auto", "1"),
    ] {
        git(temp.path(), &["config", setting, value]);
    }
    git(temp.path(), &["config", "diff.evil.textconv", script]);
    fs::write(temp.path().join(".gitattributes"), "*.txt diff=evil\n*.md filter=evil\n").unwrap();
    fs::write(temp.path().join("filtered.md"), "one\n").unwrap();
    let hooks = temp.path().join(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in ["pre-commit", "prepare-commit-msg", "post-commit", "reference-transaction"] {
        fs::copy(script, hooks.join(hook)).unwrap();
    }
    fs::write(temp.path().join("a.txt"), "one\n").unwrap();
    repository.commit(&[path("a.txt")], "first").unwrap();
    fs::write(temp.path().join("a.txt"), "two\n").unwrap();
    repository.status().unwrap();
    repository.diff(&[]).unwrap();
    repository.log(1).unwrap();
    repository.churn(1).unwrap();
    assert!(repository.commit(&[path("filtered.md")], "no").is_err());
    assert!(!proof.exists(), "a program of the repository was started");
    // The trap itself works: git left to itself does start the filter.
    git(temp.path(), &["add", "filtered.md"]);
    assert!(proof.exists(), "the test proves nothing");
}

#[test]
fn the_history_tells_files_and_goes_on_from_a_commit() {
    let (temp, repository) = repository();
    assert_eq!((repository.tip(), repository.history(None, 9).unwrap()), (None, Vec::new()));
    fs::write(temp.path().join("a.txt"), "one\n").unwrap();
    let first = repository.commit(&[path("a.txt")], "First\n\nWith a body").unwrap();
    fs::write(temp.path().join("a.txt"), "two\n").unwrap();
    fs::write(temp.path().join("\u{e9} b.txt"), "two\n").unwrap();
    let both = [path("a.txt"), path("\u{e9} b.txt")];
    repository.commit(&both, "Second").unwrap();
    let head = repository.head().unwrap().commit;
    assert_eq!(repository.tip(), head);
    let told = |since: Option<&str>, limit| {
        let changes = repository.history(since, limit).unwrap();
        let one = |change: mlxcode_git::Change| (change.message, change.paths);
        changes.into_iter().map(one).collect::<Vec<_>>()
    };
    let second = ("Second".to_owned(), both.to_vec());
    let begin = ("First\n\nWith a body".to_owned(), vec![path("a.txt")]);
    assert_eq!(told(None, 9), [second.clone(), begin]);
    assert_eq!(told(Some(&first), 9), std::slice::from_ref(&second));
    assert_eq!(told(None, 1), [second]);
    assert!(repository.holds(&first).unwrap());
    git(temp.path(), &["reset", "--quiet", "--hard", &first]);
    assert!(!repository.holds(&head.unwrap()).unwrap());
    assert!(repository.holds(&"0".repeat(40)).is_err());
}

#[test]
fn what_is_staged_is_told_counted_and_committed() {
    use mlxcode_git::{CommitPrograms, Range};
    let (temp, repository) = repository();
    let write = |name: &str, text: &str| fs::write(temp.path().join(name), text).unwrap();
    assert!(matches!(
        repository.commit_staged("x", CommitPrograms::None),
        Err(Error::NothingToCommit)
    ));
    write("a.txt", "one\n");
    git(temp.path(), &["add", "a.txt"]);
    // Before the first commit, all is new.
    assert!(repository.diff_of(&Range::Staged, 3, &[]).unwrap().contains("+one"));
    let first = repository.commit_staged("# First", CommitPrograms::None).unwrap();
    assert_eq!(repository.log(1).unwrap()[0].subject, "# First");

    write("a.txt", "one\ntwo\n");
    git(temp.path(), &["add", "a.txt"]);
    write("a.txt", "one\ntwo\nthree\n");
    let staged = repository.diff_of(&Range::Staged, 3, &[]).unwrap();
    assert!(staged.contains("+two") && !staged.contains("three"), "{staged}");
    let counts = repository.counts(&Range::Staged).unwrap();
    assert_eq!((counts[0].path.as_str(), counts[0].lines), ("a.txt", Some((1, 0))));
    let at = |range: &Range| repository.file_at(range, &path("a.txt")).unwrap().unwrap();
    assert_eq!(at(&Range::Staged), "one\ntwo\n");
    assert_eq!(at(&Range::WorkTree), "one\ntwo\nthree\n");
    let second = repository.commit_staged("Second", CommitPrograms::None).unwrap();
    // What was not staged stays as it is.
    assert_eq!(repository.status().unwrap().len(), 1);

    let range = Range::parse(&format!("{first}..{second}"));
    assert!(repository.diff_of(&range, 0, &[]).unwrap().contains("@@ -1,0 +2 @@"));
    assert_eq!(at(&range), "one\ntwo\n");
    assert_eq!(repository.diff_of(&Range::parse("HEAD"), 3, &[]).unwrap(), "");
    for none in ["--output=x", "nowhere", "HEAD:a.txt", "a\nb", ""] {
        let error = repository.commit_named(none).unwrap_err();
        assert!(matches!(error, Error::NoRevision { .. }), "{none}: {error:?}");
    }
}

#[test]
fn a_branch_is_compared_with_where_it_left() {
    use mlxcode_git::{CommitPrograms, Range};
    let (temp, repository) = repository();
    let commit = |name: &str| {
        fs::write(temp.path().join(name), name).unwrap();
        git(temp.path(), &["add", name]);
        repository.commit_staged(name, CommitPrograms::None).unwrap();
    };
    commit("base");
    git(temp.path(), &["checkout", "--quiet", "-b", "side"]);
    commit("side.txt");
    git(temp.path(), &["checkout", "--quiet", "main"]);
    commit("main.txt");
    git(temp.path(), &["checkout", "--quiet", "side"]);
    let names = |range: &str| -> Vec<String> {
        let counts = repository.counts(&Range::parse(range)).unwrap();
        counts.into_iter().map(|one| one.path.to_string()).collect()
    };
    assert_eq!(names("main"), ["side.txt"]);
    assert_eq!(names("main..side"), ["main.txt", "side.txt"]);
}

#[cfg(unix)]
#[test]
fn hooks_run_where_that_is_asked_for_and_only_there() {
    use mlxcode_git::CommitPrograms;
    use std::os::unix::fs::PermissionsExt;
    let (temp, repository) = repository();
    let hook = temp.path().join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho 'lint: a.txt is wrong' >&2\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(temp.path().join("a.txt"), "one\n").unwrap();
    git(temp.path(), &["add", "a.txt"]);
    let error = repository.commit_staged("x", CommitPrograms::AsGitDoes).unwrap_err();
    let Error::Stopped { message } = &error else { panic!("{error:?}") };
    assert_eq!(message, "lint: a.txt is wrong");
    repository.commit_staged("x", CommitPrograms::None).unwrap();
}

#[test]
fn a_remote_is_told_by_its_name() {
    let (temp, repository) = repository();
    assert_eq!(repository.remote_url("origin").unwrap(), None);
    git(temp.path(), &["remote", "add", "origin", "git@github.com:a/b.git"]);
    let url = repository.remote_url("origin").unwrap();
    assert_eq!(url.as_deref(), Some("git@github.com:a/b.git"));
}
