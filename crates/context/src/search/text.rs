//! Text and regular expressions, line by line, in the files themselves: by the
//! crates that ripgrep is made of.

use std::cmp::Ordering;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering as Memory};
use std::thread;

use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, sinks};
use mlxcode_base::{CancelToken, LineRange, RelPath, Root};

use super::{Hit, HitReason, SearchOptions, Standing};
use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::terms::Query;
use crate::walk::{Place, WalkOptions, list, threads};

/// A longer line is data; its beginning is shown.
const MOST_LINE_BYTES: usize = 1 << 10;

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
    let places = list(root, walk, &options.cancel)?.places;
    let mut hits = all(&places, &matcher, query, options);
    if options.cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
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

fn all(places: &[Place], matcher: &RegexMatcher, query: &str, options: &SearchOptions) -> Vec<Hit> {
    let words = Query::new(query);
    let next = AtomicUsize::new(0);
    let hits = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads().min(places.len()) {
            scope.spawn(|| {
                let mut searcher = SearcherBuilder::new()
                    .line_number(true)
                    .binary_detection(BinaryDetection::quit(0))
                    .build();
                let mut mine = Vec::new();
                while !options.cancel.is_cancelled() {
                    let Some(place) = places.get(next.fetch_add(1, Memory::Relaxed)) else { break };
                    let found = in_file(&mut searcher, matcher, place, options);
                    if found.is_empty() {
                        continue;
                    }
                    let origin = Origin::of(&place.path, "");
                    let score = Standing::of(&place.path, origin).factor(&words);
                    let hit = |(line, text)| hit(&place.path, line, text, score, query);
                    mine.extend(found.into_iter().map(hit));
                }
                if let Ok(mut hits) = hits.lock() {
                    hits.append(&mut mine);
                }
            });
        }
    });
    hits.into_inner().unwrap_or_default()
}

/// The lines of a file that fit, as many as are asked for in all.
fn in_file(
    searcher: &mut Searcher,
    matcher: &RegexMatcher,
    place: &Place,
    options: &SearchOptions,
) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let cancel: &CancelToken = &options.cancel;
    let sink = sinks::Lossy(|number, line| {
        let cut = line.floor_char_boundary(MOST_LINE_BYTES.min(line.len()));
        found.push((number as usize, line[..cut].to_owned()));
        Ok(found.len() < options.limit && !cancel.is_cancelled())
    });
    // A file that went, or cannot be read, holds nothing.
    let _ = searcher.search_path(matcher, place.full(), sink);
    found
}

fn hit(path: &RelPath, line: usize, text: String, score: f32, query: &str) -> Hit {
    Hit {
        path: path.clone(),
        lines: LineRange::new(line, line),
        best_line: line,
        score,
        words: Vec::new(),
        reasons: vec![HitReason::Holds { text: query.to_owned() }],
        text,
    }
}
