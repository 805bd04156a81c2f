//! A path from a reply: whatever it says, it stays below the root and out of
//! `.git`, and reading it again gives the same.

#![no_main]

use std::path::{Component, Path};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mlxcode_base::{RelPath, Root};

/// A root with a folder, links that stay inside and links that lead out.
static TREE: LazyLock<(tempfile::TempDir, Root)> = LazyLock::new(|| {
    let temp = tempfile::tempdir().expect("a temporary folder");
    let root = temp.path().join("root");
    for folder in ["root/a/b", "root/.git/hooks", "outside"] {
        std::fs::create_dir_all(temp.path().join(folder)).expect("a folder");
    }
    std::fs::write(root.join("a/f"), "text").expect("a file");
    #[cfg(unix)]
    for (target, link) in
        [("a", "in"), ("../outside", "out"), (".git", "git"), ("nowhere", "gone"), ("loop", "loop")]
    {
        std::os::unix::fs::symlink(target, root.join(link)).expect("a link");
    }
    let root = Root::open(&root).expect("the root");
    (temp, root)
});

fuzz_target!(|text: &str| {
    let Ok(path) = RelPath::new(text) else { return };
    assert!(RelPath::new(path.as_str()).is_ok_and(|again| again == path));
    assert!(!path.as_str().is_empty() && path.parts().all(|part| !part.is_empty()));
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    assert!(Path::new(path.as_str()).components().all(plain), "{path}");
    for part in path.parts() {
        // What file systems ignore when they compare names: what HFS+ calls
        // ignorable (Apple's TN1150), and dots and spaces at the end.
        let unseen = |c: char| {
            let ranges =
                ['\u{200c}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{206a}'..='\u{206f}'];
            ranges.iter().any(|range| range.contains(&c)) || c == '\u{feff}'
        };
        let seen: String = part.chars().filter(|c| !unseen(*c)).collect();
        let seen = seen.trim_end_matches(['.', ' ']).to_ascii_lowercase();
        assert!(seen != ".git" && seen != "git~1", "{path}");
    }
    let (_, root) = &*TREE;
    if let Ok(place) = root.resolve(&path) {
        assert!(place.starts_with(root.path()), "{path} is at {}", place.display());
        let below = place.strip_prefix(root.path()).expect("what was just seen");
        assert!(!below.starts_with(".git"), "{path} is at {}", place.display());
        assert!(below.components().all(plain), "{path} is at {}", place.display());
    }
});
