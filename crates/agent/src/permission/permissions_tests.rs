use super::super::config::PermissionRule;
use super::*;

fn run(line: &str) -> Access {
    Access::Run { command: line.to_owned() }
}

fn write(path: &str) -> Access {
    Access::Write { paths: vec![path.to_owned()] }
}

fn read(path: &str) -> Access {
    Access::Read { path: path.to_owned() }
}

fn config(json: &str) -> PermissionConfig {
    serde_json::from_str(json).unwrap()
}

fn permissions(user: &str) -> Permissions {
    Permissions::new(&config(user), None, true).unwrap()
}

const RULES: &str = r#"{
    "allow": [{"command": "cargo test"}, {"command": "npm run *"}, {"path": "docs/**"}, {"tool": "github/search_*"}],
    "ask": [{"command": "git push"}, {"path": "*.lock"}],
    "deny": [{"command": "rm"}, {"command": "git push --force"}, {"path": "secrets/**"}, {"tool": "github/delete_*"}]
}"#;

/// One line under the rules above, in the mode `ask`.
fn answer(line: &str) -> Answer {
    permissions(RULES).decide(Mode::Ask, "run", &run(line)).answer
}

#[test]
fn a_line_is_allowed_where_all_of_it_is() {
    for line in [
        "cargo test",
        "cargo test --lib x",
        "cargo test | tail -n 3",
        "cargo test 2>&1 | grep -c ok",
        "cargo test > /dev/null 2>&1",
        "git status && cargo test",
        "npm run build",
        "RUST_BACKTRACE=1 cargo test",
        "timeout 60 cargo test",
        "sh -c 'cargo test && git diff'",
        "cargo test > docs/out.txt || true",
    ] {
        // A file that is written is asked for, but the one that a rule allows.
        assert_eq!(answer(line), Answer::Allow, "{line}");
    }
}

#[test]
fn whatever_else_a_line_holds_is_asked_for() {
    for line in [
        "cargo testing",
        "cargo  build",
        "cargo",
        "xcargo test",
        "./cargo test",
        "/tmp/cargo test",
        "cargo --config x test",
        "cargo test; make",
        "cargo test && make",
        "cargo test || make",
        "cargo test | make",
        "cargo test & make",
        "cargo test\nmake",
        "make; cargo test",
        "cargo test $(make)",
        "cargo test `make`",
        "cargo test \"$(make)\"",
        "cargo test ${X}",
        "$X cargo test",
        "cargo test > out",
        "cargo test >> src/lib.rs",
        "cargo test > ../out",
        "cargo test > /etc/passwd",
        "cargo test > ~/.bashrc",
        "cargo test > .git/config",
        "cargo test < /etc/shadow",
        "cd .. && cargo test > docs/x",
        "RUSTC=evil cargo test",
        "PATH=. cargo test",
        "LD_PRELOAD=x cargo test",
        "env RUSTC_WRAPPER=x cargo test",
        "env -S 'cargo test'",
        "RUSTFLAGS='-C linker=x' cargo test",
        "sudo cargo test",
        "doas cargo test",
        "sh -c 'cargo test; make'",
        "bash -c 'cargo test $(make)'",
        "sh -c",
        "sh",
        "eval cargo test",
        "xargs cargo test",
        "echo x | xargs cargo test",
        "(cargo test)",
        "{ cargo test; }",
        "if true; then cargo test; fi",
        "! cargo test",
        "cargo test <<E\nx\nE",
        "cargo test <(make)",
        "cargo test &> out",
        "cargo test |& make",
        "cargo test 'x",
        "cargo test \\",
        "cargo test *",
        "cargo test\u{202e}",
        "cargo\u{200b} test",
        "cargo test\r\nmake",
        "f() { make; }; f",
        "alias ls=make; ls",
        "cargo test;;make",
        "git push",
        "git -C sub push",
        "git -c a=b push origin x",
        "/usr/bin/git push",
        "env git push",
        "sh -c 'git push'",
        "cat Cargo.lock",
        "cat ./Cargo.lock",
        "grep x --file=Cargo.lock",
        "watch cargo test",
        "find . -exec cargo test +",
        "cargo test > \"$HOME/x\"",
        "python3 -c 'import os'",
        "node -e 1",
        "time cargo test",
        "exec cargo build",
        // Files that nobody can name.
        "cat secre*/key",
        "cat sec[r]ets/key",
        "echo secre*/key",
        "cat src/*.rs",
        "cat $HOME/key",
        "cat \"$HOME/key\"",
        "cat $(cat secrets/key)",
        "cat {secrets,src}/key",
        "cat <<< x",
        "cat ~/key",
        "cat ../x",
        "cat src/../../x",
        "cat /etc/passwd",
        "cat /proc/self/cwd/secrets/key",
        "diff -r --to-file=../x a",
        "grep -f/etc/passwd x",
        "git -C src show HEAD:../secrets/key",
        "cd src && cat ../secrets2/key",
        "cd && cat x",
        "cd - && cat x",
    ] {
        assert_eq!(answer(line), Answer::Ask, "{line}");
    }
}

