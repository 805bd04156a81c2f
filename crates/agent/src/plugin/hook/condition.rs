//! The `if` of a program: which calls of a tool it is about.

use globset::{Glob, GlobMatcher};

use super::HookedCall;

/// A call of one tool, with a command that begins so or a file that fits.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    tool: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Any,
    Command { begins: String, whole: bool },
    File(GlobMatcher),
}

impl Condition {
    /// Reads `Bash(git push:*)`, `Edit(*.py)` or `Write`; `None` where it is
    /// none of these.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let Some((tool, inner)) = text.split_once('(') else {
            let is_name = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
            return is_name.then(|| Self { tool: text.to_owned(), what: What::Any });
        };
        let inner = inner.strip_suffix(')')?.trim();
        let what = match (tool, inner) {
            (_, "" | "*") => What::Any,
            ("Bash", inner) => match inner.strip_suffix(":*").or(inner.strip_suffix('*')) {
                Some(begins) if !begins.contains('*') => {
                    What::Command { begins: begins.trim().to_owned(), whole: false }
                }
                None if !inner.contains('*') => {
                    What::Command { begins: inner.to_owned(), whole: true }
                }
                _ => return None,
            },
            (_, inner) => What::File(Glob::new(inner).ok()?.compile_matcher()),
        };
        Some(Self { tool: tool.trim().to_owned(), what })
    }

    /// Whether a call, which is told under this name, is meant.
    pub fn fits(&self, name: &str, call: &HookedCall) -> bool {
        if name != self.tool {
            return false;
        }
        let text = |key: &str| call.input.get(key).and_then(|value| value.as_str());
        match &self.what {
            What::Any => true,
            What::Command { begins, whole } => text("command").is_some_and(|line| {
                // A line may hold several commands; one that fits is enough.
                line.split(['\n', ';', '|', '&']).map(str::trim).any(|command| {
                    let rest = command.strip_prefix(begins.as_str());
                    rest.is_some_and(|rest| {
                        rest.is_empty() || (!whole && rest.starts_with(char::is_whitespace))
                    })
                })
            }),
            What::File(glob) => text("file_path").is_some_and(|path| {
                let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
                glob.is_match(path) || glob.is_match(name)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_fit_or_do_not() {
        let check = |condition: &str, name: &str, key: &str, value: &str, expect: bool| {
            let input = json!({ key: value });
            let call = HookedCall { tool: String::new(), aliases: Vec::new(), input };
            let fits = Condition::read(condition).unwrap().fits(name, &call);
            assert_eq!(fits, expect, "{condition} {value}");
        };
        check("Bash(git push:*)", "Bash", "command", "git push origin", true);
        check("Bash(git push:*)", "Bash", "command", "cd a && git push", true);
        check("Bash(git push:*)", "Bash", "command", "git pushed", false);
        check("Bash(git push:*)", "Bash", "command", "echo git push", false);
        check("Bash(git push:*)", "Edit", "command", "git push", false);
        check("Bash(make)", "Bash", "command", "make all", false);
        check("Edit(*.py)", "Edit", "file_path", "/a/b.py", true);
        check("Edit(*.py)", "Edit", "file_path", "/a/b.rs", false);
        check("Write", "Write", "file_path", "x", true);
        for unknown in ["", "Bash(a", "Bash(*a*)", "a b", "Edit([)"] {
            assert!(Condition::read(unknown).is_none(), "{unknown}");
        }
    }
}
