//! The profile of `sandbox-exec`, the sandbox of macOS.
//!
//! Written against Apple's own profiles in `/System/Library/Sandbox/Profiles`;
//! the last rule that fits counts. It is a text, so it is tested as one
//! everywhere; it has not been run on a Mac yet.

#![cfg_attr(not(target_os = "macos"), allow(dead_code, reason = "used on macOS"))]

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::policy::Network;

/// The program that runs a command under a profile.
pub(crate) const PROGRAM: &str = "/usr/bin/sandbox-exec";

/// What a profile is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places<'a> {
    pub(crate) writable: &'a [PathBuf],
    pub(crate) guarded: &'a [PathBuf],
    pub(crate) hidden: &'a [PathBuf],
    pub(crate) network: Network,
}

/// Devices that may be written.
const DEVICES: [&str; 6] =
    ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/dtracehelper", "/dev/fd"];

impl Places<'_> {
    /// The profile; nothing where a path cannot be written in one.
    pub(crate) fn profile(&self) -> Option<String> {
        let mut text = String::from(
            "(version 1)\n\
             (deny default)\n\
             (allow process-exec process-fork)\n\
             (allow process-info* (target same-sandbox))\n\
             (allow signal (target same-sandbox))\n\
             (allow sysctl-read)\n\
             (allow file-read*)\n\
             (allow file-ioctl (literal \"/dev/null\"))\n\
             (allow ipc-posix-sem)\n\
             (allow mach-lookup\n\
             \x20 (global-name \"com.apple.system.opendirectoryd.libinfo\")\n\
             \x20 (global-name \"com.apple.system.notification_center\")\n\
             \x20 (global-name \"com.apple.logd\"))\n",
        );
        for device in DEVICES {
            let _ =
                writeln!(text, "(allow file-write-data (literal {}))", quote(Path::new(device))?);
        }
        for folder in self.writable {
            let _ = writeln!(text, "(allow file-write* (subpath {}))", quote(folder)?);
        }
        for place in self.guarded {
            let _ = writeln!(text, "(deny file-write* (subpath {}))", quote(place)?);
        }
        text.push_str("(deny file-write-setugid)\n");
        for place in self.hidden {
            let _ = writeln!(text, "(deny file-read* file-write* (subpath {}))", quote(place)?);
        }
        if self.network == Network::Allowed {
            text.push_str(
                "(allow network-outbound (remote ip))\n\
                 (allow network-inbound (local ip))\n\
                 (allow network-bind (local ip))\n\
                 (allow network-outbound (literal \"/private/var/run/mDNSResponder\"))\n\
                 (allow system-socket)\n",
            );
        }
        Some(text)
    }
}

/// A path as a string of the profile's language, which is Scheme's; nothing for
/// one that is no text or holds a control character.
fn quote(path: &Path) -> Option<String> {
    let text = path.to_str().filter(|text| !text.contains(char::is_control))?;
    Some(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(root: &str, hidden: &str, network: Network) -> Option<String> {
        let (writable, hidden) = ([PathBuf::from(root)], [PathBuf::from(hidden)]);
        let guarded = [PathBuf::from(root).join(".git/hooks")];
        Places { writable: &writable, guarded: &guarded, hidden: &hidden, network }.profile()
    }

    #[test]
    fn later_rules_take_back_what_earlier_ones_give() {
        let text = profile("/w/p", "/Users/me/.ssh", Network::Refused).unwrap();
        let place = |rule: &str| text.find(rule).unwrap_or_else(|| panic!("{rule}: {text}"));
        assert!(place("(deny default)") < place("(allow file-read*)"));
        let write = place("(allow file-write* (subpath \"/w/p\"))");
        assert!(write < place("(deny file-write* (subpath \"/w/p/.git/hooks\"))"));
        let secret = "(deny file-read* file-write* (subpath \"/Users/me/.ssh\"))";
        assert!(place("(allow file-read*)") < place(secret) && write < place(secret));
        assert!(!text.contains("network"), "{text}");
        assert!(profile("/w", "/s", Network::Allowed).unwrap().contains("(allow network-outbound"));
    }

    #[test]
    fn a_path_stays_one_string() {
        let evil = "/w/a\") (allow default) (\"\\";
        let text = profile(evil, "/s", Network::Refused).unwrap();
        assert!(text.contains(r#"(subpath "/w/a\") (allow default) (\"\\"))"#), "{text}");
        // Without strings, no rule is left that the path brought in.
        let mut outside = String::new();
        let (mut inside, mut escaped) = (false, false);
        for character in text.chars() {
            match character {
                _ if escaped => escaped = false,
                '\\' if inside => escaped = true,
                '"' => inside = !inside,
                other if !inside => outside.push(other),
                _ => {}
            }
        }
        assert!(!inside && !outside.contains("allow default"), "{outside}");
        assert_eq!(outside.matches('(').count(), outside.matches(')').count());
        assert!(profile("/w\n(allow default)", "/s", Network::Refused).is_none());
    }
}
