//! Many files renamed by one pattern.

use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_base::{RelPath, Root};
use regex::Regex;

use super::{EditPlan, FileOperation, ResolveOptions};
use crate::error::{Error, Result};
use crate::refusal::{Refusal, RefusalReason};

/// The most files and folders that are looked through.
const MOST_FILES: usize = 200_000;

/// Which files to rename, and how.
///
/// The pattern has to fit a whole path below the root, `/` between the parts.
/// The template is the new path; `$1` or `${1}` stands for what the first part
/// in brackets fitted, `$name` for a part with a name, `$$` for a dollar.
#[derive(Clone, Debug)]
pub struct RenamePattern {
    pattern: Regex,
    template: String,
}

impl RenamePattern {
    /// A glob: `*` and `?` stop at a slash, `**` does not, `[a-z]` is one
    /// character, `{a,b}` one of several texts. Each of them counts as a part
    /// in brackets: `src/*.js` with `lib/$1.ts`.
    pub fn glob(glob: &str, template: &str) -> Result<Self> {
        Self::of(glob, &regex_of(glob).map_err(|reason| bad(glob, reason))?, template)
    }

    /// A regular expression, as the crate `regex` reads it.
    pub fn regex(pattern: &str, template: &str) -> Result<Self> {
        Self::of(pattern, pattern, template)
    }

    fn of(written: &str, pattern: &str, template: &str) -> Result<Self> {
        let pattern = Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|error| bad(written, error.to_string()))?;
        // A part that there is not would be an empty text.
        for name in names_in(template) {
            let known = match name.parse::<usize>() {
                Ok(number) => number < pattern.captures_len(),
                Err(_) => pattern.capture_names().flatten().any(|known| known == name),
            };
            if !known {
                let reason =
                    format!("the pattern has no part `{name}`; write `${{1}}x` for `$1` and an x");
                return Err(bad(template, reason));
            }
        }
        Ok(Self { pattern, template: template.to_owned() })
    }

    /// The new path of a file that the pattern fits.
    fn renamed(&self, path: &str) -> Option<String> {
        let captures = self.pattern.captures(path)?;
        let mut renamed = String::new();
        captures.expand(&self.template, &mut renamed);
        Some(renamed)
    }
}

fn bad(pattern: &str, reason: impl Into<String>) -> Error {
    Error::Pattern { pattern: pattern.to_owned(), reason: reason.into() }
}

/// The names of the parts that a template asks for, as `regex` reads them.
fn names_in(template: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(escaped) = rest.strip_prefix('$') {
            rest = escaped;
        } else if let Some((name, after)) = rest.strip_prefix('{').and_then(|r| r.split_once('}')) {
            names.push(name);
            rest = after;
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
            if !name.is_empty() {
                names.push(name);
            }
            rest = after;
        }
    }
    names
}

