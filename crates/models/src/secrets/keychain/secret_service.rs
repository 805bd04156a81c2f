//! `org.freedesktop.secrets`, as the Secret Service specification has it.
//!
//! The session is a plain one: values pass the bus unencrypted, as they do
//! for every program that asks so. The bus is a socket of this user's, and who
//! may listen to it may ask the keychain himself.

use zeroize::Zeroizing;

use super::super::problem::SecretProblem;
use super::super::{Secret, SecretName};
use super::APPLICATION;
use super::bus::{Bus, Message, Method};
use super::wire::{Reader, Writer};
use crate::error::Result;

const SERVICE: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";

/// How long a person may take to type a password into the keychain's window.
const TYPING_SECONDS: u64 = 60;

/// No object.
const NOTHING: &str = "/";

/// A session with the keychain.
#[derive(Debug)]
pub struct SecretService {
    bus: Bus,
    session: String,
    interactive: bool,
}

impl SecretService {
    /// Opens a session.
    pub fn open(address: Option<&str>, interactive: bool) -> Result<Self> {
        let no_bus = || SecretProblem::NoKeychain { reason: "there is no session bus".to_owned() };
        let mut bus = Bus::connect(address.ok_or_else(no_bus)?)?;
        let method = service("OpenSession");
        let opened = bus.call(method, "sv", |arguments| {
            arguments.string("plain").signature("s").string("");
        })?;
        let session = opened.read("vo", |reader| {
            // What the algorithm has to say, which is nothing.
            (reader.signature()? == "s").then(|| reader.string())??;
            reader.string().map(str::to_owned)
        })?;
        Ok(Self { bus, session, interactive })
    }

    pub fn get(mut self, name: &SecretName) -> Result<Option<Secret>> {
        let Some(item) = self.items(Some(name))?.into_iter().next() else { return Ok(None) };
        let session = self.session.clone();
        let answer = self.bus.call(item_method(&item, "GetSecret"), "o", |arguments| {
            arguments.string(&session);
        })?;
        let value = answer.read("(oayays)", |reader| {
            reader.align(8)?.string()?;
            reader.blob()?;
            Some(Zeroizing::new(reader.blob()?.to_vec()))
        })?;
        let no_text = || SecretProblem::Keychain { reason: "its value is no text".to_owned() };
        let value = std::str::from_utf8(&value).map_err(|_| no_text())?;
        Ok(Some(Secret::new(value.to_owned())?))
    }

    pub fn set(mut self, name: &SecretName, value: &Secret) -> Result<()> {
        let collection = self.collection()?;
        self.unlock(vec![collection.clone()])?;
        let session = self.session.clone();
        let method = Method {
            destination: SERVICE,
            path: &collection,
            interface: "org.freedesktop.Secret.Collection",
            member: "CreateItem",
        };
        let answer = self.bus.call(method, "a{sv}(oayays)b", |arguments| {
            arguments.list(8, |properties| {
                properties.align(8).string("org.freedesktop.Secret.Item.Label").signature("s");
                properties.string(&format!("{APPLICATION}: {name}"));
                properties.align(8).string("org.freedesktop.Secret.Item.Attributes");
                properties.signature("a{ss}").map(&attributes(Some(name)));
            });
            write_secret(arguments, &session, value);
            // In place of one with the same attributes.
            arguments.boolean(true);
        })?;
        let prompt = answer.read("oo", |reader| {
            reader.string()?;
            reader.string().map(str::to_owned)
        })?;
        self.prompted(&prompt)
    }

    pub fn remove(mut self, name: &SecretName) -> Result<bool> {
        let items = self.items(Some(name))?;
        for item in &items {
            let answer = self.bus.call(item_method(item, "Delete"), "", |_| {})?;
            let prompt = answer.read("o", |reader| reader.string().map(str::to_owned))?;
            self.prompted(&prompt)?;
        }
        Ok(!items.is_empty())
    }

