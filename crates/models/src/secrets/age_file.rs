//! Secrets in one file, encrypted with age.
//!
//! `secrets.age` holds a JSON map of names and values. What opens it is one of
//! two things, and the file itself tells which:
//!
//! - **a key** in `secrets.key` beside it. Nobody has to type anything, and it
//!   protects against exactly one thing: that the file alone leaves the
//!   machine, in a backup or a synchronised folder. Whoever can read your files
//!   can read both, and so has the secrets.
//! - **a passphrase**, through scrypt. The file is of no use without it, also
//!   to somebody with the whole disk; as good as the passphrase is.
//!
//! Neither protects against a program that runs as you.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use age::secrecy::{ExposeSecret, SecretString};
use age::{DecryptError, Decryptor, Identity, Recipient, scrypt, x25519};
use zeroize::Zeroizing;

use super::{Secret, SecretName, SecretPlace, SecretProblem, SecretStore};
use crate::error::Result;

const FILE: &str = "secrets.age";
const KEY: &str = "secrets.key";
const LOCK: &str = "secrets.lock";

/// The most that is read of any of them.
const MOST_BYTES: u64 = 1 << 20;

/// How much a guess of the passphrase costs: 2 to this of scrypt's rounds, a
/// second or so, as the age program has it.
const WORK: u8 = if cfg!(test) { 4 } else { 18 };

/// A file that asks for more is not ours and would keep us busy for minutes.
const MOST_WORK: u8 = 20;

/// What a passphrase is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PassphraseFor {
    /// To open the file.
    Opening,
    /// To lock it: a new one, to be typed twice.
    Locking,
}

/// Asks a person for a passphrase; `None` where nobody is there.
pub type Ask = dyn Fn(PassphraseFor) -> Option<Secret> + Send + Sync;

/// What opens the file after the next change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lock {
    /// What opened it before; a key for a new file.
    #[default]
    AsItIs,
    /// A key in a file beside it.
    Key,
    /// A passphrase.
    Passphrase,
}

/// Secrets in an encrypted file.
pub struct AgeFile {
    folder: PathBuf,
    lock: Lock,
    ask: Option<Box<Ask>>,
}

impl fmt::Debug for AgeFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgeFile").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// What is in the file, and what opened it.
#[derive(Default)]
struct Opened {
    secrets: BTreeMap<SecretName, Secret>,
    passphrase: Option<Secret>,
}

