//! A project, a home folder and a run of the command.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, ErrorKind, Write};
use std::path::{Path, PathBuf};

use mlx_code_cli::{Editor, Hidden, Host, Interrupt, Waiting, run};
use mlxcode_core::{
    CancelToken, Dirs, Environment, HubSettings, Model, ProbeCommand, ScriptedModel, Secret,
    SecretName, SecretSurroundings, ServerFolders,
};
use mlxcode_terminal::Surroundings;
use serde_json::Value;

pub struct Ground {
    temp: tempfile::TempDir,
}

#[derive(Debug)]
pub struct Ran {
    pub code: u8,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Fails unless it ended well.
    #[track_caller]
    pub fn succeeded(&self) -> &Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// What was printed, as JSON.
    #[track_caller]
    pub fn document(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// What a person and a model do in a run.
#[derive(Default)]
pub struct Play<'p> {
    /// Lines typed on the keyboard; `None`: nobody is there.
    pub typed: Option<&'p str>,
    /// What the standard input holds.
    pub input: &'p str,
    /// The address of a hub.
    pub hub: Option<&'p str>,
    /// Replies of the model.
    pub replies: Option<&'p [&'p str]>,
    /// How wide the terminal is that shows the output; `None`: none shows it.
    pub columns: Option<usize>,
    /// The editor that the environment names.
    pub editor: Option<&'p str>,
    /// What the environment says of the terminal; colours are shown then.
    pub terminal: Option<Surroundings>,
    /// Secrets of the environment: names and values.
    pub secrets: &'p [(&'p str, &'p str)],
    /// Whether somebody interrupts at once.
    pub is_cancelled: bool,
}

impl Ground {
    pub fn new() -> Self {
        let ground = Self { temp: tempfile::tempdir().unwrap() };
        fs::create_dir(ground.root()).unwrap();
        ground.write("greet.py", "def greet():\n    return \"hello\"\n");
        ground.write("port.py", "def open_port(number):\n    return number\n");
        ground
    }

    pub fn root(&self) -> PathBuf {
        self.temp.path().join("project")
    }

    pub fn home(&self) -> PathBuf {
        self.temp.path().join("home")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let place = self.path(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.play(args, Play::default())
    }

    pub fn play(&self, args: &[&str], play: Play<'_>) -> Ran {
        let mut out = Vec::new();
        let (code, err) = self.play_to(&mut out, args, play);
        Ran { code, out: String::from_utf8(out).unwrap(), err }
    }

    /// As [`play`](Self::play), with a keyboard of the caller's.
    pub fn play_with(&self, keyboard: &mut dyn BufRead, args: &[&str], input: &str) -> Ran {
        let mut out = Vec::new();
        let play = Play { input, ..Play::default() };
        let (code, err) = self.play_on(&mut out, Some(keyboard), args, play);
        Ran { code, out: String::from_utf8(out).unwrap(), err }
    }

    /// As [`play`](Self::play), with the output going elsewhere. Gives the
    /// exit code and the messages.
    pub fn play_to(&self, output: &mut dyn Write, args: &[&str], play: Play<'_>) -> (u8, String) {
        let mut typed = play.typed.map(str::as_bytes);
        let keyboard = typed.as_mut().map(|typed| typed as &mut dyn BufRead);
        self.play_on(output, keyboard, args, play)
    }

    fn play_on(
        &self,
        output: &mut dyn Write,
        keyboard: Option<&mut dyn BufRead>,
        args: &[&str],
        play: Play<'_>,
    ) -> (u8, String) {
        let mut err = Vec::new();
        let mut hub = HubSettings::default();
        hub.cache_dir = Some(self.temp.path().join("hub"));
        hub.endpoint = play.hub.map(str::to_owned);
        // Without one, nobody is asked.
        hub.offline = play.hub.is_none();
        let mut input = play.input.as_bytes();
        let cancel = CancelToken::new();
        if play.is_cancelled {
            cancel.cancel();
        }
        let mut host = Host {
            input: &mut input,
            output,
            messages: &mut err,
            keyboard: keyboard.map(|keyboard| keyboard as &mut dyn BufRead),
            input_is_typed: false,
            output_is_shown: play.columns.is_some(),
            output_columns: play.columns,
            size: || None,
            waiting: Waiting::default(),
            color: play.terminal.as_ref().is_some_and(|one| one.no_color.is_none()),
            theme: None,
            live: false,
            current_dir: self.root(),
            dirs: Some(Dirs::under(&self.home())),
            probe: Some(ProbeCommand::new(env!("CARGO_BIN_EXE_mlx-code"), ["__probe".into()])),
            hub,
            model: play
                .replies
                .map(|replies| Model::new(ScriptedModel::new(replies.to_vec()).with_tools())),
            cancel,
            interrupt: Interrupt::default(),
            terminal: play.terminal.unwrap_or_default(),
            secrets: {
                let mut secrets = SecretSurroundings::default();
                for (name, value) in play.secrets {
                    let name = SecretName::new(name).unwrap();
                    let value = Secret::new((*value).to_owned()).unwrap();
                    secrets.environment = secrets.environment.with(name, value);
                }
                secrets
            },
            environment: {
                let mut environment = Environment::default();
                let path = std::env::var_os("PATH").unwrap_or_default();
                environment.variables.insert("PATH".into(), path);
                environment
            },
            servers: ServerFolders::default(),
            editor: play.editor.and_then(Editor::parse),
            hide: || Some(Hidden::nothing()),
        };
        let args = std::iter::once("mlx-code").chain(args.iter().copied()).map(OsString::from);
        let code = run(args, &mut host);
        (code, String::from_utf8(err).unwrap())
    }
}

#[cfg(unix)]
impl Ground {
    /// Runs the program itself as a user who is not root, whom permissions do
    /// not bind. `None` where root may not become anybody else, as in some
    /// sandboxes.
    pub fn play_as_nobody(&self, args: &[&str], input: &str) -> Option<Ran> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
        use std::os::unix::process::CommandExt;
        use std::process::{Command, Stdio};

