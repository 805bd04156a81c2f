//! `mlx-code secret`: tokens, and where they are kept.

use std::io::{BufRead, Read};

use mlxcode_core::{
    Diagnostic, Error, InputError, Lock, Passphrases, SECRET_BYTES, Secret as Value, SecretName,
    SecretPlace, Secrets, secrets,
};

use crate::args::{Secret, SecretIn};
use crate::command::{Common, dirs};
use crate::exit::{Failure, Outcome, show_broken, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::Style;
use crate::output::json::{
    self, SecretListOutput, SecretOutput, SecretRowOutput, UnreachableOutput,
};

/// Runs the verb.
pub fn run(args: Secret, common: &Common, host: &mut Host<'_>) -> Outcome {
    match args {
        Secret::Set { name, place, passphrase, key } => {
            let lock = match (passphrase, key) {
                (true, _) => Lock::Passphrase,
                (_, true) => Lock::Key,
                _ => Lock::AsItIs,
            };
            set(&SecretName::new(&name)?, place, lock, common, host)
        }
        Secret::Get { name, reveal } => get(&SecretName::new(&name)?, reveal, common, host),
        Secret::List => list(common, host),
        Secret::Rm { name } => rm(&SecretName::new(&name)?, common, host),
    }
}

fn set(
    name: &SecretName,
    place: Option<SecretIn>,
    lock: Lock,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let value = read_value(name, host)?;
    // Asking for a lock is asking for the file.
    let place = match place {
        Some(SecretIn::Keychain) => Some(SecretPlace::Keychain),
        None if lock == Lock::AsItIs => None,
        Some(SecretIn::File) | None => Some(SecretPlace::File),
    };
    let locking = match lock {
        Lock::Passphrase => Some(new_passphrase(host)?),
        _ => None,
    };
    let stored = with_passphrase(lock, locking, host, |secrets| secrets.set(name, &value, place))?;
    if common.json {
        let places = vec![stored.place.as_str().to_owned()];
        json::write(host, &SecretOutput { name: name.to_string(), places, value: None })?;
        return Ok(SUCCESS);
    }
    if let Some(remark) = stored.remark {
        written(writeln!(host.messages, "{remark}"))?;
    }
    written(writeln!(host.output, "kept {name} in {}", stored.place))?;
    Ok(SUCCESS)
}

fn get(name: &SecretName, reveal: bool, common: &Common, host: &mut Host<'_>) -> Outcome {
    let found = with_passphrase(Lock::AsItIs, None, host, |secrets| secrets.require(name))?;
    if common.json {
        let output = SecretOutput {
            name: name.to_string(),
            places: vec![found.place.as_str().to_owned()],
            value: reveal.then(|| found.value.reveal().to_owned()),
        };
        json::write(host, &output)?;
    } else if reveal {
        written(writeln!(host.output, "{}", found.value.reveal()))?;
    } else {
        written(writeln!(host.output, "{name}: {} (in {})", found.value, found.place))?;
    }
    Ok(SUCCESS)
}

fn list(common: &Common, host: &mut Host<'_>) -> Outcome {
    let (list, locked) = {
        let known = open(host, Lock::AsItIs, Passphrases::default())?.list();
        let locked = known.unreachable.iter().any(|(_, error)| is_locked_code(error.code()));
        (known, locked)
    };
    let list = if locked && host.keyboard.is_some() {
        let mut passphrases = Passphrases::default();
        passphrases.opening = Some(type_hidden("Passphrase of the file of secrets: ", host)?);
        open(host, Lock::AsItIs, passphrases)?.list()
    } else {
        list
    };
    let places = |places: &[SecretPlace]| places.iter().map(|p| p.as_str().to_owned()).collect();
    if common.json {
        let row = |(name, of): (&SecretName, &Vec<SecretPlace>)| SecretRowOutput {
            name: name.to_string(),
            places: places(of),
        };
        let unreachable = list.unreachable.iter().map(|(place, error)| UnreachableOutput {
            place: place.as_str().to_owned(),
            message: error.to_string(),
        });
        let output = SecretListOutput {
            secrets: list.names.iter().map(row).collect(),
            unreachable: unreachable.collect(),
        };
        json::write(host, &output)?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    for (name, of) in &list.names {
        let of: Vec<String> = of.iter().map(ToString::to_string).collect();
        written(writeln!(host.output, "{}  {}", style.strong(name), of.join(", ")))?;
    }
    if list.names.is_empty() {
        written(writeln!(host.output, "no secret is kept"))?;
    }
    for (place, error) in list.unreachable {
        // A machine without a keychain lacks nothing.
        if error.code() != "secret.no_keychain" {
            show_broken(&format!("{place} could not be asked"), &Error::from(error), host)?;
        }
    }
    Ok(SUCCESS)
}

fn rm(name: &SecretName, common: &Common, host: &mut Host<'_>) -> Outcome {
    let places = with_passphrase(Lock::AsItIs, None, host, |secrets| secrets.remove(name))?;
    if common.json {
        let places = places.iter().map(|place| place.as_str().to_owned()).collect();
        json::write(host, &SecretOutput { name: name.to_string(), places, value: None })?;
        return Ok(SUCCESS);
    }
    let places: Vec<String> = places.iter().map(ToString::to_string).collect();
    written(writeln!(host.output, "forgot {name}, which was in {}", places.join(" and ")))?;
    Ok(SUCCESS)
}

fn open(host: &Host<'_>, lock: Lock, passphrases: Passphrases) -> Outcome<Secrets> {
    let interactive = host.keyboard.is_some();
    Ok(secrets(&dirs(host)?, host.secrets.clone(), interactive, lock, passphrases))
}

/// The key of a provider, where there is one; a passphrase may be asked for.
pub fn key(name: &SecretName, host: &mut Host<'_>) -> Outcome<Option<Value>> {
    let found = with_passphrase(Lock::AsItIs, None, host, |secrets| secrets.get(name))?;
    Ok(found.map(|found| found.value))
}

/// A secret that is kept, else the one of the environment. Where what is kept
/// cannot be opened, the environment's does; without one, that is the error.
pub fn kept_or_given(name: &SecretName, host: &mut Host<'_>) -> Outcome<Option<Value>> {
    let given = host.secrets.given(name);
    let surroundings = std::mem::take(&mut host.secrets.environment);
    let kept = key(name, host);
    host.secrets.environment = surroundings;
    match (kept, given) {
        (Ok(Some(kept)), _) => Ok(Some(kept)),
        (_, Some(given)) => Ok(Some(given)),
        (kept, None) => kept,
    }
}

/// The token of the hub that the keychain or the file keeps. Where `ask`,
/// whoever sits there may be asked for a password; a place that cannot be
/// opened is told then, since what is open to everybody needs no token.
pub fn hub_token(ask: bool, host: &mut Host<'_>) -> Outcome<Option<String>> {
    let name = SecretName::hugging_face();
    let found = if ask {
        with_passphrase(Lock::AsItIs, None, host, |secrets| secrets.get(&name))
    } else {
        let quiet = secrets(
            &dirs(host)?,
            host.secrets.clone(),
            false,
            Lock::AsItIs,
            Passphrases::default(),
        );
        Ok(quiet.get(&name).ok().flatten())
    };
    match found {
        Ok(found) => Ok(found.map(|found| found.value.reveal().to_owned())),
        Err(Failure::Error(error)) => {
            show_broken("the token of the hub cannot be read", &error, host)?;
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

/// Does something with the secrets, and once more with a passphrase where the
/// file turns out to be locked with one.
fn with_passphrase<T, E: Into<Error>>(
    lock: Lock,
    locking: Option<Value>,
    host: &mut Host<'_>,
    act: impl Fn(&Secrets) -> Result<T, E>,
) -> Outcome<T> {
    let mut passphrases = Passphrases::default();
    passphrases.locking = locking;
    let error = match act(&open(host, lock, passphrases.clone())?) {
        Ok(done) => return Ok(done),
        Err(error) => error.into(),
    };
    if !is_locked_code(error.code()) || host.keyboard.is_none() {
        return Err(Failure::Error(error));
    }
    passphrases.opening = Some(type_hidden("Passphrase of the file of secrets: ", host)?);
    Ok(act(&open(host, lock, passphrases)?)?)
}

fn is_locked_code(code: &str) -> bool {
    code == "secret.file_locked"
}

/// The value: what the standard input holds, or what somebody types.
fn read_value(name: &SecretName, host: &mut Host<'_>) -> Outcome<Value> {
    if host.input_is_typed {
        return type_hidden(&format!("Value of {name} (it is not shown): "), host);
    }
    let mut bytes = Vec::new();
    let read = host.input.take(SECRET_BYTES as u64 + 16).read_to_end(&mut bytes);
    let place = || "the standard input".into();
    read.map_err(|source| InputError::Unreadable { path: place(), source })?;
    let text = String::from_utf8(bytes).map_err(|_| InputError::NotUtf8 { path: place() })?;
    Ok(Value::new(text)?)
}

fn new_passphrase(host: &mut Host<'_>) -> Outcome<Value> {
    let first = type_hidden("A new passphrase for the file of secrets: ", host)?;
    let second = type_hidden("The same once more: ", host)?;
    if first == second { Ok(first) } else { Err(InputError::NotTheSame.into()) }
}

/// Asks for a line that the terminal does not show.
fn type_hidden(question: &str, host: &mut Host<'_>) -> Outcome<Value> {
    let Some(keyboard) = host.keyboard.as_deref_mut() else {
        return Err(InputError::NobodyToType.into());
    };
    let Some(hidden) = (host.hide)() else { return Err(InputError::NobodyToType.into()) };
    written(write!(host.messages, "{question}").and_then(|()| host.messages.flush()))?;
    let mut line = Vec::new();
    let read = host
        .waiting
        .during(|| keyboard.take(SECRET_BYTES as u64 + 16).read_until(b'\n', &mut line));
    drop(hidden);
    read.map_err(|source| InputError::Unreadable { path: "the terminal".into(), source })?;
    let text = String::from_utf8(line)
        .map_err(|_| InputError::NotUtf8 { path: "what was typed".into() })?;
    Ok(Value::new(text)?)
}
