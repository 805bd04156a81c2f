//! A keychain of a few lines on a socket of its own, spoken to as a real one.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(
    clippy::redundant_closure_for_method_calls,
    reason = "a method's path is of one lifetime, a reader of any"
)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use super::super::{Secret, SecretName, SecretProblem, SecretStore};
use super::Keychain;
use super::bus::{Message, parts};
use super::wire::Writer;
use crate::error::Error;

/// How the stand-in behaves.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Open,
    /// Locked; what happens when it is asked to unlock.
    LockedFor(Unlocking),
    NoCollection,
    /// It accepts and says nothing.
    Silent,
    /// It answers with bytes that are no message.
    Rubbish,
    /// Somebody else is on the bus, and no keychain.
    Nobody,
}

#[derive(Clone, Copy, PartialEq)]
enum Unlocking {
    Refuses,
    AsksAndIsTold,
    AsksAndIsDismissed,
}

type Items = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

struct Stand {
    _folder: tempfile::TempDir,
    address: String,
    items: Items,
}

impl Stand {
    fn new(mood: Mood) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus");
        let items = Items::default();
        let (listener, kept) = (UnixListener::bind(&path).unwrap(), Arc::clone(&items));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                thread::spawn(move || serve(stream, mood, &kept));
            }
        });
        let address = format!("unix:path={},guid=1", Path::new(&path).display());
        Self { _folder: folder, address, items }
    }

    fn keychain(&self, interactive: bool) -> Keychain {
        Keychain::new(Some(self.address.clone()), interactive)
    }
}

/// Answers until the caller leaves.
fn serve(mut stream: UnixStream, mood: Mood, items: &Items) -> Option<()> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        line.push(byte[0]);
    }
    assert!(line.starts_with(b"\0AUTH EXTERNAL "), "{line:?}");
    stream.write_all(b"OK 0123\r\n").ok()?;
    let mut begin = [0; 7];
    stream.read_exact(&mut begin).ok()?;
    assert_eq!(&begin, b"BEGIN\r\n");
    loop {
        let (serial, message) = parts(&mut stream).ok()?;
        match mood {
            Mood::Silent => {
                // Until the caller gives up.
                let _ = stream.read(&mut [0]);
                return None;
            }
            Mood::Rubbish => return stream.write_all(&[b'B'; 64]).ok(),
            _ => {}
        }
        let (signature, body) = answer(&message, mood, items);
        let kind = if signature == "error" { 3 } else { 2 };
        let mut out = Writer::default();
        out.byte(b'l').byte(kind).byte(0).byte(1).uint(body.bytes().len() as u32).uint(1);
        out.list(8, |fields| {
            fields.align(8).byte(5).signature("u").uint(serial);
            if signature == "error" {
                let name = "org.freedesktop.DBus.Error.ServiceUnknown";
                fields.align(8).byte(4).signature("s").string(name);
            } else if !signature.is_empty() {
                fields.align(8).byte(8).signature("g").signature(signature);
            }
        });
        out.align(8).raw(body.bytes());
        stream.write_all(out.bytes()).ok()?;
        if message.member == "Prompt" {
            let mut body = Writer::default();
            let dismissed = mood == Mood::LockedFor(Unlocking::AsksAndIsDismissed);
            body.boolean(dismissed).signature("s").string("");
            let mut out = Writer::default();
            out.byte(b'l').byte(4).byte(0).byte(1).uint(body.bytes().len() as u32).uint(2);
            out.list(8, |fields| {
                fields.align(8).byte(1).signature("o").string(&message.path);
                fields.align(8).byte(3).signature("s").string("Completed");
                fields.align(8).byte(8).signature("g").signature("bv");
            });
            out.align(8).raw(body.bytes());
            stream.write_all(out.bytes()).ok()?;
        }
    }
}

