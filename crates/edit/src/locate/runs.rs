use std::collections::HashMap;

/// All places where `wanted` stands in `file` as one run of equal lines.
///
/// Knuth, Morris and Pratt, "Fast pattern matching in strings" (1977), over
/// line numbers that stand for equal lines: a file that repeats itself takes
/// no longer than any other.
pub fn runs<'t>(file: &[&'t str], wanted: &[&'t str]) -> Vec<usize> {
    if wanted.is_empty() || wanted.len() > file.len() {
        return Vec::new();
    }
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut number = |line: &'t str| {
        let next = known.len();
        *known.entry(line).or_insert(next)
    };
    let wanted: Vec<usize> = wanted.iter().map(|line| number(line)).collect();
    let file: Vec<usize> = file.iter().map(|line| number(line)).collect();
    // For each length of a match, the longest shorter one that it ends with.
    let mut shorter = vec![0; wanted.len()];
    let mut length = 0;
    for at in 1..wanted.len() {
        while length > 0 && wanted[at] != wanted[length] {
            length = shorter[length - 1];
        }
        length += usize::from(wanted[at] == wanted[length]);
        shorter[at] = length;
    }
    let mut starts = Vec::new();
    let mut matched = 0;
    for (at, line) in file.iter().enumerate() {
        while matched > 0 && (matched == wanted.len() || *line != wanted[matched]) {
            matched = shorter[matched - 1];
        }
        matched += usize::from(*line == wanted[matched]);
        if matched == wanted.len() {
            starts.push(at + 1 - matched);
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_looking_everywhere_finds(
            file in prop::collection::vec("[ab]", 0..20), wanted in prop::collection::vec("[ab]", 1..4),
        ) {
            let file: Vec<&str> = file.iter().map(String::as_str).collect();
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            let windows = file.windows(wanted.len()).enumerate();
            let slow: Vec<usize> =
                windows.filter(|(_, lines)| *lines == wanted).map(|(at, _)| at).collect();
            prop_assert_eq!(runs(&file, &wanted), slow);
        }
    }
}
