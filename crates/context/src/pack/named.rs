//! What the question names.

use mlxcode_base::{LineRange, RelPath};

use super::candidate::Candidate;
use super::context::{LeftOut, LeftOutReason};
use super::hits::MOST_PASSAGES;
use super::packer::Packer;
use super::piece::Reason;
use super::tree::Found;
use super::{PackRequest, changes, heads, published};
use crate::error::Result;
use crate::mention::{Attachment, Mention, all_mentions, marked};
use crate::syntax::Chunk;

/// What is named must leave room for what search finds elsewhere.
const MOST_SHARE: (usize, usize) = (3, 4);

/// Parts of a long definition that search found.
const MOST_INNER: usize = 3;

/// Marks a head of Python that only tells types.
const OVERLOAD: &str = "@overload\n";

/// Files of a folder or a pattern that are looked at.
const MOST_FILES: usize = 100;

/// Offers what a question names, in its order. `found` is what search found.
pub fn offer(
    packer: &mut Packer<'_>,
    request: &PackRequest<'_>,
    found: &[Found],
    attachments: &mut Vec<Attachment>,
) -> Result<()> {
    let question = request.question;
    let most = packer.room() / MOST_SHARE.1 * MOST_SHARE.0;
    for mention in all_mentions(question, packer.tree) {
        packer.tree.check_cancelled()?;
        match mention {
            Mention::File { path, lines } => file(packer, &path, lines, found, most)?,
            Mention::Symbol { name, owner } => {
                symbol(packer, question, &name, owner.as_deref(), found)?;
            }
            Mention::Files { name, paths } => several(packer, &name, &paths, found, most)?,
            Mention::Changes => changes::offer(packer, most)?,
            Mention::Attachment(one) => attachments.push(one),
            Mention::Published(one) => published::offer(packer, one, request.published, most),
            Mention::Unknown { name } => packer.leave_out(unknown(&name)),
        }
    }
    Ok(())
}

fn unknown(name: &str) -> LeftOut {
    LeftOut { what: name.to_owned(), lines: None, reason: LeftOutReason::Unknown }
}

/// A file, or lines of it. Of one that is too long, what search found in it,
/// and its beginning where room is left.
fn file(
    packer: &mut Packer<'_>,
    path: &RelPath,
    lines: Option<LineRange>,
    found: &[Found],
    most: usize,
) -> Result<()> {
    let reason = Reason::Named { name: path.to_string() };
    if let Some(lines) = lines {
        packer.offer(Candidate::of_lines(packer.tree, path, lines, reason)?);
        return Ok(());
    }
    let whole = Candidate::whole(packer.tree, path, reason);
    if packer.cost(&whole) > most {
        parts(packer, std::slice::from_ref(path), &whole.reason, found);
    }
    packer.offer(whole);
    Ok(())
}

/// A symbol: where it is defined, and of what is long, what search found in it.
fn symbol(
    packer: &mut Packer<'_>,
    question: &str,
    name: &str,
    owner: Option<&str>,
    found: &[Found],
) -> Result<()> {
    let mut definitions = packer.tree.definitions(name, owner)?;
    // A name may be one of something outside; one behind an `@` is not.
    if let Some(word) = marked(question, name).filter(|_| definitions.is_empty()) {
        packer.leave_out(unknown(word));
    }
    // What is only declared says less than what is written.
    let is_stub = |(path, chunk): &(RelPath, Chunk)| {
        let text = packer.tree.lines(path, chunk.lines);
        let stubs = text.matches(OVERLOAD).count();
        stubs > 0 && stubs == text.matches(&format!("def {name}(")).count()
    };
    if !definitions.iter().all(is_stub) {
        definitions.retain(|one| !is_stub(one));
    }
    let reason = Reason::Named { name: name.to_owned() };
    let mut inner = Vec::new();
    for (path, chunk) in definitions {
        for symbol in
            packer.tree.facts(std::slice::from_ref(&path))?.iter().flat_map(|one| &one.symbols)
        {
            let is_in = symbol.name == name || symbol.container.rsplit('.').next() == Some(name);
            if is_in && symbol.lines.last > chunk.lines.last {
                inner.push((path.clone(), symbol.lines));
            }
        }
        packer.offer(Candidate::of_chunk(packer.tree, &path, chunk, reason.clone()));
    }
    let is_inner = |one: &&Found| {
        let lines = one.chunk.lines;
        inner.iter().any(|(path, range)| {
            *path == one.path && range.first <= lines.first && lines.last <= range.last
        })
    };
    for one in found.iter().filter(is_inner).take(MOST_INNER) {
        let (chunk, reason) = (one.chunk.clone(), reason.clone());
        packer.offer(Candidate::of_chunk(packer.tree, &one.path, chunk, reason));
    }
    Ok(())
}

/// Several files: all of them, or what search found in them and the heads of
/// what they define.
fn several(
    packer: &mut Packer<'_>,
    name: &str,
    paths: &[RelPath],
    found: &[Found],
    most: usize,
) -> Result<()> {
    let reason = Reason::Named { name: name.to_owned() };
    let room = most.min(packer.room());
    let mut sum = 0;
    let mut all = Vec::new();
    for path in paths {
        let whole = Candidate::whole(packer.tree, path, reason.clone());
        sum += packer.cost(&whole);
        all.push(whole);
        if sum > room {
            break;
        }
    }
    if sum <= room {
        for whole in all {
            packer.offer(whole);
        }
        return Ok(());
    }
    let limit = packer.set_room(room);
    // Half for what the question asks of them, half for what they hold at all.
    let wide = packer.set_room(room / 2);
    parts(packer, paths, &reason, found);
    packer.set_limit(wide);
    for path in paths.iter().take(MOST_FILES) {
        packer.tree.check_cancelled()?;
        if let Some(note) = heads::of_file(packer.tree, path, &reason)? {
            packer.offer_note(note);
        }
    }
    packer.set_limit(limit);
    Ok(())
}

/// What search found in some files.
fn parts(packer: &mut Packer<'_>, paths: &[RelPath], reason: &Reason, found: &[Found]) {
    let parts = found.iter().filter(|one| paths.contains(&one.path)).take(MOST_PASSAGES);
    for one in parts {
        let (chunk, reason) = (one.chunk.clone(), reason.clone());
        packer.offer(Candidate::of_chunk(packer.tree, &one.path, chunk, reason));
    }
}
