//! What a file has beside its name and content.

use std::fs::File;
use std::io;

use serde::{Deserialize, Serialize};

/// What a file has beside its name and content; nothing where the system has
/// no such thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTraits {
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner and group, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<(u32, u32)>,
    /// Of a new file without permissions of its own: whether it is a program.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub program: bool,
    /// Extended attributes, access lists among them. Not those that speak for
    /// the very content, such as signatures and capabilities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, Vec<u8>)>,
}

impl FileTraits {
    /// Nobody but the user may read the file.
    pub const PRIVATE: Self =
        Self { mode: Some(0o600), owner: None, program: false, attributes: Vec::new() };

    /// The same file as a program, or as none: who may read it may run it.
    pub fn with_program(self, program: bool) -> Self {
        let changed = |mode| if program { mode | (mode & 0o444) >> 2 } else { mode & !0o111 };
        let mode = self.mode.map(changed);
        Self { mode, program, ..self }
    }
}

/// What the open file has.
#[cfg(unix)]
pub fn traits_of(file: &File) -> io::Result<FileTraits> {
    use std::os::unix::fs::MetadataExt;
    let meta = file.metadata()?;
    Ok(FileTraits {
        mode: Some(meta.mode() & 0o7777),
        owner: Some((meta.uid(), meta.gid())),
        program: false,
        attributes: attributes_of(file),
    })
}

/// What the open file has.
#[cfg(not(unix))]
pub fn traits_of(_file: &File) -> io::Result<FileTraits> {
    Ok(FileTraits::default())
}

/// The extended attributes that go along with a changed content. Where they
/// cannot be read, there are none.
#[cfg(target_os = "linux")]
fn attributes_of(file: &File) -> Vec<(String, Vec<u8>)> {
    use rustix::fs::{fgetxattr, flistxattr};
    // What the system itself takes for one list and one value at most.
    const MOST_BYTES: usize = 64 << 10;
    let mut list = [0_u8; 1024];
    let length = match flistxattr(file, &mut list[..]) {
        Ok(0) | Err(_) => return Vec::new(),
        Ok(length) => length,
    };
    let names = list[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let mut attributes = Vec::new();
    for name in names.filter_map(|name| std::str::from_utf8(name).ok()) {
        if !(name.starts_with("user.") || name == "system.posix_acl_access") {
            continue;
        }
        let mut value = vec![0_u8; MOST_BYTES];
        if let Ok(length) = fgetxattr(file, name, &mut value[..]) {
            value.truncate(length);
            attributes.push((name.to_owned(), value));
        }
    }
    attributes
}

#[cfg(all(unix, not(target_os = "linux")))]
fn attributes_of(_file: &File) -> Vec<(String, Vec<u8>)> {
    Vec::new()
}
