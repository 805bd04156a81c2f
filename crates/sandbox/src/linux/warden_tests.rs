//! Where the kernel does not bound signals: processes are found by their mark,
//! and signalled one by one.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::super::signs::LEAST_ROOM;
use super::*;

/// A shell with two sleepers, of which one has left its group.
fn marked(limits: &Limits) -> (Child, Watch) {
    let script = "read go; setsid sleep 60 & sleep 60 & echo begun; wait";
    let mut child = Command::new("/bin/sh")
        .args(["-c", script])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = Pid::from_child(&child);
    let mark = Mark::new();
    mark.put_on(pid).unwrap();
    let watch = Watch::new(mark, pid, limits);
    child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "begun\n");
    (child, watch)
}

#[test]
fn what_left_its_group_is_found_and_ended() {
    let (mut child, mut watch) = marked(&Limits::default());
    assert!(matches!(watch.look(true), Judgement::Fine));
    assert_eq!(watch.census.living(), 3);
    assert_eq!(watch.end(), 2);
    assert_eq!(watch.census.living(), 0);
    assert!(!child.wait().unwrap().success());
}

#[test]
fn too_many_are_noticed_by_counting_and_by_a_rise() {
    let limits = Limits { processes: 2, ..Limits::default() };
    let (mut child, mut watch) = marked(&limits);
    assert!(matches!(watch.look(true), Judgement::Beyond(Ended::TooManyProcesses)));
    // As if there had been none when somebody counted last.
    (watch.signs.tasks, watch.signs.room) = (0, 0);
    assert!(matches!(watch.glance(), Some(Ended::TooManyProcesses)));
    watch.limits.processes = 3;
    (watch.signs.tasks, watch.signs.room) = (0, 0);
    // It goes on, so that it can be ended as a command is.
    assert_eq!(watch.glance(), None);
    assert!(watch.signs.tasks > 0 && watch.signs.room == LEAST_ROOM);
    watch.end();
    child.wait().unwrap();
}
