//! Programs that are started: with arguments, never a line for a shell, and
//! with limits on their time and on what they write.

mod direct;
mod group;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mlxcode_base::CancelToken;

pub use direct::DirectRunner;
pub(crate) use group::Group;

/// Starts programs. [`DirectRunner`] starts them as they are; another may
/// confine them.
pub trait ProgramRunner: Send + Sync {
    /// Runs a program to its end, or until one of its limits.
    ///
    /// # Errors
    /// Where it cannot be started.
    fn run(&self, call: ProgramCall, cancel: &CancelToken) -> io::Result<ProgramEnd>;
}

/// A program, and all that it is given.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProgramCall {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Where it runs; `None` where this process does.
    pub folder: Option<PathBuf>,
    /// Whether it has the variables of this process, but for those that hold
    /// tokens.
    pub inherits: bool,
    /// What is set in its environment.
    pub environment: Vec<(OsString, OsString)>,
    /// What it reads.
    pub input: ProgramInput,
    /// After this it is ended, with all that it started.
    pub time: Duration,
    /// The most bytes of its output. One that writes more is ended.
    pub output_bytes: usize,
    /// The most bytes of its address space, for programs that read what may be
    /// hostile. Only Linux keeps to it.
    pub memory_bytes: Option<u64>,
}

/// What a program reads.
#[derive(Debug, Default)]
pub enum ProgramInput {
    /// Nothing.
    #[default]
    Nothing,
    /// A file, from where it stands.
    File(File),
    /// These bytes.
    Bytes(Vec<u8>),
}

/// How a program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramEnd {
    /// Its exit status; `None` where it was ended, or crashed.
    pub status: Option<i32>,
    /// Unix's signal that it crashed by, where it did.
    pub signal: Option<i32>,
    /// Why it was ended, where it was.
    pub stopped: Option<ProgramStop>,
    /// What it wrote to its output, as far as it came.
    pub output: Vec<u8>,
    /// The first of what it wrote to its errors.
    pub errors: Vec<u8>,
}

/// Why a program was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramStop {
    /// Its time was over.
    Time,
    /// It wrote too much.
    Output,
    /// Somebody cancelled.
    Cancelled,
}

impl ProgramCall {
    /// A program without arguments that has a minute and a mebibyte.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            folder: None,
            inherits: true,
            environment: Vec::new(),
            input: ProgramInput::Nothing,
            time: Duration::from_mins(1),
            output_bytes: 1 << 20,
            memory_bytes: None,
        }
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }
}

impl ProgramEnd {
    /// Whether it said that all went well.
    pub fn is_ok(&self) -> bool {
        self.status == Some(0)
    }
}

/// The program called `name` in the first of `folders` that has it. Folders
/// that are not absolute are left out, and with `tree` all that lies in it: a
/// tree must not choose what is started.
pub fn find_program(name: &str, folders: &[PathBuf], tree: Option<&Path>) -> Option<PathBuf> {
    let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd"] } else { &[""] };
    let folders = folders.iter().filter(|folder| folder.is_absolute());
    let mut places = folders
        .flat_map(|folder| endings.iter().map(move |end| folder.join(format!("{name}{end}"))));
    places.find(|place| {
        let Ok(real) = place.canonicalize() else { return false };
        let is_of_tree = tree.is_some_and(|tree| real.starts_with(tree) || place.starts_with(tree));
        is_executable(&real) && !is_of_tree
    })
}

#[cfg(unix)]
fn is_executable(place: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    place.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(place: &Path) -> bool {
    place.is_file()
}
