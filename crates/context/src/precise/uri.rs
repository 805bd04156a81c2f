//! Paths as addresses, and back.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The address of a file; `None` for a path that is not text.
pub fn of_path(path: &Path) -> Option<String> {
    let mut uri = String::from("file://");
    let written = path.to_str()?;
    if !written.starts_with('/') {
        uri.push('/');
    }
    for byte in written.bytes() {
        match byte {
            b'\\' => uri.push('/'),
            b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    Some(uri)
}

/// The path of an address; `None` where it is that of no file here.
pub fn to_path(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let mut bytes = Vec::with_capacity(rest.len());
    let mut all = rest.bytes();
    while let Some(byte) = all.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || Some(char::from(all.next()?).to_digit(16)? as u8);
        bytes.push(digit()? << 4 | digit()?);
    }
    let path = String::from_utf8(bytes).ok()?;
    // `/C:/folder` is a path of Windows.
    let is_drive = cfg!(windows) && path.get(2..3) == Some(":");
    let path = if is_drive { path[1..].to_owned() } else { path };
    path.starts_with('/').then(|| PathBuf::from(&path)).or(is_drive.then(|| PathBuf::from(&path)))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn paths_are_addresses_and_back() {
        for path in ["/a/b.py", "/with blank/ä%20#?.ts", "/@scope/x-y_z~.d.ts"] {
            let uri = of_path(Path::new(path)).unwrap();
            assert!(uri.starts_with("file:///") && uri.is_ascii(), "{uri}");
            assert_eq!(to_path(&uri), Some(PathBuf::from(path)));
        }
        for uri in ["http://a/b", "file://host/a", "file:///a%2", "file:///%ff", "untitled:1", ""] {
            assert_eq!(to_path(uri), None, "{uri}");
        }
    }
}
