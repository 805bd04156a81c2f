//! A program of a plugin that runs on beside us.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use mlxcode_base::is_secret_variable;

use crate::program::Group;

/// What is started.
pub(super) struct Service {
    pub program: String,
    pub args: Vec<String>,
    pub folder: PathBuf,
    /// What it inherits, without the variables that hold secrets.
    pub environment: BTreeMap<OsString, OsString>,
    pub added: Vec<(OsString, OsString)>,
}

impl Service {
    /// Starts it, with its output and its errors at pipes.
    pub fn start(&self, stdin: Stdio) -> std::io::Result<Group> {
        #[expect(clippy::disallowed_methods, reason = "the user enabled the plugin that names it")]
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .env_clear()
            .envs(without_secrets(&self.environment))
            .envs(self.added.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Group::start(&mut command)
    }
}

/// The variables that hold no secret.
pub(super) fn without_secrets(
    environment: &BTreeMap<OsString, OsString>,
) -> impl Iterator<Item = (&OsString, &OsString)> {
    environment.iter().filter(|(name, _)| !name.to_str().is_some_and(is_secret_variable))
}
