//! Commands that have to work inside.

use std::path::PathBuf;

use mlxcode_base::{CancelToken, RelPath};
use mlxcode_sandbox::{Ended, Error, Run, Sandbox};

use crate::ground::Ground;

/// A script prints `expect` and succeeds.
fn check(script: &str, expect: &str) {
    let ground = Ground::new();
    let ran = ground.inside(script);
    assert_eq!(ran.output.text(), expect, "{script}");
    assert_eq!(ran.ended, Ended::Exited { code: 0 }, "{script}");
    assert!(ran.put_back.is_empty(), "{ran:?}");
}

#[test]
fn shells() {
    check("echo a; echo b >&2; echo c", "a\nb\nc\n");
    check("printf '3\\n1\\n2\\n' | sort | tail -n 2 | tr '\\n' ' '", "2 3 ");
    check("for i in 1 2 3; do echo $i & done | sort; wait", "1\n2\n3\n");
    check("cat; echo end", "end\n");
    check("echo a > sub/f && mv sub/f g && cp -p g h && cat g h && rm g h && ls sub", "a\na\n");
    check("echo x > $TMPDIR/t && cat $TMPDIR/t && stat -c %a $TMPDIR", "x\n700\n");
    check("f=$(mktemp) && echo y > $f && cat $f", "y\n");
    check(
        "echo no > /dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c",
        "4\n4\n",
    );
    check("echo out > /dev/stdout; echo err > /dev/stderr; echo fd > /dev/fd/1", "out\nerr\nfd\n");
    check("mkfifo p && (echo through > p &) && cat p", "through\n");
    check("ln -s file l && cat l && ln file hard && cat hard", "mine\nmine\n");
    check(
        "chmod +x file && test -x file && touch -d 2001-01-01 file && chown 0 file && echo done",
        "done\n",
    );
    check("mkdir d && echo x > d/f && tar cf a.tar d && rm -r d && tar xf a.tar && cat d/f", "x\n");
    check(
        "python3 -c 'import os; os.rename(\"file\", \"sub/f\"); os.link(\"sub/f\", \"g\")'; cat sub/f g",
        "mine\nmine\n",
    );
    check("exec 9>lock && flock 9 && echo locked", "locked\n");
    check(
        "printf 'all:\\n\\t@echo made > out\\n\\t@cat out\\n' > Makefile && make -s -j4",
        "made\n",
    );
    // What counts processes makes none fail, whatever signals come meanwhile.
    check(
        "i=0; while [ $i -lt 200 ]; do echo a | cat | cat; i=$((i + 1)); done | sort | uniq -c | tr -d ' '",
        "200a\n",
    );
    check("tty; echo $PAGER $GIT_TERMINAL_PROMPT $TERM", "not a tty\ncat 0 dumb\n");
}

/// Group and session are one's own, so that what ends a group ends no more.
#[test]
fn processes_of_ones_own() {
    check("timeout 0.1 sleep 60; echo $?", "124\n");
    check("timeout 60 sh -c 'echo in time'", "in time\n");
    check("sleep 60 & kill $!; wait $! 2>/dev/null; echo $?", "143\n");
    let python = "import os, signal, subprocess\n\
        p = subprocess.Popen(['sleep', '60'], start_new_session=True)\n\
        os.killpg(os.getpgid(p.pid), signal.SIGKILL)\n\
        print(p.wait())";
    check(&format!("python3 -c \"{python}\""), "-9\n");
    // It waits for all its children, and there is none but its own.
    let python = "import os\nprint(os.fork() and os.wait()[1])\ntry:\n    os.wait()\nexcept ChildProcessError:\n    print('none')";
    let ground = Ground::new();
    let ran = ground.inside(&format!("exec python3 -c \"{python}\""));
    assert!(ran.output.text().ends_with("none\n"), "{ran:?}");
}

