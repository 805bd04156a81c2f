//! Commands that try to get out, and commands that have to work.
//!
//! Every attack runs twice: inside, where it must do no damage, and, where that
//! is safe, outside, where it must, so that it is known to be one.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests make and start what they need, and stop where something is missing"
)]

mod attack;
mod ground;
mod limits;
mod work;

use std::process::Command;

/// Root and others are confined differently: whoever runs the tests as root
/// runs the attacks as an ordinary user too.
#[test]
fn attacks_fail_as_an_ordinary_user_too() {
    if !ground::is_root() {
        return;
    }
    let here = std::env::current_exe().unwrap();
    let temp = tempfile::tempdir_in("/tmp").unwrap();
    let (copy, scratch) = (temp.path().join("it"), temp.path().join("scratch"));
    std::fs::copy(here, &copy).unwrap();
    std::fs::create_dir(&scratch).unwrap();
    for place in [temp.path(), scratch.as_path()] {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(place, open).unwrap();
    }
    let output = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(copy)
        .args(["attack::", "limits::", "--test-threads=2"])
        .current_dir("/")
        .env("TMPDIR", scratch)
        .env("HOME", "/nonexistent")
        .env("PATH", ground::PATH)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("running 0 tests"), "{text}");
}
