//! What turns the reply's indentation into the file's.

use std::borrow::Cow;

/// Widths that one step of indentation by spaces has, the usual ones first.
const STEPS: [usize; 4] = [4, 2, 8, 3];

/// What turns the reply's indentation into the file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shift {
    None,
    /// In front of every line.
    Add(String),
    /// From the front of every line.
    Remove(String),
    /// Another kind of step, and so many steps more.
    Retab {
        from: Step,
        to: Step,
        more: isize,
    },
}

/// One step of indentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Tab,
    Spaces(usize),
}

impl Step {
    /// How many steps `blank` is, where it is nothing else.
    fn count(self, blank: &str) -> Option<usize> {
        match self {
            Self::Tab => blank.bytes().all(|b| b == b'\t').then_some(blank.len()),
            Self::Spaces(width) => (blank.bytes().all(|b| b == b' ')
                && blank.len().is_multiple_of(width))
            .then_some(blank.len() / width),
        }
    }

    fn times(self, count: usize) -> String {
        match self {
            Self::Tab => "\t".repeat(count),
            Self::Spaces(width) => " ".repeat(width * count),
        }
    }
}

/// The blanks that a line begins with.
pub fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

impl Shift {
    /// Indents a line as its neighbours are; `None` where it cannot be: it has
    /// less indentation than goes, or another kind.
    pub fn apply<'l>(&self, line: &'l str) -> Option<Cow<'l, str>> {
        if line.trim().is_empty() {
            return Some(self.apply_to_blank(line).unwrap_or(Cow::Borrowed(line)));
        }
        match self {
            Self::None => Some(Cow::Borrowed(line)),
            Self::Add(extra) => Some(Cow::Owned(format!("{extra}{line}"))),
            Self::Remove(extra) => line.strip_prefix(extra.as_str()).map(Cow::Borrowed),
            Self::Retab { from, to, more } => {
                let steps = from.count(indent(line))?.checked_add_signed(*more)?;
                Some(Cow::Owned(to.times(steps) + line.trim_start()))
            }
        }
    }

    /// Blanks on a line of their own are turned into others, and otherwise stay
    /// as they are: most models write none.
    fn apply_to_blank<'l>(&self, line: &'l str) -> Option<Cow<'l, str>> {
        let Self::Retab { from, to, more } = self else { return None };
        let steps = from.count(line).filter(|steps| *steps > 0)?;
        Some(Cow::Owned(to.times(steps.checked_add_signed(*more)?)))
    }

    /// The one shift that turns every line of `wanted` into the line of `file`
    /// beside it, and how many lines it took to tell. The lines have the same
    /// words already.
    pub fn between(file: &[&str], wanted: &[&str]) -> (Option<Self>, usize) {
        let mut shift: Option<Self> = None;
        for (number, (file_line, line)) in file.iter().zip(wanted).enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let here = Self::of_pair(indent(file_line), indent(line));
            let fits = here.is_some() && (shift.is_none() || shift == here);
            if !fits {
                // Looking for other steps takes as long again.
                let steps = Self::of_steps(file, wanted);
                return (steps, if number > 4 { wanted.len() } else { number + 1 });
            }
            shift = here;
        }
        (shift.or(Some(Self::None)), wanted.len())
    }

    /// What stands in front of, or is missing from, one line.
    fn of_pair(file: &str, wanted: &str) -> Option<Self> {
        if let Some(extra) = file.strip_suffix(wanted) {
            Some(if extra.is_empty() { Self::None } else { Self::Add(extra.to_owned()) })
        } else {
            wanted.strip_suffix(file).map(|extra| Self::Remove(extra.to_owned()))
        }
    }

    /// Other steps: tabs against spaces, or two spaces against four.
    fn of_steps(file: &[&str], wanted: &[&str]) -> Option<Self> {
        let pairs: Vec<(&str, &str)> = file
            .iter()
            .zip(wanted)
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(file, line)| (indent(file), indent(line)))
            .collect();
        let steps = |of: fn(&(&str, &str)) -> bool| -> Vec<Step> {
            if pairs.iter().any(of) { vec![Step::Tab] } else { STEPS.map(Step::Spaces).to_vec() }
        };
        let from_steps = steps(|(_, wanted)| wanted.contains('\t'));
        let to_steps = steps(|(file, _)| file.contains('\t'));
        let mut found: Vec<(Self, bool)> = Vec::new();
        for from in &from_steps {
            for to in to_steps.iter().filter(|to| *to != from) {
                let more = |(file, wanted): &(&str, &str)| {
                    let (file, wanted) = (to.count(file)?, from.count(wanted)?);
                    Some(file as isize - wanted as isize)
                };
                let Some(first) = pairs.first().and_then(more) else { continue };
                if pairs.iter().all(|pair| more(pair) == Some(first)) {
                    found.push((Self::Retab { from: *from, to: *to, more: first }, first == 0));
                }
            }
        }
        // Spaces against spaces need two depths to tell the widths; tabs tell
        // their own, and no further step is the likeliest.
        let tabs = from_steps == [Step::Tab] || to_steps == [Step::Tab];
        let level = found.iter().position(|(_, level)| *level);
        match (tabs, found.len()) {
            (_, 0) => None,
            (_, 1) => Some(found.swap_remove(0).0),
            (true, _) => Some(found.swap_remove(level.unwrap_or(0)).0),
            (false, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, wanted: &str, new: &str, expect: Option<&str>) {
        let file: Vec<&str> = file.split('|').collect();
        let wanted: Vec<&str> = wanted.split('|').collect();
        let (shift, _) = Shift::between(&file, &wanted);
        let shown = shift.and_then(|shift| shift.apply(new).map(Cow::into_owned));
        assert_eq!(shown.as_deref(), expect, "{wanted:?} in {file:?}");
    }

    #[test]
    fn shifts_new_lines_as_the_old_ones() {
        check("a", "a", "  n", Some("  n"));
        check("  a|    b", "a|  b", "n", Some("  n"));
        check("a|  b", "  a|    b", "  n", Some("n"));
        check("a|  b", "  a|    b", "n", None);
        check("\ta|\t\tb", "a|\tb", "\t\tn", Some("\t\t\tn"));
    }

    #[test]
    fn turns_tabs_into_spaces_and_back() {
        check("f|\tb", "f|    b", "        n", Some("\t\tn"));
        check("f|\tb|\t\tc", "f|  b|    c", "  n", Some("\tn"));
        check("\tb", "        b", "                n", Some("\t\tn"));
        check("    b|        c", "\tb|\t\tc", "\tn", Some("    n"));
        check("\t\tb", "    b", "        n", Some("\t\t\t\tn"));
        check("f|\tb", "f|    b", "   n", None);
        check("f|    b", "f|\tb", "\t", Some("    "));
        check("f|    b", "f|\tb", "", Some(""));
        check("f|  b|    c", "f|    b|        c", "            n", Some("      n"));
        // One depth does not tell whether steps are wider or more.
        check("  b|   c", "b|c", "n", None);
    }
}
