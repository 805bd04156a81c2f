mod files;
mod processes;
mod reach;
mod secrets;

use crate::ground::Ground;

/// Where an attack is tried without the sandbox, to see that it is one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Control {
    /// As whoever runs the tests.
    Always,
    /// As root alone: nobody else could do it anyway.
    Root,
    /// Nowhere: it would harm the machine, or this process.
    Never,
}

/// Runs a script that ends by printing `tried`; `damage` must not be found
/// after it inside, and must be outside.
fn check(script: &str, control: Control, damage: impl Fn(&mut Ground, &str) -> bool) {
    let script = format!("{script}\necho tried");
    let mut ground = Ground::new();
    let ran = ground.inside(&script);
    let text = ran.output.text();
    assert!(text.ends_with("tried\n"), "it did not run to its end: {ran:?}");
    assert!(!damage(&mut ground, &text), "damage was done: {ran:?}");
    assert_eq!(ground.survivors(), [""; 0]);
    assert_eq!(
        std::fs::read_dir(ground.at("tmp")).unwrap().count(),
        0,
        "a temporary folder is left"
    );
    if control == Control::Always || (control == Control::Root && crate::ground::is_root()) {
        let mut ground = Ground::new();
        let text = ground.outside(&script);
        assert!(damage(&mut ground, &text), "outside, it does no damage: {text}");
    }
}

/// Python that tries something and prints `yes` if that went well.
fn python(code: &str) -> String {
    format!(
        "python3 - <<'END' 2>&1\nimport os, sys, socket, ctypes\n\
         libc = ctypes.CDLL(None, use_errno=True)\nout, home = os.environ['OUT'], os.environ['HOME']\n\
         parent, victim = int(os.environ['PARENT']), int(os.environ['VICTIM'])\n{code}\nEND"
    )
}
