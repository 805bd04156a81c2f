/// All places where `wanted` stands in `file` as one run of lines that are the
/// same, in the sense of `same`: an equivalence.
///
/// Knuth, Morris and Pratt, "Fast pattern matching in strings" (1977): no line
/// is compared more than twice or so, and a file that repeats itself takes no
/// longer than any other.
pub fn runs<'t>(
    file: impl IntoIterator<Item = &'t str>,
    wanted: &[&str],
    same: impl Fn(&str, &str) -> bool,
) -> Vec<usize> {
    if wanted.is_empty() {
        return Vec::new();
    }
    // For each length of a match, the longest shorter one that it ends with.
    let mut shorter = vec![0; wanted.len()];
    let mut length = 0;
    for at in 1..wanted.len() {
        while length > 0 && !same(wanted[at], wanted[length]) {
            length = shorter[length - 1];
        }
        length += usize::from(same(wanted[at], wanted[length]));
        shorter[at] = length;
    }
    let mut starts = Vec::new();
    let mut matched = 0;
    for (at, line) in file.into_iter().enumerate() {
        if matched == wanted.len() {
            matched = shorter[matched - 1];
        }
        loop {
            if same(line, wanted[matched]) {
                matched += 1;
                break;
            }
            if matched == 0 {
                break;
            }
            matched = shorter[matched - 1];
        }
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
            prop_assert_eq!(runs(file.iter().copied(), &wanted, |a, b| a == b), slow);
        }
    }
}