fn answer(message: &Message, mood: Mood, items: &Items) -> (&'static str, Writer) {
    let mut items = items.lock().unwrap();
    let mut out = Writer::default();
    let list = |out: &mut Writer, names: &[String]| {
        out.list(4, |list| {
            for name in names {
                list.string(name);
            }
        });
    };
    let own = message.path.strip_prefix("/item/").unwrap_or_default().to_owned();
    let signature = match &*message.member {
        "Hello" => {
            out.string(":1.7");
            "s"
        }
        _ if mood == Mood::Nobody => "error",
        "OpenSession" => {
            out.signature("s").string("").string("/session");
            "vo"
        }
        "SearchItems" => {
            let asked = message.read("a{ss}", |body| body.map()).unwrap();
            let name = asked.iter().find(|(key, _)| key == "name").map(|(_, name)| name.clone());
            let wanted = |known: &&String| name.as_ref().is_none_or(|name| name == *known);
            let found: Vec<String> =
                items.keys().filter(wanted).map(|name| format!("/item/{name}")).collect();
            let locked = matches!(mood, Mood::LockedFor(_));
            list(&mut out, if locked { &[] } else { &found });
            list(&mut out, if locked { &found } else { &[] });
            "aoao"
        }
        "Unlock" => {
            let objects = message.read("ao", |body| body.strings()).unwrap();
            let (open, prompt) = match mood {
                Mood::LockedFor(Unlocking::Refuses) => (vec![], "/"),
                Mood::LockedFor(_) => (vec![], "/prompt"),
                _ => (objects, "/"),
            };
            list(&mut out, &open);
            out.string(prompt);
            "aoo"
        }
        "GetSecret" => {
            out.align(8).string("/session").blob(&[]).blob(&items[&own]).string("text/plain");
            "(oayays)"
        }
        "ReadAlias" => {
            out.string(if mood == Mood::NoCollection { "/" } else { "/collection" });
            "o"
        }
        "CreateItem" => {
            let read = message.read("a{sv}(oayays)b", |body| {
                let properties = body.list(8, |pair| {
                    let key = pair.align(8)?.string()?.to_owned();
                    Some(match pair.signature()? {
                        "s" => (key, vec![(pair.string()?.to_owned(), String::new())]),
                        _ => (key, pair.map()?),
                    })
                })?;
                assert_eq!(body.align(8)?.string()?, "/session");
                body.blob()?;
                let value = body.blob()?.to_vec();
                assert_eq!((body.string()?, body.boolean()?), ("text/plain", true));
                Some((properties, value))
            });
            let (properties, value) = read.unwrap();
            let attributes = properties.iter().find(|(key, _)| key.ends_with(".Attributes"));
            let (_, attributes) = attributes.unwrap();
            assert!(attributes.contains(&("application".to_owned(), "mlx-code".to_owned())));
            let name = attributes.iter().find(|(key, _)| key == "name").unwrap().1.clone();
            out.string(&format!("/item/{name}")).string("/");
            items.insert(name, value);
            "oo"
        }
        "Get" => {
            out.signature("a{ss}").map(&[("application", "mlx-code"), ("name", &own)]);
            "v"
        }
        "Delete" => {
            items.remove(&own);
            out.string("/");
            "o"
        }
        _ => "",
    };
    (signature, out)
}

fn name(text: &str) -> SecretName {
    SecretName::new(text).unwrap()
}

fn problem(error: Error) -> SecretProblem {
    match error {
        Error::Secret { problem } => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_open_keychain_keeps_lists_and_forgets() {
    let stand = Stand::new(Mood::Open);
    let keychain = stand.keychain(false);
    assert_eq!(keychain.get(&name("a")).unwrap(), None);
    for (key, value) in [("a", "one"), ("b", "zwölf"), ("a", "two")] {
        keychain.set(&name(key), &Secret::new(value.to_owned()).unwrap()).unwrap();
    }
    assert_eq!(keychain.get(&name("a")).unwrap().unwrap().reveal(), "two");
    assert_eq!(keychain.get(&name("b")).unwrap().unwrap().reveal(), "zwölf");
    assert_eq!(keychain.names().unwrap(), [name("a"), name("b")]);
    assert!(keychain.remove(&name("a")).unwrap());
    assert!(!keychain.remove(&name("a")).unwrap());
    stand.items.lock().unwrap().insert("c".to_owned(), vec![0xff]);
    let no_text = problem(keychain.get(&name("c")).unwrap_err());
    assert!(no_text.to_string().contains("no text"), "{no_text}");
}

#[test]
fn a_locked_keychain_asks_where_somebody_is_there() {
    let check = |unlocking, interactive, opens: bool| {
        let stand = Stand::new(Mood::LockedFor(unlocking));
        stand.items.lock().unwrap().insert("a".to_owned(), b"one".to_vec());
        let found = stand.keychain(interactive).get(&name("a"));
        if opens {
            assert_eq!(found.unwrap().unwrap().reveal(), "one");
        } else {
            assert!(matches!(problem(found.unwrap_err()), SecretProblem::KeychainLocked));
        }
        // Names are no secrets.
        assert_eq!(stand.keychain(false).names().unwrap(), [name("a")]);
    };
    check(Unlocking::Refuses, true, false);
    check(Unlocking::AsksAndIsTold, false, false);
    check(Unlocking::AsksAndIsTold, true, true);
    check(Unlocking::AsksAndIsDismissed, true, false);
}

#[test]
fn a_keychain_that_is_not_there_or_not_well_says_so() {
    let check = |mood, words: &str| {
        let error = Stand::new(mood).keychain(false).get(&name("a")).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    };
    check(Mood::Nobody, "nobody offers org.freedesktop.secrets");
    check(Mood::Rubbish, "the keychain failed");
    check(Mood::Silent, "did not answer");
    let none = Keychain::new(None, false).get(&name("a")).unwrap_err();
    assert!(none.to_string().contains("there is no session bus"), "{none}");
    let value = Secret::new("x".to_owned()).unwrap();
    let error = Stand::new(Mood::NoCollection).keychain(false).set(&name("a"), &value);
    assert!(error.unwrap_err().to_string().contains("no default collection"));
}
