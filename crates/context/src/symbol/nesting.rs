use mlxcode_base::TextRange;

/// For each range the closest one before it that holds it. The ranges are
/// sorted by their beginnings, longer ones first.
pub fn parents(ranges: impl IntoIterator<Item = TextRange>) -> Vec<Option<usize>> {
    let mut found = Vec::new();
    let mut around: Vec<(usize, TextRange)> = Vec::new();
    for (number, range) in ranges.into_iter().enumerate() {
        while around.last().is_some_and(|(_, outer)| outer.end < range.end) {
            around.pop();
        }
        // Of two that are the same, none holds the other.
        let holding = around.iter().rev().find(|(_, outer)| *outer != range);
        found.push(holding.map(|(number, _)| *number));
        around.push((number, range));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_lie_in_the_closest() {
        let ranges = [(0, 9), (0, 4), (1, 2), (4, 9), (4, 9), (12, 14)];
        let ranges = ranges.map(|(start, end)| TextRange::new(start, end));
        assert_eq!(parents(ranges), [None, Some(0), Some(1), Some(0), Some(0), None]);
    }
}
