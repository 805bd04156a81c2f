//! The names of a file, however somebody spelled it.

use std::fs;
use std::path::{Component, Path, PathBuf};

use mlxcode_base::Root;

/// What rules compare of a file: a rule about `secrets/**` is about
/// `src/../secrets/key` too, and about a link that leads there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FileNames {
    /// Its paths relative to the root: without `.` and `..`, and where its
    /// links lead.
    pub inside: Vec<String>,
    /// How it is spelled besides.
    pub others: Vec<String>,
    /// Whether it lies below the root for sure.
    pub is_inside: bool,
}

impl FileNames {
    /// The names of a file that is spelled so. Links are followed where the
    /// root is known.
    pub fn of(root: Option<&Root>, path: &str) -> Self {
        let spelled = spelled(root, path);
        let real = match root {
            Some(root) if !starts_at_home(path) => real(root, path),
            Some(_) => None,
            None => spelled.clone().map(Ok),
        };
        let mut names = Self { is_inside: spelled.is_some(), ..Self::default() };
        names.inside.extend(spelled);
        match real {
            Some(Ok(real)) if names.inside.contains(&real) => {}
            Some(Ok(real)) => names.inside.push(real),
            Some(Err(elsewhere)) => {
                names.others.push(elsewhere);
                names.is_inside = false;
            }
            None => names.is_inside = false,
        }
        names.others.push(path.trim_start_matches("./").to_owned());
        names
    }

    /// The names of what is one path among several that a word may be.
    pub fn as_spelled(root: Option<&Root>, path: &str) -> Self {
        let inside: Vec<String> = spelled(root, path).into_iter().collect();
        Self { is_inside: !inside.is_empty(), inside, others: vec![path.to_owned()] }
    }
}

/// The shell puts a folder there that lies elsewhere.
fn starts_at_home(path: &str) -> bool {
    path.starts_with('~')
}

/// The path relative to the root by its letters alone.
fn spelled(root: Option<&Root>, path: &str) -> Option<String> {
    // Other systems part paths there, and a name like that is no name of a
    // project's file.
    let leads_up = path.contains('\\') && path.split(['/', '\\']).any(|part| part == "..");
    if starts_at_home(path) || path.starts_with('\\') || leads_up {
        return None;
    }
    let path = Path::new(path);
    match root {
        Some(root) => below(root, &plain(&root.path().join(path))?).ok(),
        None if path.has_root() || path.is_absolute() => None,
        None => Some(in_words(&plain(path)?)),
    }
}

/// Where a path leads, or an absolute path where that is elsewhere. `None`
/// where nobody can tell.
fn real(root: &Root, path: &str) -> Option<Result<String, String>> {
    let mut place = root.path().join(path);
    let mut missing = Vec::new();
    loop {
        if let Ok(found) = fs::canonicalize(&place) {
            let whole = missing.iter().rev().fold(found, |at: PathBuf, part| at.join(part));
            return Some(below(root, &whole));
        }
        // A link without its target leads wherever that is made.
        if fs::symlink_metadata(&place).is_ok_and(|found| found.is_symlink()) {
            return None;
        }
        missing.push(place.file_name()?.to_owned());
        if !place.pop() {
            return None;
        }
    }
}

fn below(root: &Root, place: &Path) -> Result<String, String> {
    match place.strip_prefix(root.path()) {
        Ok(below) => Ok(in_words(below)),
        Err(_) => Err(place.to_string_lossy().into_owned()),
    }
}

/// A path without `.` and `..`; `None` where it leads above its beginning.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if plain.pop() => {}
            Component::ParentDir => return None,
            other => plain.push(other),
        }
    }
    Some(plain)
}

fn in_words(path: &Path) -> String {
    let parts = path.components().map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "makes a tree to look at")]
    fn a_file_has_one_name_however_it_is_spelled() {
        let temp = tempfile::tempdir().unwrap();
        let place = temp.path().join("tree");
        for folder in ["src", "secrets/deep"] {
            fs::create_dir_all(place.join(folder)).unwrap();
        }
        fs::write(place.join("secrets/key"), "x").unwrap();
        fs::write(temp.path().join("key"), "x").unwrap();
        for (target, link) in
            [("secrets", "link"), ("secrets/deep", "deep"), ("..", "above"), ("none", "dangling")]
        {
            std::os::unix::fs::symlink(target, place.join(link)).unwrap();
        }
        let root = Root::open(&place).unwrap();
        let absolute = |path: &str| format!("{}/{path}", root.path().display());
        for (path, inside, is_inside) in [
            ("secrets/key", &["secrets/key"][..], true),
            ("./secrets//./key", &["secrets/key"], true),
            ("src/../secrets/key", &["secrets/key"], true),
            ("none/../secrets/key", &["secrets/key"], false),
            ("../tree/secrets/key", &["secrets/key"], true),
            (&absolute("secrets/key"), &["secrets/key"], true),
            (&absolute("src/../secrets/new"), &["secrets/new"], true),
            ("link/key", &["link/key", "secrets/key"], true),
            ("deep/../key", &["key", "secrets/key"], true),
            ("link/new/one", &["link/new/one", "secrets/new/one"], true),
            ("above/key", &["above/key"], false),
            ("dangling", &["dangling"], false),
            ("", &[""], true),
            (".", &[""], true),
            ("../key", &[], false),
            ("/etc/passwd", &[], false),
            ("~/key", &[], false),
            ("\\\\server\\x", &[], false),
            ("src\\..\\..\\x", &[], false),
        ] {
            let names = FileNames::of(Some(&root), path);
            let spelled_so: Vec<&str> = names.inside.iter().map(String::as_str).collect();
            // What is no path of this system may be a name of it.
            let expect: Vec<&str> =
                if path.contains('\\') { spelled_so.clone() } else { inside.to_vec() };
            assert_eq!((spelled_so, names.is_inside), (expect, is_inside), "{path}");
        }
        let elsewhere = FileNames::of(Some(&root), "above/key").others;
        assert!(Path::new(&elsewhere[0]).is_absolute(), "{elsewhere:?}");
        for (path, inside) in [
            ("a/./b/../c", Some("a/c")),
            ("a/../..", None),
            ("/a", None),
            ("..", None),
            ("~", None),
        ] {
            let names = FileNames::of(None, path);
            assert_eq!(names.inside.first().map(String::as_str), inside, "{path}");
            assert_eq!(names.is_inside, inside.is_some(), "{path}");
        }
    }
}
