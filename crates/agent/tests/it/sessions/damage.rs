//! Files that are not as they were written.

use std::fs;
use std::path::Path;

use mlxcode_agent::session_store::{
    NewRecord, Record, Result, SessionError, SessionFilter, SessionId, SessionStore,
};

use super::{all, at, begin, turn};

/// A small store, as bytes.
fn small() -> (Vec<u8>, SessionId, Vec<Record>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.sqlite3");
    let store = at(&path);
    let id = begin(&store, Some("small"));
    for number in 1..=3 {
        turn(&store, &id, number, &format!("question {number}"), &["an ", "answer"]);
    }
    store.append(&id, &NewRecord::text(4, "it ")).unwrap();
    store.append(&id, &NewRecord::text(4, "grows")).unwrap();
    let records = all(&store, &id);
    store.sync().unwrap();
    drop(store);
    (fs::read(&path).unwrap(), id, records)
}

/// Does everything that can be done with a store.
fn use_all(path: &Path, id: &SessionId) -> Result<Vec<Record>> {
    let store = SessionStore::open(path)?;
    store.list(&SessionFilter::default())?;
    let mut records = Vec::new();
    store.for_each(id, |record| {
        records.push(record);
        Ok(())
    })?;
    store.open_session(id)?;
    store.search("question", 9)?;
    store.stats(0, u64::MAX)?;
    let fork = store.fork(id, 2, None)?;
    store.append(&fork, &NewRecord::user(3, "more"))?;
    store.append(id, &NewRecord::user(4, "more"))?;
    store.delete(&fork)?;
    store.sync()?;
    Ok(records)
}

/// Flips bytes of a small file, one at a time: each time all that is read is
/// what was written, or an error tells that it is not, and a repair saves the
/// rest and keeps the file as it was.
fn flip(places: impl Iterator<Item = usize>) -> (usize, usize) {
    let (bytes, id, records) = small();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flipped.sqlite3");
    let aside = folder.path().join("flipped.sqlite3.damaged-1");
    let (mut noticed, mut saved) = (0, 0);
    for place in places.take_while(|place| *place < bytes.len()) {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << (place % 8);
        for file in fs::read_dir(folder.path()).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        fs::write(&path, &flipped).unwrap();
        match use_all(&path, &id) {
            Ok(read) => assert_eq!(read, records, "byte {place}"),
            Err(SessionError::NotFound { .. } | SessionError::Foreign { .. }) => {}
            // Two bytes of the head say whether the file may be written.
            Err(SessionError::Database { .. } | SessionError::Newer { .. }) if place < 100 => {}
            Err(SessionError::Damaged { .. }) => {
                noticed += 1;
                // Before anything was done with it.
                for end in ["", "-wal", "-shm"] {
                    let _ = fs::remove_file(format!("{}{end}", path.display()));
                }
                fs::write(&path, &flipped).unwrap();
                let repaired = SessionStore::repair(&path).unwrap();
                if repaired.damage.is_some() {
                    assert_eq!(fs::read(&aside).unwrap().len(), bytes.len(), "byte {place}");
                    assert_eq!(repaired.kept_aside.as_deref(), Some(&*aside));
                }
                let store = SessionStore::open(&path).unwrap();
                for summary in store.list(&SessionFilter::default()).unwrap() {
                    // Whatever was saved is sound.
                    for record in all(&store, &summary.id) {
                        // Of the text that grows, what was whole.
                        let grows = |one: &Record| {
                            one.turn == 4 && "it grows".starts_with(record.said().unwrap_or("?"))
                        };
                        let sound = records.iter().any(|one| one.data == record.data || grows(one));
                        assert!(sound, "byte {place}: {record:?}");
                        saved += 1;
                    }
                }
            }
            Err(other) => panic!("byte {place}: {other:?}"),
        }
    }
    (noticed, saved)
}

#[test]
fn a_flipped_byte_is_noticed_or_does_no_harm() {
    let (noticed, saved) = flip((0..).step_by(211));
    assert!(noticed > 10 && saved > 3 * noticed, "{noticed} {saved}");
}