#[test]
fn python_and_git() {
    check(
        "python3 -c 'import json, tempfile; f = tempfile.TemporaryFile(); f.write(b\"x\"); print(json.dumps([1]))'",
        "[1]\n",
    );
    check(
        "python3 -c 'import subprocess; print(subprocess.run([\"echo\", \"a\"], capture_output=True).stdout)'",
        "b'a\\n'\n",
    );
    check("python3 -c 'import asyncio; asyncio.run(asyncio.sleep(0)); print(1)'", "1\n");
    check(
        "python3 -c 'import threading; t = threading.Thread(target=print, args=(2,)); t.start(); t.join()'",
        "2\n",
    );
    check(
        "python3 -c 'import socket; a, b = socket.socketpair(); a.send(b\"x\"); print(b.recv(1))'",
        "b'x'\n",
    );
    let ground = Ground::new();
    ground.outside("rm -rf .git && git init -q && git config user.name T && git config user.email t@example.org");
    let ran = ground.inside(
        "git add file && git commit -qm first && echo more >> file && git status --short -uno && git diff --stat && git log --format=%s && git stash -q && git stash pop -q && git checkout -qb b && git gc -q && git status --short -uno",
    );
    assert_eq!(
        ran.output.text(),
        " M file\n file | 1 +\n 1 file changed, 1 insertion(+)\nfirst\n M file\n",
        "{ran:?}"
    );
    assert!(ran.put_back.is_empty(), "{ran:?}");
}

#[test]
fn shared_memory_where_it_is_allowed() {
    let script =
        "python3 -c 'import multiprocessing as m; m.Lock(); print(1)' 2>/dev/null || echo refused";
    check(script, "refused\n");
    let ground = Ground::new();
    let mut policy = ground.policy();
    policy.shared_memory = true;
    assert_eq!(Ground::with(policy, script).output.text(), "1\n");
}

#[test]
fn arguments_are_not_read_by_a_shell() {
    let ground = Ground::new();
    let sandbox = Sandbox::new(ground.policy()).unwrap();
    let run = Run::argv(["printf", "%s|", "a b", "$HOME", "; exit 3", "", "-n"]);
    let ran = sandbox.run(&run, &CancelToken::new(), &mut |_| {}).unwrap();
    assert_eq!(ran.output.text(), "a b|$HOME|; exit 3||-n|");
    let run = Run::shell("pwd").within(RelPath::new("sub").unwrap());
    let ran = sandbox.run(&run, &CancelToken::new(), &mut |_| {}).unwrap();
    assert_eq!(
        ran.output.text().trim_end(),
        ground.at("root/sub").canonicalize().unwrap().to_str().unwrap()
    );
}

#[test]
fn ends_are_told_apart() {
    let ground = Ground::new();
    for (script, expect) in [
        ("true", Ended::Exited { code: 0 }),
        ("exit 3", Ended::Exited { code: 3 }),
        ("kill -SEGV $$", Ended::Signalled { signal: 11 }),
        ("no-such-program", Ended::Exited { code: 127 }),
    ] {
        assert_eq!(ground.inside(script).ended, expect, "{script}");
    }
    let sandbox = Sandbox::new(ground.policy()).unwrap();
    let run = |run: Run| sandbox.run(&run, &CancelToken::new(), &mut |_| {});
    assert_eq!(run(Run::argv(["no-such-program"])).unwrap().ended, Ended::Exited { code: 127 });
    assert!(matches!(run(Run::argv([""; 0])), Err(Error::Empty)));
    let out = Run::shell("true").within(RelPath::new("link_folder").unwrap());
    assert!(matches!(run(out), Err(Error::Folder(_))));
}

#[test]
fn output_is_heard_in_order_and_as_text() {
    let ground = Ground::new();
    let sandbox = Sandbox::new(ground.policy()).unwrap();
    let mut heard = String::new();
    let script = "printf 'a\\377b'; for i in $(seq 2000); do echo $i; echo $i >&2; done";
    let ran =
        sandbox.run(&Run::shell(script), &CancelToken::new(), &mut |text| heard.push_str(text));
    assert_eq!(heard, ran.unwrap().output.text());
    let expect: String = (1..=2000).map(|i| format!("{i}\n{i}\n")).collect();
    assert_eq!(heard, format!("a\u{fffd}b{expect}"));
}

#[test]
fn a_root_that_holds_secrets_is_refused() {
    let ground = Ground::new();
    let mut policy = ground.policy();
    policy.root = mlxcode_base::Root::open(&ground.at("home")).unwrap();
    let error = Sandbox::new(policy).unwrap_err();
    assert!(matches!(error, Error::HiddenInside { .. }), "{error:?}");
    let mut policy = ground.policy();
    policy.writable = vec![ground.at("home")];
    assert!(matches!(Sandbox::new(policy), Err(Error::HiddenInside { .. })));
}

