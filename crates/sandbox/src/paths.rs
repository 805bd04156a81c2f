//! Paths that may not be there, as the disk would have them.

use std::path::{Path, PathBuf};

/// The place that a path leads to: links are followed in the part of it that is
/// there.
pub(crate) fn real(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        if let (Ok(there), Ok(rest)) = (ancestor.canonicalize(), path.strip_prefix(ancestor)) {
            return if rest.as_os_str().is_empty() { there } else { there.join(rest) };
        }
    }
    path.to_owned()
}

/// The hidden places that lie in or above a folder, as given and as the disk
/// has them.
pub(crate) fn hidden(hidden: &[PathBuf]) -> Vec<PathBuf> {
    let absolute = hidden.iter().filter(|path| path.is_absolute());
    let mut all: Vec<PathBuf> = absolute
        .flat_map(|path| {
            let name = path.file_name().map(ToOwned::to_owned);
            // A link is hidden as itself too, so that it cannot be read where
            // it lies.
            let link = path.parent().map(real).zip(name).map(|(parent, name)| parent.join(name));
            [Some(real(path)), link]
        })
        .flatten()
        .collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_as_far_as_the_path_is_there() {
        let temp = tempfile::tempdir().unwrap();
        let base = temp.path().canonicalize().unwrap();
        std::fs::create_dir_all(base.join("a/b")).unwrap();
        std::os::unix::fs::symlink(base.join("a"), base.join("l")).unwrap();
        assert_eq!(real(&base.join("l/b")), base.join("a/b"));
        assert_eq!(real(&base.join("l/none/x")), base.join("a/none/x"));
        let places = hidden(&[base.join("l"), base.join("none"), "relative".into()]);
        assert_eq!(places, [base.join("a"), base.join("l"), base.join("none")]);
    }
}
