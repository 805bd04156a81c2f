use std::ffi::OsString;

use mlxcode_base::RelPath;

/// What is to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// A program and its arguments, as they are: no shell reads them.
    Argv(Vec<OsString>),
    /// A script for `/bin/sh -c`.
    Shell(String),
}

/// A command and where it runs. Its standard input is empty and it has no
/// terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Run {
    /// What is to be run.
    pub program: Program,
    /// The folder below the root that it runs in; the root itself without.
    pub folder: Option<RelPath>,
    /// Variables on top of the policy's environment. These are not looked
    /// through for secrets: who sets one means it.
    pub variables: Vec<(OsString, OsString)>,
}

impl Run {
    /// A script for the shell, in the root.
    pub fn shell(script: impl Into<String>) -> Self {
        Self::of(Program::Shell(script.into()))
    }

    /// A program with its arguments, in the root.
    pub fn argv<I: Into<OsString>>(argv: impl IntoIterator<Item = I>) -> Self {
        Self::of(Program::Argv(argv.into_iter().map(Into::into).collect()))
    }

    fn of(program: Program) -> Self {
        Self { program, folder: None, variables: Vec::new() }
    }

    /// The same in another folder below the root.
    pub fn within(mut self, folder: RelPath) -> Self {
        self.folder = Some(folder);
        self
    }

    /// The arguments that the operating system gets; nothing where there are
    /// none to begin with.
    #[cfg(unix)]
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        match &self.program {
            Program::Argv(argv) => argv.clone(),
            Program::Shell(script) => {
                vec!["/bin/sh".into(), "-c".into(), script.into()]
            }
        }
    }
}