    /// The names, which are no secrets to a locked keychain either.
    pub fn names(mut self) -> Result<Vec<SecretName>> {
        let (open, locked) = self.search(None)?;
        let mut names = Vec::new();
        for item in open.iter().chain(&locked) {
            let method = Method {
                destination: SERVICE,
                path: item,
                interface: "org.freedesktop.DBus.Properties",
                member: "Get",
            };
            let answer = self.bus.call(method, "ss", |arguments| {
                arguments.string("org.freedesktop.Secret.Item").string("Attributes");
            })?;
            let pairs = answer
                .read("v", |reader| (reader.signature()? == "a{ss}").then(|| reader.map())?)?;
            let name = pairs.iter().find(|(key, _)| key == "name");
            names.extend(name.and_then(|(_, name)| SecretName::new(name).ok()));
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The entries of a name, unlocked.
    fn items(&mut self, name: Option<&SecretName>) -> Result<Vec<String>> {
        let (mut open, locked) = self.search(name)?;
        if open.is_empty() && !locked.is_empty() {
            self.unlock(locked.clone())?;
            open = locked;
        }
        Ok(open)
    }

    fn search(&mut self, name: Option<&SecretName>) -> Result<(Vec<String>, Vec<String>)> {
        let answer = self.bus.call(service("SearchItems"), "a{ss}", |arguments| {
            arguments.map(&attributes(name));
        })?;
        Ok(answer.read("aoao", |reader| Some((reader.strings()?, reader.strings()?)))?)
    }

    /// Where new entries go.
    fn collection(&mut self) -> Result<String> {
        let answer = self.bus.call(service("ReadAlias"), "s", |arguments| {
            arguments.string("default");
        })?;
        let path = answer.read("o", |reader| reader.string().map(str::to_owned))?;
        if path == NOTHING {
            let reason = "it has no default collection yet".to_owned();
            return Err(SecretProblem::Keychain { reason }.into());
        }
        Ok(path)
    }

    fn unlock(&mut self, objects: Vec<String>) -> Result<()> {
        let answer = self.bus.call(service("Unlock"), "ao", |arguments| {
            arguments.list(4, |list| {
                for object in &objects {
                    list.string(object);
                }
            });
        })?;
        let (open, prompt) = answer
            .read("aoo", |reader| Some((reader.strings()?, reader.string().map(str::to_owned)?)))?;
        if prompt == NOTHING && open.is_empty() {
            return Err(SecretProblem::KeychainLocked.into());
        }
        self.prompted(&prompt)
    }

    /// Lets the keychain ask its user, where it wants to and somebody is there.
    fn prompted(&mut self, prompt: &str) -> Result<()> {
        if prompt == NOTHING {
            return Ok(());
        }
        if !self.interactive {
            return Err(SecretProblem::KeychainLocked.into());
        }
        let rule = format!(
            "type='signal',interface='org.freedesktop.Secret.Prompt',member='Completed',path='{prompt}'"
        );
        let listen = Method {
            destination: "org.freedesktop.DBus",
            path: "/org/freedesktop/DBus",
            interface: "org.freedesktop.DBus",
            member: "AddMatch",
        };
        self.bus.call(listen, "s", |arguments| {
            arguments.string(&rule);
        })?;
        let ask = Method {
            destination: SERVICE,
            path: prompt,
            interface: "org.freedesktop.Secret.Prompt",
            member: "Prompt",
        };
        self.bus.call(ask, "s", |arguments| {
            arguments.string("");
        })?;
        self.bus.patience(TYPING_SECONDS)?;
        let done: Message = self.bus.signal(prompt, "Completed")?;
        self.bus.patience(super::bus::SECONDS)?;
        // What the result is depends on the call; whether it was given does not.
        let first = |reader: &mut Reader<'_>| reader.boolean();
        if done.read("bv", first)? {
            return Err(SecretProblem::KeychainLocked.into());
        }
        Ok(())
    }
}

fn service(member: &str) -> Method<'_> {
    let interface = "org.freedesktop.Secret.Service";
    Method { destination: SERVICE, path: ROOT, interface, member }
}

fn item_method<'m>(item: &'m str, member: &'m str) -> Method<'m> {
    let interface = "org.freedesktop.Secret.Item";
    Method { destination: SERVICE, path: item, interface, member }
}

/// What an entry is found by.
fn attributes(name: Option<&SecretName>) -> Vec<(&'static str, &str)> {
    let mut pairs = vec![("application", APPLICATION)];
    pairs.extend(name.map(|name| ("name", name.as_str())));
    pairs
}

/// A session, the algorithm's parameters, the value and its type.
fn write_secret(arguments: &mut Writer, session: &str, value: &Secret) {
    arguments.align(8).string(session).blob(&[]).blob(value.reveal().as_bytes());
    arguments.string("text/plain");
}
