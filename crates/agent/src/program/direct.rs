use std::io::{self, Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mlxcode_base::{CancelToken, secret_variables};

use super::group::Group;
use super::{ProgramCall, ProgramEnd, ProgramInput, ProgramRunner, ProgramStop};

/// What is kept of a program's errors: the first of them tell what is wrong.
const MOST_ERROR_BYTES: usize = 64 << 10;

/// How soon somebody who cancels is heard, and an end is seen.
const HEARD: Duration = Duration::from_millis(10);

/// How long the streams of a program that ended may stay open: what it left
/// running may hold them.
const REST: Duration = Duration::from_millis(500);

/// Starts programs as they are, in a process group of their own, which is ended
/// as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct DirectRunner;

impl ProgramRunner for DirectRunner {
    fn run(&self, call: ProgramCall, cancel: &CancelToken) -> io::Result<ProgramEnd> {
        let deadline = Instant::now() + call.time;
        let most = call.output_bytes;
        let (mut group, bytes) = start(call)?;
        let child = group.child();
        if let (Some(mut input), Some(bytes)) = (child.stdin.take(), bytes) {
            // One that does not read must not stop who waits for it.
            thread::spawn(move || {
                let _ = input.write_all(&bytes);
            });
        }
        let output = child.stdout.take().map(|from| Stream::of(from, most, true));
        let errors = child.stderr.take().map(|from| Stream::of(from, MOST_ERROR_BYTES, false));
        let streams = [output.as_ref(), errors.as_ref()];
        let mut stopped = wait(&mut group, streams, deadline, cancel);
        let status = group.end();
        let output = output.map(Stream::read).unwrap_or_default();
        let errors = errors.map(Stream::read).unwrap_or_default();
        if output.1 && stopped.is_none() {
            stopped = Some(ProgramStop::Output);
        }
        let own = status.filter(|_| stopped.is_none());
        let (status, signal) = (own.and_then(|own| own.code()), own.and_then(signal));
        Ok(ProgramEnd { status, signal, stopped, output: output.0, errors: errors.0 })
    }
}

fn start(call: ProgramCall) -> io::Result<(Group, Option<Vec<u8>>)> {
    #[allow(clippy::disallowed_methods, reason = "the one place of this crate that starts one")]
    let mut command = Command::new(&call.program);
    command.args(&call.args).stdout(Stdio::piped()).stderr(Stdio::piped());
    if !call.inherits {
        command.env_clear();
    }
    for name in secret_variables() {
        command.env_remove(name);
    }
    command.envs(call.environment);
    if let Some(folder) = &call.folder {
        command.current_dir(folder);
    }
    let memory = call.memory_bytes;
    let (input, bytes) = match call.input {
        ProgramInput::Nothing => (Stdio::null(), None),
        ProgramInput::File(file) => (file.into(), None),
        ProgramInput::Bytes(bytes) => (Stdio::piped(), Some(bytes)),
    };
    command.stdin(input);
    // So that what it started ends with it.
    let mut group = Group::start(&mut command)?;
    limit_memory(group.child(), memory);
    Ok((group, bytes))
}

/// Sets the most memory of a program from outside: it has hardly begun, and
/// what it has by now counts.
#[cfg(target_os = "linux")]
fn limit_memory(child: &Child, most: Option<u64>) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    if let (Some(_), Some(pid)) = (most, Pid::from_raw(child.id() as i32)) {
        // One that has ended needs none.
        let _ = prlimit(Some(pid), Resource::As, Rlimit { current: most, maximum: most });
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_memory(_: &Child, _: Option<u64>) {}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// Waits for the end of the program and of its streams; why it is to be ended,
/// where it has not.
fn wait(
    group: &mut Group,
    streams: [Option<&Stream>; 2],
    deadline: Instant,
    cancel: &CancelToken,
) -> Option<ProgramStop> {
    let mut has_ended = false;
    let mut until = deadline;
    loop {
        if cancel.is_cancelled() {
            return Some(ProgramStop::Cancelled);
        }
        if streams[0].is_some_and(Stream::is_full) {
            return Some(ProgramStop::Output);
        }
        if !has_ended && group.has_ended() {
            has_ended = true;
            until = until.min(Instant::now() + REST);
        }
        if Instant::now() >= until {
            return (!has_ended).then_some(ProgramStop::Time);
        }
        match streams.into_iter().flatten().find(|stream| !stream.has_ended()) {
            Some(stream) => stream.wait(HEARD),
            None if has_ended => return None,
            None => thread::sleep(HEARD),
        }
    }
}

/// A stream that a thread reads.
struct Stream {
    state: Arc<Mutex<State>>,
    ended: Receiver<()>,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    is_full: bool,
    has_ended: bool,
}

impl Stream {
    /// Reads up to so many bytes. What is more ends the reading, or is thrown
    /// away.
    fn of(mut from: impl Read + Send + 'static, most: usize, ends: bool) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let (sender, ended) = sync_channel(1);
        let shared = Arc::clone(&state);
        // Nobody waits for this thread: a child of the child may hold the pipe.
        thread::spawn(move || {
            let mut part = vec![0; 64 << 10];
            loop {
                let read = match from.read(&mut part) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    read => read.unwrap_or(0),
                };
                let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let room = most - state.bytes.len();
                state.bytes.extend_from_slice(&part[..read.min(room)]);
                state.is_full |= read > room;
                if read == 0 || (ends && state.is_full) {
                    state.has_ended = true;
                    let _ = sender.try_send(());
                    return;
                }
            }
        });
        Self { state, ended }
    }

    fn wait(&self, time: Duration) {
        if self.ended.recv_timeout(time) == Err(RecvTimeoutError::Disconnected) {
            // The thread is at its end.
            thread::yield_now();
        }
    }

    fn has_ended(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).has_ended
    }

    fn is_full(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_full
    }

    /// What was read, and whether there was more.
    fn read(self) -> (Vec<u8>, bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut state.bytes), state.is_full)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn shell(script: &str, time: Duration) -> ProgramCall {
        let mut call = ProgramCall::new("/bin/sh").args(["-c", script]);
        call.time = time;
        call
    }

    fn run(call: ProgramCall) -> ProgramEnd {
        DirectRunner.run(call, &CancelToken::new()).unwrap()
    }

    #[test]
    fn what_a_program_writes_is_read() {
        let end = run(shell("echo out; echo err >&2; exit 3", LONG));
        assert_eq!((end.status, end.stopped), (Some(3), None));
        assert_eq!((&end.output[..], &end.errors[..]), (&b"out\n"[..], &b"err\n"[..]));
        let mut call = shell("cat; echo $FRUIT", LONG);
        call.input = ProgramInput::Bytes(b"bytes ".repeat(100_000));
        call.environment.push(("FRUIT".into(), "pear".into()));
        let end = run(call);
        assert!(end.is_ok() && end.output.len() == 600_005 && end.output.ends_with(b" pear\n"));
        assert!(DirectRunner.run(ProgramCall::new("/no/such"), &CancelToken::new()).is_err());
    }

    #[test]
    fn limits_end_a_program_and_leave_what_it_wrote() {
        let end = run(shell("echo first; sleep 600", Duration::from_millis(300)));
        assert_eq!((end.status, end.stopped), (None, Some(ProgramStop::Time)));
        assert_eq!(end.output, b"first\n");
        let mut call = shell("yes", LONG);
        call.output_bytes = 1_000;
        let end = run(call);
        assert_eq!((end.stopped, end.output.len()), (Some(ProgramStop::Output), 1_000));
        let cancel = CancelToken::new();
        cancel.cancel();
        let end = DirectRunner.run(shell("sleep 600", LONG), &cancel).unwrap();
        assert_eq!(end.stopped, Some(ProgramStop::Cancelled));
        let end = run(shell("head -c 1000000 /dev/zero >&2; exit 2", LONG));
        assert_eq!((end.status, end.stopped), (Some(2), None));
        assert_eq!(end.errors.len(), MOST_ERROR_BYTES);
        let end = run(shell("kill -SEGV $$", LONG));
        assert_eq!((end.status, end.signal, end.stopped), (None, Some(11), None));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_has_an_end() {
        // The shell doubles a text until it gets no more memory.
        let mut call = shell("sleep 0.1; a=aaaaaaaa; while :; do a=$a$a; done", LONG);
        call.memory_bytes = Some(64 << 20);
        let end = run(call);
        assert_eq!(end.stopped, None);
        assert_ne!(end.status, Some(0));
    }

    #[test]
    fn one_that_leaves_something_running_is_not_waited_for() {
        let end = run(shell("sleep 600 & echo done", LONG));
        assert_eq!((end.status, end.output), (Some(0), b"done\n".to_vec()));
    }

    #[test]
    fn one_that_does_not_read_and_closes_its_streams_is_not_waited_for_forever() {
        let mut call = shell("exec >&- 2>&-; sleep 600", Duration::from_millis(200));
        call.input = ProgramInput::Bytes(vec![0; 1 << 20]);
        assert_eq!(run(call).stopped, Some(ProgramStop::Time));
    }
}
