//! Commands that take too much, and being cancelled.

use std::process::Stdio;
use std::time::{Duration, Instant};

use mlxcode_base::CancelToken;
use mlxcode_sandbox::{Ended, Limits, Policy, Ran, Run, Sandbox};

use crate::ground::Ground;

fn with(script: &str, limit: impl FnOnce(&mut Limits)) -> (Ground, Ran) {
    let ground = Ground::new();
    let mut policy: Policy = ground.policy();
    policy.limits.wall = Duration::from_mins(1);
    limit(&mut policy.limits);
    let ran = Ground::with(policy, script);
    assert_eq!(ground.survivors(), [""; 0], "{ran:?}");
    (ground, ran)
}

#[test]
fn time() {
    for script in
        ["sleep 600", "trap '' TERM INT HUP; while :; do sleep 1; done", "while :; do :; done"]
    {
        let (_, ran) = with(script, |limits| limits.wall = Duration::from_millis(200));
        assert_eq!(ran.ended, Ended::TimedOut, "{script}");
    }
}

#[test]
fn output() {
    let (_, ran) = with("yes", |limits| {
        (limits.output_bytes, limits.kept_output_bytes) = (1 << 20, 64);
    });
    assert_eq!(ran.ended, Ended::TooMuchOutput);
    assert!(ran.output.text().starts_with("y\ny\n"), "{ran:?}");
    assert!(ran.output.text().len() < 200, "{ran:?}");
    let (_, ran) = with("seq 1 100000; echo end >&2", |limits| limits.kept_output_bytes = 40);
    assert_eq!(ran.ended, Ended::Exited { code: 0 });
    assert_eq!(
        ran.output.text(),
        "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n[588859 bytes left out]\n98\n99999\n100000\nend\n"
    );
}

/// Ends a command that starts more than sixty processes, where twenty may be.
/// All of these are gone after two seconds in any case, and so few that a
/// machine which bounds them itself, as those of a CI do, has room for others.
fn check_bomb(script: &str) {
    let (_, ran) = with(script, |limits| limits.processes = 20);
    let text = ran.output.text();
    assert_eq!(ran.ended, Ended::TooManyProcesses, "{}", &text[..text.len().min(200)]);
}

#[test]
fn a_fork_bomb() {
    check_bomb(
        "f() { [ $1 -gt 0 ] || exec sleep 2; f $(($1 - 1)) | f $(($1 - 1)) & }\nf 6; exec sleep 3",
    );
}

#[test]
fn a_fork_bomb_that_leaves_its_group() {
    let bomb = "import os, time\nfor _ in range(6):\n    if os.fork() == 0: os.setsid()\n\
        time.sleep(2)";
    check_bomb(&format!("python3 -c '{bomb}'"));
}

/// What has ended takes a number until somebody waits for it.
#[test]
fn a_bomb_of_the_dead() {
    let bomb = "import os, time\nfor _ in range(64):\n    if os.fork() == 0: os._exit(0)\n\
        time.sleep(2)";
    check_bomb(&format!("python3 -c '{bomb}'"));
}

#[test]
fn a_bomb_of_threads() {
    let bomb = "import threading, time\nstarted = 0\ntry:\n    for _ in range(120):\n\
        \x20       threading.Thread(target=time.sleep, args=(2,), daemon=True).start()\n\
        \x20       started += 1\nexcept RuntimeError:\n    pass\n\
        print(started)\ntime.sleep(1)";
    let (_, ran) = with(&format!("python3 -c '{bomb}'"), |limits| limits.processes = 10);
    // Ten times eight. Where the kernel counts, it is the first to refuse.
    let refused = ran.output.text().trim().parse().is_ok_and(|started: usize| started < 80);
    assert!(ran.ended == Ended::TooManyProcesses || refused, "{ran:?}");
}

