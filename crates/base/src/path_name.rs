//! Names that some file system takes for another one.

/// Whether a part of a path is `.git`, or would be on a file system that folds
/// case, drops trailing dots and spaces, has short names or streams (NTFS), or
/// skips characters that are not seen (HFS+).
///
/// The rules are those of git itself, `is_ntfs_dotgit` and `is_hfs_dotgit`.
pub fn is_dot_git(part: &str) -> bool {
    let seen: String = part.chars().filter(|character| !is_skipped_by_hfs(*character)).collect();
    let name = seen.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']);
    name.eq_ignore_ascii_case(".git") || name.eq_ignore_ascii_case("git~1")
}

/// Whether no file can have such a name: 255 bytes are the most on Linux, 255
/// units of UTF-16 on Windows and macOS.
pub fn is_too_long(part: &str) -> bool {
    let length = if cfg!(any(windows, target_vendor = "apple")) {
        part.encode_utf16().count()
    } else {
        part.len()
    };
    length > 255
}

/// The characters that HFS+ skips when it compares names.
fn is_skipped_by_hfs(character: char) -> bool {
    matches!(
        character,
        '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
    )
}

/// Whether Windows takes a part of a path for a device, whatever ending it has:
/// `con`, `NUL.txt`, `com1`.
pub fn is_device_name(part: &str) -> bool {
    let stem = part.split(['.', ':']).next().unwrap_or_default().trim_end_matches(' ');
    let stem = stem.to_ascii_uppercase();
    if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return true;
    }
    let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    // The superscript digits count as digits there.
    number.is_some_and(|number| {
        let mut characters = number.chars();
        let digit = characters.next();
        characters.next().is_none()
            && digit.is_some_and(|digit| matches!(digit, '1'..='9' | '¹' | '²' | '³'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_of_git_are_seen() {
        for (part, expect) in [
            (".git", true),
            (".GiT", true),
            (".git. .", true),
            (".git ", true),
            ("git~1", true),
            ("GIT~1.", true),
            (".git::$INDEX_ALLOCATION", true),
            (".g\u{200c}it", true),
            ("\u{feff}.git", true),
            (".gitignore", false),
            (".github", false),
            ("git", false),
            ("git~2", false),
            ("a.git", false),
        ] {
            assert_eq!(is_dot_git(part), expect, "{part:?}");
        }
    }

    #[test]
    fn device_names_are_seen() {
        for (part, expect) in [
            ("con", true),
            ("Nul.txt", true),
            ("aux.c", true),
            ("COM1", true),
            ("lpt³.log", true),
            ("com0", false),
            ("com10", false),
            ("console", false),
            ("nul_", false),
            ("a.con", false),
        ] {
            assert_eq!(is_device_name(part), expect, "{part:?}");
        }
    }
}