#[test]
#[ignore = "takes some minutes"]
fn every_flipped_byte_is_noticed_or_does_no_harm() {
    let (noticed, saved) = flip(0..);
    assert!(noticed > 1_000 && saved > 3 * noticed, "{noticed} {saved}");
}

#[test]
fn the_loss_of_the_newest_pieces_is_noticed() {
    for (lost, kept) in [(1, "abc"), (2, "ab"), (3, "a")] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pieces.sqlite3");
        let store = at(&path);
        let id = begin(&store, None);
        for piece in ["a", "b", "c", "d"] {
            store.append(&id, &NewRecord::text(1, piece)).unwrap();
        }
        drop(store);
        let file = rusqlite::Connection::open(&path).unwrap();
        let left = format!("DELETE FROM piece WHERE part > {}", 3 - lost);
        file.execute_batch(&left).unwrap();
        drop(file);

        let store = at(&path);
        let is_damage = |done: Result<()>| matches!(done, Err(SessionError::Damaged { .. }));
        assert!(is_damage(store.for_each(&id, |_| Ok(()))), "{lost} lost, read");
        assert!(is_damage(store.close_text(&id)), "{lost} lost, closed");
        // More is taken without a look at all that came before, and told of
        // when it is read.
        store.append(&id, &NewRecord::text(1, "e")).unwrap();
        assert!(is_damage(store.for_each(&id, |_| Ok(()))), "{lost} lost, grown");
        drop(store);
        assert!(SessionStore::repair(&path).unwrap().damage.is_some(), "{lost} lost");
        assert_eq!(all(&at(&path), &id)[0].said(), Some(kept), "{lost} lost");
    }
}

#[test]
fn a_file_that_was_cut_off_is_saved_as_far_as_it_goes() {
    let (bytes, id, _) = small();
    let folder = tempfile::tempdir().unwrap();
    for (number, length) in [100, 4_096, 12_288, bytes.len() - 4_096].into_iter().enumerate() {
        let path = folder.path().join(format!("{number}.sqlite3"));
        fs::write(&path, &bytes[..length]).unwrap();
        let error = use_all(&path, &id).unwrap_err();
        assert!(matches!(error, SessionError::Damaged { .. }), "{length}: {error:?}");
        let repaired = SessionStore::repair(&path).unwrap();
        assert!(repaired.kept_aside.is_some(), "{length}");
        begin(&SessionStore::open(&path).unwrap(), None);
    }
    // A file of another kind is damage too, and is kept.
    let path = folder.path().join("text.sqlite3");
    let text = "not a database ".repeat(500);
    fs::write(&path, &text).unwrap();
    let repaired = SessionStore::repair(&path).unwrap();
    assert_eq!(fs::read_to_string(repaired.kept_aside.unwrap()).unwrap(), text);
    // A sound one is left as it is.
    assert_eq!(SessionStore::repair(&path).unwrap().damage, None);
}

#[test]
fn a_lost_page_costs_its_records_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pages.sqlite3");
    let store = at(&path);
    let id = begin(&store, Some("pages"));
    for number in 1..=30 {
        let asked = format!("question {number} {}", "x".repeat(3_000));
        turn(&store, &id, number, &asked, &["answer"]);
    }
    store.append(&id, &NewRecord::text(31, "the ")).unwrap();
    store.append(&id, &NewRecord::text(31, "end")).unwrap();
    let records = all(&store, &id);
    store.sync().unwrap();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let needle = b"question 17 ";
    let place = bytes.windows(needle.len()).position(|window| window == needle).unwrap();
    let page = place / 4_096 * 4_096;
    bytes[page..page + 4_096].fill(0xff);
    fs::write(&path, &bytes).unwrap();

    let repaired = SessionStore::repair(&path).unwrap();
    assert!(repaired.records >= 85 && repaired.lost >= 1, "{repaired:?}");
    assert_eq!(repaired.records + repaired.lost, records.len() as u64);
    let store = at(&path);
    let saved = all(&store, &store.find("pages").unwrap());
    assert_eq!(saved.last().unwrap().said(), Some("the end"));
    assert_eq!(saved[0], records[0]);
    assert_eq!(store.summary(&id).unwrap().turns, 31);
}
