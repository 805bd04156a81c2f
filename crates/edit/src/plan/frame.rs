//! Whether a replacement is indented like the search text or like the file.
//!
//! A model that lost the indentation of what it searches for may have lost it
//! in the replacement too, or not. Shifting a replacement that is right would
//! spoil it, and so would not shifting one that is not.

use std::borrow::Cow;

use crate::locate::{Found, Shift, indent};

/// The replacement as it is to stand in the file; `None` where that is not
/// sure.
pub fn framed<'r>(
    file: &[&str],
    found: &Found,
    search: &[&str],
    replace: &[&'r str],
) -> Option<Vec<Cow<'r, str>>> {
    let as_it_is = || replace.iter().map(|line| Cow::Borrowed(*line)).collect();
    let shifted = || replace.iter().map(|line| found.shift.apply(line)).collect();
    let full = || replace.iter().filter(|line| !line.trim().is_empty());
    let Some(first) = full().next() else { return Some(as_it_is()) };
    let votes = Votes::count(file, found, search, replace);
    match &found.shift {
        Shift::None => Some(as_it_is()),
        Shift::Retab { .. } => {
            let tabs = |lines: &[&str]| lines.iter().any(|line| indent(line).contains('\t'));
            let file_tabs = tabs(&file[found.range.clone()]);
            let (search_tabs, replace_tabs) = (tabs(search), tabs(replace));
            let indented = full().any(|line| !indent(line).is_empty());
            if file_tabs != search_tabs && indented {
                return if replace_tabs == search_tabs { shifted() } else { Some(as_it_is()) };
            }
            if votes.file > 0 && votes.search == 0 { Some(as_it_is()) } else { shifted() }
        }
        Shift::Add(_) | Shift::Remove(_) => {
            let least = |lines: &[&str]| {
                let full = lines.iter().filter(|line| !line.trim().is_empty());
                full.map(|line| indent(line).len()).min().unwrap_or(0)
            };
            let in_file = least(&file[found.range.clone()]);
            let (in_search, in_replace) = (least(search), least(replace));
            // As the file is indented, nothing may be left to change.
            let own = || {
                let there = file[found.range.clone()].iter().map(|line| line.trim_end());
                let same = there.eq(replace.iter().map(|line| line.trim_end()));
                (!same && votes.search == 0 && votes.file > 0).then(as_it_is)
            };
            if in_search < in_file {
                // Nothing of the file's lies as far out as the replacement.
                let outside = in_replace < in_file;
                return match outside {
                    true if votes.file == 0 && in_replace >= in_search => shifted(),
                    true => None,
                    false => own(),
                };
            }
            if votes.file > 0 {
                return own();
            }
            let head = search.iter().find(|line| !line.trim().is_empty());
            let as_search = head.is_some_and(|head| indent(head) == indent(first));
            if votes.search > 0 || as_search { shifted() } else { None }
        }
    }
}

/// Lines of the replacement that stand in the search text too, by whose
/// indentation they have.
struct Votes {
    file: usize,
    search: usize,
}

impl Votes {
    fn count(file: &[&str], found: &Found, search: &[&str], replace: &[&str]) -> Self {
        let mut votes = Self { file: 0, search: 0 };
        let full: Vec<&str> =
            replace.iter().copied().filter(|line| !line.trim().is_empty()).collect();
        for (number, line) in full.iter().enumerate() {
            let twins = search.iter().zip(&found.pairs);
            let twins = twins.filter(|(twin, _)| twin.trim() == line.trim());
            let (mut as_search, mut as_file) = (false, false);
            for (twin, pair) in twins {
                as_search |= indent(twin) == indent(line);
                as_file |= pair.is_some_and(|at| indent(file[at]) == indent(line));
            }
            votes.search += usize::from(as_search && !as_file);
            // What a new line encloses lies deeper than it did.
            let outer = full[..number].iter().rev();
            let outer = outer.into_iter().find(|other| indent(other).len() < indent(line).len());
            let enclosed =
                outer.is_some_and(|outer| !search.iter().any(|line| line.trim() == outer.trim()));
            votes.file += usize::from(as_file && !as_search && !enclosed);
        }
        votes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locate::locate;

    fn check(file: &str, search: &str, replace: &str, expect: Option<&str>) {
        let split = |text: &'static str| text.split('|').collect::<Vec<_>>();
        let own = |text: &str| -> &'static str { text.to_owned().leak() };
        let (file, search, replace) = (split(own(file)), split(own(search)), split(own(replace)));
        let found = locate(&file, &search, 0..file.len()).swap_remove(0);
        let lines = framed(&file, &found, &search, &replace);
        let shown = lines.map(|lines| lines.join("|"));
        assert_eq!(shown.as_deref(), expect, "{search:?} to {replace:?}");
    }

    #[test]
    fn a_replacement_is_shifted_where_the_search_was() {
        check("f:|    a|    b", "a|b", "a|c", Some("    a|    c"));
        check("f:|    a|    b", "a|b", "if c:|    a|b", Some("    if c:|        a|    b"));
        check("f:|    a", "        a", "        c", Some("    c"));
        check("f:|\ta", "f:|    a", "f:|    c", Some("f:|\tc"));
    }

    #[test]
    fn a_replacement_that_is_right_stays() {
        check("f:|    a|    b", "a|b", "    a|    c", Some("    a|    c"));
        check("f:|    a|    b", "        a|        b", "    a|    c", Some("    a|    c"));
        check("f:|\ta", "f:|    a", "f:|\tc", Some("f:|\tc"));
    }

    #[test]
    fn what_is_not_sure_is_not_shifted() {
        // The same line both ways.
        check("f:|    a|    b", "a|b", "a|    b", None);
        check("f:|    a", "        a", "  c", None);
        check("f:|    a", "        a", "    c", None);
        // Nothing would change.
        check("f:|    a", "        a", "    a", None);
    }
}
