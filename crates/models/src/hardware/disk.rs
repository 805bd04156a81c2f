use std::path::{Path, PathBuf};

/// The disk that a folder lies on, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disk {
    /// The folder that was asked about.
    pub place: PathBuf,
    /// What is mounted there, such as `/dev/nvme0n1p2`.
    pub device: Option<String>,
    /// The file system, such as `ext4`.
    pub file_system: Option<String>,
    /// All bytes of it.
    pub total_bytes: Option<u64>,
    /// Those that this user may still write.
    pub free_bytes: Option<u64>,
    /// Whether it turns, as the kernel says; a disk that a virtual machine is
    /// given often claims to.
    pub rotational: Option<bool>,
}

impl Disk {
    /// Looks at the disk of a folder, which need not exist yet.
    pub(super) fn of(root: &Path, place: &Path) -> Self {
        let bytes = room(place);
        let mount = mount(root, place);
        Self {
            place: place.to_owned(),
            total_bytes: bytes.map(|bytes| bytes.0),
            free_bytes: bytes.map(|bytes| bytes.1),
            rotational: mount.as_ref().and_then(|mount| rotational(root, mount)),
            device: mount.as_ref().map(|mount| mount.source.clone()),
            file_system: mount.map(|mount| mount.kind),
        }
    }
}

/// The bytes that are free on the disk that holds `path`, or would; `None`
/// where the system does not tell.
pub fn free_disk_bytes(path: &Path) -> Option<u64> {
    room(path).map(|room| room.1)
}

/// All bytes and free ones.
#[cfg(unix)]
fn room(path: &Path) -> Option<(u64, u64)> {
    let existing = path.ancestors().find(|folder| folder.exists())?;
    let stats = rustix::fs::statvfs(existing).ok()?;
    let bytes = |blocks: u64| blocks.checked_mul(stats.f_frsize);
    Some((bytes(stats.f_blocks)?, bytes(stats.f_bavail)?))
}

#[cfg(not(unix))]
fn room(_path: &Path) -> Option<(u64, u64)> {
    None
}

#[derive(Debug, PartialEq, Eq)]
struct Mount {
    /// `major:minor`.
    number: String,
    kind: String,
    source: String,
}

/// What is mounted where a folder lies, by `/proc/self/mountinfo`: the longest
/// mount point above it, the last one where several are the same.
fn mount(root: &Path, place: &Path) -> Option<Mount> {
    let existing = place.ancestors().find(|folder| folder.exists())?;
    let place = existing.canonicalize().ok()?;
    let text = super::files::text(&root.join("proc/self/mountinfo"))?;
    let mut best: Option<(usize, Mount)> = None;
    for line in text.lines() {
        let Some((point, mount)) = mount_of(line) else { continue };
        let length = point.as_os_str().len();
        if place.starts_with(&point) && best.as_ref().is_none_or(|(least, _)| length >= *least) {
            best = Some((length, mount));
        }
    }
    best.map(|(_, mount)| mount)
}

/// `ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAGS] - KIND SOURCE OPTIONS`.
fn mount_of(line: &str) -> Option<(PathBuf, Mount)> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ');
    let (number, point) = (left.nth(2)?.to_owned(), unescape(left.nth(1)?));
    let mut right = right.split(' ');
    let (kind, source) = (right.next()?.to_owned(), unescape(right.next()?));
    Some((PathBuf::from(point), Mount { number, kind, source }))
}

/// Blanks, tabs, line ends and backslashes of a path stand as octal numbers.
fn unescape(path: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .into_iter()
        .fold(path.to_owned(), |path, (from, to)| path.replace(from, to))
}

/// What the queue of the disk says; that of a partition is its disk's.
fn rotational(root: &Path, mount: &Mount) -> Option<bool> {
    let mut devices = vec![root.join("sys/dev/block").join(&mount.number)];
    // Some file systems have a number that belongs to no disk.
    if let Some(name) = mount.source.strip_prefix("/dev/") {
        devices.push(root.join("sys/class/block").join(name));
    }
    let queues = devices
        .iter()
        .filter_map(|device| device.canonicalize().ok())
        .flat_map(|device| [device.join("queue"), device.join("../queue")]);
    let mut told = queues.filter_map(|queue| super::files::number(&queue.join("rotational")));
    told.next().map(|number| number != 0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_disk_is_found_by_the_longest_mount_point() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().canonicalize().unwrap();
        let info = format!(
            "22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw\n\
             36 22 259:1 / {} rw - xfs /dev/nvme0n1p1 rw\n\
             bad line\n",
            folder.display()
        );
        let root = tree(&[
            ("proc/self/mountinfo", &info),
            ("sys/devices/nvme0n1/queue/rotational", "0\n"),
            ("sys/devices/nvme0n1/nvme0n1p1/partition", "1\n"),
            ("sys/devices/sda/queue/rotational", "1\n"),
            ("sys/dev/block/none", ""),
        ]);
        let link = |target: &str, name: &str| {
            let at = root.path().join("sys/dev/block").join(name);
            std::os::unix::fs::symlink(root.path().join(target), at).unwrap();
        };
        link("sys/devices/nvme0n1/nvme0n1p1", "259:1");
        link("sys/devices/sda", "8:2");
        let check = |place: &Path, device: &str, kind: &str, rotational| {
            let disk = Disk::of(root.path(), place);
            assert_eq!(disk.device.as_deref(), Some(device), "{}", place.display());
            assert_eq!(disk.file_system.as_deref(), Some(kind));
            assert_eq!(disk.rotational, rotational);
            assert!(disk.free_bytes <= disk.total_bytes && disk.total_bytes.is_some());
        };
        check(&folder, "/dev/nvme0n1p1", "xfs", Some(false));
        check(&folder.join("not/yet"), "/dev/nvme0n1p1", "xfs", Some(false));
        check(Path::new("/"), "/dev/sda2", "ext4", Some(true));
    }

    #[test]
    fn mounts_are_read_as_the_kernel_writes_them() {
        let line = "36 22 0:44 / /mnt/my\\040disk rw master:1 - btrfs /dev/x\\134y rw,ssd";
        let (point, mount) = mount_of(line).unwrap();
        assert_eq!(point, Path::new("/mnt/my disk"));
        assert_eq!((mount.number.as_str(), mount.kind.as_str()), ("0:44", "btrfs"));
        assert_eq!(mount.source, "/dev/x\\y");
        for bad in ["", "1 2 3", "1 2 3:4 / /x rw", "- - -"] {
            assert_eq!(mount_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_disk_has_room_for_a_path_that_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("not/yet");
        assert_eq!(free_disk_bytes(&missing).is_some(), cfg!(unix));
    }
}
