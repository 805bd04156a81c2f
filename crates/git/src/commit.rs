//! A commit of some files.

use std::ffi::OsString;

use mlxcode_base::RelPath;

use crate::config;
use crate::error::{Error, Result};
use crate::program::{ask, run};
use crate::repository::{Repository, literal};
use crate::status::StatusKind;

impl Repository {
    /// Commits these files as they are now, and nothing else, and gives the
    /// new commit's name. What else is staged stays staged. Neither hooks nor
    /// signing programs run.
    ///
    /// A file that passes through a filter which the repository itself sets up
    /// is refused: without the filter it might be committed in clear.
    pub fn commit(&self, paths: &[RelPath], message: &str) -> Result<String> {
        if message.trim().is_empty() {
            return Err(Error::EmptyMessage);
        }
        // Without paths git would take everything.
        if paths.is_empty() {
            return Err(Error::NothingToCommit);
        }
        let programs = config::programs(self.work_tree())?;
        let changed = self.status_of(paths, &programs.off)?;
        if changed.is_empty() {
            return Err(Error::NothingToCommit);
        }
        self.refuse_filtered(changed.iter().map(|file| &file.path), &programs)?;

        let new: Vec<_> = changed
            .iter()
            .filter(|file| file.kind == StatusKind::Untracked)
            .map(|file| literal(&file.path))
            .collect();
        if !new.is_empty() {
            let args = with_paths(&["--intent-to-add"], &new);
            run(self.work_tree(), &programs.off, "add", args)?;
        }
        let done = self.commit_known(&programs.off, paths, message);
        if done.is_err() && !new.is_empty() {
            // The index goes back to what it was; the first error is the one
            // worth telling.
            let args = with_paths(&["--cached", "--quiet", "--force"], &new);
            run(self.work_tree(), &programs.off, "rm", args).ok();
        }
        done?;
        self.head()?.commit.ok_or(Error::Unreadable { verb: "commit" })
    }

    fn commit_known(&self, settings: &[String], paths: &[RelPath], message: &str) -> Result<()> {
        let options = ["--quiet", "--no-verify", "--cleanup=whitespace", "--message", message];
        let mut args: Vec<OsString> = options.iter().map(Into::into).collect();
        let files: Vec<_> = paths.iter().map(literal).collect();
        args.extend(with_paths(&["--only"], &files));
        let answer = ask("git", self.work_tree(), settings, "commit", args)?;
        match answer.message {
            _ if answer.success => Ok(()),
            message if is_about_identity(&message) => Err(Error::NoIdentity),
            message => Err(Error::Failed { verb: "commit", message }),
        }
    }

    /// Refuses a path whose filter is the repository's own.
    fn refuse_filtered<'a>(
        &self,
        paths: impl Iterator<Item = &'a RelPath>,
        programs: &config::Programs,
    ) -> Result<()> {
        if programs.filters.is_empty() {
            return Ok(());
        }
        let mut args: Vec<OsString> = vec!["-z".into(), "filter".into(), "--".into()];
        args.extend(paths.map(|path| OsString::from(path.as_str())));
        let answer = run(self.work_tree(), &programs.off, "check-attr", args)?;
        let unreadable = || Error::Unreadable { verb: "check-attr" };
        let text = std::str::from_utf8(&answer).map_err(|_| unreadable())?;
        let fields: Vec<&str> = text.split_terminator('\0').collect();
        for [path, _, filter] in fields.as_chunks::<3>().0 {
            if programs.filters.contains(*filter) {
                let path = RelPath::new(path).map_err(|_| unreadable())?;
                return Err(Error::Filtered { path, filter: (*filter).to_owned() });
            }
        }
        Ok(())
    }
}

fn with_paths(options: &[&str], paths: &[OsString]) -> Vec<OsString> {
    let options = options.iter().copied().chain(["--"]).map(OsString::from);
    options.chain(paths.iter().cloned()).collect()
}

/// Whether git misses a name or an address. It has several ways to say so, one for each thing it looked for.
pub fn is_about_identity(message: &str) -> bool {
    ["auto-detect email", "no email was given", "no name was given", "empty ident name"]
        .iter()
        .any(|words| message.contains(words))
}
