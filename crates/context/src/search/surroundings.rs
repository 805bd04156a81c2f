//! What lies around the files and not in them: what was said when they were
//! changed, and what is open.

use std::collections::HashMap;

use mlxcode_base::RelPath;
use rusqlite::Connection;

use super::evidence::FileEvidence;
use super::{HitReason, SearchOptions};
use crate::error::Result;
use crate::import::Target;
use crate::index::{self, CodeIndex};
use crate::terms::Query;

/// So many of the commits that fit best take part.
const MOST_CHANGES: usize = 80;

/// A commit's score is raised to this, so that the best ones decide.
const CHANGE_POWER: i32 = 3;

/// What a file that is changed this often, beside the one that is changed most,
/// is told of for.
const TOLD_CHURN: f32 = 0.8;

/// A file that fits this well by its history is told of with the commit.
const TOLD_HISTORY: f32 = 0.2;

/// How near a file is that is open, that an open one imports, and that lies in
/// the folder of an open one.
const OPEN: f32 = 1.0;
const IMPORTED: f32 = 0.6;
const SAME_FOLDER: f32 = 0.4;

/// What the history says of the files for a question.
#[derive(Debug, Default)]
pub struct Past {
    files: HashMap<RelPath, Said>,
    most: f32,
}

#[derive(Debug)]
struct Said {
    score: f32,
    /// The commit that fits best.
    commit: String,
}

impl Past {
    /// Asks the index.
    pub fn read(connection: &Connection, query: &Query) -> rusqlite::Result<Self> {
        let words = query.stems().into_iter().take(super::lexical::MOST_STEMS);
        let wanted: Vec<String> = words.map(|(stem, _)| format!("\"{stem}\"")).collect();
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let changes = index::fitting_changes(connection, &wanted.join(" OR "), MOST_CHANGES)?;
        let mut files: HashMap<RelPath, Said> = HashMap::new();
        for change in changes {
            // One that changes much says less of each file.
            let gain = change.score.powi(CHANGE_POWER) / (change.file_count as f32).powf(0.3);
            for path in change.files {
                let commit = &change.id;
                let said = files.entry(path);
                said.or_insert_with(|| Said { score: 0.0, commit: commit.clone() }).score += gain;
            }
        }
        let most = files.values().map(|said| said.score).fold(0.0, f32::max);
        Ok(Self { files, most })
    }

    /// Tells what was said of a file; `churn` is how often it is changed beside
    /// all others.
    pub fn tell(&self, path: &RelPath, churn: f32, about: &mut FileEvidence) {
        if let Some(said) = self.files.get(path).filter(|_| self.most > 0.0) {
            about.history = said.score / self.most;
            if about.history >= TOLD_HISTORY {
                about.reasons.push(HitReason::History { commit: said.commit.clone() });
            }
        }
        about.churn = churn;
        if churn >= TOLD_CHURN {
            about.reasons.push(HitReason::Churn);
        }
    }
}

/// What is near to the open files.
#[derive(Debug, Default)]
pub struct Near<'a> {
    open: &'a [RelPath],
    imported: HashMap<RelPath, &'a RelPath>,
}

impl<'a> Near<'a> {
    /// Looks up what the open files import.
    pub fn read(index: &CodeIndex, options: &'a SearchOptions) -> Result<Self> {
        let open = options.open_files.as_slice();
        let mut imported = HashMap::new();
        for path in open {
            let imports = match index.imports(path) {
                // What is open need not be known.
                Err(crate::Error::FileNotFound { .. }) => continue,
                imports => imports?,
            };
            for (_, target) in imports {
                if let Target::Files(files) = target {
                    imported.extend(files.into_iter().map(|file| (file, path)));
                }
            }
        }
        Ok(Self { open, imported })
    }

    /// Tells how near a file is.
    pub fn tell(&self, path: &RelPath, about: &mut FileEvidence) {
        let folder = |path: &RelPath| {
            path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder).to_owned()
        };
        let near = if let Some(open) = self.open.iter().find(|open| *open == path) {
            Some((OPEN, open))
        } else if let Some(open) = self.imported.get(path) {
            Some((IMPORTED, *open))
        } else {
            let beside = self.open.iter().find(|open| folder(open) == folder(path));
            beside.map(|open| (SAME_FOLDER, open))
        };
        if let Some((near, open)) = near {
            about.near = near;
            about.reasons.push(HitReason::Near { path: open.clone() });
        }
    }
}
