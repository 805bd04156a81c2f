//! What is kept, for how long, and who may read it.

use super::*;
use crate::format::parse_reply;
use std::time::Duration;

#[test]
fn a_damaged_pack_is_reported_and_nothing_changes() {
    let ground = ground();
    applied(&ground);
    let before = tree(ground.root.path());
    let place = ground.dir.join("packs/1.pack");
    let whole = fs::read(&place).unwrap();
    for damaged in [&b"damaged"[..], &whole[..whole.len() - 1], b""] {
        fs::write(&place, damaged).unwrap();
        let error = ground.undo(Box::new(Disk)).unwrap_err();
        assert!(matches!(error, Error::JournalCorrupt { .. }), "{error}");
        assert_eq!(tree(ground.root.path()), before);
    }
    fs::remove_file(place).unwrap();
    let error = ground.undo(Box::new(Disk)).unwrap_err();
    assert!(matches!(error, Error::JournalCorrupt { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_journal() {
    use std::os::unix::fs::PermissionsExt;

    let ground = ground();
    // As an earlier version made it.
    fs::create_dir_all(ground.dir.join("packs")).unwrap();
    applied(&ground);
    let mut places = vec![ground.dir.clone()];
    places.extend(tree(&ground.dir).into_keys().map(|name| ground.dir.join(name)));
    assert!(places.len() > 8, "{places:?}");
    for place in places {
        let mode = fs::metadata(&place).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", place.display());
    }
}

#[test]
fn the_journal_forgets_the_oldest_and_never_the_newest() {
    let ground = ground();
    let open = |quota_bytes, max_entries| {
        let options = JournalOptions { quota_bytes, max_entries, patience: Duration::from_secs(5) };
        Journal::open_with(&ground.dir, &ground.root, &options).unwrap()
    };
    let write = |journal: &mut Journal, number: usize| {
        // Digits that do not shrink much.
        let digits = |n: usize| format!("{:08x}", (n + 1) * (number + 7) * 40_503_007);
        let text = (0..200).map(digits).collect::<Vec<_>>().concat();
        let reply = format!("```txt a.txt\n{text}\n```\n");
        let plan =
            EditPlan::resolve(&ground.root, &parse_reply(&reply), &ResolveOptions::default());
        crate::apply::apply(&plan.unwrap(), journal, "test").unwrap();
        let ids: Vec<u64> = journal.entries.iter().map(|entry| entry.id.parse().unwrap()).collect();
        let packs = fs::read_dir(ground.dir.join("packs")).unwrap().count();
        (ids, packs)
    };
    let mut journal = open(u64::MAX, 3);
    for number in 0..5 {
        write(&mut journal, number);
    }
    assert_eq!(write(&mut journal, 5), (vec![4, 5, 6], 3));
    drop(journal);
    let one = fs::metadata(ground.dir.join("packs/6.pack")).unwrap().len();
    let mut journal = open(one * 5 / 2, 100);
    assert_eq!(write(&mut journal, 6), (vec![6, 7], 2));
    drop(journal);
    let mut journal = open(1, 100);
    assert_eq!(write(&mut journal, 7), (vec![8], 1));
    journal.undo(None).unwrap();
    assert_eq!(journal.entries().len(), 1);
    journal.redo(None).unwrap();
    assert_eq!(journal.audit().unwrap().len(), 10, "the log keeps what the journal forgets");
}

#[test]
fn what_taking_back_needs_for_a_while_goes_again() {
    let ground = ground();
    applied(&ground);
    for _ in 0..2 {
        ground.undo(Box::new(Disk)).unwrap();
        ground.redo(Box::new(Disk)).unwrap();
    }
    let packs: Vec<String> = tree(&ground.dir.join("packs")).into_keys().collect();
    assert_eq!(packs, ["1.pack"]);
}
