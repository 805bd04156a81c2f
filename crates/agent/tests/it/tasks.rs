//! Tasks of a scripted model over small repositories.

use std::fs;
use std::path::Path;
use std::process::Command;

use mlxcode_agent::Prompts;
use mlxcode_agent::task::commit::{CommitOptions, StagedChange, commit_message};
use mlxcode_agent::task::{Asker, TaskError};
use mlxcode_base::CancelToken;
use mlxcode_git::Repository;
use mlxcode_models::ScriptedModel;
use tempfile::TempDir;

pub fn git(folder: &Path, args: &[&str]) {
    let output = Command::new("git")
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A repository whose messages follow the convention.
pub fn repository() -> (TempDir, Repository) {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    git(folder.path(), &["config", "user.name", "Test"]);
    git(folder.path(), &["config", "user.email", "test@example.org"]);
    for (number, message) in [
        "feat(port): open ports",
        "fix(port): close them",
        "docs: say how",
        "fix(cli): tell why",
        "test(port): more of them",
    ]
    .iter()
    .enumerate()
    {
        fs::write(folder.path().join("port.py"), format!("N = {number}\n")).unwrap();
        git(folder.path(), &["add", "port.py"]);
        git(folder.path(), &["commit", "--quiet", "-m", message]);
    }
    let repository = Repository::discover(folder.path()).unwrap().unwrap();
    (folder, repository)
}

fn stage(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
    git(folder, &["add", name]);
}

#[test]
fn a_message_follows_the_repository() {
    let (folder, repository) = repository();
    let options = CommitOptions::default();
    assert!(matches!(StagedChange::read(&repository, &options), Err(TaskError::NothingStaged)));
    stage(folder.path(), "port.py", "N = 4\nM = 5\n");
    let staged = StagedChange::read(&repository, &options).unwrap();
    let model =
        ScriptedModel::new(["Added a second number.", "**feat(port): Added a second number.**"]);
    let cancel = CancelToken::new();
    let mut asker = Asker::new(&model, &cancel);
    let proposal = commit_message(&staged, &mut asker, &Prompts::default(), &options).unwrap();
    // The first answer has no type, which the model is told.
    assert_eq!(proposal.message.subject, "feat(port): add a second number");
    assert_eq!((proposal.answers, proposal.faults.len()), (2, 0));
    let prompts = model.prompts();
    let [system, user] = prompts[0].as_messages() else { panic!("two messages") };
    assert!(system.content.contains("the types are: fix, docs, feat, test"), "{}", system.content);
    assert!(user.content.contains("--- port.py (+1 -0)\n@@\n N = 4\n+M = 5\n"), "{}", user.content);
    assert!(prompts[1].as_messages()[1].content.contains("begins with none of the types"));
}

#[test]
fn a_long_change_is_summed_up_first() {
    let (folder, repository) = repository();
    let long: String = (0..400).map(|number| format!("n_{number} = {number}\n")).collect();
    stage(folder.path(), "a.py", &long);
    stage(folder.path(), "b.py", &long);
    stage(folder.path(), "Cargo.lock", &long);
    let options = CommitOptions::default();
    let staged = StagedChange::read(&repository, &options).unwrap();
    let model =
        ScriptedModel::new(["Defines numbers.", "- Defines more.", "feat(port): define numbers"])
            .with_context_length(1_500);
    let cancel = CancelToken::new();
    let mut asker = Asker::new(&model, &cancel);
    let proposal = commit_message(&staged, &mut asker, &Prompts::default(), &options).unwrap();
    assert_eq!(proposal.summarised, 2);
    let last = model.prompts()[2].as_messages()[1].content.clone();
    let lines = "Cargo.lock (new, +400 -0)\na.py (new, +400 -0): Defines numbers.\nb.py (new, +400 -0): Defines more.";
    assert!(last.contains(lines), "{last}");
}

#[test]
fn a_secret_is_not_sent_away() {
    let (folder, repository) = repository();
    let token = format!("{}{}", "ghp_", "a8Zk2".repeat(8));
    stage(folder.path(), "port.py", &format!("N = 4\nTOKEN = '{token}'\n"));
    let mut options = CommitOptions::default();
    let staged = StagedChange::read(&repository, &options).unwrap();
    assert_eq!((staged.leaks[0].path.as_str(), staged.leaks[0].line), ("port.py", 2));
    options.remote = true;
    let model = ScriptedModel::new(["fix(port): x"]);
    let cancel = CancelToken::new();
    let ask = |options: &CommitOptions| {
        commit_message(&staged, &mut Asker::new(&model, &cancel), &Prompts::default(), options)
    };
    let error = ask(&options).unwrap_err();
    assert!(matches!(error, TaskError::Secrets { count: 1, .. }), "{error:?}");
    assert!(!format!("{error:?}").contains(&token));
    assert!(model.prompts().is_empty());
    options.send_secrets = true;
    ask(&options).unwrap();
}
