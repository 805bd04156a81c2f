//! How much longer a command takes in the sandbox, as medians, beside a plain
//! start: one that does nothing, a short pipeline, a thousand processes one
//! after the other as a script of `configure` starts them, and ten thousand
//! threads. The last two run a twentieth as often.
//!
//! `cargo run --release -p mlxcode-sandbox --example overhead [RUNS]`

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a program to be run by hand")]

use std::error::Error;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mlxcode_base::{CancelToken, Root};
use mlxcode_sandbox::{Policy, Run, Sandbox, usual_hidden};

fn main() -> Result<(), Box<dyn Error>> {
    let runs: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100);
    let root = tempfile::tempdir()?;
    let mut policy = Policy::new(Root::open(root.path())?, std::env::temp_dir());
    policy.environment = std::env::vars_os().collect();
    let home = std::env::home_dir().unwrap_or_default();
    policy.hidden.extend(usual_hidden(&home));
    let sandbox = Sandbox::new(policy)?;
    println!("{:?}", sandbox.availability());
    let threads = "import threading\nfor _ in range(10000):\n    t = threading.Thread(target=int)\n    t.start()\n    t.join()";
    let threads = format!("python3 -c '{threads}'");
    for (name, script, runs) in [
        ("true", "true", runs),
        ("a pipeline", "seq 1000 | sort -r | tail -n 1", runs),
        ("1,000 forks", "i=0; while [ $i -lt 1000 ]; do (:); i=$((i+1)); done", runs.div_ceil(20)),
        (
            "1,000 programs",
            "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done",
            runs.div_ceil(20),
        ),
        ("10,000 threads", &threads, runs.div_ceil(20)),
    ] {
        let plain = median(runs, || {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]).current_dir(root.path()).stdin(Stdio::null());
            command.output().map(|output| assert!(output.status.success()))?;
            Ok(())
        })?;
        let inside = median(runs, || {
            let ran = sandbox.run(&Run::shell(script), &CancelToken::new(), &mut |_| {})?;
            assert!(ran.ended.is_success(), "{ran:?}");
            Ok(())
        })?;
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!("{name}: plain {:.2} ms, in the sandbox {:.2} ms", ms(plain), ms(inside));
    }
    Ok(())
}

fn median(
    runs: usize,
    mut run: impl FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<Duration, Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let begun = Instant::now();
        run()?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}
