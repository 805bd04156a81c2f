//! The system's keychain.
//!
//! On Linux and the BSDs that is whoever offers `org.freedesktop.secrets` on
//! the session's bus: GNOME's keyring, `KWallet`, `KeePassXC`. It is spoken to
//! directly: the crates for it bring an asynchronous runtime or a C library.
//! On macOS and Windows a crate calls the system.

#[cfg(all(unix, not(target_os = "macos")))]
mod bus;
#[cfg(any(target_os = "macos", target_os = "windows", test))]
mod native;
#[cfg(all(unix, not(target_os = "macos")))]
mod secret_service;
#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests;
#[cfg(all(unix, not(target_os = "macos")))]
mod wire;

use super::{Secret, SecretName, SecretPlace, SecretStore};
use crate::error::Result;

#[cfg(any(target_os = "macos", target_os = "windows"))]
use native::Native as System;
#[cfg(all(unix, not(target_os = "macos")))]
use secret_service::SecretService as System;

/// What all entries of this program have in common.
const APPLICATION: &str = "mlx-code";

/// The system's keychain.
#[derive(Debug)]
pub struct Keychain {
    /// Where the session's bus listens, as `DBUS_SESSION_BUS_ADDRESS` has it.
    bus_address: Option<String>,
    /// Whether somebody is there to type a password.
    interactive: bool,
}

impl Keychain {
    /// The keychain of this session. `bus_address`, which the face reads, is
    /// needed where the keychain is reached over D-Bus. Where `interactive`,
    /// a locked keychain may open a window and ask for its password.
    pub fn new(bus_address: Option<String>, interactive: bool) -> Self {
        Self { bus_address, interactive }
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn system(&self) -> Result<System> {
        System::open(self.bus_address.as_deref(), self.interactive)
    }

    #[cfg(any(target_os = "macos", target_os = "windows"))]
    fn system(&self) -> Result<System> {
        let _ = (&self.bus_address, self.interactive);
        System::open()
    }
}

#[cfg(any(unix, windows))]
impl SecretStore for Keychain {
    fn place(&self) -> SecretPlace {
        SecretPlace::Keychain
    }

    fn get(&self, name: &SecretName) -> Result<Option<Secret>> {
        self.system()?.get(name)
    }

    fn set(&self, name: &SecretName, value: &Secret) -> Result<()> {
        self.system()?.set(name, value)
    }

    fn remove(&self, name: &SecretName) -> Result<bool> {
        self.system()?.remove(name)
    }

    fn names(&self) -> Result<Vec<SecretName>> {
        self.system()?.names()
    }
}