        const NOBODY: u32 = 65_534;
        let program = self.temp.path().join("mlx-code");
        fs::copy(env!("CARGO_BIN_EXE_mlx-code"), &program).unwrap();
        fs::set_permissions(self.temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir_all(self.home()).unwrap();
        let mut command = Command::new(program);
        if fs::metadata(self.temp.path()).unwrap().uid() == 0 {
            for place in [self.home(), self.root()] {
                chown(place, Some(NOBODY), Some(NOBODY)).ok()?;
            }
            command.uid(NOBODY).gid(NOBODY);
        }
        command.args(args).current_dir(self.root()).env("MLX_CODE_HOME", self.home());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = loop {
            match command.spawn() {
                Err(error) if error.kind() == ErrorKind::PermissionDenied => return None,
                // A process that another test began while the copy was written
                // has it open until it becomes its own program.
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                spawned => break spawned.unwrap(),
            }
        };
        // A program that fails early does not read to the end.
        let _ = running.stdin.take().unwrap().write_all(input.as_bytes());
        let done = running.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = u8::try_from(done.status.code().unwrap()).unwrap();
        Some(Ran { code, out: text(done.stdout), err: text(done.stderr) })
    }
}

/// A checkpoint of the inference crate's tests.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../inference/tests/fixtures").join(name)
}

/// A reply that makes `greet` shout.
pub const SHOUT: &str = "Louder.\n\ngreet.py\n```python\n<<<<<<< SEARCH\n    return \"hello\"\n=======\n    return \"HELLO\"\n>>>>>>> REPLACE\n```\n";

/// A server of tools in the shell: one answers, one fails.
pub const TOOL_SERVER: &str = r#"#!/bin/sh
while read -r line; do
  id=${line#*\"id\":}; id=${id%%[,\}]*}
  case "$line" in
    *'"method":"initialize"'*) result='{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"shell","version":"0.1"}}' ;;
    *'"method":"tools/list"'*) result='{"tools":[{"name":"echo","description":"Says it again\nat once","inputSchema":{"type":"object"}},{"name":"fail","inputSchema":{"type":"object"}}]}' ;;
    *'"name":"fail"'*) result='{"content":[{"type":"text","text":"it is broken"}],"isError":true}' ;;
    *'"method":"tools/call"'*) result='{"content":[{"type":"text","text":"heard '"${TOKEN:-nothing}"'"}]}' ;;
    *) continue ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done
"#;
