//! Completion in a shell, as the shell asks for it.

use std::fs;
use std::process::Command;

use crate::ground::Ground;

/// What the words can become, without what there is to say of it.
fn complete(ground: &Ground, words: &[&str]) -> Vec<String> {
    let ran = ground.run(&[&["__complete", "--"], words].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let value = |line: &str| line.split_once('\t').unwrap().0.to_owned();
    ran.out.lines().map(value).collect()
}

fn ground() -> Ground {
    let ground = Ground::new();
    let folder = ground.home().join("config/themes");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("sea.json"), "{}").unwrap();
    let text = r#"{"aliases": {"cfg": "config"}, "commands": {"tidy": {"prompt": "x", "description": "Tidies"}}}"#;
    fs::write(ground.home().join("config/config.json"), text).unwrap();
    ground
}

#[test]
fn words_become_what_there_is() {
    let ground = ground();
    for (words, expect) in [
        (&["com"][..], &["commit", "completions"][..]),
        (&["cf"], &["cfg"]),
        (&["config", "set", "edit.al"], &["edit.allow"]),
        (&["cfg", "set", "edit.al"], &["edit.allow"]),
        (&["config", "set", "theme", "s"], &["sea"]),
        (&["--theme", "d"], &["dark"]),
        (&["--theme=se"], &["--theme=sea"]),
        (&["--json", "run", "t"], &["tidy"]),
        (&["run", "tidy", ""], &[]),
        (&["run", "--mode", "au"], &["auto-edit"]),
        (&["prompts", "show", "repair_c"], &["repair_call", "repair_checks"]),
        (&["prompts", "show", "--bu"], &["--built-in"]),
        (&["help", "perm"], &["permissions"]),
        (&["review", "--at-least", "w"], &["warning"]),
        (&["completions", ""], &["bash", "zsh", "fish"]),
        (&["ask", ""], &[]),
        (&["config", "se"], &["set"]),
        (&["scaffold", "fl"], &["flask"]),
        (&["nothing", "x"], &[]),
    ] {
        assert_eq!(complete(&ground, words), expect, "{words:?}");
    }
    let all = complete(&ground, &[""]);
    assert!(all.contains(&"ask".to_owned()) && !all.iter().any(|one| one.starts_with("__")));
    let ran = ground.run(&["__complete", "--", "run", ""]);
    assert_eq!(ran.out, "tidy\tTidies\n");
}

#[test]
fn conversations_are_completed_by_their_names() {
    let ground = ground();
    let sessions = |words: &[&str]| complete(&ground, words);
    assert!(sessions(&["sessions", "show", ""]).is_empty());
    assert!(!ground.home().join("state/sessions").exists(), "to look makes nothing");
}

/// What bash gives for a line, by its own rules.
#[cfg(unix)]
#[test]
fn bash_completes() {
    let ground = ground();
    let check = |line: &str, expect: &str| {
        let script = format!(
            "source <(\"$PROGRAM\" completions bash)\n\
             COMP_LINE='{line}' COMP_POINT=${{#COMP_LINE}}\n\
             COMP_LINE=${{COMP_LINE/mlx-code/$PROGRAM}} COMP_POINT=${{#COMP_LINE}}\n\
             _mlx_code\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
        );
        let done = Command::new("bash")
            .args(["--norc", "-c", &script])
            .env("PROGRAM", env!("CARGO_BIN_EXE_mlx-code"))
            .env("MLX_CODE_HOME", ground.home())
            .current_dir(ground.root())
            .output()
            .unwrap();
        let out = String::from_utf8(done.stdout).unwrap();
        assert_eq!(out.trim_end(), expect, "{line}: {}", String::from_utf8_lossy(&done.stderr));
    };
    check("mlx-code com", "commit\ncompletions");
    check("mlx-code config set edit.al", "edit.allow");
    check("mlx-code run ", "tidy");
    // What stands before the equals sign is there already, for bash.
    check("mlx-code --theme=se", "sea");
    check("mlx-code ask ", "");
}

/// What fish gives for a line, by its own rules.
#[cfg(unix)]
#[test]
#[ignore = "needs fish and zsh"]
fn fish_and_zsh_complete() {
    let ground = ground();
    let bin = ground.path("../bin");
    fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_mlx-code"), bin.join("mlx-code")).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let run = |shell: &str, args: &[&str]| {
        let done = Command::new(shell)
            .args(args)
            .env("PATH", &path)
            .env("HOME", ground.home())
            .env("MLX_CODE_HOME", ground.home())
            .current_dir(ground.root())
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    let fish = |line: &str| {
        let script = format!("mlx-code completions fish | source; complete -C '{line}'");
        run("fish", &["--no-config", "-c", &script])
    };
    assert!(fish("mlx-code com").starts_with("commit\tWrite a commit message"));
    assert_eq!(fish("mlx-code run "), "tidy\tTidies\n");
    assert_eq!(fish("mlx-code config set theme s"), "sea\n");
    assert!(fish("mlx-code ask gre").contains("greet.py"));
    run(
        "zsh",
        &[
            "-f",
            "-c",
            "autoload -U compinit; compinit -D; source <(mlx-code completions zsh); whence _mlx_code",
        ],
    );
}
