use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;

fn name(text: &str) -> SecretName {
    SecretName::new(text).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned()).unwrap()
}

fn problem(error: Error) -> SecretProblem {
    match error {
        Error::Secret { problem } => problem,
        other => panic!("{other:?}"),
    }
}

const VALUE: &str = "hf_SomethingNobodyMaySee";

/// No file of a folder holds the value.
fn assert_hidden(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let bytes = fs::read(entry.path()).unwrap();
        let found = bytes.windows(VALUE.len()).any(|part| part == VALUE.as_bytes());
        assert!(!found, "{}", entry.path().display());
    }
}

#[test]
fn a_file_with_a_key_keeps_lists_and_forgets() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("config");
    let file = AgeFile::new(&folder);
    assert_eq!(file.get(&name("a")).unwrap(), None);
    assert!(file.names().unwrap().is_empty() && !file.remove(&name("a")).unwrap());
    assert!(!folder.exists(), "reading makes nothing");
    file.set(&name("a"), &secret(VALUE)).unwrap();
    file.set(&name("b"), &secret("other")).unwrap();
    assert_hidden(&folder);
    // Another process.
    let file = AgeFile::new(&folder);
    assert_eq!(file.get(&name("a")).unwrap().unwrap().reveal(), VALUE);
    assert_eq!(file.names().unwrap(), [name("a"), name("b")]);
    assert!(file.remove(&name("a")).unwrap());
    assert_eq!(file.get(&name("a")).unwrap(), None);
    assert_eq!(file.get(&name("b")).unwrap(), Some(secret("other")));
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("config");
    let file = AgeFile::new(&folder);
    file.set(&name("a"), &secret(VALUE)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in fs::read_dir(&folder).unwrap().flatten() {
        assert_eq!(mode(&entry.path()), 0o600, "{}", entry.path().display());
    }
    for path in ["secrets.age", "secrets.key"].map(|name| folder.join(name)) {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let found = problem(file.get(&name("a")).unwrap_err());
        assert!(matches!(found, SecretProblem::FileOpen { mode: 0o640, .. }), "{found:?}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert!(file.get(&name("a")).unwrap().is_some());
}

#[test]
fn a_file_that_is_damaged_or_of_another_key_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let file = AgeFile::new(temp.path());
    file.set(&name("a"), &secret(VALUE)).unwrap();
    let path = temp.path().join("secrets.age");
    let good = fs::read(&path).unwrap();
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    for bad in [&b""[..], b"{}", &good[..good.len() / 2], &good[..good.len() - 1], &changed] {
        fs::write(&path, bad).unwrap();
        let found = problem(file.get(&name("a")).unwrap_err());
        assert!(matches!(found, SecretProblem::FileDamaged { .. }), "{found:?}");
        let again = file.set(&name("b"), &secret("x")).unwrap_err();
        assert!(matches!(problem(again), SecretProblem::FileDamaged { .. }));
        assert_eq!(fs::read(&path).unwrap(), bad, "what cannot be read is not replaced");
    }
    fs::write(&path, &good).unwrap();
    let other = tempfile::tempdir().unwrap();
    AgeFile::new(other.path()).set(&name("a"), &secret("x")).unwrap();
    let key = temp.path().join("secrets.key");
    fs::write(&key, fs::read(other.path().join("secrets.key")).unwrap()).unwrap();
    let found = problem(file.get(&name("a")).unwrap_err());
    assert!(matches!(found, SecretProblem::WrongKey { key: "key", .. }), "{found:?}");
    fs::remove_file(&key).unwrap();
    let found = problem(file.get(&name("a")).unwrap_err());
    assert!(matches!(found, SecretProblem::WrongKey { key: "key", .. }), "{found:?}");
}

#[test]
fn a_passphrase_opens_what_it_locked() {
    let temp = tempfile::tempdir().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let file = |typed: Option<&'static str>| {
        let asked = Arc::clone(&asked);
        AgeFile::new(temp.path()).asking(move |reason| {
            asked.lock().unwrap().push(reason);
            typed.map(secret)
        })
    };
    file(None).set(&name("a"), &secret(VALUE)).unwrap();
    assert!(asked.lock().unwrap().is_empty());
    let locking = file(Some("four plain words here")).locked_by(Lock::Passphrase);
    locking.set(&name("b"), &secret("x")).unwrap();
    assert_eq!(*asked.lock().unwrap(), [PassphraseFor::Locking]);
    // The key opens it no more.
    fs::remove_file(temp.path().join("secrets.key")).unwrap();
    assert_hidden(temp.path());
    let found = file(Some("four plain words here")).get(&name("a")).unwrap();
    assert_eq!(found.unwrap().reveal(), VALUE);
    let wrong = problem(file(Some("other words")).get(&name("a")).unwrap_err());
    assert!(matches!(wrong, SecretProblem::WrongKey { key: "passphrase", .. }), "{wrong:?}");
    let nobody = problem(file(None).get(&name("a")).unwrap_err());
    assert!(matches!(nobody, SecretProblem::FileLocked { .. }), "{nobody:?}");
    // A change keeps the lock, and asks once.
    asked.lock().unwrap().clear();
    file(Some("four plain words here")).set(&name("c"), &secret("y")).unwrap();
    assert_eq!(*asked.lock().unwrap(), [PassphraseFor::Opening]);
    assert!(!temp.path().join("secrets.key").exists());
}