/// The regular expression of a glob, each wildcard in brackets.
fn regex_of(glob: &str) -> std::result::Result<String, &'static str> {
    let mut regex = String::new();
    let mut characters = glob.chars().peekable();
    let mut in_choice = false;
    while let Some(character) = characters.next() {
        match character {
            '*' if characters.next_if_eq(&'*').is_some() => {
                if characters.next_if_eq(&'/').is_some() {
                    // Folders, or none: what they fitted ends with its slash.
                    regex.push_str("((?:[^/]+/)*)");
                } else {
                    regex.push_str("(.*)");
                }
            }
            '*' => regex.push_str("([^/]*)"),
            '?' => regex.push_str("([^/])"),
            '{' if in_choice => return Err("`{` stands inside of `{`"),
            '{' => {
                in_choice = true;
                regex.push('(');
            }
            '}' if in_choice => {
                in_choice = false;
                regex.push(')');
            }
            ',' if in_choice => regex.push('|'),
            '[' => {
                regex.push_str("([");
                if characters.next_if_eq(&'!').is_some() {
                    regex.push_str("^/");
                }
                loop {
                    match characters.next() {
                        Some(']') => break,
                        Some('-') => regex.push('-'),
                        Some(one) => regex.push_str(&regex::escape(&one.to_string())),
                        None => return Err("`[` has no end"),
                    }
                }
                regex.push_str("])");
            }
            '\\' => match characters.next() {
                Some(next) => regex.push_str(&regex::escape(&next.to_string())),
                None => return Err("it ends with a backslash"),
            },
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    if in_choice { Err("`{` has no end") } else { Ok(regex) }
}

impl EditPlan {
    /// Makes a plan that renames every file that `pattern` fits, all at once:
    /// they can swap their names. Links and what is in `.git` are left alone.
    ///
    /// # Errors
    /// Files that cannot be renamed are no error but [`Refusal`]s in the plan.
    /// [`Error::TooManyFiles`] where there are more than 200,000 to look at.
    pub fn rename_matching(
        root: &Root,
        pattern: &RenamePattern,
        options: &ResolveOptions,
    ) -> Result<Self> {
        let (mut operations, mut refusals) = (Vec::new(), Vec::new());
        for from in files(root)? {
            let Some(renamed) = pattern.renamed(from.as_str()) else { continue };
            match RelPath::new(&renamed) {
                Ok(to) if to == from => {}
                Ok(to) => operations.push(FileOperation::Rename { from, to }),
                Err(error) => refusals.push(Refusal {
                    block: refusals.len() + 1,
                    line: refusals.len() + 1,
                    path: from.to_string(),
                    reason: RefusalReason::of_path(error),
                    nearest: None,
                }),
            }
        }
        let mut plan = Self::of_operations(root, &operations, options)?;
        plan.refusals.extend(refusals);
        Ok(plan)
    }
}

/// All files of a tree, in order.
fn files(root: &Root) -> Result<Vec<RelPath>> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        // What cannot be read has no file that could be renamed.
        for entry in fs::read_dir(root.path().join(&folder)).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MOST_FILES {
                return Err(Error::TooManyFiles { limit: MOST_FILES });
            }
            let path = folder.join(entry.file_name());
            // A name that no plan can hold, and `.git`.
            let Ok(rel) = RelPath::from_path(Path::new(&path)) else { continue };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() => files.push(rel),
                _ => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_and_regexes_name_their_parts() {
        for (glob, template, path, expect) in [
            ("src/*.js", "lib/$1.ts", "src/a.js", Some("lib/a.ts")),
            ("src/*.js", "lib/$1.ts", "src/a/b.js", None),
            ("src/**/*.js", "lib/$1$2.ts", "src/a/b/c.js", Some("lib/a/b/c.ts")),
            ("src/**/*.js", "lib/$1$2.ts", "src/c.js", Some("lib/c.ts")),
            ("**.md", "docs/$1.md", "a/b.md", Some("docs/a/b.md")),
            ("{a,b}?.[ch]", "$1/$2.$3", "bx.h", Some("b/x.h")),
            ("[!a].c", "$1.h", "a.c", None),
            ("a+(1).c", "b.c", "a+(1).c", Some("b.c")),
            ("a\\*.c", "b.c", "a*.c", Some("b.c")),
            ("*.c", "${1}x$$.c", "a.c", Some("ax$.c")),
        ] {
            let pattern = RenamePattern::glob(glob, template).unwrap();
            assert_eq!(pattern.renamed(path).as_deref(), expect, "{glob} {path}");
        }
        let pattern =
            RenamePattern::regex(r"(?<dir>.+)/test_(\w+)\.py", "$dir/${2}_test.py").unwrap();
        assert_eq!(pattern.renamed("a/test_b.py").as_deref(), Some("a/b_test.py"));
        assert_eq!(pattern.renamed("a/test_b.pyc"), None);
        for (glob, template) in
            [("*.c", "$2.h"), ("*.c", "$1x.h"), ("{a", "b"), ("[a", "b"), ("a\\", "b")]
        {
            assert!(RenamePattern::glob(glob, template).is_err(), "{glob} {template}");
        }
        assert!(RenamePattern::regex("(", "b").is_err());
    }
}