#[test]
fn a_refusal_is_seen_through_what_stands_around_it() {
    for line in [
        "rm x",
        "rm -rf ~",
        "/bin/rm x",
        "\\rm x",
        "'rm' x",
        "r\\m x",
        "r''m x",
        "ls; rm x",
        "ls && rm x",
        "ls | rm x",
        "ls & rm x",
        "ls\nrm x",
        "X=1 rm x",
        "env X=1 rm x",
        "env -u Y -i rm x",
        "command rm x",
        "exec rm x",
        "nohup rm x",
        "nice -n 5 rm x",
        "timeout -k 3 5 rm x",
        "stdbuf -oL rm x",
        "setsid rm x",
        "sudo rm x",
        "sudo -u root rm x",
        "doas rm x",
        "sh -c 'rm x'",
        "bash -c \"sh -c 'rm x'\"",
        "bash -ec 'ls; rm x'",
        "echo x | xargs rm",
        "xargs -n 1 rm",
        "find . -exec rm a +",
        "fd x -x rm",
        "git push --force",
        "git push origin x --force",
        "git -C d push --force x",
        "cat secrets/key",
        "grep x ./secrets/key",
        "echo x > secrets/key",
        "cat < secrets/key",
        "cargo test > secrets/out",
        "cat ./secrets/key",
        "cat SECRETS/Key",
        "cat .//secrets/./key",
        "cat src/../secrets/key",
        "cat \"secrets\"/key",
        "cat < ./secrets/key",
        "cat < src/../secrets/key",
        "echo x > ./secrets/key",
        "echo x >> src/../secrets/key",
        "grep -r x secrets",
        "ls secrets/",
        "grep -fsecrets/key x",
        "grep --file=./secrets/key x",
        "git show HEAD:secrets/key",
        "git show :/secrets/key",
        "git diff HEAD -- secrets",
        "cd secrets && cat key",
    ] {
        assert_eq!(answer(line), Answer::Deny, "{line}");
    }
}

#[test]
fn modes_say_what_no_rule_says() {
    use Answer::{Allow, Ask, Deny};
    let of = |mode, access: &Access| permissions("{}").decide(mode, "tool", access).answer;
    let mcp = Access::Mcp { server: "s".to_owned(), tool: "t".to_owned() };
    for (access, expect) in [
        (read("src/a.rs"), [Allow, Allow, Allow, Allow]),
        (read("/etc/passwd"), [Ask, Ask, Ask, Ask]),
        (read("../x"), [Ask, Ask, Ask, Ask]),
        (write("src/a.rs"), [Deny, Ask, Allow, Allow]),
        (write(".git/config"), [Deny, Ask, Ask, Ask]),
        (write("sub/.GIT/hooks/x"), [Deny, Ask, Ask, Ask]),
        (write(".mlx-code.json"), [Deny, Ask, Ask, Ask]),
        (write("/x"), [Deny, Ask, Ask, Ask]),
        (run("git status"), [Allow, Allow, Allow, Allow]),
        (run("cat src/../x src/*.rs /dev/null"), [Allow, Allow, Allow, Allow]),
        (run("grep -rn /etc/passwd src"), [Allow, Allow, Allow, Allow]),
        (run("cut -d/ -f2 x | tr / _"), [Allow, Allow, Allow, Allow]),
        (run("cat /etc/passwd"), [Ask, Ask, Ask, Ask]),
        (run("cat src/../../x"), [Ask, Ask, Ask, Ask]),
        (run("cat /etc/pass*"), [Ask, Ask, Ask, Ask]),
        (run("cat src/.*/x"), [Ask, Ask, Ask, Ask]),
        (run("cat < ~/x"), [Ask, Ask, Ask, Ask]),
        (run("grep -f../x a"), [Ask, Ask, Ask, Ask]),
        (run("cd && cat x"), [Ask, Ask, Ask, Ask]),
        (run("echo x > ./a"), [Deny, Ask, Allow, Allow]),
        (run("make"), [Deny, Ask, Ask, Allow]),
        (run("echo x > a"), [Deny, Ask, Allow, Allow]),
        (run("echo x > .git/config"), [Deny, Ask, Ask, Ask]),
        (run("cd .git && echo x > config"), [Deny, Ask, Ask, Ask]),
        (run("for f in a; do make; done"), [Deny, Ask, Ask, Allow]),
        (mcp, [Deny, Ask, Ask, Allow]),
        (Access::Other, [Allow, Allow, Allow, Allow]),
    ] {
        assert_eq!(Mode::ALL.map(|mode| of(mode, &access)), expect, "{access}");
    }
    let both = Access::Write { paths: vec!["a".to_owned(), ".git/x".to_owned()] };
    assert_eq!(of(Mode::Full, &both), Ask);
}

