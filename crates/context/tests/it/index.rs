//! The index: that it follows the tree, and survives what happens to files.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mlxcode_base::{CancelToken, RelPath};
use mlxcode_context::{
    CodeIndex, Error, Rebuilt, SearchKind, SearchOptions, Target, Updated, WalkOptions,
};
use proptest::prelude::*;
use rusqlite::Connection;

use crate::support::{Ground, NAMES, TEXTS, dump, update};

fn full() -> Ground {
    let ground = Ground::new();
    for (name, text) in NAMES.iter().zip(TEXTS) {
        ground.write(name, text);
    }
    // The rules name the file beside them.
    ground.write("pkg/.gitignore", "*.log\n");
    ground
}

fn counts(updated: &Updated) -> [usize; 4] {
    [updated.added, updated.changed, updated.removed, updated.unchanged]
}

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

#[test]
fn an_update_follows_the_tree() {
    let ground = full();
    let index = ground.index("index");
    let updated = update(&index);
    assert_eq!(counts(&updated), [13, 0, 0, 0]);
    assert_eq!((updated.skipped.binary, updated.rebuilt), (1, None));
    assert_eq!(index.file_count().unwrap(), 13);
    assert_eq!(counts(&update(&index)), [0, 0, 0, 13]);

    ground.write("b.py", "def bind(n):\n    return n\n");
    ground.remove("a.py");
    ground.write("new.rs", "fn new_one() {}\n");
    let updated = update(&index);
    assert_eq!(counts(&updated), [1, 1, 1, 11]);
    assert_eq!(dump(&index), dump(&ground.fresh()));
    assert!(matches!(index.symbols(&path("a.py")), Err(Error::FileNotFound { .. })));
    assert_eq!(index.symbols(&path("new.rs")).unwrap()[0].name, "new_one");
}

#[test]
fn imports_follow_files_that_come_and_go() {
    let ground = full();
    let index = ground.index("index");
    update(&index);
    let target = |index: &CodeIndex| index.imports(&path("web/x.js")).unwrap()[0].1.clone();
    assert_eq!(target(&index), Target::Files(vec![path("web/y.js")]));
    // The file itself did not change.
    ground.remove("web/y.js");
    update(&index);
    assert_eq!(target(&index), Target::Unknown);
    ground.write("web/y.js", "export const y = 2\n");
    update(&index);
    assert_eq!(target(&index), Target::Files(vec![path("web/y.js")]));
}

#[test]
fn files_that_are_known_are_updated_alone() {
    let ground = full();
    let index = ground.index("index");
    update(&index);
    ground.write("b.py", "def bound():\n    pass\n");
    ground.write("a.py", "# other\n");
    let some = |paths: &[RelPath]| index.update_files(paths, &CancelToken::new(), &()).unwrap();
    assert_eq!(counts(&some(&[path("b.py")])), [0, 1, 0, 0]);
    assert_eq!(index.symbols(&path("b.py")).unwrap()[0].name, "bound");
    assert_eq!(index.symbols(&path("a.py")).unwrap()[0].name, "open_port");
    ground.remove("a.py");
    assert_eq!(counts(&some(&[path("a.py")])), [0, 0, 1, 0]);
    // Whether a new file belongs to the tree is for the tree's rules to say.
    ground.write("pkg/x.log", "text\n");
    assert_eq!(counts(&some(&[path("pkg/x.log")])), [0, 0, 0, 12]);
    // And so are the rules themselves.
    ground.write("pkg/.gitignore", "c.py\n");
    assert_eq!(counts(&some(&[path("pkg/.gitignore")])), [1, 1, 1, 10]);
    assert_eq!(dump(&index), dump(&ground.fresh()));
}

#[test]
fn long_files_and_files_without_text_are_indexed_as_they_are() {
    let ground = Ground::new();
    let text: String = (0..60_000).map(|number| format!("fn long_{number}() {{}}\n")).collect();
    ground.write("long.rs", &text);
    ground.write("late.rs", "fn late() {}\n");
    let index = ground.index("index");
    assert_eq!(counts(&update(&index)), [2, 0, 0, 0]);
    let symbols = index.symbols(&path("long.rs")).unwrap();
    assert_eq!(symbols.last().unwrap().name, "long_59999");
    let options = SearchOptions::default().kind(SearchKind::Symbol).limit(1);
    let hits = index.search("long_59999", &options).unwrap();
    assert_eq!((hits[0].best_line, hits[0].text.as_str()), (60_000, "fn long_59999() {}\n"));
    // A text that becomes none is gone, and comes back.
    fs::write(ground.root.path().join("late.rs"), b"fn late\0() {}\n").unwrap();
    let updated = update(&index);
    assert_eq!((counts(&updated), updated.skipped.binary), ([0, 0, 1, 1], 1));
    ground.write("late.rs", "fn late() {}\n");
    assert_eq!(counts(&update(&index)), [1, 0, 0, 1]);
    assert_eq!(dump(&index), dump(&ground.fresh()));
}

