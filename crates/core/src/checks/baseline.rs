//! What was wrong before a change, and what it brought.

use std::collections::{HashMap, HashSet};

use mlxcode_base::{RelPath, Root};

use super::finding::{Finding, Lines};

/// What makes two findings the same though their lines moved: what is wrong,
/// and the line that it stands in.
type Key = (RelPath, Option<String>, String, String);

/// What one check found before a change, and what was told of it since.
///
/// What a change brought stays told of until it is mended: a repair that leaves
/// it must not make it old. What came in between by somebody else is old.
#[derive(Debug, Default)]
pub(super) struct Baseline {
    old: HashMap<Key, usize>,
    told: HashMap<Key, usize>,
}

impl Baseline {
    /// Takes what is wrong before a change of files. What is known of others
    /// stays, unless something was found in them too.
    pub fn before(&mut self, root: &Root, files: &[RelPath], findings: Vec<Finding>) {
        let found = keyed(root, findings);
        let looked_at = looked_at(files, &found);
        let mut told = self.told.clone();
        self.old.retain(|(path, ..), _| !looked_at.contains(path));
        for (key, _) in found {
            if !take(&mut told, &key) {
                *self.old.entry(key).or_default() += 1;
            }
        }
    }

    /// Takes what is wrong after a change of files, and gives what it brought.
    pub fn after(
        &mut self,
        root: &Root,
        files: &[RelPath],
        findings: Vec<Finding>,
    ) -> Vec<Finding> {
        let found = keyed(root, findings);
        let looked_at = looked_at(files, &found);
        let mut old = self.old.clone();
        self.told.retain(|(path, ..), _| !looked_at.contains(path));
        let mut new = Vec::new();
        for (key, finding) in found {
            if !take(&mut old, &key) {
                *self.told.entry(key).or_default() += 1;
                new.push(finding);
            }
        }
        new
    }

    /// What was known of a file is known of another, which it is called now.
    pub fn renamed(&mut self, from: &RelPath, to: &RelPath) {
        for known in [&mut self.old, &mut self.told] {
            let all = std::mem::take(known).into_iter();
            *known = all
                .map(|((path, code, message, line), count)| {
                    let path = if path == *from { to.clone() } else { path };
                    ((path, code, message, line), count)
                })
                .collect();
        }
    }
}

/// The files that a check was asked about, and those that it speaks of: a
/// compiler looks at more than it is asked about.
fn looked_at(files: &[RelPath], found: &[(Key, Finding)]) -> HashSet<RelPath> {
    let spoken_of = found.iter().map(|(_, finding)| &finding.path);
    files.iter().chain(spoken_of).cloned().collect()
}

fn keyed(root: &Root, findings: Vec<Finding>) -> Vec<(Key, Finding)> {
    let mut lines = Lines::new(root);
    let key = |finding: Finding| {
        let line = lines.line(&finding.path, finding.line).to_owned();
        let key = (finding.path.clone(), finding.code.clone(), finding.message.clone(), line);
        (key, finding)
    };
    findings.into_iter().map(key).collect()
}

/// Takes one of those that are the same.
fn take(from: &mut HashMap<Key, usize>, key: &Key) -> bool {
    match from.get_mut(key) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests make the files they need")]
mod tests {
    use super::*;
    use mlxcode_context::DiagnosticLevel;

    fn path(name: &str) -> RelPath {
        RelPath::new(name).unwrap()
    }

    /// A finding in each line of a file that holds `!`.
    fn found(name: &str, text: &str) -> Vec<Finding> {
        let lines = text.lines().enumerate().filter(|(_, line)| line.contains('!'));
        let finding = |(at, _): (usize, &str)| Finding {
            path: path(name),
            line: at + 1,
            level: DiagnosticLevel::Error,
            code: None,
            message: "wrong".to_owned(),
        };
        lines.map(finding).collect()
    }

    #[test]
    fn only_what_a_change_brought_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let mut baseline = Baseline::default();
        let files = [path("a")];
        let mut step = |before: Option<&str>, after: &str| {
            if let Some(text) = before {
                std::fs::write(folder.path().join("a"), text).unwrap();
                baseline.before(&root, &files, found("a", text));
            }
            std::fs::write(folder.path().join("a"), after).unwrap();
            let new = baseline.after(&root, &files, found("a", after));
            new.iter().map(|one| one.line).collect::<Vec<_>>()
        };
        // Old ones move and stay old; the same once more, or changed, is new.
        assert_eq!(step(Some("x!\ny\n"), "new\n  x!\ny\n"), [0; 0]);
        assert_eq!(step(None, "x!\nx!\n"), [2]);
        assert_eq!(step(None, "x!!\ny\n"), [1]);
        // A repair that leaves it does not make it old.
        assert_eq!(step(Some("x!!\ny\n"), "x!!\nz\n"), [1]);
        assert_eq!(step(Some("x!!\nz\n"), "x\nz\n"), [0; 0]);
        // What somebody else brought in between is old.
        assert_eq!(step(Some("x\nz!\n"), "y\nz!\n"), [0; 0]);
    }

    #[test]
    fn other_files_keep_what_is_known_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let (a, b) = ([path("a")], [path("b")]);
        let mut baseline = Baseline::default();
        for name in ["a", "b"] {
            std::fs::write(folder.path().join(name), "x!\n").unwrap();
        }
        baseline.before(&root, &a, found("a", "x!\n"));
        assert_eq!(baseline.after(&root, &a, found("a", "x!\n")), []);
        baseline.before(&root, &b, found("b", "x!\n"));
        // Nobody looks at the first again before it is changed once more.
        assert_eq!(baseline.after(&root, &a, found("a", "x!\n")), []);
        // What was told of one file is told still after a look at another.
        std::fs::write(folder.path().join("a"), "y!\n").unwrap();
        assert_eq!(baseline.after(&root, &a, found("a", "y!\n")).len(), 1);
        assert_eq!(baseline.after(&root, &b, found("b", "x!\n")), []);
        baseline.before(&root, &a, found("a", "y!\n"));
        assert_eq!(baseline.after(&root, &a, found("a", "y!\n")).len(), 1);
        // A compiler that was asked about one speaks of both.
        let both = || [found("a", "y!\n"), found("b", "x!\n")].concat();
        baseline.before(&root, &b, both());
        assert_eq!(baseline.after(&root, &b, both()).len(), 1);
    }
}