/// A process whose first thread has ended seems dead, and tells nothing of its
/// memory.
#[test]
fn memory_behind_a_dead_thread() {
    let script = "import ctypes, threading, time\nx = []\n\
        def fill():\n    time.sleep(0.1)\n    while True: x.append(bytearray(1 << 20))\n\
        threading.Thread(target=fill).start()\nctypes.CDLL(None).syscall(60 if 'x86' in __import__('platform').machine() else 93, 0)";
    let (_, ran) =
        with(&format!("python3 -c \"{script}\""), |limits| limits.memory_bytes = 128 << 20);
    assert_eq!(ran.ended, Ended::TooMuchMemory, "{ran:?}");
}

#[test]
fn one_large_file() {
    let (ground, ran) =
        with("dd if=/dev/zero of=big bs=1M count=64", |limits| limits.file_bytes = 8 << 20);
    assert!(!ran.ended.is_success(), "{ran:?}");
    assert_eq!(std::fs::metadata(ground.at("root/big")).unwrap().len(), 8 << 20);
}

#[test]
fn many_files() {
    for place in ["", "$TMPDIR/"] {
        let script = format!(
            "i=0; while :; do dd if=/dev/zero of={place}f$i bs=1M count=4 2>/dev/null; i=$((i+1)); done"
        );
        let (_, ran) = with(&script, |limits| limits.disk_bytes = 64 << 20);
        assert_eq!(ran.ended, Ended::TooMuchDisk, "{ran:?}");
    }
}

#[test]
fn many_empty_files() {
    let script = "i=0; while :; do : > f$i; i=$((i+1)); done";
    let (_, ran) = with(script, |limits| limits.files = 5_000);
    assert_eq!(ran.ended, Ended::TooMuchDisk, "{ran:?}");
}

#[test]
fn memory() {
    let script = "python3 -c 'x = []\nwhile True: x.append(bytearray(1 << 20))'";
    let (_, ran) = with(script, |limits| limits.memory_bytes = 128 << 20);
    assert_eq!(ran.ended, Ended::TooMuchMemory, "{ran:?}");
}

#[test]
fn cancelling_ends_it_at_once_and_what_was_printed_stays() {
    let ground = Ground::new();
    let sandbox = Sandbox::new(ground.policy()).unwrap();
    let cancel = CancelToken::new();
    let (mut heard, mut at) = (String::new(), None);
    let script = "echo begun; setsid sleep 600 & sleep 600";
    let ran = sandbox.run(&Run::shell(script), &cancel, &mut |text| {
        heard.push_str(text);
        cancel.cancel();
        at = Some(Instant::now());
    });
    let ran = ran.unwrap();
    assert_eq!((ran.ended, heard.as_str()), (Ended::Cancelled, "begun\n"));
    assert_eq!(ground.survivors(), [""; 0]);
    assert!(at.unwrap().elapsed() < Duration::from_secs(30));
}

#[test]
fn a_program_that_dies_takes_its_command_along() {
    if std::env::var_os("MLXCODE_SANDBOX_DIES").is_some() {
        let mut ground = std::mem::ManuallyDrop::new(Ground::new());
        // Nobody is left to end it later.
        ground.victim.kill().unwrap();
        let sandbox = Sandbox::new(ground.policy()).unwrap();
        let _ = sandbox.run(
            &Run::shell("echo begun; sleep 317 & sleep 317"),
            &CancelToken::new(),
            &mut |_| {
                let _ = std::process::Command::new("kill")
                    .args(["-KILL", &std::process::id().to_string()])
                    .status();
            },
        );
        return;
    }
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    let name = "limits::a_program_that_dies_takes_its_command_along";
    let status = again
        .args(["--exact", name])
        .env("MLXCODE_SANDBOX_DIES", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success(), "{status:?}");
    let ground = Ground::new();
    let running = || ground.outside("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '");
    for _ in 0..500 {
        if !running().contains("sleep 317 ") {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{}", running());
}
