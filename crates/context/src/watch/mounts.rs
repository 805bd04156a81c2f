//! Which file system a folder lies on, where the system tells that.

use std::fs;
use std::path::Path;

/// File systems that others change, of which this machine is not told.
const SILENT: [&str; 12] = [
    "9p",
    "afs",
    "ceph",
    "cifs",
    "drvfs",
    "fuse.glusterfs",
    "fuse.sshfs",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "vboxsf",
];

/// The type of the file system around `folder`, if it is one that does not
/// tell of all changes.
pub fn silent(folder: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = kind_of(&mounts, folder)?;
    SILENT.contains(&kind).then(|| kind.to_owned())
}

/// The type of the file system that `folder` lies on, by the system's list of
/// them: in each line the fifth field is where it lies, and behind a lone dash
/// stands the type. The last one that fits lies on top.
fn kind_of<'m>(mounts: &'m str, folder: &Path) -> Option<&'m str> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let (Some(place), Some((_, behind))) = (line.split(' ').nth(4), line.split_once(" - "))
        else {
            continue;
        };
        // Blanks in a path stand as octal numbers.
        let place = place.replace("\\040", " ");
        let Some(kind) = behind.split(' ').next() else { continue };
        let is_longer = best.is_none_or(|(length, _)| place.len() >= length);
        if folder.starts_with(&place) && is_longer {
            best = Some((place.len(), kind));
        }
    }
    best.map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_mount_counts() {
        let mounts = "\
22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /home/with\\040blank rw - nfs4 server:/home rw
31 22 0:41 / /srv rw - btrfs /dev/sdb rw
32 31 0:42 / /srv rw shared:7 master:1 - 9p share rw
damaged line
";
        for (folder, expect) in [
            ("/home/with blank/tree", Some("nfs4")),
            ("/home/with", Some("ext4")),
            ("/srv/tree", Some("9p")),
            ("/srvs", Some("ext4")),
        ] {
            assert_eq!(kind_of(mounts, Path::new(folder)), expect, "{folder}");
        }
        assert_eq!(kind_of("", Path::new("/a")), None);
    }
}
