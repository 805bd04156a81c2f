//! The same conversation in projects of others: a change that breaks a file,
//! the check that finds it, the repair, and the way back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_core::{Event, TurnEnd};
use serde_json::json;

use super::world::{World, ask, block, git, model, yes};

/// Files that are changed in a project.
const FILES: usize = 12;

/// A way to break a file of a language, and a comment there.
const LANGUAGES: [(&str, &str, &str); 6] = [
    ("py", "def broken(:\n", "# looked at\n"),
    ("rs", "fn broken( {\n", "// looked at\n"),
    ("js", "function broken( {\n", "// looked at\n"),
    ("ts", "function broken( {\n", "// looked at\n"),
    ("go", "func broken( {\n", "// looked at\n"),
    ("c", "int broken( {\n", "// looked at\n"),
];

#[test]
#[ignore = "reads projects of others; run by the command in CONTRIBUTING.md"]
fn projects_of_others() {
    let trees = std::env::var("MLXCODE_TREES").unwrap();
    let mut changed = 0;
    for project in fs::read_dir(trees).unwrap().flatten().filter(|one| one.path().is_dir()) {
        let world = World::copied(&project.path(), &json!({}));
        let root = world.root();
        git(root, &["init", "--quiet"]);
        git(root, &["add", "--all", "--force"]);
        git(root, &["commit", "--quiet", "--message", "as it was"]);
        let before = git(root, &["write-tree"]);
        let files = files(root);
        let mut here = 0;
        for (path, line) in &files {
            here += usize::from(change(&world, path, line));
        }
        println!(
            "{}: {here} of {} files were broken and mended",
            project.file_name().display(),
            files.len()
        );
        git(root, &["add", "--all", "--force"]);
        assert_eq!(git(root, &["write-tree"]), before, "{:?} is another", project.path());
        changed += here;
    }
    assert!(changed > 40, "{changed} files");
}

/// Breaks and mends one file by its line, and takes both back. False where it
/// was not broken.
fn change(world: &World, path: &str, line: &str) -> bool {
    let extension = path.rsplit_once('.').unwrap().1;
    let (_, broken, comment) = LANGUAGES.iter().find(|one| one.0 == extension).unwrap();
    let with = |what: &str| format!("{line}{what}");
    let (model, _) =
        model(&[&block(path, line, &with(broken)), &block(path, &with(broken), &with(comment))]);
    let original = fs::read(world.root().join(path)).unwrap();
    let events = ask(&world.session(&model), &format!("Look at @{path}."), yes);
    let end = events.last().unwrap();
    let Event::Finished { reason, .. } = end else { panic!("{end:?}") };
    assert_eq!(*reason, TurnEnd::Done, "{path}: {}", world.told(&events));
    let is_failure = |event: &&Event| matches!(event, Event::Checked { ok: false, .. });
    // In a comment nothing is broken, and the second reply is never asked for.
    let was_mended = events.iter().any(|event| is_failure(&event));
    let wanted = if was_mended { with(comment) } else { with(broken) };
    let text = String::from_utf8_lossy(&original).replacen(line, &wanted, 1);
    assert_eq!(world.text(path), text, "{path}");
    let applied = events.iter().filter(|event| matches!(event, Event::Applied { .. })).count();
    assert_eq!(applied, 1 + usize::from(was_mended), "{path}");
    for _ in 0..applied {
        world.workspace.undo(None).unwrap();
    }
    assert_eq!(fs::read(world.root().join(path)).unwrap(), original, "{path}");
    was_mended
}

/// Files with a line that stands in them once, the largest first.
fn files(root: &Path) -> BTreeMap<String, String> {
    let listed = git(root, &["ls-files"]);
    let is_known = |path: &&str| {
        path.rsplit_once('.').is_some_and(|(_, end)| LANGUAGES.iter().any(|one| one.0 == end))
    };
    let mut sized: Vec<(u64, &str)> = listed
        .lines()
        .filter(is_known)
        .filter_map(|path| Some((fs::metadata(root.join(PathBuf::from(path))).ok()?.len(), path)))
        .filter(|(bytes, _)| *bytes < 200_000)
        .collect();
    sized.sort_unstable_by(|one, other| other.cmp(one));
    let mut found = BTreeMap::new();
    for (_, path) in sized {
        let Ok(text) = fs::read_to_string(root.join(path)) else { continue };
        let starts = |line: &&str| {
            ["import ", "from ", "use ", "const ", "#include "]
                .iter()
                .any(|one| line.starts_with(one))
        };
        let whole = |line: &&str| {
            line.ends_with(";\n")
                || !line.contains(['(', '{', '\\', ','])
                    && line.ends_with('\n')
                    && !line.ends_with("\r\n")
        };
        let line = text
            .split_inclusive('\n')
            .filter(starts)
            .filter(whole)
            .find(|line| text.matches(*line).count() == 1);
        if let Some(line) = line {
            found.insert(path.to_owned(), line.to_owned());
        }
        if found.len() == FILES {
            break;
        }
    }
    found
}
