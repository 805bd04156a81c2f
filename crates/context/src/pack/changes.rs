//! What was changed since the last commit.

use mlxcode_base::{ContentHash, LineRange, RelPath};
use mlxcode_git::{FileStatus, Repository, StatusKind};

use super::candidate::Candidate;
use super::context::{LeftOut, LeftOutReason};
use super::packer::Packer;
use super::piece::{Note, NoteKind, Piece, Reason};
use crate::error::Result;

/// Files whose changes are looked at.
const MOST_FILES: usize = 200;

/// Offers the changes, a note a file, and files that are new, whole.
pub fn offer(packer: &mut Packer<'_>, most: usize) -> Result<()> {
    let root = packer.tree.root().path();
    let Some(repository) = Repository::discover(root)? else {
        let reason = LeftOutReason::NoRepository;
        packer.leave_out(LeftOut { what: "@diff".to_owned(), lines: None, reason });
        return Ok(());
    };
    // The tree may be a folder of the work tree.
    let folder = root.strip_prefix(repository.work_tree()).ok().and_then(|path| path.to_str());
    let Some(folder) = folder else { return Ok(()) };
    let below = |path: &RelPath| {
        let rest = path.as_str().strip_prefix(folder)?;
        RelPath::new(rest.trim_start_matches('/')).ok()
    };
    let (mut changed, mut new, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for FileStatus { path, kind, .. } in repository.status()?.into_iter().take(MOST_FILES) {
        let Some(own) = below(&path) else { continue };
        match kind {
            StatusKind::Deleted => gone.push(own),
            // What the tree's rules leave out, such as secrets, is not shown.
            _ if !packer.tree.holds(&own) => {}
            StatusKind::Untracked => new.push(own),
            _ => changed.push((path, own)),
        }
    }
    let limit = packer.set_room(most);
    if !changed.is_empty() {
        let paths: Vec<RelPath> = changed.iter().map(|(path, _)| path.clone()).collect();
        let diff = repository.diff(&paths)?;
        for (path, own) in &changed {
            packer.tree.check_cancelled()?;
            // A name that git writes in another way is asked for by itself.
            let text = match section(&diff, path) {
                Some(text) => text.to_owned(),
                None => repository.diff(std::slice::from_ref(path))?,
            };
            offer_file(packer, own, &text);
        }
    }
    for path in new {
        let whole = Candidate::whole(packer.tree, &path, Reason::Changed);
        packer.offer(whole);
    }
    if !gone.is_empty() {
        let text: String = gone.iter().map(|path| format!("{path}\n")).collect();
        packer.offer_note(note(None, "Files removed since the last commit", text, None));
    }
    packer.set_limit(limit);
    Ok(())
}

/// The part of a diff that is about one file.
fn section<'d>(diff: &'d str, path: &RelPath) -> Option<&'d str> {
    const START: &str = "diff --git ";
    let end = format!(" b/{path}");
    let mut at = 0;
    while let Some(found) = diff.get(at..)?.find(START) {
        let start = at + found;
        let rest = &diff[start..];
        let is_line = start == 0 || diff[..start].ends_with('\n');
        let length = rest[START.len()..]
            .find("\ndiff --git ")
            .map_or(rest.len(), |length| START.len() + length + 1);
        if is_line && rest.lines().next().is_some_and(|line| line.ends_with(&end)) {
            return Some(&rest[..length]);
        }
        at = start + length;
    }
    None
}

/// Offers the hunks of a file, the first ones where not all fit.
fn offer_file(packer: &mut Packer<'_>, path: &RelPath, diff: &str) {
    let hunks = hunks(diff);
    let hash = packer.tree.text(path).map(|text| ContentHash::of(text.as_bytes()));
    let header = format!("{path} (changes since the last commit)");
    let whole = |hunks: &[&str]| note(Some(path.clone()), &header, hunks.concat(), hash);
    let room = packer.room();
    let mut fitting = hunks.len();
    while fitting > 1 {
        let cost = packer.counter.part(&Piece::Note(whole(&hunks[..fitting])).render());
        if cost <= room {
            break;
        }
        fitting = (fitting * room / cost.max(1)).clamp(1, fitting - 1);
    }
    if hunks.is_empty() || !packer.offer_note(whole(&hunks[..fitting])) {
        return;
    }
    for hunk in &hunks[..fitting] {
        packer.mention(path, new_lines(hunk));
    }
    if fitting < hunks.len() {
        let rest = packer.counter.part(&hunks[fitting..].concat());
        let reason = LeftOutReason::NoRoom { tokens: rest, room: packer.room() };
        let what = format!("{} of {} changes of {path}", hunks.len() - fitting, hunks.len());
        packer.leave_out(LeftOut { what, lines: None, reason });
    }
}

fn note(path: Option<RelPath>, header: &str, text: String, hash: Option<ContentHash>) -> Note {
    Note {
        kind: NoteKind::Changes,
        path,
        text,
        header: header.to_owned(),
        reason: Reason::Changed,
        tokens: 0,
        is_kept: false,
        hash,
    }
}

/// The hunks of a diff of one file. A line of a hunk begins with another sign.
fn hunks(diff: &str) -> Vec<&str> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in diff.split_inclusive('\n') {
        if line.starts_with("@@ ") {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([diff.len()]);
    starts.iter().zip(ends).map(|(start, end)| &diff[*start..end]).collect()
}

/// The lines that a hunk is about, as the file is now.
fn new_lines(hunk: &str) -> LineRange {
    let place = hunk.split(' ').find_map(|part| part.strip_prefix('+')).unwrap_or_default();
    let (first, count) = place.split_once(',').unwrap_or((place, "1"));
    let first = first.parse().unwrap_or(1_usize);
    let count = count.parse().unwrap_or(1_usize);
    LineRange::new(first, first.saturating_add(count).saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = "diff --git a/b.rs b/b.rs\nindex 1..2 100644\n--- a/b.rs\n+++ b/b.rs\n\
        @@ -1,2 +1,3 @@ fn a() {\n a\n+diff --git a/a.rs b/a.rs\n b\n@@ -9 +10,0 @@\n-x\n\
        diff --git a/src/a.rs b/src/a.rs\n--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1 +1 @@\n-y\n+z\n";

    #[test]
    fn sections_and_hunks_are_found() {
        let path = |path: &str| RelPath::new(path).unwrap();
        let own = section(DIFF, &path("b.rs")).unwrap();
        assert!(own.ends_with("-x\n"), "{own}");
        let cut = hunks(own);
        assert_eq!(cut.len(), 2);
        assert_eq!(
            (new_lines(cut[0]), new_lines(cut[1])),
            (LineRange::new(1, 3), LineRange::new(10, 10))
        );
        assert!(section(DIFF, &path("src/a.rs")).unwrap().ends_with("+z\n"));
        assert_eq!(section(DIFF, &path("a.rs")), None);
        assert_eq!(section("", &path("a.rs")), None);
        assert!(hunks("Binary files differ\n").is_empty());
    }
}
