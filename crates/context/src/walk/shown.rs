//! What is left out by its name, whatever the rules say.

use std::ffi::OsStr;

/// Folders with a leading dot that hold code of the project.
const SHOWN_FOLDERS: [&str; 6] = [".cargo", ".ci", ".circleci", ".config", ".github", ".gitlab"];

/// Files that hold secrets by custom; they are never shown to a model, even
/// where no rule ignores them.
const SECRET_STARTS: [&str; 14] = [
    ".env",
    ".git-credentials",
    ".htpasswd",
    ".my.cnf",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    "credentials.json",
    "credentials.toml",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
];

/// Endings of key files.
const SECRET_ENDS: [&str; 5] = [".key", ".keystore", ".p12", ".pem", ".pfx"];

/// Whether a file or folder of that name is listed.
pub fn is_shown(name: &OsStr, is_folder: bool) -> bool {
    if is_folder {
        let hidden = name.as_encoded_bytes().starts_with(b".");
        return !hidden || SHOWN_FOLDERS.iter().any(|shown| name == OsStr::new(shown));
    }
    // In a work tree beside the first it is a file, which only git reads.
    if name == OsStr::new(".git") {
        return false;
    }
    // A name that is not text belongs to no file of secrets that is known.
    name.to_str().is_none_or(|name| !is_secret(name))
}

/// Tells whether a file holds secrets by custom.
fn is_secret(name: &str) -> bool {
    let is_key = SECRET_ENDS.iter().any(|end| name.ends_with(end));
    let is_known = || SECRET_STARTS.iter().any(|start| name.starts_with(start));
    (is_key || is_known())
        && ![".example", ".sample", ".template"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_secrets_are_known_by_name() {
        for name in [
            ".env",
            ".env.local",
            ".npmrc",
            ".git-credentials",
            "id_ed25519",
            "id_rsa.old",
            "credentials.toml",
            "server.key",
            "cert.pem",
            ".pgpass",
            ".htpasswd",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [".env.example", "env.rs", "idle.rs", "credentials.rs", "key.rs", ".gitignore"]
        {
            assert!(!is_secret(name), "{name}");
        }
    }
}
