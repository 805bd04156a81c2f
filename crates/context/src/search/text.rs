//! Text and regular expressions, line by line, in the files themselves: by the
//! crates that ripgrep is made of.

use std::cmp::Ordering;

use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use mlxcode_base::Root;

use super::sweep::Sweep;
use super::{Hit, SearchOptions};
use crate::error::{Error, Result};
use crate::walk::WalkOptions;

/// Finds the lines below `root` that hold `query`: those of sources before
/// those of tests and foreign code, by path and line. It needs no index.
///
/// # Errors
/// [`Error::BadPattern`] for a regular expression that is none.
pub fn search_text(
    root: &Root,
    walk: &WalkOptions,
    query: &str,
    options: &SearchOptions,
) -> Result<Vec<Hit>> {
    if query.is_empty() {
        return Err(Error::EmptyQuery);
    }
    let matcher = matcher(query, options)?;
    let mut hits = Sweep::new(root, walk, &matcher, query, options).run()?;
    hits.sort_by(order);
    hits.truncate(options.limit);
    Ok(hits)
}

fn order(one: &Hit, other: &Hit) -> Ordering {
    let place = |hit: &Hit| hit.lines.first;
    let better = other.score.total_cmp(&one.score);
    better.then_with(|| one.path.cmp(&other.path)).then_with(|| place(one).cmp(&place(other)))
}

fn matcher(query: &str, options: &SearchOptions) -> Result<RegexMatcher> {
    let mut builder = RegexMatcherBuilder::new();
    builder.fixed_strings(!options.is_regex).line_terminator(Some(b'\n'));
    match options.case_sensitive {
        Some(sensitive) => builder.case_insensitive(!sensitive),
        None => builder.case_smart(true),
    };
    builder
        .build(query)
        .map_err(|error| Error::BadPattern { pattern: query.to_owned(), reason: error.to_string() })
}
