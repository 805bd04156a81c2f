//! The commit that is checked out, read from the repository's files: a look
//! that is cheap enough for every search.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Names of branches lead to other names at most so often.
const MOST_STEPS: usize = 5;

/// Longer files are no names.
const MOST_NAME_BYTES: u64 = 4 << 10;

/// A list of packed names may be long.
const MOST_PACKED_BYTES: u64 = 32 << 20;

/// The commit's name; `None` where these files do not tell, as before the
/// first commit and in repositories that keep their names in another way.
pub fn read(work_tree: &Path) -> Option<String> {
    let git = folder(work_tree)?;
    let common = match small(&git.join("commondir")) {
        Some(name) => git.join(name.trim()),
        None => git.clone(),
    };
    let mut name = small(&git.join("HEAD"))?;
    for _ in 0..MOST_STEPS {
        let Some(reference) = name.trim().strip_prefix("ref:").map(str::trim) else {
            return is_id(name.trim()).then(|| name.trim().to_owned());
        };
        let inside = reference.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !inside || !reference.starts_with("refs/") {
            return None;
        }
        name = small(&git.join(reference))
            .or_else(|| small(&common.join(reference)))
            .or_else(|| packed(&common, reference))?;
    }
    None
}

fn folder(work_tree: &Path) -> Option<PathBuf> {
    let git = work_tree.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let pointer = small(&git)?;
    Some(work_tree.join(pointer.strip_prefix("gitdir:")?.trim()))
}

fn packed(common: &Path, reference: &str) -> Option<String> {
    let text = text(&common.join("packed-refs"), MOST_PACKED_BYTES)?;
    let found = text.lines().find_map(|line| {
        let (id, name) = line.split_once(' ')?;
        (name == reference).then_some(id)
    });
    found.map(str::to_owned)
}

fn is_id(name: &str) -> bool {
    matches!(name.len(), 40 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn small(path: &Path) -> Option<String> {
    text(path, MOST_NAME_BYTES)
}

fn text(path: &Path, most: u64) -> Option<String> {
    let mut text = String::new();
    let file = fs::File::open(path).ok()?;
    file.take(most).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write what they read")]
mod tests {
    use super::*;

    #[test]
    fn the_tip_is_found_wherever_it_stands() {
        let temp = tempfile::tempdir().unwrap();
        let git = temp.path().join(".git");
        fs::create_dir_all(git.join("refs/heads")).unwrap();
        let (one, other) = ("a".repeat(40), "b".repeat(40));
        let put = |name: &str, text: &str| fs::write(git.join(name), text).unwrap();
        assert_eq!(read(temp.path()), None);
        put("HEAD", &format!("{one}\n"));
        assert_eq!(read(temp.path()).as_ref(), Some(&one));
        put("HEAD", "ref: refs/heads/main\n");
        assert_eq!(read(temp.path()), None);
        put("packed-refs", &format!("# pack-refs\n{one} refs/heads/main\n^{other}\n"));
        assert_eq!(read(temp.path()).as_ref(), Some(&one));
        put("refs/heads/main", &format!("{other}\n"));
        assert_eq!(read(temp.path()).as_ref(), Some(&other));
        for odd in ["ref: ../../secret", "ref: refs/../x", "text", ""] {
            put("HEAD", odd);
            assert_eq!(read(temp.path()), None, "{odd}");
        }
    }

    #[test]
    fn a_linked_work_tree_has_its_names_elsewhere() {
        let temp = tempfile::tempdir().unwrap();
        let place = temp.path().join("main/.git/worktrees/side");
        fs::create_dir_all(&place).unwrap();
        let tree = temp.path().join("side");
        fs::create_dir(&tree).unwrap();
        let id = "c".repeat(40);
        fs::write(tree.join(".git"), "gitdir: ../main/.git/worktrees/side\n").unwrap();
        fs::write(place.join("HEAD"), "ref: refs/heads/side\n").unwrap();
        fs::write(place.join("commondir"), "../..\n").unwrap();
        fs::write(temp.path().join("main/.git/packed-refs"), format!("{id} refs/heads/side\n"))
            .unwrap();
        assert_eq!(read(&tree), Some(id));
    }
}
