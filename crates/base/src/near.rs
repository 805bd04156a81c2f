//! Names that are written alike.

/// The `most` names nearest to `wanted`, the nearest first; none that shares
/// too little with it.
pub fn nearest(wanted: &str, names: impl Iterator<Item = String>, most: usize) -> Vec<String> {
    let mut scored: Vec<(usize, String)> = names
        .map(|name| (distance(wanted, &name), name))
        .filter(|(distance, name)| {
            // A third of the letters may differ; a name that begins so is
            // near however long it goes on.
            *distance * 3 <= wanted.len().max(name.len())
                || (wanted.len() >= 3
                    && (name.starts_with(wanted) || wanted.starts_with(name.as_str())))
        })
        .collect();
    scored.sort();
    scored.dedup();
    scored.into_iter().map(|(_, name)| name).take(most).collect()
}

/// How many letters must be put in, taken out, replaced, or swapped with their
/// neighbour: the optimal string alignment distance (Damerau 1964, restricted).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let mut least =
                (above[j] + usize::from(from != to)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted() {
        for (a, b, expect) in [
            ("", "abc", 3),
            ("qwen3", "qwen3", 0),
            ("qwne3", "qwen3", 1),
            ("mistral", "ministral", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expect, "{a} {b}");
            assert_eq!(distance(b, a), expect, "{b} {a}");
        }
    }
}
