//! Commands that the user's own configuration names.

use std::time::Duration;

use globset::GlobBuilder;
use mlxcode_agent::{CheckReport, ProgramCall, ProgramEnd, ProgramRunner, ProgramStop};
use mlxcode_base::{CancelToken, RelPath, Root};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a command may take where it does not say: a build of a large
/// project, or a quick suite of tests.
const SECONDS: u64 = 120;

/// The most bytes of what a command writes.
const MOST_OUTPUT: usize = 1 << 20;

/// A command that is run after files were changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CheckCommand {
    /// A glob of the files after whose change it is run, such as `**/*.rs`.
    pub files: String,
    /// The command as a shell reads it, run in the root. The changed files that
    /// fit follow as its arguments, `"$@"`. It fails with a status other than 0.
    pub run: String,
    /// After so many seconds it is ended; 120.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

impl CheckCommand {
    /// A command for files.
    pub fn new(files: impl Into<String>, run: impl Into<String>) -> Self {
        Self { files: files.into(), run: run.into(), seconds: None }
    }

    /// Runs it where one of the files fits.
    pub(crate) fn run(
        &self,
        root: &Root,
        files: &[RelPath],
        runner: &dyn ProgramRunner,
        cancel: &CancelToken,
    ) -> Option<CheckReport> {
        let report = |ok, output| Some(CheckReport { check: self.run.clone(), ok, output });
        let glob = GlobBuilder::new(&self.files).literal_separator(true).build();
        let Ok(glob) = glob.map(|glob| glob.compile_matcher()) else {
            return report(true, format!("it did not run: `{}` is no glob", self.files));
        };
        let fitting: Vec<String> =
            files.iter().filter(|path| glob.is_match(path.as_str())).map(argument).collect();
        if fitting.is_empty() {
            return None;
        }
        let mut call = shell(&self.run, fitting);
        call.folder = Some(root.path().to_owned());
        call.time = Duration::from_secs(self.seconds.unwrap_or(SECONDS));
        call.output_bytes = MOST_OUTPUT;
        let time = call.time;
        match runner.run(call, cancel) {
            Err(error) => report(true, format!("it did not run: {error}")),
            Ok(end) => {
                let (ok, note) = match (end.stopped, end.status) {
                    (Some(ProgramStop::Cancelled), _) => return None,
                    (Some(ProgramStop::Time), _) => {
                        (true, format!("it was ended after {} seconds\n", time.as_secs()))
                    }
                    (Some(ProgramStop::Output), _) => {
                        (true, "it was ended: it wrote too much\n".to_owned())
                    }
                    // What a shell says of a command that is not there.
                    (None, Some(126 | 127)) => (true, "it did not run:\n".to_owned()),
                    (None, Some(0)) => (true, String::new()),
                    (None, Some(status)) => (false, format!("exit status {status}\n")),
                    (None, None) => (true, "it crashed\n".to_owned()),
                };
                report(ok, note + &written(&end))
            }
        }
    }
}

/// A path as an argument that is no option.
pub(super) fn argument(path: &RelPath) -> String {
    format!("./{path}")
}

/// Both streams, what a terminal shows in colours as plain text.
fn written(end: &ProgramEnd) -> String {
    let mut text = String::from_utf8_lossy(&end.output).into_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&String::from_utf8_lossy(&end.errors));
    plain(&text)
}

/// Takes the sequences out that steer a terminal.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut all = text.chars().peekable();
    while let Some(c) = all.next() {
        if c == '\u{1b}' {
            if all.next_if_eq(&'[').is_some() {
                // Up to the letter that ends it.
                while all.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
            }
        } else if c == '\n' || c == '\t' || !c.is_control() {
            plain.push(c);
        }
    }
    plain
}

#[cfg(unix)]
fn shell(command: &str, files: Vec<String>) -> ProgramCall {
    ProgramCall::new("/bin/sh").args(["-c", command, "sh"]).args(files)
}

#[cfg(windows)]
fn shell(command: &str, _: Vec<String>) -> ProgramCall {
    // Its arguments would be read as a part of the command.
    ProgramCall::new("cmd.exe").args(["/D", "/C", command])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_out() {
        assert_eq!(plain("a\u{1b}[1;31mred\u{1b}[0m\r\n\u{7}b\u{1b}"), "ared\nb");
    }
}
