//! Installed linters and compilers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mlxcode_agent::{ProgramCall, ProgramEnd, ProgramRunner, ProgramStop, find_program};
use mlxcode_base::{CancelToken, Language, RelPath, Root};

use super::Changed;
use super::command::argument;
use super::finding::{Finding, Looked};
use super::known::{KNOWN, Known, Place};

/// How long one may take: the first check of a project builds what it needs.
const TIME: Duration = Duration::from_mins(2);

/// The most bytes of what one writes: a project with ten thousand findings.
const MOST_OUTPUT: usize = 16 << 20;

/// Folders in which projects keep their programs.
const OF_PROJECT: [&str; 5] =
    [".venv/bin", "venv/bin", "node_modules/.bin", ".venv/Scripts", "venv/Scripts"];

/// What a program is asked with.
pub(super) struct Ground<'a> {
    pub root: &'a Root,
    pub folders: &'a [PathBuf],
    /// Whether programs of the project may be run.
    pub of_project: bool,
    /// Whether only those are asked that run nothing of the project. Nobody
    /// named them, so one that is not installed is no news.
    pub only_readers: bool,
    pub runner: &'a dyn ProgramRunner,
}

impl Ground<'_> {
    /// Asks the programs that know the languages of the files.
    pub fn look(
        &self,
        all: &[Changed],
        cancel: &CancelToken,
        take: &mut dyn FnMut(String, Looked),
    ) {
        let mut unknown: BTreeSet<&'static str> = BTreeSet::new();
        let mut known: Vec<Language> = Vec::new();
        for program in KNOWN.iter().filter(|one| one.only_reads || !self.only_readers) {
            let knows =
                |one: &&Changed| one.language.is_some_and(|it| program.languages.contains(&it));
            let files: Vec<&Changed> = all.iter().filter(knows).collect();
            let runs = self.runs(program, &files);
            if runs.is_empty() || cancel.is_cancelled() {
                continue;
            }
            let Some(path) = self.find(program.program, &runs[0].folder) else {
                unknown.insert(program.program);
                continue;
            };
            known.extend(program.languages);
            let mut found = Vec::new();
            let mut failed = None;
            for run in runs {
                match self.run(program, &path, run, cancel) {
                    Ok(findings) => found.extend(findings),
                    Err(why) => failed = Some(why),
                }
            }
            if cancel.is_cancelled() {
                return;
            }
            let looked = match failed {
                Some(why) => Looked::NotRun(why),
                None => Looked::Found(found),
            };
            take(program.name.to_owned(), looked);
        }
        // Of a language that somebody looked at nothing is missing.
        let missing = |program: &&Known| {
            !self.only_readers
                && unknown.contains(program.program)
                && !program.languages.iter().any(|language| known.contains(language))
        };
        for program in KNOWN.iter().filter(missing) {
            let why = format!("`{}` is not installed", program.program);
            take(program.name.to_owned(), Looked::Missing(why));
        }
    }

    /// Where a program is run for files, and with which.
    fn runs(&self, program: &Known, files: &[&Changed]) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for file in files {
            let root = self.root.path();
            let own = root.join(file.path.as_path()).parent().map(Path::to_path_buf);
            let Some(own) = own else { continue };
            let folder = match program.place {
                Place::Root => Some(root.to_owned()),
                Place::Nearest(names) => self.nearest(&own, names),
                Place::Own(name) => self.nearest(&own, &[name]).map(|_| own),
            };
            let Some(folder) = folder else { continue };
            let below = folder.strip_prefix(root).unwrap_or(Path::new(""));
            let name = file
                .path
                .as_path()
                .strip_prefix(below)
                .ok()
                .and_then(|path| RelPath::from_path(path).ok());
            match runs.iter_mut().find(|run| run.folder == folder) {
                Some(run) => run.files.extend(name),
                None => runs.push(Run { folder, files: name.into_iter().collect() }),
            }
        }
        runs
    }

    fn nearest(&self, from: &Path, names: &[&str]) -> Option<PathBuf> {
        let mut folders = from.ancestors().take_while(|it| it.starts_with(self.root.path()));
        let folder = folders.find(|folder| names.iter().any(|name| folder.join(name).is_file()));
        folder.map(Path::to_path_buf)
    }

    /// The project's own program first: it is the version that it wants.
    fn find(&self, name: &str, from: &Path) -> Option<PathBuf> {
        let above = from.ancestors().take_while(|it| it.starts_with(self.root.path()));
        let own: Vec<PathBuf> =
            above.flat_map(|folder| OF_PROJECT.map(|name| folder.join(name))).collect();
        let own = self.of_project.then(|| find_program(name, &own, None)).flatten();
        own.or_else(|| find_program(name, self.folders, Some(self.root.path())))
    }

    fn run(
        &self,
        program: &Known,
        path: &Path,
        run: Run,
        cancel: &CancelToken,
    ) -> Result<Vec<Finding>, String> {
        let mut call = ProgramCall::new(path).args(program.args);
        if program.takes_files {
            call = call.args(run.files.iter().map(argument));
        }
        call.folder = Some(run.folder.clone());
        call.time = TIME;
        call.output_bytes = MOST_OUTPUT;
        let set = program.environment.iter().chain(&[("NO_COLOR", "1")]);
        call.environment = set.map(|(name, value)| (name.into(), value.into())).collect();
        let end = self.runner.run(call, cancel).map_err(|error| error.to_string())?;
        if let Some(stop) = end.stopped {
            return Err(match stop {
                ProgramStop::Time => format!("it was ended after {} seconds", TIME.as_secs()),
                ProgramStop::Output => "it was ended: it wrote too much".to_owned(),
                ProgramStop::Cancelled => "it was cancelled".to_owned(),
            });
        }
        let has_looked = end.status.is_some_and(|status| program.statuses.contains(&status));
        let found = has_looked
            .then(|| program.format.read(self.root, &run.folder, &end.output, &end.errors))
            .flatten()
            .ok_or_else(|| reason(&end))?;
        // It failed, and not over what it would tell of.
        if end.status != Some(0) && found.is_empty() {
            return Err(reason(&end));
        }
        Ok(found)
    }
}

/// A run of a program.
struct Run {
    folder: PathBuf,
    files: Vec<RelPath>,
}

/// Why a program failed: the first line that it says of it.
fn reason(end: &ProgramEnd) -> String {
    let said = [&end.errors, &end.output].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let line =
        said.iter().flat_map(|text| text.lines()).map(str::trim).find(|line| !line.is_empty());
    let status = end.status.map_or("it crashed".to_owned(), |status| format!("status {status}"));
    match line {
        Some(line) => {
            let line: String = line.chars().filter(|c| !c.is_control()).take(300).collect();
            format!("{status}: {line}")
        }
        None => status,
    }
}