#[cfg(unix)]
#[test]
#[allow(clippy::disallowed_methods, reason = "makes a tree to look at")]
fn a_file_is_known_by_its_absolute_path_and_through_links() {
    use Answer::{Allow, Ask, Deny};
    let temp = tempfile::tempdir().unwrap();
    let place = temp.path().join("tree");
    for folder in ["src", "secrets", "docs", ".git"] {
        std::fs::create_dir_all(place.join(folder)).unwrap();
    }
    std::fs::write(place.join("secrets/key"), "x").unwrap();
    for (target, link) in [
        ("../secrets", "src/link"),
        ("/", "src/all"),
        ("../.git", "docs/hooks"),
        ("../src", "docs/src"),
    ] {
        std::os::unix::fs::symlink(target, place.join(link)).unwrap();
    }
    let root = mlxcode_base::Root::open(&place).unwrap();
    let absolute = |path: &str| format!("{}/{path}", root.path().display());
    let permissions = permissions(RULES).in_root(root.clone());
    for (access, expect) in [
        (run(&format!("cat {}", absolute("secrets/key"))), Deny),
        (run(&format!("cat {}", absolute("src/../secrets/key"))), Deny),
        (run(&format!("cat < {}", absolute("secrets/key"))), Deny),
        (run("cat ../tree/secrets/key"), Deny),
        (run("cat src/link/key"), Deny),
        (run("cat src/link/../secrets/key"), Deny),
        (read("src/link/key"), Deny),
        (write("src/link/new"), Deny),
        (read(&absolute("secrets/key")), Deny),
        (run(&format!("cat {}", absolute("src/a.rs"))), Allow),
        (run("cat src/all/etc/passwd"), Ask),
        (read("src/all/etc/passwd"), Ask),
        (write("docs/a.md"), Allow),
        // A rule that allows a folder allows nothing that lies elsewhere.
        (write("docs/src/a.rs"), Ask),
        (write("docs/hooks/x"), Ask),
    ] {
        assert_eq!(permissions.decide(Mode::Ask, "tool", &access).answer, expect, "{access}");
    }
    let hooks = permissions.decide(Mode::Full, "tool", &write("docs/hooks/x"));
    assert_eq!(hooks.by, DecidedBy::Guarded);
}

#[test]
fn a_yes_to_a_file_elsewhere_is_to_that_line() {
    let permissions = permissions("{}");
    let cat = run("git diff --no-index /etc/hosts x");
    permissions.remember("run", &cat);
    assert_eq!(permissions.decide(Mode::Ask, "run", &cat).answer, Answer::Allow);
    let other = run("git diff --no-index /etc/passwd x");
    assert_eq!(permissions.decide(Mode::Ask, "run", &other).answer, Answer::Ask);
}

#[test]
fn the_full_mode_asks_where_a_refusal_might_hide() {
    let line = run("for f in a; do rm $f; done");
    assert_eq!(permissions(RULES).decide(Mode::Full, "run", &line).answer, Answer::Ask);
    assert_eq!(permissions("{}").decide(Mode::Full, "run", &line).answer, Answer::Allow);
}

#[test]
fn without_confinement_every_command_is_asked_for() {
    let permissions = Permissions::new(&config(RULES), None, false).unwrap();
    for (line, expect) in [
        ("ls", Answer::Ask),
        ("cargo test", Answer::Ask),
        ("make", Answer::Ask),
        ("rm x", Answer::Deny),
    ] {
        assert_eq!(permissions.decide(Mode::Full, "run", &run(line)).answer, expect, "{line}");
    }
    permissions.remember("run", &run("cargo test"));
    assert_eq!(permissions.decide(Mode::Ask, "run", &run("cargo test")).answer, Answer::Allow);
    assert_eq!(permissions.decide(Mode::Ask, "run", &run("cargo test -q")).answer, Answer::Ask);
}