impl AgeFile {
    /// Secrets in a folder, which is made when the first one is kept.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), lock: Lock::AsItIs, ask: None }
    }

    /// Asks for passphrases with `ask`.
    pub fn asking(
        mut self,
        ask: impl Fn(PassphraseFor) -> Option<Secret> + Send + Sync + 'static,
    ) -> Self {
        self.ask = Some(Box::new(ask));
        self
    }

    /// What opens the file after the next change.
    pub fn locked_by(mut self, lock: Lock) -> Self {
        self.lock = lock;
        self
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    fn passphrase(&self, reason: PassphraseFor) -> Result<Secret> {
        let asked = self.ask.as_ref().and_then(|ask| ask(reason));
        asked.ok_or_else(|| SecretProblem::FileLocked { path: self.path() }.into())
    }

    fn open(&self) -> Result<Opened> {
        let path = self.path();
        let Some(bytes) = read_private(&path)? else { return Ok(Opened::default()) };
        let damaged = |reason| SecretProblem::FileDamaged { path: path.clone(), reason };
        let Ok(decryptor) = Decryptor::new_buffered(bytes.as_slice()) else {
            return Err(damaged("it is no file of age's").into());
        };
        let mut passphrase = None;
        let identity: Box<dyn Identity> = if decryptor.is_scrypt() {
            let typed = self.passphrase(PassphraseFor::Opening)?;
            let mut identity = scrypt::Identity::new(SecretString::from(typed.reveal()));
            identity.set_max_work_factor(MOST_WORK);
            passphrase = Some(typed);
            Box::new(identity)
        } else {
            Box::new(self.key()?.ok_or_else(|| self.wrong("key"))?)
        };
        let kind = if passphrase.is_some() { "passphrase" } else { "key" };
        let mut plain = Zeroizing::new(Vec::new());
        let opened =
            decryptor.decrypt(std::iter::once(&*identity)).map_err(|error| match error {
                DecryptError::ExcessiveWork { .. } => damaged("it asks for too much work"),
                DecryptError::NoMatchingKeys
                | DecryptError::DecryptionFailed
                | DecryptError::KeyDecryptionFailed => self.wrong(kind),
                _ => damaged("its header was changed"),
            })?;
        if opened.take(MOST_BYTES).read_to_end(&mut plain).is_err() {
            return Err(damaged("it was changed").into());
        }
        let values: BTreeMap<String, Zeroizing<String>> =
            serde_json::from_slice::<BTreeMap<String, String>>(&plain)
                .map_err(|_| damaged("it holds no map of names"))?
                .into_iter()
                .map(|(name, value)| (name, Zeroizing::new(value)))
                .collect();
        let mut secrets = BTreeMap::new();
        for (name, value) in values {
            secrets.insert(SecretName::new(&name)?, Secret::new(value.to_string())?);
        }
        Ok(Opened { secrets, passphrase })
    }

    fn wrong(&self, key: &'static str) -> SecretProblem {
        SecretProblem::WrongKey { path: self.path(), key }
    }

    fn key(&self) -> Result<Option<x25519::Identity>> {
        let path = self.folder.join(KEY);
        let Some(bytes) = read_private(&path)? else { return Ok(None) };
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        // As age-keygen writes it, with comments.
        let line = text.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-"));
        let key = line.and_then(|line| line.parse().ok());
        let damaged = || SecretProblem::FileDamaged { path, reason: "it holds no key of age's" };
        key.map(Some).ok_or_else(|| damaged().into())
    }

    fn key_or_new(&self) -> Result<x25519::Identity> {
        if let Some(key) = self.key()? {
            return Ok(key);
        }
        let key = x25519::Identity::generate();
        let text = key.to_string();
        let text = Zeroizing::new(format!("{}\n", text.expose_secret()));
        write_private(&self.folder.join(KEY), text.as_bytes())?;
        Ok(key)
    }

    fn save(&self, opened: &Opened) -> Result<()> {
        let values: BTreeMap<&str, &str> =
            opened.secrets.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
        let plain = Zeroizing::new(serde_json::to_vec(&values).unwrap_or_default());
        let with_passphrase = match self.lock {
            Lock::AsItIs => opened.passphrase.is_some(),
            Lock::Key => false,
            Lock::Passphrase => true,
        };
        let recipient: Box<dyn Recipient> = if with_passphrase {
            let passphrase = match &opened.passphrase {
                Some(known) => known.clone(),
                None => self.passphrase(PassphraseFor::Locking)?,
            };
            let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase.reveal()));
            recipient.set_work_factor(WORK);
            Box::new(recipient)
        } else {
            Box::new(self.key_or_new()?.to_public())
        };
        let path = self.path();
        let io = |source| SecretProblem::Io { path: path.clone(), source };
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&*recipient))
            .map_err(|error| io(io::Error::other(error)))?;
        let mut bytes = Vec::new();
        let mut writer = encryptor.wrap_output(&mut bytes).map_err(io)?;
        writer.write_all(&plain).map_err(io)?;
        writer.finish().map_err(io)?;
        write_private(&path, &bytes)
    }

    /// Changes the file; nobody else does meanwhile.
    fn change<T>(&self, change: impl FnOnce(&mut Opened) -> T) -> Result<T> {
        make_folder(&self.folder)?;
        let place = self.folder.join(LOCK);
        let io = |source| SecretProblem::Io { path: place.clone(), source };
        let lock = private().create(true).truncate(false).open(&place).map_err(io)?;
        lock.lock().map_err(io)?;
        let mut opened = self.open()?;
        let changed = change(&mut opened);
        self.save(&opened)?;
        Ok(changed)
    }
}

impl SecretStore for AgeFile {
    fn place(&self) -> SecretPlace {
        SecretPlace::File
    }

    fn get(&self, name: &SecretName) -> Result<Option<Secret>> {
        Ok(self.open()?.secrets.remove(name))
    }

    fn set(&self, name: &SecretName, value: &Secret) -> Result<()> {
        self.change(|opened| opened.secrets.insert(name.clone(), value.clone()))?;
        Ok(())
    }

    fn remove(&self, name: &SecretName) -> Result<bool> {
        if !self.path().exists() || !self.open()?.secrets.contains_key(name) {
            return Ok(false);
        }
        self.change(|opened| opened.secrets.remove(name).is_some())
    }

    fn names(&self) -> Result<Vec<SecretName>> {
        Ok(self.open()?.secrets.into_keys().collect())
    }
}

/// Options of a file that nobody else may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A file's bytes; `None` where there is none. One that others may read is
/// refused, on systems where that can be told.
fn read_private(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let io = |source| SecretProblem::Io { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(io(source).into()),
    };
    let meta = file.metadata().map_err(io)?;
    if !meta.is_file() || meta.len() > MOST_BYTES {
        let reason = "it is no plain file of a sensible length";
        return Err(SecretProblem::FileDamaged { path: path.to_owned(), reason }.into());
    }
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            return Err(SecretProblem::FileOpen { path: path.to_owned(), mode }.into());
        }
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(io)?;
    Ok(Some(bytes))
}

/// Writes a file whole or not at all. Called under the lock, so that the name
/// on the way is nobody else's.
fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let io = |source| SecretProblem::Io { path: path.to_owned(), source };
    let on_the_way = path.with_extension("new");
    let write = || {
        // Left by somebody who was cut off.
        match fs::remove_file(&on_the_way) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private().create_new(true).open(&on_the_way)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&on_the_way, path)?;
        #[cfg(unix)]
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    };
    write().map_err(io)?;
    Ok(())
}

fn make_folder(folder: &Path) -> Result<()> {
    let io = |source| SecretProblem::Io { path: folder.to_owned(), source };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(io)?;
    Ok(())
}
