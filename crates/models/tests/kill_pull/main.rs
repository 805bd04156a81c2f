//! `kill -9` at any moment of a pull.
//!
//! ```console
//! $ cargo test -p mlxcode-models --test kill_pull -- 200
//! ```
//!
//! A child process pulls two models through a queue, one of them into the
//! store, and is killed at a random moment; then another one finishes. Each
//! time the queue opens, no installed model is damaged, and the hub has sent
//! no more than one part again. Without a number, nothing is done: it takes a
//! minute or two.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot set its ground fails"
)]
#![allow(clippy::disallowed_methods, reason = "it makes files and starts itself")]

#[path = "../fake_hub/mod.rs"]
mod fake_hub;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fake_hub::{FakeFile, FakeHub, noise};
use mlxcode_base::CancelToken;
use mlxcode_models::hub::{Hub, HubOptions};
use mlxcode_models::{NewPull, PullJobState, PullQueue, Store, VerifyOptions};

const PART: u64 = 1 << 20;
const BIG: usize = 9 << 20;
/// Slow enough that little waits in the buffers of sockets, also where a busy
/// machine lets a process stand still for a while: what is there is lost with it.
const PACE: u64 = 3_000_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["child", endpoint, folder] => pull(endpoint, Path::new(folder)),
        [times] if times.parse::<u32>().is_ok() => kill(times.parse().unwrap()),
        // A filter for other tests, or none.
        _ => println!("nothing is killed; say how often: `-- 200`"),
    }
}

fn pull(endpoint: &str, folder: &Path) {
    let queue = PullQueue::open(&folder.join("pulls.sqlite3")).unwrap();
    let mut options = HubOptions::new(&folder.join("cache"));
    endpoint.clone_into(&mut options.endpoint);
    options.part_bytes = PART;
    options.reserve_bytes = 0;
    let hub = Hub::new(options).unwrap();
    let mut store = Store::open(&folder.join("models")).unwrap();
    for (reference, install) in [("hf:org/tiny", true), ("hf:org/big", false)] {
        let mut new = NewPull::new(reference.parse().unwrap(), &|_, _| Ok(None)).unwrap();
        new.install = install;
        // One that is done stays done.
        let there = queue.jobs().unwrap().into_iter().find(|job| job.reference == reference);
        if there.is_none() {
            queue.add(&new).unwrap();
        }
    }
    while let Some(job) = queue.next().unwrap() {
        let job = queue.run(job.id, &hub, &mut store, &(), &CancelToken::new()).unwrap();
        assert_eq!(job.state, PullJobState::Done);
    }
}

fn kill(times: u32) {
    let made = tempfile::tempdir().unwrap();
    let tiny =
        FakeFile::large("tiny.gguf", std::fs::read(support::gguf().write(made.path())).unwrap());
    let big = FakeFile::large("big.gguf", noise(BIG, 1));
    let sizes = [("tiny.gguf", tiny.bytes.len() as u64), ("big.gguf", BIG as u64)];
    let hub = FakeHub::start();
    hub.publish("org/tiny", "main", vec![tiny]);
    hub.publish("org/big", "main", vec![big.clone()]);
    hub.set_pace(PACE);

    // The shortest: a machine that stood still must not make all kills late.
    let whole = (0..3).map(|_| {
        let (place, begin) = (tempfile::tempdir().unwrap(), Instant::now());
        assert!(child(&hub, place.path()).wait().unwrap().success());
        begin.elapsed()
    });
    let whole = whole.min().unwrap();
    println!("a pull takes {} ms", whole.as_millis());

    let (mut done_before, mut worst) = (0, 0);
    for number in 0..times {
        let place = tempfile::tempdir().unwrap();
        hub.forget();
        let mut running = child(&hub, place.path());
        let moments = noise(8 * (number as usize + 1), 77);
        let moment = u64::from_le_bytes(moments[moments.len() - 8..].try_into().unwrap());
        let part = (moment >> 11) as f64 / (1_u64 << 53) as f64;
        std::thread::sleep(whole.mul_f64(part));
        running.kill().unwrap();
        done_before += u32::from(running.wait().unwrap().success());
        // What was on its way to the one that was killed.
        std::thread::sleep(Duration::from_millis(5));

        PullQueue::open(&place.path().join("pulls.sqlite3")).unwrap().jobs().unwrap();
        assert!(child(&hub, place.path()).wait().unwrap().success(), "kill {number}");
        check(place.path(), &big);
        for (path, size) in sizes {
            let again = hub.sent(path).saturating_sub(size);
            assert!(again <= PART, "kill {number}: {again} bytes of {path} came twice");
            worst = worst.max(again);
        }
    }
    println!(
        "killed {times} times, {done_before} of them too late; at most {worst} bytes came twice, \
         a part has {PART}"
    );
}

fn child(hub: &FakeHub, folder: &Path) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("child").arg(hub.endpoint()).arg(folder);
    command.stdin(Stdio::null()).spawn().unwrap()
}

fn check(folder: &Path, big: &FakeFile) {
    let queue = PullQueue::open(&folder.join("pulls.sqlite3")).unwrap();
    let jobs = queue.jobs().unwrap();
    assert!(jobs.len() == 2 && jobs.iter().all(|job| job.state == PullJobState::Done), "{jobs:?}");
    let store = Store::open(&folder.join("models")).unwrap();
    let report = store.verify("tiny", &VerifyOptions::default(), &(), &CancelToken::new()).unwrap();
    assert!(report.is_sound(), "{report:?}");
    let blob = folder.join("cache/models--org--big/blobs").join(big.sha256());
    assert!(std::fs::read(blob).unwrap() == **big.bytes);
    let left = std::fs::read_dir(folder.join("cache/models--org--big/blobs")).unwrap();
    assert_eq!(left.count(), 1, "nothing is left of what was half done");
}
