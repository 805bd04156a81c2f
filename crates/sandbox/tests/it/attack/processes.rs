//! Attacks on other processes and on the kernel, and attempts to survive.

use super::{Control, check, python};
use crate::ground::Ground;

fn said_yes(_ground: &mut Ground, text: &str) -> bool {
    text.contains("yes")
}

#[test]
fn kill_another_process() {
    for script in
        ["kill -KILL $VICTIM", "kill -STOP $VICTIM; kill -TERM $VICTIM; kill -CONT $VICTIM"]
    {
        check(script, Control::Always, |ground, _| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            !ground.victim_is_alive()
        });
    }
    let script = python("os.kill(victim, 0)\nprint('yes')");
    check(&script, Control::Always, said_yes);
    let script = python(
        "p = os.pidfd_open(victim)\nimport signal\nsignal.pidfd_send_signal(p, 0)\nprint('yes')",
    );
    check(&script, Control::Always, said_yes);
}

/// A limit on time ends a process as a signal does.
#[test]
fn limit_another_process() {
    let code =
        "import resource\nresource.prlimit(victim, resource.RLIMIT_NOFILE, (9, 9))\nprint('yes')";
    check(&python(code), Control::Always, said_yes);
}

#[test]
fn trace_another_process() {
    for code in [
        // PTRACE_ATTACH, PTRACE_SEIZE.
        "libc.ptrace(16, victim, 0, 0) == 0 and print('yes')",
        "libc.ptrace(0x4206, victim, 0, 0) == 0 and print('yes')",
    ] {
        check(&python(code), Control::Always, said_yes);
    }
    let vectors = "class V(ctypes.Structure):\n\
        \x20   _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]\n\
        buffer = ctypes.create_string_buffer(8)\n\
        start = int(open(f'/proc/self/maps').readline().split('-')[0], 16)\n\
        try:\n\
        \x20   start = int(open(f'/proc/{victim}/maps').readline().split('-')[0], 16)\n\
        except OSError:\n\
        \x20   pass\n\
        mine, theirs = V(ctypes.addressof(buffer), 8), V(start, 8)\n\
        libc.process_vm_readv(victim, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0) == 8 and print('yes')";
    check(&python(vectors), Control::Always, said_yes);
}

/// The mark by which the processes of a command are found.
#[test]
fn take_off_the_mark() {
    let own = "import resource\nresource.prlimit(0, 10, (5, 5))\nprint('yes')";
    check(&python(own), Control::Always, said_yes);
    let own = "libc.setrlimit(10, (ctypes.c_ulong * 2)(5, 5)) == 0 and print('yes')";
    check(&python(own), Control::Always, said_yes);
}

#[test]
fn call_what_only_the_system_needs() {
    // Number on x86-64, and on the others.
    for (name, x86, other) in [
        ("mount", 165, 40),
        ("umount2", 166, 39),
        ("pivot_root", 155, 41),
        ("chroot", 161, 51),
        ("unshare", 272, 97),
        ("setns", 308, 268),
        ("bpf", 321, 280),
        ("userfaultfd", 323, 282),
        ("perf_event_open", 298, 241),
        ("keyctl", 250, 219),
        ("add_key", 248, 217),
        ("init_module", 175, 105),
        ("kexec_load", 246, 104),
        ("open_by_handle_at", 304, 265),
        ("fanotify_init", 300, 262),
        ("fsopen", 430, 430),
        ("move_mount", 429, 429),
        ("open_tree", 428, 428),
        ("mount_setattr", 442, 442),
        ("pidfd_getfd", 438, 438),
        ("process_vm_writev", 311, 271),
        ("shmget", 29, 194),
        ("semget", 64, 190),
        ("msgget", 68, 186),
        ("settimeofday", 164, 170),
        ("reboot", 169, 142),
        ("sethostname", 170, 161),
        ("swapon", 167, 224),
        ("acct", 163, 89),
    ] {
        // Arguments that are all wrong: what goes through fails differently.
        let code = format!(
            "import platform\nn = {x86} if platform.machine() == 'x86_64' else {other}\n\
             r = libc.syscall(n, -1, -1, -1, -1, -1, -1)\n\
             (r, ctypes.get_errno()) == (-1, 1) or print('yes')"
        );
        let ran = Ground::new().inside(&format!("{}\necho tried", python(&code)));
        assert_eq!(ran.output.text(), "tried\n", "{name}");
    }
}

