//! The checksum of a file while it comes.

use std::fmt::Write as _;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::hub::FileChecksum;

/// A checksum that is being computed, of the kind that the hub gives.
#[derive(Clone, Debug)]
pub enum Digest {
    Sha256(Sha256),
    Git(Sha1),
}

impl Digest {
    /// Begins one for a file of `size_bytes`.
    pub fn new(kind: &FileChecksum, size_bytes: u64) -> Self {
        match kind {
            FileChecksum::Sha256(_) => Self::Sha256(Sha256::new()),
            // "Git Internals - Git Objects" in Pro Git: a blob's name.
            FileChecksum::Git(_) => {
                Self::Git(Sha1::new_with_prefix(format!("blob {size_bytes}\0").as_bytes()))
            }
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(digest) => digest.update(bytes),
            Self::Git(digest) => digest.update(bytes),
        }
    }

    /// The checksum in hexadecimal digits.
    pub fn finish(self) -> String {
        match self {
            Self::Sha256(digest) => digits(&digest.finalize()),
            Self::Git(digest) => digits(&digest.finalize()),
        }
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &FileChecksum, bytes: &[u8], expect: &str) {
        let mut digest = Digest::new(kind, bytes.len() as u64);
        bytes.chunks(2).for_each(|part| digest.update(part));
        assert_eq!(digest.finish(), expect);
    }

    #[test]
    fn agrees_with_git_and_the_published_vectors() {
        // Pro Git, "Git Internals - Git Objects": `echo 'test content' | git hash-object`.
        let git = FileChecksum::Git(String::new());
        check(&git, b"test content\n", "d670460b4b4aece5915caf5c68d12f560a9fe3e4");
        check(&git, b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        // FIPS 180-2, appendix B.1.
        let sha256 = FileChecksum::Sha256(String::new());
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        check(&sha256, b"abc", abc);
    }
}
