//! What holds for every reply and every tree.

use mlxcode_base::{RelPath, Root};
use mlxcode_edit::{
    EditAction, EditBlock, EditPlan, Naming, ParsedItem, ReplyParser, ResolveOptions, apply,
    parse_reply,
};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::tree::{Files, Tree};

/// Pieces of which replies are made, whole and broken.
fn reply() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a.txt\n",
        "`b/c.rs`\n",
        "```\n",
        "```rust\n",
        "```diff\n",
        "```md notes.md\n",
        "~~~\n",
        "# b/c.py\n",
        "In `b/c.rs`, change:\n",
        "Create `b/c.rs`:\n",
        "<think>\n",
        "</think>\n",
        "<<<<<<< SEARCH\n",
        "=======\n",
        ">>>>>>> REPLACE\n",
        "one\n",
        "  two\r\n",
        "\tthree = 3\n  four\n",
        "\u{b}```\n",
        "\u{a0}```\n",
        " ```\n",
        "-\n",
        "-- one\n",
        "--- one\n",
        // Stands for a byte that is no UTF-8.
        "x\u{1}\n",
        "\n",
        "ä€😀\n",
        "--- a/a.txt\n",
        "+++ b/a.txt\n",
        "@@ -1,2 +1,2 @@\n",
        "@@\n",
        " one\n",
        "-one\n",
        "+1\n",
        "diff --git a/a.txt b/a.txt\n",
        "*** Begin Patch\n",
        "*** Update File: a.txt\n",
        "*** Add File: n.txt\n",
        "*** Delete File: a.txt\n",
        "*** End Patch\n",
        "```bash\n",
        "```json\n",
        "{\"path\": \"a.txt\", \"old_string\": \"one\", \"new_string\": \"1\"}\n",
        "{\n",
        "}\n",
        "<tool_call>\n",
        "</tool_call>\n",
        "<function=write_file>\n",
        "<parameter=path>a.txt</parameter>\n",
        "</function>\n",
        "copy from a.txt\n",
        "diff --cc a.txt\n",
        "\u{1b}[1m--- a/a.txt\u{1b}[m\n",
        ":start_line:1\n",
        "-------\n",
        "./run.sh\n",
        "...\n",
        "text",
        " ",
    ]);
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// Whole blocks, of which most fit the tree that they are tried on, with
/// now and then a broken piece between them.
fn blocks() -> impl Strategy<Value = String> {
    let block = prop::sample::select(vec![
        "a.txt\n<<<<<<< SEARCH\n  two\n=======\n  2\n>>>>>>> REPLACE\n",
        "b/c.rs\n<<<<<<< SEARCH\none\n=======\n1\n0\n>>>>>>> REPLACE\n",
        "```\nnew/n.txt\n<<<<<<< SEARCH\n=======\nn\n>>>>>>> REPLACE\n```\n",
        "```rust b/c.rs\nfn main() {}\n```\n",
        "```diff\n--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n-one\n+ONE\n   two\n```\n",
        "*** Begin Patch\n*** Update File: a.txt\n@@\n   two\n \n-one\n*** End Patch\n",
        "*** Begin Patch\n*** Delete File: b/c.rs\n*** End Patch\n",
        "*** Begin Patch\n*** Update File: a.txt\n*** Move to: d/e/f.txt\n*** End Patch\n",
        "Some words.\n\n",
    ]);
    prop_oneof![
        8 => prop::collection::vec(block, 1..4).prop_map(|blocks| blocks.concat()),
        1 => reply(),
    ]
}

fn files() -> impl Strategy<Value = Files> {
    let name = prop::sample::select(vec!["a.txt", "b/c.rs", "b/d.rs", "e"]);
    let line = prop::sample::select(vec!["one", "  two", "", "ä€😀", "\tthree", "one "]);
    let end = prop::sample::select(vec!["\n", "\r\n"]);
    let last = prop::sample::select(vec!["", "last"]);
    let text = (prop::collection::vec(line, 0..8), end, last, any::<bool>()).prop_map(
        |(lines, end, last, bom)| {
            let mut text = String::from(if bom { "\u{feff}" } else { "" });
            for line in lines {
                text += line;
                text += end;
            }
            text + last
        },
    );
    prop::collection::btree_map(
        name.prop_map(str::to_owned),
        text.prop_map(String::into_bytes),
        1..4,
    )
}

/// Edits that fit the files: lines of theirs are replaced, or the file is
/// written, removed or moved.
fn edits(files: &Files, choices: &[(Index, Index, u8, String)]) -> Vec<ParsedItem> {
    let names: Vec<&String> = files.keys().collect();
    choices
        .iter()
        .map(|(which, line, kind, new)| {
            let name = *which.get(&names);
            let text = String::from_utf8(files[name].clone()).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            let action = match kind % 5 {
                0 => EditAction::Delete { content: None },
                1 => EditAction::Write { content: new.clone(), naming: Naming::Clear },
                2 => EditAction::Rename { to: format!("moved/{name}"), hunks: Vec::new() },
                _ if lines.is_empty() => {
                    EditAction::Write { content: new.clone(), naming: Naming::Clear }
                }
                _ => EditAction::Replace {
                    search: format!("{}\n", line.get(&lines)),
                    replace: new.clone(),
                },
            };
            let range = mlxcode_base::TextRange::default();
            ParsedItem::Edit(EditBlock {
                path: name.clone(),
                action,
                executable: None,
                range,
                line: 1,
            })
        })
        .collect()
}