#[test]
fn a_damaged_file_is_built_anew() {
    let ground = full();
    let place = ground.place("index");
    let whole = {
        let index = ground.index("index");
        update(&index);
        dump(&index)
    };
    let good = fs::read(&place).unwrap();
    let garbage = b"this is no database ".repeat(400);
    let mut cases = vec![(garbage.clone(), true), (b"short".to_vec(), true)];
    for cut in [100, 4_096, 10_000, good.len() / 2, good.len() - 4_096] {
        cases.push((good[..cut].to_vec(), true));
    }
    // Noise in any page: it may hit what nobody asks for.
    for at in (0..good.len()).step_by(4_096) {
        let mut noisy = good.clone();
        let end = noisy.len().min(at + 700);
        noisy[at..end].copy_from_slice(&garbage[..end - at]);
        cases.push((noisy, false));
    }
    for (number, (bytes, is_seen)) in cases.into_iter().enumerate() {
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(ground.place(&format!("index{end}")));
        }
        fs::write(&place, bytes).unwrap();
        let index = ground.index("index");
        let updated = update(&index);
        for kind in [SearchKind::Auto, SearchKind::Symbol, SearchKind::Lexical] {
            let options = SearchOptions::default().kind(kind);
            match index.search("open_port", &options) {
                Ok(_) | Err(Error::IndexDamaged { .. }) => {}
                Err(error) => panic!("case {number}: {error}"),
            }
        }
        let told = [updated.rebuilt, update(&index).rebuilt];
        if told.contains(&Some(Rebuilt::Damaged)) {
            assert_eq!(dump(&index), whole, "case {number}");
        } else {
            assert!(!is_seen, "case {number}");
        }
    }
}

#[test]
fn another_layout_is_built_anew_and_a_foreign_database_is_left_alone() {
    let ground = full();
    let index = ground.index("index");
    update(&index);
    let whole = dump(&index);
    drop(index);
    let connection = Connection::open(ground.place("index")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let index = ground.index("index");
    assert_eq!(index.file_count().unwrap(), 0);
    assert_eq!(update(&index).rebuilt, Some(Rebuilt::OtherLayout));
    assert_eq!(update(&index).rebuilt, None);
    assert_eq!(dump(&index), whole);

    let foreign = ground.place("foreign");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    let opened = CodeIndex::open(&foreign, &ground.root, WalkOptions::default());
    assert!(matches!(opened, Err(Error::NotAnIndex { .. })));
    let kept = Connection::open(&foreign).unwrap();
    assert_eq!(kept.query_row("SELECT count(*) FROM mine", [], |row| row.get(0)), Ok(0));
}

#[test]
fn readers_see_whole_states_while_one_writes() {
    let ground = full();
    let index = ground.index("index");
    update(&index);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let index = ground.index("index");
                    let mut seen = 0;
                    while !done.load(Ordering::Relaxed) || seen == 0 {
                        // Each update writes both or none.
                        let first = index.symbols(&path("a.py")).unwrap();
                        assert_eq!(first.len(), 1);
                        let hits = index.search("open port", &SearchOptions::default()).unwrap();
                        assert!(!hits.is_empty());
                        seen += 1;
                    }
                    seen
                })
            })
            .collect();
        for round in 0..30 {
            ground.write("a.py", &format!("def open_port_{round}(): pass\n"));
            ground.write(&format!("more_{round}.rs"), "fn open_port() {}\n");
            update(&index);
        }
        done.store(true, Ordering::Relaxed);
        assert!(readers.into_iter().all(|reader| reader.join().unwrap() > 0));
    });
    assert_eq!(dump(&index), dump(&ground.fresh()));
}

#[test]
fn many_may_make_the_index_at_once() {
    let ground = full();
    thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| update(&ground.index("index")))).collect();
        let added: Vec<usize> = all.into_iter().map(|one| one.join().unwrap().added).collect();
        assert_eq!(added.iter().sum::<usize>(), 13, "{added:?}");
    });
    assert_eq!(dump(&ground.index("index")), dump(&ground.fresh()));
}

#[test]
fn who_does_not_wait_is_told_that_another_writes() {
    let ground = full();
    let index = ground.index("index");
    update(&index);
    ground.write("a.py", "def other(): pass\n");
    let connection = Connection::open(ground.place("index")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(index.try_update(&CancelToken::new(), &()).unwrap(), None);
    // The last state is there for who reads.
    assert_eq!(index.symbols(&path("a.py")).unwrap()[0].name, "open_port");
    connection.execute_batch("ROLLBACK").unwrap();
    let updated = index.try_update(&CancelToken::new(), &()).unwrap().unwrap();
    assert_eq!(updated.changed, 1);
}

#[test]
fn a_cancelled_update_changes_nothing() {
    let ground = full();
    let index = ground.index("index");
    let stopped = CancelToken::new();
    stopped.cancel();
    assert!(matches!(index.update(&stopped, &()), Err(Error::Cancelled)));
    assert_eq!(index.file_count().unwrap(), 0);
}

/// What is done to the file of a number, and with which text.
type Edit = (usize, usize, u8);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec((0..NAMES.len(), 0..TEXTS.len(), 0..10_u8), 50)
}

fn apply(ground: &Ground, (name, text, what): Edit) {
    let (name, text) = (NAMES[name], TEXTS[text]);
    match what {
        0..=4 => ground.write(name, text),
        5 | 6 => ground.remove(name),
        // The same length at once: only the hash tells.
        7 => ground.write(name, &text.replace("port", "trop")),
        _ => {
            let old = fs::read_to_string(ground.root.path().join(name)).unwrap_or_default();
            ground.write(name, &(old + text));
        }
    }
}

proptest! {
    // Twenty trees of fifty edits.
    #![proptest_config(ProptestConfig { cases: 20, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn after_any_edits_the_index_is_that_of_a_fresh_build(edits in edits(), every in 1..9_usize) {
        let ground = Ground::new();
        let index = ground.index("index");
        for (number, edit) in edits.iter().enumerate() {
            apply(&ground, *edit);
            if number % every == 0 {
                if number % 2 == 0 {
                    update(&index);
                } else {
                    let one = [path(NAMES[edit.0])];
                    index.update_files(&one, &CancelToken::new(), &()).unwrap();
                }
            }
        }
        update(&index);
        prop_assert_eq!(dump(&index), dump(&ground.fresh()));
    }
}
