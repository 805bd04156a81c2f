//! The files that a command may use, as Landlock's rules.
//!
//! Landlock knows allowing alone, and what is allowed for a folder is allowed
//! for all below it. So reading is allowed for all entries of `/` but those on
//! the way to a hidden place, and of these for all their entries but the hidden
//! ones and those on the way, and so on. Listing folders is allowed everywhere,
//! since otherwise `ls /` would fail: names are seen, contents are not.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::fs::{FileType, Mode, OFlags};

use super::system;
use crate::error::{Error, Result};
use crate::paths;
use crate::policy::Network;
use crate::sandbox::Sandbox;

/// The newest version whose rights are known here. An older kernel takes those
/// of them that it knows.
const NEWEST: ABI = ABI::V9;

/// The most entries of a folder on the way to a hidden place: each is a rule
/// and a few microseconds.
const MOST_ENTRIES: usize = 20_000;

/// Devices that may be read and written.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Where shared memory with a name lies.
const SHARED_MEMORY: &str = "/dev/shm";

/// Devices are hidden, raw disks among them, but for the five above.
const DEV: &str = "/dev";

/// What may be used, by open files so that nobody can swap a path meanwhile.
#[derive(Debug)]
pub(crate) struct Grants {
    rules: Vec<(OwnedFd, BitFlags<AccessFs>)>,
    network: Network,
}

impl Grants {
    /// Looks at the disk for what a policy allows.
    pub(crate) fn new(sandbox: &Sandbox, temp: &Path) -> Result<Self> {
        let policy = &sandbox.policy;
        let mut grants = Self { rules: Vec::new(), network: policy.network };
        let mut hidden = sandbox.hidden.clone();
        hidden.push(DEV.into());
        let root = open(Path::new("/")).map_err(|source| system("open /", source))?;
        grants.rules.push((root, AccessFs::ReadDir.into()));
        grants.around(Path::new("/"), &hidden)?;

        let all = AccessFs::from_all(NEWEST)
            & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev);
        grants.must(policy.root.path(), all, "open the root")?;
        grants.must(temp, all, "open the temporary folder")?;
        for folder in &policy.writable {
            // A cache that is not there yet is no reason not to run.
            grants.may(&paths::real(folder), all);
        }
        if policy.shared_memory {
            grants.may(Path::new(SHARED_MEMORY), all & !AccessFs::Execute);
        }
        if policy.unix_sockets {
            grants.may(Path::new("/"), AccessFs::ResolveUnix.into());
        }
        let device =
            AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev;
        for path in DEVICES {
            grants.may(Path::new(path), device);
        }
        Ok(grants)
    }

    /// Allows reading all below a folder but what is hidden.
    fn around(&mut self, folder: &Path, hidden: &[PathBuf]) -> Result<()> {
        // A folder that we cannot list is one that the command cannot read
        // either; what is below it stays closed.
        let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
        for (number, entry) in entries.flatten().enumerate() {
            if number >= MOST_ENTRIES {
                return Err(Error::TooManyEntries {
                    folder: folder.to_owned(),
                    limit: MOST_ENTRIES,
                });
            }
            let path = entry.path();
            if hidden.contains(&path) {
                continue;
            }
            if hidden.iter().any(|hidden| hidden.starts_with(&path)) {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    self.around(&path, hidden)?;
                }
                continue;
            }
            self.may(&path, AccessFs::from_read(NEWEST));
        }
        Ok(())
    }

    fn must(&mut self, path: &Path, rights: BitFlags<AccessFs>, step: &'static str) -> Result<()> {
        let file = open(path).map_err(|source| system(step, source))?;
        self.rules.push((file, rights));
        Ok(())
    }

    /// Allows it where it is there and no link: the target of a link is allowed
    /// or not where it lies.
    fn may(&mut self, path: &Path, rights: BitFlags<AccessFs>) {
        let Ok(file) = open(path) else { return };
        let Ok(kind) = rustix::fs::fstat(&file).map(|stat| FileType::from_raw_mode(stat.st_mode))
        else {
            return;
        };
        let rights = match kind {
            FileType::Symlink => return,
            FileType::Directory => rights,
            _ => rights & AccessFs::from_file(NEWEST),
        };
        if !rights.is_empty() {
            self.rules.push((file, rights));
        }
    }

    /// Restricts the calling thread, and what it starts from now on.
    pub(crate) fn restrict(self) -> Result<RulesetStatus> {
        let failed = |error: RulesetError| system("restrict files", io::Error::other(error));
        let mut ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(NEWEST))
            .map_err(failed)?
            .scope(Scope::from_all(NEWEST))
            .map_err(failed)?;
        if self.network == Network::Refused {
            ruleset = ruleset.handle_access(AccessNet::from_all(NEWEST)).map_err(failed)?;
        }
        let rules = self.rules.into_iter().map(|(file, rights)| Ok(PathBeneath::new(file, rights)));
        let created = ruleset.create().map_err(failed)?.add_rules(rules).map_err(failed)?;
        Ok(created.restrict_self().map_err(failed)?.ruleset)
    }
}

fn open(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}
