//! The session's bus: a socket of this machine, calls and their answers.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use zeroize::Zeroizing;

use super::super::problem::SecretProblem;
use super::wire::{MOST_BYTES, Reader, Writer};

/// How long an answer may take.
pub const SECONDS: u64 = if cfg!(test) { 1 } else { 5 };

/// Messages that are read on the way to an answer: others are not for us.
const MOST_MESSAGES: usize = 1_000;

const CALL: u8 = 1;
const RETURN: u8 = 2;
const ERROR: u8 = 3;
const SIGNAL: u8 = 4;

/// Header fields, by their numbers in the specification.
const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const ERROR_NAME: u8 = 4;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SIGNATURE: u8 = 8;

/// Whom to call.
#[derive(Clone, Copy, Debug)]
pub struct Method<'m> {
    pub destination: &'m str,
    pub path: &'m str,
    pub interface: &'m str,
    pub member: &'m str,
}

/// A message that came.
#[derive(Debug, Default)]
pub struct Message {
    kind: u8,
    reply_to: u32,
    error: String,
    /// The object that it is sent to, or comes from.
    pub path: String,
    /// The method, or the signal.
    pub member: String,
    signature: String,
    body: Zeroizing<Vec<u8>>,
}

impl Message {
    /// Reads its values, which have to be of some types.
    pub fn read<T>(
        &self,
        signature: &str,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Result<T, SecretProblem> {
        let strange =
            || SecretProblem::Keychain { reason: "it answers otherwise than it should".to_owned() };
        if self.signature != signature {
            return Err(strange());
        }
        read(&mut Reader::new(&self.body)).ok_or_else(strange)
    }
}

/// A connection to the bus.
#[derive(Debug)]
pub struct Bus {
    stream: UnixStream,
    serial: u32,
    seconds: u64,
}

impl Bus {
    /// Connects to the first address of a list that can be reached.
    pub fn connect(addresses: &str) -> Result<Self, SecretProblem> {
        let mut last = None;
        for address in addresses.split(';').filter(|address| !address.is_empty()) {
            match open(address) {
                Ok(stream) => return Self::greet(stream),
                Err(error) => last = Some(error),
            }
        }
        let why = last.map_or_else(|| "no address".to_owned(), |error| error.to_string());
        let reason = format!("the session's bus cannot be reached: {why}");
        Err(SecretProblem::NoKeychain { reason })
    }

    fn greet(stream: UnixStream) -> Result<Self, SecretProblem> {
        let mut bus = Self { stream, serial: 0, seconds: SECONDS };
        bus.patience(SECONDS)?;
        bus.authenticate().map_err(|error| bus.failed(&error))?;
        let hello = Method {
            destination: "org.freedesktop.DBus",
            path: "/org/freedesktop/DBus",
            interface: "org.freedesktop.DBus",
            member: "Hello",
        };
        bus.call(hello, "", |_| {})?;
        Ok(bus)
    }

    /// How long the next answers may take.
    pub fn patience(&mut self, seconds: u64) -> Result<(), SecretProblem> {
        self.seconds = seconds;
        let timeout = Some(Duration::from_secs(seconds));
        let set = self.stream.set_read_timeout(timeout);
        set.and_then(|()| self.stream.set_write_timeout(timeout))
            .map_err(|error| self.failed(&error))
    }

