//! Where an installed file came from, and who can get it again.

use std::fmt;
use std::path::{Component, Path};

use mlxcode_base::{CancelToken, Progress};

use crate::error::Result;

/// Gets a file again from where it came from.
///
/// An origin is a text such as `hf:org/name@revision/path`, the revision being
/// one that never means other bytes.
pub trait FileSource: fmt::Debug + Send + Sync {
    /// Fetches the file at `origin` into the new file `into`, whole, or fails.
    /// `sha256` is what its bytes must have, as 64 hexadecimal digits; the
    /// caller hashes what it got once more.
    fn fetch(
        &self,
        origin: &str,
        sha256: &str,
        into: &Path,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<()>;

    /// The SHA-256 that the place tells for the file now; `None` where it tells
    /// none.
    fn sha256(&self, origin: &str, cancel: &CancelToken) -> Result<Option<String>> {
        let _ = (origin, cancel);
        Ok(None)
    }

    /// The same source for one piece of work, such as a repair, through which
    /// it may remember what it was told; `None` where it remembers nothing.
    fn for_one_work(&self) -> Option<Box<dyn FileSource + '_>> {
        None
    }
}

/// The origin of a file in a download cache of the Hugging Face hub, by its
/// place: `models--ORG--NAME/snapshots/REVISION/PATH`.
pub fn of_cache(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => Some(""),
        })
        .collect();
    let parts = parts?;
    let at = parts.iter().rposition(|part| *part == "snapshots")?;
    let repository = parts.get(at.checked_sub(1)?)?.strip_prefix("models--")?.replace("--", "/");
    let revision = parts.get(at + 1)?;
    let file = parts.get(at + 2..).filter(|file| !file.is_empty())?.join("/");
    // A branch means other bytes tomorrow.
    let pinned = revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    (pinned && !repository.is_empty()).then(|| format!("hf:{repository}@{revision}/{file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_cache_tells_the_origin() {
        let revision = "0123456789abcdef0123456789abcdef01234567";
        let check = |path: &str, expected: Option<&str>| {
            let path = path.replace("REV", revision);
            let expected = expected.map(|expected| expected.replace("REV", revision));
            assert_eq!(of_cache(Path::new(&path)), expected, "{path}");
        };
        let cache = "/home/me/.cache/huggingface/hub/models--org--name/snapshots";
        check(&format!("{cache}/REV/model.gguf"), Some("hf:org/name@REV/model.gguf"));
        check(&format!("{cache}/REV/q4/model.gguf"), Some("hf:org/name@REV/q4/model.gguf"));
        check("models--gpt2/snapshots/REV/config.json", Some("hf:gpt2@REV/config.json"));
        check(&format!("{cache}/main/model.gguf"), None);
        check(&format!("{cache}/REV"), None);
        check("/home/me/models/snapshots/REV/model.gguf", None);
        check("/home/me/model.gguf", None);
    }
}