#[test]
fn make_namespaces_and_mounts() {
    check("unshare -Urn true && echo yes", Control::Never, said_yes);
    check("unshare -Urm mount -t tmpfs x /mnt && echo yes", Control::Never, said_yes);
    check("unshare -m true && echo yes", Control::Root, said_yes);
    check("mkdir m; mount -t tmpfs x m && echo yes; umount m", Control::Root, said_yes);
    check("chroot . /x 2>&1 | grep -q 'No such file' && echo yes", Control::Root, said_yes);
    // CLONE_NEWUSER by the older call, and the newer one that filters cannot read.
    let clone = "r = libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)\n\
        r == 0 and os._exit(0)\nr > 0 and print('yes')";
    if cfg!(target_arch = "x86_64") {
        check(&python(clone), Control::Never, said_yes);
    }
    let clone3 = "a = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17)\n\
        r = libc.syscall(435, a, 88)\nr == 0 and os._exit(0)\nr > 0 and print('yes')";
    check(&python(clone3), Control::Never, said_yes);
}

#[test]
fn type_into_a_terminal() {
    // TIOCSTI and TIOCLINUX: refused, not unknown to what is no terminal.
    for request in ["0x5412", "0x541c"] {
        let code = format!(
            "import fcntl\ntry:\n\x20   fcntl.ioctl(0, {request}, b'x')\n\
             except OSError as error:\n\x20   error.errno != 1 and print('yes')"
        );
        check(&python(&code), Control::Always, said_yes);
    }
    check("echo x > /dev/tty && echo yes", Control::Never, said_yes);
    check(
        "ls /dev/pts/[0-9]* && for t in /dev/pts/[0-9]*; do echo x > $t && echo yes; done",
        Control::Never,
        said_yes,
    );
}

#[test]
fn keep_roots_powers() {
    let script = "grep -i CapEff /proc/self/status | grep -Eq '0000000000000000|0000000000000006' || echo yes";
    check(script, Control::Root, said_yes);
    check("grep -q 'NoNewPrivs:.1' /proc/self/status || echo yes", Control::Always, said_yes);
    check("grep -q 'Seccomp:.2' /proc/self/status || echo yes", Control::Always, said_yes);
    check(&python("os.setuid(12345)\nprint('yes')"), Control::Root, said_yes);
}

#[test]
fn preload_a_library() {
    check("env | grep LD_PRELOAD && echo yes", Control::Never, said_yes);
}

/// Nothing is left of what tries to stay.
#[test]
fn outlive_the_command() {
    for script in [
        "sleep 300 &",
        "nohup sleep 300 >/dev/null 2>&1 &",
        "setsid sleep 300 >/dev/null 2>&1 < /dev/null &",
        "setsid -f sleep 300 >/dev/null 2>&1",
        "(setsid sh -c 'trap \"\" HUP INT TERM; sleep 300 & wait' &)",
        "sh -c 'sleep 300 & exec >/dev/null 2>&1; exec setsid sleep 300' &\nsleep 0.1",
    ] {
        check(script, Control::Never, |ground, _| !ground.survivors().is_empty());
    }
    let daemon = "if os.fork() == 0:\n\
        \x20   os.setsid()\n\
        \x20   if os.fork() == 0:\n\
        \x20       os.closerange(0, 256)\n\
        \x20       os.chdir('/')\n\
        \x20       os.execve('/bin/sleep', ['sleep', '300'], {'MARK': os.environ['MARK']})\n\
        \x20   os._exit(0)\n\
        os.wait()";
    check(&python(daemon), Control::Never, |ground, _| !ground.survivors().is_empty());
    // Runs on under another name and without its environment: the group, the
    // session and the environment are its own, the mark is not.
    let mut ground = Ground::new();
    let ran = ground.inside("setsid env -i sleep 311 >/dev/null 2>&1 & sleep 0.1");
    assert!(ran.left_running >= 1, "{ran:?}");
    assert!(
        !ground
            .outside("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")
            .contains("sleep 311 ")
    );
    assert!(ground.victim_is_alive());
}
