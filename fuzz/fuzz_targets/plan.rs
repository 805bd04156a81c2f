//! A reply on a small tree: planning touches nothing, what is planned is what
//! is written, and undo gives back every byte.

#![no_main]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use mlxcode_base::Root;
use mlxcode_edit::{EditPlan, Journal, ResolveOptions, apply, parse_reply};

/// What parts the two files and the reply in the input.
const SEPARATOR: &[u8] = b"\n%%%\n";

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = cut(bytes) else { return };
    let Some((second, reply)) = cut(rest) else { return };
    let temp = tempfile::tempdir().expect("a temporary folder");
    let tree = temp.path().join("tree");
    fs::create_dir_all(tree.join("b")).expect("a folder");
    fs::write(tree.join("a.txt"), first).expect("a file");
    fs::write(tree.join("b/c.rs"), second).expect("a file");
    let before = files(&tree);

    let root = Root::open(&tree).expect("the root");
    let items = parse_reply(&String::from_utf8_lossy(reply));
    let plan = EditPlan::resolve(&root, &items, &ResolveOptions::default()).expect("a plan");
    assert_eq!(files(&tree), before, "planning wrote");
    for refusal in plan.refusals() {
        assert!(!refusal.reason.to_string().is_empty());
    }
    let mut journal = Journal::open(&temp.path().join("journal"), &root).expect("a journal");
    match apply(&plan, &mut journal, "fuzz") {
        Ok(entry) => {
            assert!(plan.is_applicable());
            assert_ne!(files(&tree), before, "a change that changes nothing");
            journal.undo(Some(&entry.id)).expect("undo of what was just done");
        }
        Err(_) => assert!(!plan.is_applicable(), "{:?}", plan.changes()),
    }
    assert_eq!(files(&tree), before);
});

fn cut(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.windows(SEPARATOR.len()).position(|window| window == SEPARATOR)?;
    Some((&bytes[..at], &bytes[at + SEPARATOR.len()..]))
}

/// Every file and folder below `folder`, with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).expect("a folder that can be read") {
            let path = entry.expect("an entry").path();
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                found.insert(name, None);
                folders.push(path);
            } else {
                found.insert(name, Some(fs::read(&path).expect("a file that can be read")));
            }
        }
    }
    found
}
