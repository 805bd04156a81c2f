use std::fmt;

use zeroize::Zeroizing;

use super::problem::SecretProblem;
use crate::error::Result;

/// The most bytes of a secret. Tokens have some dozens; keys in files a few
/// thousand.
pub const SECRET_BYTES: usize = 64 << 10;

/// The most bytes of a secret's name.
const NAME_BYTES: usize = 64;

/// A token or a password.
///
/// It shows itself as `***`, is never serialised, and its memory is
/// overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value, without blanks and line ends around it.
    ///
    /// # Errors
    /// An empty one, and one of more than 64 KiB.
    pub fn new(value: String) -> Result<Self> {
        let value = Zeroizing::new(value);
        let trimmed = value.trim();
        if trimmed.is_empty() {
            return Err(SecretProblem::Empty.into());
        }
        if trimmed.len() > SECRET_BYTES {
            return Err(SecretProblem::TooLong { most_bytes: SECRET_BYTES }.into());
        }
        Ok(Self(Zeroizing::new(trimmed.to_owned())))
    }

    /// The value itself, for the one who sends it on.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What a secret is asked for by: `huggingface`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName(String);

impl SecretName {
    /// The token of the Hugging Face hub.
    pub fn hugging_face() -> Self {
        Self("huggingface".to_owned())
    }

    /// A name of lower-case letters, digits, `.`, `-` and `_`.
    pub fn new(name: &str) -> Result<Self> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
        let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if starts && name.len() <= NAME_BYTES && name.chars().all(plain) {
            return Ok(Self(name.to_owned()));
        }
        // What was typed in place of a name may be the secret itself.
        Err(SecretProblem::BadName.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_nothing() {
        let secret = Secret::new("hf_abc\r\n".to_owned()).unwrap();
        assert_eq!(secret.reveal(), "hf_abc");
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "*** *** Some(***)");
        for bad in ["", " \n", &"x".repeat(SECRET_BYTES + 1)] {
            assert!(Secret::new(bad.to_owned()).is_err());
        }
    }

    #[test]
    fn a_name_that_is_refused_is_not_repeated() {
        for good in ["huggingface", "my.token-2_b", "0"] {
            assert_eq!(SecretName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "hf_AbC", "-x", "a b", "é", "a/b", &"x".repeat(65)] {
            let error = SecretName::new(bad).unwrap_err();
            assert!(bad.is_empty() || !error.to_string().contains(bad), "{error}");
        }
    }
}
