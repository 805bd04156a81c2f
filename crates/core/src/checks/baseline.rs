//! What was wrong before a change, and what it brought.

use std::collections::HashMap;

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
    /// Takes what is wrong before a change.
    pub fn before(&mut self, root: &Root, findings: Vec<Finding>) {
        let mut told = self.told.clone();
        self.old.clear();
        for (key, _) in keyed(root, findings) {
            if !take(&mut told, &key) {
                *self.old.entry(key).or_default() += 1;
            }
        }
    }

    /// Takes what is wrong after a change, and gives what it brought.
    pub fn after(&mut self, root: &Root, findings: Vec<Finding>) -> Vec<Finding> {
        let mut old = self.old.clone();
        self.told.clear();
        let mut new = Vec::new();
        for (key, finding) in keyed(root, findings) {
            if !take(&mut old, &key) {
                *self.told.entry(key).or_default() += 1;
                new.push(finding);
            }
        }
        new
    }
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

    /// A finding in each line that holds `!`.
    fn found(text: &str) -> Vec<Finding> {
        let lines = text.lines().enumerate().filter(|(_, line)| line.contains('!'));
        let finding = |(at, _): (usize, &str)| Finding {
            path: RelPath::new("a").unwrap(),
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
        let mut step = |before: Option<&str>, after: &str| {
            if let Some(text) = before {
                std::fs::write(folder.path().join("a"), text).unwrap();
                baseline.before(&root, found(text));
            }
            std::fs::write(folder.path().join("a"), after).unwrap();
            let new = baseline.after(&root, found(after));
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
}
