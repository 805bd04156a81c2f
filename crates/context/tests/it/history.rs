//! What lies around the files: what was said of their changes, and what is open.

use std::process::Command;

use mlxcode_base::RelPath;
use mlxcode_context::{CodeIndex, Hit, HitReason, SearchOptions, WalkOptions};

use crate::support::{Ground, update};

fn git(ground: &Ground, args: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
        .args(args)
        .current_dir(ground.root.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn commit(ground: &Ground, name: &str, text: &str, message: &str) {
    ground.write(name, text);
    git(ground, &["add", "--all"]);
    git(ground, &["commit", "--quiet", "-m", message]);
}

/// Two files that hold the same words.
fn repository() -> (Ground, CodeIndex) {
    let ground = Ground::new();
    git(&ground, &["init", "--quiet", "--initial-branch=main"]);
    commit(&ground, "a.py", "def send_one(port):\n    return port\n", "Begin");
    commit(&ground, "b.py", "def send_two(port):\n    return port\n", "Retry when the peer hangs");
    let index = ground.index("index");
    (ground, index)
}

fn search(index: &CodeIndex, query: &str) -> Vec<Hit> {
    index.search(query, &SearchOptions::default()).unwrap()
}

fn commit_of(hit: &Hit) -> Option<&str> {
    hit.reasons.iter().find_map(|reason| match reason {
        HitReason::History { commit } => Some(commit.as_str()),
        _ => None,
    })
}

#[test]
fn what_was_said_of_a_change_finds_its_files() {
    let (ground, index) = repository();
    update(&index);
    let hits = search(&index, "which port hangs at a peer?");
    assert_eq!(hits[0].path.as_str(), "b.py", "{hits:?}");
    assert_eq!(commit_of(&hits[0]).map(str::len), Some(12));

    // Another commit is read without the ones before, and is there at once.
    commit(&ground, "a.py", "def send_one(port):\n    return port + 1\n", "Quench the spool");
    update(&index);
    let hits = search(&index, "port of the quenched spool");
    assert_eq!(hits[0].path.as_str(), "a.py", "{hits:?}");
    assert_eq!(search(&index, "which port hangs at a peer?")[0].path.as_str(), "b.py");
    let same = |index: &CodeIndex| {
        let hits = search(index, "port of the quenched spool");
        hits.into_iter().map(|hit| (hit.path, hit.score.to_bits())).collect::<Vec<_>>()
    };
    assert_eq!(same(&index), same(&ground.fresh()));

    // Where the last commit is not held any more, all is read anew.
    git(&ground, &["reset", "--quiet", "--hard", "HEAD~1"]);
    update(&index);
    let hits = search(&index, "port of the quenched spool");
    assert!(hits.iter().all(|hit| commit_of(hit).is_none()), "{hits:?}");
}

#[test]
fn what_is_changed_with_the_best_file_stands_higher() {
    let ground = Ground::new();
    git(&ground, &["init", "--quiet", "--initial-branch=main"]);
    let same = "def send(port):\n    return port\n";
    // Which of the two lies before the other must not decide.
    for (one, other) in [("a.py", "z.py"), ("z.py", "a.py")] {
        for round in 0..4 {
            ground.write("spool.py", &format!("def quench_spool(port):\n    return {round}\n"));
            commit(&ground, one, &format!("{same}# {round}\n"), "Work");
        }
        for round in 0..4 {
            commit(&ground, other, &format!("{same}# {round}\n"), "Work");
        }
        commit(&ground, "a.py", same, "Same");
        commit(&ground, "z.py", same, "Same");
        let index = ground.index(one);
        update(&index);
        let hits = search(&index, "quench the spool of a port");
        let order: Vec<&str> = hits.iter().map(|hit| hit.path.as_str()).collect();
        assert_eq!(order, ["spool.py", one, other], "{hits:?}");
        let with = HitReason::Together { path: RelPath::new("spool.py").unwrap() };
        assert!(hits[1].reasons.contains(&with), "{:?}", hits[1].reasons);
        assert!(!hits[2].reasons.contains(&with), "{:?}", hits[2].reasons);
        git(&ground, &["checkout", "--quiet", "--orphan", &format!("after-{one}")]);
        git(&ground, &["rm", "--quiet", "-r", "-f", "."]);
    }
}

#[test]
fn a_tree_without_a_repository_has_no_history() {
    let (ground, index) = repository();
    update(&index);
    std::fs::remove_dir_all(ground.root.path().join(".git")).unwrap();
    update(&index);
    let hits = search(&index, "which port hangs at a peer?");
    assert!(!hits.is_empty() && hits.iter().all(|hit| commit_of(hit).is_none()), "{hits:?}");
}

#[test]
fn a_folder_of_a_repository_has_its_own_part_of_the_history() {
    let ground = Ground::new();
    git(&ground, &["init", "--quiet", "--initial-branch=main"]);
    commit(&ground, "part/a.py", "def one(port):\n    return port\n", "Begin");
    commit(&ground, "part/b.py", "def two(port):\n    return port\n", "Retry when the peer hangs");
    let root = mlxcode_base::Root::open(&ground.root.path().join("part")).unwrap();
    let index = CodeIndex::open(&ground.place("part"), &root, WalkOptions::default()).unwrap();
    update(&index);
    let hits = search(&index, "which port hangs at a peer?");
    assert_eq!(hits[0].path.as_str(), "b.py", "{hits:?}");
    assert!(commit_of(&hits[0]).is_some());
}

#[test]
fn what_is_near_to_open_files_stands_higher() {
    let ground = Ground::new();
    ground.write("web/one.js", "export function send(port) { return port }\n");
    ground.write("web/two.js", "export function send(port) { return port }\n");
    ground.write("app/main.js", "import { send } from '../web/two.js'\nsend(1)\n");
    let index = ground.index("index");
    update(&index);
    let first = |open: &[&str]| {
        let open = open.iter().map(|path| RelPath::new(path).unwrap()).collect();
        let options = SearchOptions::default().open_files(open);
        index.search("send to a port", &options).unwrap().remove(0)
    };
    assert_eq!(first(&[]).path.as_str(), "web/one.js");
    let hit = first(&["app/main.js"]);
    assert_eq!(hit.path.as_str(), "web/two.js");
    let near = HitReason::Near { path: RelPath::new("app/main.js").unwrap() };
    assert!(hit.reasons.contains(&near), "{:?}", hit.reasons);
    assert_eq!(first(&["web/two.js"]).path.as_str(), "web/two.js");
    assert_eq!(first(&["gone.js"]).path.as_str(), "web/one.js");
}
