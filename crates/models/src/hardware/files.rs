//! Small files of `/proc` and `/sys`, below a root that tests can choose.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// The most that is read of one file. What the kernel tells fits many times;
/// the flags of a machine with some hundred cores are the longest.
const MOST_BYTES: u64 = 4 << 20;

/// A file's text; `None` where it is missing or cannot be read. Bytes that are
/// no text are replaced.
pub fn text(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// A file's one line, without blanks around it; `None` where it is empty.
pub fn line(path: &Path) -> Option<String> {
    let text = text(path)?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// A file's one number.
pub fn number(path: &Path) -> Option<u64> {
    line(path)?.parse().ok()
}

/// A number of base 16, as buses write theirs: `0x10de`.
pub fn hex(path: &Path) -> Option<u32> {
    let line = line(path)?;
    u32::from_str_radix(line.trim_start_matches("0x"), 16).ok()
}

/// The names in a folder, in order; none where there is no folder.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// What `name value` or `name: value` says, in the first line that has it.
pub fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once([':', ' ', '='])?;
        (key.trim() == name).then(|| value.trim().trim_start_matches(':').trim())
    })
}

/// How many numbers a list such as `0-3,8,10-11` has.
pub fn count(list: &str) -> Option<usize> {
    let mut all = 0_usize;
    for part in list.trim().split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let from: usize = from.trim().parse().ok()?;
        let to: usize = to.trim().parse().ok()?;
        all = all.checked_add(to.checked_sub(from)?.checked_add(1)?)?;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_counted() {
        for (list, expect) in [
            ("0", Some(1)),
            ("0-1\n", Some(2)),
            ("0-3,8,10-11", Some(7)),
            ("", None),
            ("3-1", None),
            ("0-18446744073709551615", None),
            ("a", None),
        ] {
            assert_eq!(count(list), expect, "{list:?}");
        }
    }

    #[test]
    fn fields_stand_after_a_colon_a_blank_or_an_equals_sign() {
        let text =
            "MemTotal:  16 kB\nsimd_count 256\nDRIVER=i915\nModel: \t NVIDIA A100\nCpus : 3\n";
        for (name, expect) in [
            ("MemTotal", Some("16 kB")),
            ("simd_count", Some("256")),
            ("DRIVER", Some("i915")),
            ("Model", Some("NVIDIA A100")),
            ("Cpus", Some("3")),
            ("Mem", None),
        ] {
            assert_eq!(field(text, name), expect, "{name}");
        }
    }
}
