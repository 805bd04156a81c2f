//! Names that are like another one.

/// The name that is nearest to `typed`, where it is near enough to be meant: a
/// sign in three may differ.
pub(crate) fn near<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let best = names.into_iter().map(|name| (distance(typed, name), name)).min()?;
    (best.0 * 3 <= typed.chars().count().max(3)).then_some(best.1)
}

/// How many signs have to be added, removed, changed or swapped with their
/// neighbour (Damerau 1964, each place once).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for line in 1..=a.len() {
        let mut row = vec![line];
        for column in 1..=b.len() {
            let changed = rows[line - 1][column - 1] + usize::from(a[line - 1] != b[column - 1]);
            let mut least = changed.min(row[column - 1] + 1).min(rows[line - 1][column] + 1);
            if line > 1
                && column > 1
                && a[line - 1] == b[column - 2]
                && a[line - 2] == b[column - 1]
            {
                least = least.min(rows[line - 2][column - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misprint_is_near_and_another_word_is_not() {
        let names = ["flask", "fastapi", "rust-cli"];
        for (typed, expect) in [
            ("flaks", Some("flask")),
            ("fast-api", Some("fastapi")),
            ("rust_cli", Some("rust-cli")),
            ("django", None),
            ("nmae", None),
            ("", None),
        ] {
            assert_eq!(near(typed, names), expect, "{typed}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
