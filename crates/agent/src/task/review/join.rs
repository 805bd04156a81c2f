//! The same thing said twice.

use std::collections::BTreeSet;

use super::finding::Finding;

/// Titles with so many of a hundred words in common say the same.
const LIKE: usize = 50;

/// Joins findings that say the same of the same place, sorts them by place, and
/// tells how many were joined.
pub fn joined(mut all: Vec<Finding>) -> (Vec<Finding>, usize) {
    // The weightier first, so that it is the one that stays.
    all.sort_by(|a, b| {
        (&a.path, b.severity, a.line, &a.title).cmp(&(&b.path, a.severity, b.line, &b.title))
    });
    let mut kept: Vec<Finding> = Vec::new();
    let mut count = 0;
    for one in all {
        match kept.iter_mut().find(|other| says_the_same(other, &one)) {
            Some(other) => {
                count += 1;
                if other.explanation.len() < one.explanation.len() {
                    other.explanation = one.explanation;
                }
                if other.suggestion.is_none()
                    && (one.line, one.last_line) == (other.line, other.last_line)
                {
                    other.suggestion = one.suggestion;
                }
            }
            None => kept.push(one),
        }
    }
    kept.sort_by(|a, b| (&a.path, a.line, &a.title).cmp(&(&b.path, b.line, &b.title)));
    (kept, count)
}

fn says_the_same(a: &Finding, b: &Finding) -> bool {
    let near = a.path == b.path && a.line <= b.last_line + 1 && b.line <= a.last_line + 1;
    near && (a.title == b.title || likeness(&a.title, &b.title) >= LIKE)
}

fn likeness(a: &str, b: &str) -> usize {
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.filter(|word| word.len() > 2).map(str::to_lowercase).collect()
    };
    let (a, b) = (words(a), words(b));
    let all = a.union(&b).count().max(1);
    a.intersection(&b).count() * 100 / all
}
