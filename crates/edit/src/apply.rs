//! Writes a plan, all files or none.

use std::collections::{HashMap, HashSet};

use mlxcode_base::{ContentHash, RelPath};

use crate::audit::AuditTurn;
use crate::content::Content;
use crate::error::{Error, Result};
use crate::journal::{
    Actor, Change, EntryState, FileOp, Journal, JournalEntry, JournalFile, now_ms,
};
use crate::layer::FileTraits;
use crate::plan::{EditPlan, FileChange};

/// Writes all changes of `plan` and records them in `journal`; `actor` says
/// who: a command's name, or an [`Actor`] with more.
///
/// Each file is replaced by a new one of its name, so that a crash never leaves
/// half of it. Permissions and extended attributes stay, owner and group where
/// the system allows it. A link stays a link: what it leads to is changed. Of a
/// file with several names (hard links) only this name gets the new content,
/// and the others keep the old: writing into the file itself would give up that
/// a crash leaves the old or the new content whole, and change files that the
/// plan does not show.
///
/// Renames of one plan are made at once, so two files can swap their names.
///
/// # Errors
/// Whatever goes wrong, every file is as it was before.
pub fn apply(
    plan: &EditPlan,
    journal: &mut Journal,
    actor: impl Into<Actor>,
) -> Result<JournalEntry> {
    if let Some(first) = plan.refusals().first() {
        return Err(Error::Refused {
            count: plan.refusals().len(),
            first: format!("block {}: {}", first.block, first.reason),
        });
    }
    if plan.changes().is_empty() {
        return Err(Error::NoChange);
    }
    check_policy(plan, journal)?;
    let moves = moves(plan.changes());
    let mut ops = file_ops(plan.changes(), journal)?;
    for op in &mut ops {
        let from = moves.get(&op.path).copied().unwrap_or(&op.path);
        op.level =
            plan.level_of(from).or(plan.level_of(&op.path)).map(|level| level.name().to_owned());
    }
    let actor = actor.into();
    let turn = journal.next_turn();
    let hash =
        |content: &Option<Content>| -> Option<ContentHash> { content.as_ref().map(Content::hash) };
    let files = ops
        .iter()
        .map(|op| JournalFile {
            path: op.path.clone(),
            kind: op.kind,
            hash_before: hash(&op.before),
            hash_after: hash(&op.after),
            mode_before: op.traits.mode.filter(|_| op.before.is_some()),
            mode_after: op.traits_after.mode.filter(|mode| Some(*mode) != op.traits.mode),
            moved_from: moves.get(&op.path).map(|from| (*from).clone()),
        })
        .collect();
    let entry = JournalEntry {
        id: journal.next_id(),
        applied_at_ms: now_ms(),
        actor: actor.clone(),
        state: EntryState::Applied,
        files,
        folders: Vec::new(),
        turn,
        state_turn: turn,
    };
    let time_ms = entry.applied_at_ms;
    journal.commit(Change { ops: &ops, entry, turn: AuditTurn::Apply, actor, time_ms })
}

/// Looks again, since a link may lead elsewhere by now.
fn check_policy(plan: &EditPlan, journal: &Journal) -> Result<()> {
    for path in plan.changes().iter().flat_map(|change| [Some(&change.path), change.to.as_ref()]) {
        let Some(path) = path else { continue };
        plan.policy().require(path)?;
        let real = RelPath::from_path(&journal.place(path)?)?;
        if real != *path {
            plan.policy().require(&real)?;
        }
    }
    Ok(())
}

/// Where the content of a path comes from, of those that get another one's.
fn moves(changes: &[FileChange]) -> HashMap<&RelPath, &RelPath> {
    changes.iter().filter_map(|change| Some((change.to.as_ref()?, &change.path))).collect()
}

/// One operation a path. A rename touches two: the new file comes, and the old
/// one goes, unless another one comes in its place.
fn file_ops(changes: &[FileChange], journal: &Journal) -> Result<Vec<FileOp>> {
    let mut now: HashMap<&RelPath, (Option<&Content>, FileTraits)> = HashMap::new();
    for change in changes {
        let before = change.before.as_ref();
        now.insert(&change.path, (before, check_unchanged(&change.path, before, journal)?));
    }
    for to in changes.iter().filter_map(|change| change.to.as_ref()) {
        if !now.contains_key(to) {
            check_unchanged(to, None, journal)?;
        }
    }
    let targets: HashSet<&RelPath> =
        changes.iter().map(|change| change.to.as_ref().unwrap_or(&change.path)).collect();
    let mut ops = Vec::new();
    for change in changes {
        let FileChange { path, kind, to, before, after, executable } = change;
        let Some((_, own)) = now.get(path) else { continue };
        let target = to.as_ref().unwrap_or(path);
        let stands = now.get(target).filter(|(before, _)| before.is_some());
        let traits_after =
            executable.map_or(own.clone(), |program| own.clone().with_program(program));
        ops.push(FileOp {
            path: target.clone(),
            kind: *kind,
            before: stands.and_then(|(before, _)| before.cloned()),
            after: after.clone(),
            traits: stands.map_or_else(|| own.clone(), |(_, traits)| traits.clone()),
            traits_after,
            level: None,
        });
        if to.is_some() && !targets.contains(path) {
            ops.push(FileOp {
                path: path.clone(),
                kind: *kind,
                before: before.clone(),
                after: None,
                traits: own.clone(),
                traits_after: own.clone(),
                level: None,
            });
        }
    }
    Ok(ops)
}

/// Looks whether the file is what the plan was made for; gives its
/// permissions and owner.
fn check_unchanged(
    path: &RelPath,
    planned: Option<&Content>,
    journal: &Journal,
) -> Result<FileTraits> {
    let stored = journal.current(path)?;
    let now = stored.as_ref().map(|stored| stored.bytes.as_slice());
    if now != planned.map(Content::bytes) {
        return Err(Error::ChangedSince { path: path.clone() });
    }
    Ok(stored.map_or_else(FileTraits::default, |stored| stored.traits))
}