#[test]
fn a_project_only_makes_it_stricter() {
    let user = config(
        r#"{"mode": "auto-edit", "allow": [{"command": "make"}, {"tool": "s/t"}, {"path": "a/**"}]}"#,
    );
    let project = config(
        r#"{"mode": "ask", "allow": [{"command": "evil"}, {"path": "**"}],
            "ask": [{"command": "make install"}], "deny": [{"tool": "s/*"}, {"path": "a/b"}]}"#,
    );
    let permissions = Permissions::new(&user, Some(&project), true).unwrap();
    let of = |mode, access: &Access| permissions.decide(mode, "tool", access).answer;
    assert_eq!(permissions.mode(), Mode::Ask);
    assert_eq!(of(Mode::Full, &run("evil")), Answer::Ask);
    assert_eq!(of(Mode::Full, &write("x")), Answer::Ask);
    assert_eq!(of(Mode::Ask, &run("make all")), Answer::Allow);
    assert_eq!(of(Mode::Ask, &run("make install")), Answer::Ask);
    assert_eq!(of(Mode::Ask, &write("a/c")), Answer::Allow);
    assert_eq!(of(Mode::Ask, &write("a/b")), Answer::Deny);
    let tool = Access::Mcp { server: "s".to_owned(), tool: "t".to_owned() };
    assert_eq!(of(Mode::Ask, &tool), Answer::Deny);
    let loose = config(r#"{"mode": "full"}"#);
    let permissions = Permissions::new(&PermissionConfig::default(), Some(&loose), true).unwrap();
    assert_eq!(permissions.mode(), Mode::Ask);
}

#[test]
fn a_yes_is_remembered_as_far_as_it_reaches() {
    let check = |said: &str, now: &str, expect: Answer| {
        let permissions = permissions(RULES);
        permissions.remember("run", &run(said));
        assert_eq!(
            permissions.decide(Mode::Ask, "run", &run(now)).answer,
            expect,
            "{said} / {now}"
        );
    };
    check("git commit -m x", "git commit -m y", Answer::Allow);
    check("git commit -m x", "git rebase", Answer::Ask);
    check("git commit -m x && make", "git commit -m z", Answer::Ask);
    check("git commit -m x && make", "git commit -m x && make", Answer::Allow);
    check("git commit -m x && cargo build", "cargo build --release", Answer::Allow);
    check("yarn run build", "yarn run deploy", Answer::Ask);
    check("python3 x.py", "python3 y.py", Answer::Ask);
    check("python3 x.py", "python3 x.py", Answer::Allow);
    check("git push origin a", "git push origin b", Answer::Allow);
    check("git push origin a", "git push --force", Answer::Deny);
    check("git -C x commit", "git -C y commit", Answer::Ask);
    check("sudo make", "make", Answer::Ask);
    check("PATH=. cargo build", "cargo build", Answer::Ask);
    check("cargo build > x", "cargo build", Answer::Ask);
    check("for f in a; do make; done", "for f in a; do make; done", Answer::Allow);
    check("rm x", "rm x", Answer::Deny);

    let permissions = permissions(RULES);
    permissions.remember("write", &write("src/a.rs"));
    assert_eq!(permissions.decide(Mode::Ask, "write", &write("src/a.rs")).answer, Answer::Allow);
    assert_eq!(permissions.decide(Mode::Ask, "write", &write("src/b.rs")).answer, Answer::Ask);
    assert_eq!(
        permissions.decide(Mode::ReadOnly, "write", &write("src/a.rs")).answer,
        Answer::Deny
    );
}

#[test]
fn tools_of_servers_have_rules_of_their_own() {
    let of = |tool: &str| {
        let access = Access::Mcp { server: "github".to_owned(), tool: tool.to_owned() };
        permissions(RULES).decide(Mode::Ask, "call", &access).answer
    };
    assert_eq!(of("search_code"), Answer::Allow);
    assert_eq!(of("delete_repository"), Answer::Deny);
    assert_eq!(of("create_issue"), Answer::Ask);
}

#[test]
fn a_ruling_names_what_decided() {
    let ruling = permissions(RULES).decide(Mode::Ask, "run", &run("ls && sudo rm x"));
    assert_eq!(ruling.why, "your rule `deny` for command `rm`");
    let rule = PermissionRule::command("rm");
    assert_eq!(ruling.by, DecidedBy::Rule { source: RuleSource::User, rule });
    assert_eq!(ruling.answer, Answer::Deny);
    assert!(serde_json::from_str::<PermissionConfig>(r#"{"alow": []}"#).is_err());
    assert_eq!(config(RULES), config(&serde_json::to_string(&config(RULES)).unwrap()));
}
