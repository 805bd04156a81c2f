//! A program in a terminal of its own, whose screen can be looked at: for the
//! tests of the terminal's rooms and of the command.

#![allow(dead_code, reason = "each suite uses a part of it")]

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// What does not come in this time never comes. It is long because a machine
/// may be busy; no test waits for it unless it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program in a terminal.
pub struct Terminal {
    /// The terminal lives as long as it does.
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// All that was written, to look for sequences.
    pub written: Vec<u8>,
}

impl Terminal {
    /// Starts a program in a folder, in a terminal of so many columns and rows.
    pub fn start(
        program: &Path,
        args: &[&str],
        env: &[(&str, &str)],
        folder: &Path,
        (columns, rows): (u16, u16),
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.cwd(folder);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("LANG", "en_GB.UTF-8");
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keyboard = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let screen = vt100::Parser::new(size_of(rows), size_of(columns), 10_000);
        Self { master: pair.master, child, keyboard, output, screen, written: Vec::new() }
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Gives the terminal another size, as somebody who pulls its window does.
    pub fn resize(&mut self, (columns, rows): (u16, u16)) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).unwrap();
        self.screen.screen_mut().set_size(size_of(rows), size_of(columns));
    }

    /// Waits until the program writes something.
    #[track_caller]
    pub fn wait_for_more(&mut self) {
        assert!(self.take(PATIENCE), "nothing is drawn:\n{}", self.contents());
    }

    /// Pastes as terminals do it.
    pub fn paste(&mut self, text: &str) {
        let text = format!("\x1b[200~{text}\x1b[201~");
        // In pieces: a terminal's buffer is small, and the program may be
        // drawing meanwhile.
        for piece in text.as_bytes().chunks(2048) {
            self.keyboard.write_all(piece).unwrap();
            self.take(Duration::ZERO);
        }
        self.keyboard.flush().unwrap();
    }

    /// Waits until the screen shows a text so many times.
    #[track_caller]
    pub fn wait_for_times(&mut self, text: &str, times: usize) {
        self.wait_until(text, |screen| screen.matches(text).count() >= times);
    }

    /// Forgets what the screen shows, as if it was wiped.
    pub fn clear(&mut self) {
        self.send("\x0c");
        self.wait_until("an empty line", |screen| {
            screen.trim() == "›" || !screen.trim().contains('\n')
        });
    }

    /// Waits for an empty prompt below all that was written.
    #[track_caller]
    pub fn wait_for_prompt(&mut self) {
        self.wait_until("a prompt", |screen| screen.trim_end().ends_with('›'));
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    /// Waits until the screen is as it should be.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is_so(&self.contents()) {
            let left = until.saturating_duration_since(Instant::now());
            let goes_on = self.take(left);
            assert!(goes_on || is_so(&self.contents()), "no {what:?} in:\n{}", self.contents());
        }
    }

    /// The screen's text.
    pub fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// Waits for the program to end, and gives its exit code.
    #[track_caller]
    pub fn wait_for_end(&mut self) -> u32 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                while self.take(Duration::from_millis(50)) {}
                return status.exit_code();
            }
            assert!(Instant::now() < until, "it goes on:\n{}", self.contents());
            self.take(Duration::from_millis(20));
        }
    }

    /// Takes what the program writes, and answers it as a terminal does.
    fn take(&mut self, wait: Duration) -> bool {
        match self.output.recv_timeout(wait) {
            Ok(bytes) => {
                self.written.extend_from_slice(&bytes);
                let asked = bytes.windows(4).filter(|four| four == b"\x1b[6n").count();
                self.screen.process(&bytes);
                for _ in 0..asked {
                    let (row, column) = self.screen.screen().cursor_position();
                    self.send(&format!("\x1b[{};{}R", row + 1, column + 1));
                }
                true
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }
}

/// An example of the crate under test. It stands beside the tests, where the
/// build put both.
pub fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().and_then(|deps| deps.parent()).unwrap();
    folder.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size_of(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}