#[test]
fn changes_of_many_at_once_are_all_kept() {
    let temp = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let folder = temp.path();
            scope.spawn(move || {
                let file = AgeFile::new(folder);
                file.set(&name(&format!("n{number}")), &secret("x")).unwrap();
            });
        }
    });
    assert_eq!(AgeFile::new(temp.path()).names().unwrap().len(), 8);
}

/// A place that answers as it is told.
struct Told {
    place: SecretPlace,
    value: Mutex<Option<Secret>>,
    fails: Option<fn() -> SecretProblem>,
}

impl Told {
    fn boxed(
        place: SecretPlace,
        value: Option<&str>,
        fails: Option<fn() -> SecretProblem>,
    ) -> Box<dyn SecretStore> {
        Box::new(Self { place, value: Mutex::new(value.map(secret)), fails })
    }

    fn check(&self) -> Result<()> {
        self.fails.map_or(Ok(()), |fails| Err(fails().into()))
    }
}

impl SecretStore for Told {
    fn place(&self) -> SecretPlace {
        self.place
    }

    fn get(&self, _name: &SecretName) -> Result<Option<Secret>> {
        self.check()?;
        Ok(self.value.lock().unwrap().clone())
    }

    fn set(&self, _name: &SecretName, value: &Secret) -> Result<()> {
        self.check()?;
        *self.value.lock().unwrap() = Some(value.clone());
        Ok(())
    }

    fn remove(&self, _name: &SecretName) -> Result<bool> {
        self.check()?;
        Ok(self.value.lock().unwrap().take().is_some())
    }

    fn names(&self) -> Result<Vec<SecretName>> {
        self.check()?;
        Ok(self.value.lock().unwrap().iter().map(|_| name("a")).collect())
    }
}

#[test]
fn places_are_asked_in_order() {
    use SecretPlace::{Environment, File, Keychain};
    let none = || SecretProblem::NoKeychain { reason: "no bus".to_owned() };
    let locked = || SecretProblem::KeychainLocked;
    let secrets =
        |environment: Option<&str>, keychain: Box<dyn SecretStore>, file: Option<&str>| {
            let mut known = EnvironmentSecrets::default();
            if let Some(value) = environment {
                known = known.with(name("a"), secret(value));
            }
            Secrets::new(vec![Box::new(known), keychain, Told::boxed(File, file, None)])
        };
    let open = |value| Told::boxed(Keychain, value, None);
    let failing = |fails| Told::boxed(Keychain, None, Some(fails));
    let place = |secrets: Secrets| {
        secrets.get(&name("a")).map(|found| found.map(|found| found.place)).map_err(problem)
    };
    assert_eq!(place(secrets(Some("e"), open(Some("k")), Some("f"))).unwrap(), Some(Environment));
    assert_eq!(place(secrets(None, open(Some("k")), Some("f"))).unwrap(), Some(Keychain));
    assert_eq!(place(secrets(None, open(None), Some("f"))).unwrap(), Some(File));
    assert_eq!(place(secrets(None, open(None), None)).unwrap(), None);
    assert_eq!(place(secrets(None, failing(none), None)).unwrap(), None);
    // What may be in a locked keychain is not missing.
    assert_eq!(place(secrets(None, failing(locked), Some("f"))).unwrap(), Some(File));
    let found = place(secrets(None, failing(locked), None)).unwrap_err();
    assert!(matches!(found, SecretProblem::KeychainLocked));
    let missing = problem(secrets(None, open(None), None).require(&name("a")).unwrap_err());
    assert!(matches!(missing, SecretProblem::NotFound { .. }));

    let set = |secrets: &Secrets, place| secrets.set(&name("a"), &secret("new"), place);
    let stored = set(&secrets(None, open(None), None), None).unwrap();
    assert_eq!((stored.place, stored.remark), (Keychain, None));
    let stored = set(&secrets(None, failing(none), None), None).unwrap();
    assert_eq!(stored.place, File);
    assert!(stored.remark.unwrap().contains("no bus"));
    for (secrets, place) in [
        (secrets(None, failing(locked), None), None),
        (secrets(None, failing(none), None), Some(Keychain)),
        (secrets(None, open(None), None), Some(Environment)),
    ] {
        assert!(set(&secrets, place).is_err());
    }

    let all = secrets(Some("e"), open(Some("k")), Some("f"));
    assert_eq!(all.list().names[&name("a")], [Environment, Keychain, File]);
    assert_eq!(all.remove(&name("a")).unwrap(), [Keychain, File]);
    assert_eq!(all.list().names[&name("a")], [Environment]);
    assert!(all.remove(&name("a")).is_err());
    let list = secrets(None, failing(locked), Some("f")).list();
    assert_eq!((list.names.len(), list.unreachable.len()), (1, 1));
}
