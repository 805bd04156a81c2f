use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::policy::GUARDED;

struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        tree.write(".git/config", "[core]\n");
        tree.write(".git/hooks/pre-commit", "#!/bin/sh\n");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(tree.at(".git/hooks/pre-commit"), mode).unwrap();
        tree.write(".git/modules/libs/one/config", "[core]\n\tworktree = x\n");
        tree.write(".git/objects/ab/cd", "object");
        tree.write(".mlx-code.json", "{}");
        tree.write(".mlx-code/prompts/ask.md", "ask");
        tree.write("src/main.rs", "fn main() {}");
        tree
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    fn guard(&self) -> Guard {
        Guard::read(self.0.path(), &GUARDED.map(str::to_owned)).unwrap()
    }

    /// All that is below the root, with what it holds.
    fn all(&self) -> BTreeMap<PathBuf, Kept> {
        entries(self.0.path(), &["*".to_owned()], Some(MOST_BYTES)).unwrap()
    }
}

/// After `change`, `places` are put back and the tree is as it was.
fn check(places: &[&str], change: impl FnOnce(&Tree)) {
    let tree = Tree::new();
    let (before, guard) = (tree.all(), tree.guard());
    change(&tree);
    let put_back = guard.put_back().unwrap();
    assert_eq!(put_back, places.iter().map(PathBuf::from).collect::<Vec<_>>());
    assert_eq!(tree.all(), before);
    assert!(guard.put_back().unwrap().is_empty());
}

#[test]
fn what_was_changed_comes_back_as_it_was() {
    check(&[], |_| {});
    check(&[".git/config"], |tree| tree.write(".git/config", "[core]\nfsmonitor = evil\n"));
    check(&[".git/config"], |tree| fs::remove_file(tree.at(".git/config")).unwrap());
    check(&[".git/hooks/post-merge"], |tree| tree.write(".git/hooks/post-merge", "evil"));
    check(&[".git/hooks/pre-commit"], |tree| {
        let mode = fs::Permissions::from_mode(0o644);
        fs::set_permissions(tree.at(".git/hooks/pre-commit"), mode).unwrap();
    });
    check(&[".git/hooks", ".git/hooks/pre-commit"], |tree| {
        fs::remove_dir_all(tree.at(".git/hooks")).unwrap();
    });
    check(&[".git/commondir"], |tree| tree.write(".git/commondir", "/tmp/evil"));
    check(&[".git/modules/libs/one/config"], |tree| {
        tree.write(".git/modules/libs/one/config", "evil");
    });
    check(&[".mlx-code-more.json"], |tree| tree.write(".mlx-code-more.json", "{}"));
    check(&[".mlx-code/prompts", ".mlx-code/prompts/ask.md"], |tree| {
        fs::remove_dir_all(tree.at(".mlx-code/prompts")).unwrap();
        symlink("/etc", tree.at(".mlx-code/prompts")).unwrap();
    });
}

#[test]
fn a_link_in_place_of_a_file_or_a_folder_is_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    let (target, folder) = (outside.path().join("target"), outside.path().join("hooks"));
    fs::write(&target, "theirs").unwrap();
    fs::create_dir(&folder).unwrap();
    check(&[".git/config"], |tree| {
        fs::remove_file(tree.at(".git/config")).unwrap();
        symlink(&target, tree.at(".git/config")).unwrap();
    });
    check(&[".git/hooks", ".git/hooks/pre-commit"], |tree| {
        fs::remove_dir_all(tree.at(".git/hooks")).unwrap();
        symlink(&folder, tree.at(".git/hooks")).unwrap();
    });
    assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn a_repository_that_was_moved_away_gets_its_configuration_back() {
    let tree = Tree::new();
    let guard = tree.guard();
    fs::rename(tree.at(".git"), tree.at("moved")).unwrap();
    symlink("moved", tree.at(".git")).unwrap();
    tree.write("moved/config", "evil");
    guard.put_back().unwrap();
    assert!(fs::symlink_metadata(tree.at(".git")).unwrap().is_dir());
    assert_eq!(fs::read_to_string(tree.at(".git/config")).unwrap(), "[core]\n");
}

#[test]
fn a_work_trees_pointer_is_guarded_and_a_new_repository_loses_what_it_would_run() {
    let tree = Tree(tempfile::tempdir().unwrap());
    tree.write(".git", "gitdir: /elsewhere\n");
    let guard = tree.guard();
    tree.write(".git", "gitdir: evil\n");
    assert_eq!(guard.put_back().unwrap(), [PathBuf::from(".git")]);
    assert_eq!(fs::read_to_string(tree.at(".git")).unwrap(), "gitdir: /elsewhere\n");

    let tree = Tree(tempfile::tempdir().unwrap());
    let guard = tree.guard();
    tree.write(".git/config", "[core]\n");
    tree.write(".git/HEAD", "ref: refs/heads/main\n");
    assert_eq!(guard.put_back().unwrap(), [PathBuf::from(".git/config")]);
    assert!(tree.at(".git/HEAD").exists());
}

#[test]
fn too_much_is_refused_before_and_found_out_after() {
    let tree = Tree::new();
    let guard = tree.guard();
    let file = fs::File::create(tree.at(".git/hooks/large")).unwrap();
    file.set_len(MOST_BYTES + 1).unwrap();
    let error = Guard::read(tree.0.path(), &GUARDED.map(str::to_owned)).unwrap_err();
    assert!(matches!(error, Error::GuardTooLarge { .. }), "{error:?}");
    assert_eq!(guard.put_back().unwrap(), [PathBuf::from(".git/hooks/large")]);
}