    /// "EXTERNAL": the daemon asks the kernel who we are.
    fn authenticate(&mut self) -> io::Result<()> {
        let user = rustix::process::geteuid().as_raw().to_string();
        let mut hex = String::new();
        for byte in user.bytes() {
            // Writing into a text cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        self.stream.write_all(format!("\0AUTH EXTERNAL {hex}\r\n").as_bytes())?;
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            line.push(byte[0]);
            if line.len() > 1_024 {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        if !line.starts_with(b"OK ") {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.stream.write_all(b"BEGIN\r\n")
    }

    /// Calls a method and gives its answer.
    pub fn call(
        &mut self,
        method: Method<'_>,
        signature: &str,
        arguments: impl FnOnce(&mut Writer),
    ) -> Result<Message, SecretProblem> {
        self.serial += 1;
        let serial = self.serial;
        let mut body = Writer::default();
        arguments(&mut body);
        let mut message = Writer::default();
        message.byte(b'l').byte(CALL).byte(0).byte(1);
        message.uint(body.bytes().len() as u32).uint(serial);
        message.list(8, |fields| {
            let texts = [
                (PATH, "o", method.path),
                (INTERFACE, "s", method.interface),
                (MEMBER, "s", method.member),
                (DESTINATION, "s", method.destination),
            ];
            for (number, kind, text) in texts {
                fields.align(8).byte(number).signature(kind).string(text);
            }
            if !signature.is_empty() {
                fields.align(8).byte(SIGNATURE).signature("g").signature(signature);
            }
        });
        message.align(8).raw(body.bytes());
        self.stream.write_all(message.bytes()).map_err(|error| self.failed(&error))?;
        self.wait(|message| matches!(message.kind, RETURN | ERROR) && message.reply_to == serial)
            .and_then(|message| match message.kind {
                ERROR => Err(refusal(&message)),
                _ => Ok(message),
            })
    }

    /// Waits for a signal of an object.
    pub fn signal(&mut self, path: &str, member: &str) -> Result<Message, SecretProblem> {
        self.wait(|message| {
            message.kind == SIGNAL && message.path == path && message.member == member
        })
    }

    fn wait(&mut self, wanted: impl Fn(&Message) -> bool) -> Result<Message, SecretProblem> {
        for _ in 0..MOST_MESSAGES {
            let message = self.receive().map_err(|error| self.failed(&error))?;
            if wanted(&message) {
                return Ok(message);
            }
        }
        Err(SecretProblem::Keychain { reason: "it answers something else all the time".to_owned() })
    }

    fn receive(&mut self) -> io::Result<Message> {
        parts(&mut self.stream).map(|(_, message)| message)
    }

    fn failed(&self, error: &io::Error) -> SecretProblem {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                SecretProblem::KeychainSilent { seconds: self.seconds }
            }
            _ => SecretProblem::Keychain { reason: format!("the session's bus: {error}") },
        }
    }
}

/// Reads a message and gives its serial with it.
pub fn parts(stream: &mut impl Read) -> io::Result<(u32, Message)> {
    let strange = || io::Error::from(io::ErrorKind::InvalidData);
    let mut start = [0; 16];
    stream.read_exact(&mut start)?;
    let mut reader = Reader::new(&start);
    let (endian, kind) = (reader.byte(), reader.byte());
    if endian != Some(b'l') {
        return Err(strange());
    }
    let number = |at: usize| {
        u32::from_le_bytes([start[at], start[at + 1], start[at + 2], start[at + 3]]) as usize
    };
    let (body, fields) = (number(4), number(12));
    if body > MOST_BYTES || fields > MOST_BYTES {
        return Err(strange());
    }
    // The fields end on a multiple of eight, counted from the start.
    let mut header = start.to_vec();
    header.resize(16 + fields.next_multiple_of(8), 0);
    stream.read_exact(&mut header[16..])?;
    let mut message = Message { kind: kind.unwrap_or(0), ..Message::default() };
    message.body.resize(body, 0);
    stream.read_exact(&mut message.body)?;
    read_fields(&header[..16 + fields], &mut message).ok_or_else(strange)?;
    Ok((number(8) as u32, message))
}

fn read_fields(header: &[u8], message: &mut Message) -> Option<()> {
    let mut reader = Reader::new(header);
    reader.raw(12)?;
    reader.list(8, |fields| {
        let number = fields.align(8)?.byte()?;
        let kind = fields.signature()?;
        match (number, kind) {
            (REPLY_SERIAL, "u") => message.reply_to = fields.uint()?,
            (_, "u") => drop(fields.uint()?),
            (SIGNATURE, "g") => fields.signature()?.clone_into(&mut message.signature),
            (_, "g") => drop(fields.signature()?),
            (number, "s" | "o") => {
                let text = fields.string()?;
                match number {
                    PATH => text.clone_into(&mut message.path),
                    MEMBER => text.clone_into(&mut message.member),
                    ERROR_NAME => text.clone_into(&mut message.error),
                    _ => {}
                }
            }
            _ => return None,
        }
        Some(())
    })?;
    Some(())
}

fn refusal(message: &Message) -> SecretProblem {
    let said = Reader::new(&message.body).string().unwrap_or_default();
    match &*message.error {
        "org.freedesktop.DBus.Error.ServiceUnknown"
        | "org.freedesktop.DBus.Error.NameHasNoOwner"
        | "org.freedesktop.DBus.Error.Spawn.ServiceNotFound" => SecretProblem::NoKeychain {
            reason: "nobody offers org.freedesktop.secrets on the session's bus".to_owned(),
        },
        "org.freedesktop.Secret.Error.IsLocked" => SecretProblem::KeychainLocked,
        name => SecretProblem::Keychain { reason: format!("{name}: {said}") },
    }
}

/// `unix:path=/run/user/1000/bus,guid=…` or `unix:abstract=…`.
fn open(address: &str) -> io::Result<UnixStream> {
    let unknown = || {
        let what = format!("the address {address} is of an unknown kind");
        io::Error::new(io::ErrorKind::Unsupported, what)
    };
    let pairs = address.strip_prefix("unix:").ok_or_else(unknown)?;
    let value = |name: &str| {
        let mut pairs = pairs.split(',').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| unescape(value))
    };
    if let Some(path) = value("path") {
        return UnixStream::connect(path);
    }
    #[cfg(target_os = "linux")]
    if let Some(name) = value("abstract") {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::SocketAddr;
        return UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?);
    }
    Err(unknown())
}

/// Bytes may stand as `%2d`.
fn unescape(value: &str) -> String {
    let mut parts = value.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) => {
                text.push(char::from(byte));
                text.push_str(&part[2..]);
            }
            None => text.push_str(part),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_reached_say_why() {
        let folder = tempfile::tempdir().unwrap();
        let missing = format!("unix:path={}/no%20bus", folder.path().display());
        for (address, words) in [
            ("", "no address"),
            ("tcp:host=localhost", "unknown kind"),
            ("unix:tmpdir=/tmp", "unknown kind"),
            (&*missing, "No such file"),
        ] {
            let error = Bus::connect(address).unwrap_err();
            assert!(matches!(error, SecretProblem::NoKeychain { .. }), "{error:?}");
            assert!(error.to_string().contains(words), "{address}: {error}");
        }
        assert_eq!(unescape("a%2db%"), "a-b");
    }
}
