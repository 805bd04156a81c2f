use clap::{Subcommand, ValueEnum};

/// What to do with secrets. Their values are never arguments: others could see
/// those.
#[derive(Debug, Subcommand)]
pub enum Secret {
    /// Keep a secret: its value is asked for, or read from the standard input
    Set {
        /// Its name, such as `huggingface`
        name: String,
        /// Where to keep it [default: the keychain, else the file]
        #[arg(long = "in", value_enum, value_name = "PLACE")]
        place: Option<SecretIn>,
        /// Lock the file with a passphrase, which is asked for
        #[arg(long, conflicts_with = "key")]
        passphrase: bool,
        /// Lock the file with a key beside it, as a new one is
        #[arg(long)]
        key: bool,
    },
    /// Tell whether there is a secret, and where
    Get {
        /// Its name
        name: String,
        /// Print its value
        #[arg(long)]
        reveal: bool,
    },
    /// List the names that are known, and where they are kept
    List,
    /// Forget a secret, wherever it is kept
    Rm {
        /// Its name
        name: String,
    },
}

/// Where secrets are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SecretIn {
    /// The system's keychain
    Keychain,
    /// A file in the configuration folder, encrypted with age
    File,
}
