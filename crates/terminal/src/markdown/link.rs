//! Addresses of links.

use std::fmt::Write as _;

/// Longer ones are no addresses that anybody opens; terminals limit them too.
const LONGEST_BYTES: usize = 2000;

/// An address in a form that can do nothing to a terminal: printable ASCII,
/// the rest encoded. `None` for what no terminal should open.
pub(super) fn address(target: &str) -> Option<String> {
    let (scheme, _) = target.split_once(':')?;
    let known = ["http", "https", "mailto", "file"];
    if !known.iter().any(|name| scheme.eq_ignore_ascii_case(name)) || target.len() > LONGEST_BYTES {
        return None;
    }
    let mut address = String::with_capacity(target.len());
    for byte in target.bytes() {
        if byte.is_ascii_graphic() {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    Some(address)
}

/// Whether a word is an address of the web.
pub(super) fn is_web_address(word: &str) -> bool {
    ["https://", "http://"]
        .iter()
        .any(|scheme| word.strip_prefix(scheme).is_some_and(|rest| rest.len() > 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_can_do_nothing_to_a_terminal() {
        for (target, expect) in [
            ("https://example.org/a?b=c", Some("https://example.org/a?b=c")),
            ("https://example.org/ä", Some("https://example.org/%C3%A4")),
            ("https://x\x1b\\\x07y", Some("https://x%1B\\%07y")),
            ("javascript:alert(1)", None),
            ("docs/a.md", None),
        ] {
            assert_eq!(address(target).as_deref(), expect, "{target}");
        }
    }
}
