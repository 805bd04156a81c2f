//! Searches the files of a tree while it lists them.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use grep_regex::RegexMatcher;
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, sinks};
use ignore::{DirEntry, ParallelVisitor, ParallelVisitorBuilder, WalkState};
use mlxcode_base::{LineRange, RelPath, Root};

use super::{Hit, HitReason, SearchOptions, Standing};
use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::terms::Query;
use crate::walk::{WalkOptions, list, threads, walker};

/// A longer line is data; its beginning is shown.
const MOST_LINE_BYTES: usize = 1 << 10;

/// What is looked for, where, and what was found.
pub struct Sweep<'a> {
    root: &'a Root,
    walk: &'a WalkOptions,
    matcher: &'a RegexMatcher,
    query: &'a str,
    options: &'a SearchOptions,
    words: Query,
    /// What the files take that were come by, searched or not.
    bytes: AtomicU64,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    hits: Vec<Hit>,
    searched: Vec<PathBuf>,
}

impl<'a> Sweep<'a> {
    pub fn new(
        root: &'a Root,
        walk: &'a WalkOptions,
        matcher: &'a RegexMatcher,
        query: &'a str,
        options: &'a SearchOptions,
    ) -> Self {
        let (bytes, found) = (AtomicU64::new(0), Mutex::default());
        Self { root, walk, matcher, query, options, words: Query::new(query), bytes, found }
    }

    /// All lines that fit, in any order.
    pub fn run(mut self) -> Result<Vec<Hit>> {
        walker(self.root, self.walk, Arc::default())?.build_parallel().visit(&mut Workers(&self));
        if self.bytes.load(Ordering::Relaxed) > self.walk.max_total_bytes {
            self.keep_what_fits()?;
        }
        if self.options.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        Ok(self.found.get_mut().map(std::mem::take).unwrap_or_default().hits)
    }

    /// Of a tree beyond the limit the first files by path count, not the ones
    /// that were come by first: the others' hits go, and those that were not
    /// searched yet are.
    fn keep_what_fits(&mut self) -> Result<()> {
        let places = list(self.root, self.walk, &self.options.cancel)?.places;
        let Ok(found) = self.found.get_mut() else { return Ok(()) };
        let fitting: HashSet<&RelPath> = places.iter().map(|place| &place.path).collect();
        found.hits.retain(|hit| fitting.contains(&hit.path));
        let searched: HashSet<PathBuf> = found.searched.drain(..).collect();
        let rest: Vec<_> = places.iter().filter(|one| !searched.contains(&one.full())).collect();
        let (this, next) = (&*self, AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..threads().min(rest.len()) {
                scope.spawn(|| {
                    let mut worker = Worker::new(this);
                    while !this.options.cancel.is_cancelled() {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(place) = rest.get(at) else { break };
                        let full = place.full();
                        if let Ok(file) = File::open(&full) {
                            worker.search(&file, &full);
                        }
                    }
                });
            }
        });
        Ok(())
    }

    fn hit(&self, path: &RelPath, line: usize, text: String, score: f32) -> Hit {
        Hit {
            path: path.clone(),
            lines: LineRange::new(line, line),
            best_line: line,
            score,
            words: Vec::new(),
            reasons: vec![HitReason::Holds { text: self.query.to_owned() }],
            text,
        }
    }
}

/// Makes one for each thread.
struct Workers<'a>(&'a Sweep<'a>);

impl<'a> ParallelVisitorBuilder<'a> for Workers<'a> {
    fn build(&mut self) -> Box<dyn ParallelVisitor + 'a> {
        Box::new(Worker::new(self.0))
    }
}

/// What one thread does; what it found is handed in when it is dropped.
struct Worker<'a> {
    sweep: &'a Sweep<'a>,
    searcher: Searcher,
    found: Found,
}

impl ParallelVisitor for Worker<'_> {
    fn visit(&mut self, entry: std::result::Result<DirEntry, ignore::Error>) -> WalkState {
        if self.sweep.options.cancel.is_cancelled() {
            return WalkState::Quit;
        }
        // What cannot be read holds nothing.
        if let Ok(entry) = entry
            && entry.file_type().is_some_and(|kind| kind.is_file())
        {
            self.take(entry.into_path());
        }
        WalkState::Continue
    }
}

impl<'a> Worker<'a> {
    fn new(sweep: &'a Sweep<'a>) -> Self {
        let searcher = SearcherBuilder::new()
            .line_number(true)
            .binary_detection(BinaryDetection::quit(0))
            .build();
        Self { sweep, searcher, found: Found::default() }
    }

    /// Searches a file, as long as all files so far fit.
    fn take(&mut self, full: PathBuf) {
        let Sweep { walk, bytes, .. } = self.sweep;
        let fits = bytes.load(Ordering::Relaxed) <= walk.max_total_bytes;
        let file = if fits { File::open(&full).ok() } else { None };
        // One that is not opened counts all the same, as it does in a listing.
        let meta = match &file {
            Some(file) => file.metadata(),
            None => fs::symlink_metadata(&full),
        };
        let Some(meta) = meta.ok().filter(fs::Metadata::is_file) else { return };
        if meta.len() > walk.most_bytes(&full) {
            return;
        }
        bytes.fetch_add(meta.len(), Ordering::Relaxed);
        if let Some(file) = file {
            self.search(&file, &full);
            self.found.searched.push(full);
        }
    }

    /// Keeps the lines of a file that fit, as many as are asked for in all.
    fn search(&mut self, file: &File, full: &Path) {
        let Sweep { root, matcher, options, words, .. } = self.sweep;
        let mut lines = Vec::new();
        let sink = sinks::Lossy(|number, line| {
            let cut = line.floor_char_boundary(MOST_LINE_BYTES.min(line.len()));
            lines.push((number as usize, line[..cut].to_owned()));
            Ok(lines.len() < options.limit && !options.cancel.is_cancelled())
        });
        // A file that cannot be read to its end holds what was found before.
        let _ = self.searcher.search_file(matcher, file, sink);
        if lines.is_empty() {
            return;
        }
        let path = full.strip_prefix(root.path()).ok();
        let Some(path) = path.and_then(|path| RelPath::from_path(path).ok()) else { return };
        let score = Standing::of(&path, Origin::of(&path, "")).factor(words);
        let hit = |(line, text)| self.sweep.hit(&path, line, text, score);
        self.found.hits.extend(lines.into_iter().map(hit));
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        if let Ok(mut found) = self.sweep.found.lock() {
            found.hits.append(&mut self.found.hits);
            found.searched.append(&mut self.found.searched);
        }
    }
}