#[test]
fn a_cache_that_is_allowed_can_be_written() {
    let ground = Ground::new();
    let mut policy = ground.policy();
    policy.writable = vec![ground.at("outside/folder"), PathBuf::from("/nonexistent/cache")];
    let ran = Ground::with(policy, "echo x > $OUT/folder/new; echo x > $OUT/new");
    assert!(ground.exists("outside/folder/new") && !ground.exists("outside/new"), "{ran:?}");
}

/// Whoever starts this program may leave files open in it.
#[test]
fn open_files_are_not_inherited() {
    let name = "work::open_files_are_not_inherited";
    if std::env::var_os("MLXCODE_SANDBOX_OPEN").is_some() {
        let ground = Ground::new();
        let ran =
            ground.inside("ls /proc/$$/fd | tr '\\n' ' '; echo x 2>/dev/null >&8 && echo wrote");
        // The shell itself holds the pipe for a moment.
        let text = ran.output.text();
        let open: Vec<&str> = text.split_whitespace().collect();
        assert!(!["8", "12", "251", "wrote"].iter().any(|one| open.contains(one)), "{ran:?}");
        return;
    }
    let here = std::env::current_exe().unwrap();
    let script = format!(
        "exec 8>/dev/null 12>/dev/null 251</dev/null; exec '{}' --exact {name}",
        here.display()
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .env("MLXCODE_SANDBOX_OPEN", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// What runs inside cannot set the limits of a command of its own, so it says
/// that it does not run it, and nothing is left of it.
#[test]
fn a_sandbox_inside_of_another_refuses() {
    let name = "work::a_sandbox_inside_of_another_refuses";
    if std::env::var_os("MLXCODE_SANDBOX_INSIDE").is_some() {
        let root = mlxcode_base::Root::open(".".as_ref()).unwrap();
        let policy = mlxcode_sandbox::Policy::new(root, std::env::temp_dir());
        let sandbox = Sandbox::new(policy).unwrap();
        let ran = sandbox.run(&Run::shell("echo x > made"), &CancelToken::new(), &mut |_| {});
        assert!(matches!(ran, Err(Error::System { step: "set limits", .. })), "{ran:?}");
        return;
    }
    let here = std::env::current_exe().unwrap();
    let ground = Ground::new();
    let script = format!("MLXCODE_SANDBOX_INSIDE=1 '{}' --exact {name}", here.display());
    let ran = ground.inside(&script);
    assert!(ran.ended.is_success() && ran.output.text().contains("1 passed"), "{ran:?}");
    assert!(!ground.exists("root/made") && ran.left_running == 0, "{ran:?}");
    assert_eq!(ground.survivors(), [""; 0]);
}

/// With what is installed here and the developer's own environment:
/// `cargo test -p mlxcode-sandbox --test it -- --ignored toolchains`.
#[test]
#[ignore = "takes as long as a build, and needs cargo, node and npm"]
fn toolchains_work() {
    let ground = Ground::new();
    let write = |path: &str, text: &str| {
        let at = ground.at("root").join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, text).unwrap();
    };
    write(
        "Cargo.toml",
        "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n",
    );
    write(
        "src/lib.rs",
        "#[test]\nfn works() { std::process::Command::new(\"true\").status().unwrap(); }\n",
    );
    write(
        "package.json",
        "{\"name\":\"n\",\"version\":\"1.0.0\",\"scripts\":{\"test\":\"node --test\"}}",
    );
    write(
        "a.test.js",
        "require('node:test')('x', () => require('child_process').execSync('true'))",
    );
    let mut policy = ground.policy();
    policy.environment =
        std::env::vars_os().filter(|(name, _)| name != "CARGO_TARGET_DIR").collect();
    policy.hidden.extend(mlxcode_sandbox::usual_hidden(&std::env::home_dir().unwrap()));
    policy.limits.wall = std::time::Duration::from_mins(5);
    for script in
        ["cargo test --offline", "cargo build --release --offline", "node -e 0", "npm test"]
    {
        let ran = Ground::with(policy.clone(), script);
        assert!(ran.ended.is_success(), "{script}: {ran:?}");
    }
}