fn choices() -> impl Strategy<Value = Vec<(Index, Index, u8, String)>> {
    prop::collection::vec((any::<Index>(), any::<Index>(), any::<u8>(), "[ab \n]{0,12}"), 1..5)
}

proptest! {
    #[test]
    fn however_a_reply_is_cut_the_same_items_come(reply in reply(), cuts in prop::collection::vec(any::<Index>(), 0..6)) {
        let bytes: Vec<u8> =
            reply.bytes().map(|byte| if byte == 1 { 0xff } else { byte }).collect();
        let items = |cuts: &[usize]| {
            let mut parser = ReplyParser::new();
            let pieces = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
            let mut items: Vec<_> = pieces.flat_map(|piece| parser.push_bytes(piece)).collect();
            items.extend(parser.finish());
            items
        };
        let whole = items(&[0, bytes.len()]);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        prop_assert_eq!(items(&cuts), whole.clone());
        let every: Vec<usize> = (0..=bytes.len()).collect();
        prop_assert_eq!(items(&every), whole);
    }

    #[test]
    fn ranges_stay_inside_the_reply_and_in_order(reply in reply()) {
        for item in parse_reply(&reply) {
            let (range, line) = (item.range(), item.line());
            prop_assert!(range.start <= range.end && range.end <= reply.len());
            prop_assert!(reply.get(range.start..range.end).is_some());
            prop_assert_eq!(reply[..range.start].matches('\n').count() + 1, line);
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(reply in "\\PC{0,200}") {
        parse_reply(&reply);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn undo_gives_back_every_byte(files in files(), choices in choices()) {
        let tree = Tree::new(&files);
        let folders = tree.folders();
        let items = edits(&files, &choices);
        let plan = EditPlan::resolve(&tree.root, &items, &ResolveOptions::default()).unwrap();
        let mut journal = tree.open_journal();
        if plan.is_applicable() {
            apply(&plan, &mut journal, "test").unwrap();
            for change in plan.changes() {
                let path = change.to.as_ref().unwrap_or(&change.path);
                let now = std::fs::read(tree.root.resolve(path).unwrap()).ok();
                prop_assert_eq!(now.as_deref(), change.after().map(str::as_bytes));
            }
            journal.undo(None).unwrap();
        } else {
            prop_assert!(apply(&plan, &mut journal, "test").is_err());
        }
        prop_assert_eq!(tree.files(), files);
        prop_assert_eq!(tree.folders(), folders);
    }

    #[test]
    fn any_reply_is_applied_whole_or_not_at_all(reply in blocks()) {
        let tree = Tree::of(&[("a.txt", "one\n  two\n\none\n"), ("b/c.rs", "one\r\n  two")]);
        let (files, folders) = (tree.files(), tree.folders());
        let plan = tree.plan(&reply);
        let applied = apply(&plan, &mut tree.open_journal(), "test");
        prop_assert_eq!(applied.is_ok(), plan.is_applicable());
        for change in plan.changes().iter().filter(|_| applied.is_ok()) {
            let path = change.to.as_ref().unwrap_or(&change.path);
            let now = std::fs::read(tree.path(path.as_str())).ok();
            prop_assert_eq!(now.as_deref(), change.after().map(str::as_bytes));
        }
        if applied.is_ok() {
            prop_assert_ne!(tree.files(), files.clone());
            tree.undo(None).unwrap();
        }
        prop_assert_eq!((tree.files(), tree.folders()), (files, folders));
    }

    #[test]
    fn the_shown_diff_makes_the_same_change(files in files(), choices in choices()) {
        let tree = Tree::new(&files);
        let plan = EditPlan::resolve(&tree.root, &edits(&files, &choices), &ResolveOptions::default()).unwrap();
        for change in plan.changes().iter().filter(|change| change.to.is_none()) {
            let (Some(before), Some(after)) = (change.before(), change.after()) else { continue };
            // Our own patch format says nothing of marks and line ends.
            if before.contains(['\r', '\u{feff}']) || after.contains('\r') { continue }
            let alone = Tree::of(&[(change.path.as_str(), before)]);
            let diff = format!("```diff\n{}```\n", change.diff());
            let plan = alone.plan(&diff);
            prop_assert!(plan.is_applicable(), "{}\n{:?}", diff, plan.refusals());
            prop_assert_eq!(plan.changes()[0].after(), Some(after), "{}", diff);
        }
    }

    #[test]
    fn nothing_outside_the_root_is_ever_touched(path in "(\\.\\./|/|a/|\\./|\\.git/|x){0,6}") {
        let tree = Tree::of(&[("a/x", "one\n")]);
        let root: &Root = &tree.root;
        let reply = format!("*** Begin Patch\n*** Add File: {path}\n+new\n*** End Patch\n");
        let plan = tree.plan(&reply);
        for change in plan.changes() {
            prop_assert!(root.resolve(&change.path).unwrap().starts_with(root.path()));
            prop_assert!(RelPath::new(change.path.as_str()).is_ok());
        }
    }
}

/// What two people do with the same files, one after the other.
#[derive(Clone, Debug)]
enum Act {
    /// We replace a line of ours.
    Ours(Index, String),
    /// The user adds a line that nobody else writes.
    Users(Index),
    Undo(Index),
    Redo(Index),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (any::<Index>(), "[ab\n]{0,6}").prop_map(|(at, text)| Act::Ours(at, text)),
        3 => any::<Index>().prop_map(Act::Users),
        2 => any::<Index>().prop_map(Act::Undo),
        1 => any::<Index>().prop_map(Act::Redo),
    ];
    prop::collection::vec(act, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn undo_and_redo_are_inverses_on_bytes_modes_and_links(files in files(), choices in choices()) {
        let tree = Tree::new(&files);
        #[cfg(unix)]
        {
            use std::os::unix::fs::{PermissionsExt, symlink};
            for (number, name) in files.keys().enumerate() {
                let mode = [0o644, 0o600, 0o755, 0o640][number % 4];
                let permissions = std::fs::Permissions::from_mode(mode);
                std::fs::set_permissions(tree.path(name), permissions).unwrap();
                symlink(name, tree.path(&format!("link{number}"))).unwrap();
            }
        }
        let before = tree.state();
        let plan = EditPlan::resolve(&tree.root, &edits(&files, &choices), &ResolveOptions::default()).unwrap();
        if plan.is_applicable() {
            let mut journal = tree.open_journal();
            apply(&plan, &mut journal, "test").unwrap();
            let after = tree.state();
            for _ in 0..2 {
                journal.undo(None).unwrap();
                prop_assert_eq!(&tree.state(), &before);
                journal.redo(None).unwrap();
                prop_assert_eq!(&tree.state(), &after);
            }
            prop_assert!(journal.verify_audit(None).unwrap().is_intact());
        }
    }

    #[test]
    fn whatever_happens_between_the_users_lines_stay(acts in acts()) {
        let start = (0..8).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat();
        let tree = Tree::of(&[("a.txt", &start), ("b.txt", &start)]);
        let mut journal = tree.open_journal();
        let mut mine: Vec<(&str, String)> = Vec::new();
        for (number, act) in acts.iter().enumerate() {
            let id = |at: &Index| {
                let ids: Vec<String> = journal.entries().iter().map(|e| e.id.clone()).collect();
                (!ids.is_empty()).then(|| at.get(&ids).clone())
            };
            let before = tree.files();
            match act {
                Act::Ours(at, new) => {
                    let name = ["a.txt", "b.txt"][number % 2];
                    let text = tree.read(name);
                    let ours: Vec<&str> =
                        text.lines().filter(|line| line.starts_with("line ")).collect();
                    if ours.is_empty() {
                        continue;
                    }
                    let line = at.get(&ours);
                    let replace = format!("line {number}{}\n{new}", "x");
                    let edit = ParsedItem::Edit(EditBlock {
                        path: name.to_owned(),
                        action: EditAction::Replace { search: format!("{line}\n"), replace },
                        executable: None,
                        range: mlxcode_base::TextRange::default(),
                        line: 1,
                    });
                    let plan = EditPlan::resolve(&tree.root, &[edit], &ResolveOptions::default()).unwrap();
                    if plan.is_applicable() {
                        apply(&plan, &mut journal, "test").unwrap();
                    }
                }
                Act::Users(at) => {
                    let name = ["a.txt", "b.txt"][number % 2];
                    let text = tree.read(name);
                    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
                    let own = format!("user {number}\n");
                    lines.insert(at.index(lines.len() + 1), &own);
                    // A last line without its end would swallow it.
                    if text.is_empty() || text.ends_with('\n') {
                        tree.write(name, &lines.concat());
                        mine.push((name, own));
                    }
                }
                Act::Undo(at) => {
                    if let Some(id) = id(at)
                        && journal.undo(Some(&id)).is_err()
                    {
                        prop_assert_eq!(tree.files(), before);
                    }
                }
                Act::Redo(at) => {
                    if let Some(id) = id(at)
                        && journal.redo(Some(&id)).is_err()
                    {
                        prop_assert_eq!(tree.files(), before);
                    }
                }
            }
            for (name, own) in &mine {
                let text = tree.read(name);
                prop_assert!(text.split_inclusive('\n').any(|line| line == own), "{own:?} of {text:?}");
            }
        }
    }
}
