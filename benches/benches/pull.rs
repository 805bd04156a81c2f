//! A pull from a hub on loopback beside a plain copy of the same bytes.
//!
//! `cargo bench -p mlxcode-benches --bench pull` fetches a file with the
//! default options, checksum and all, and copies it, in turns; both end when
//! the bytes are on the disk. A third way shows what the hub itself costs,
//! which runs on the same processors: the bytes over one plain connection into
//! a file, neither summed nor kept account of. `PULL_MB` sets the size,
//! `PULL_RUNS` how often, `PULL_CONNECTIONS` how many connections.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a measurement makes its ground, prints, and stops when it is missing"
)]

#[path = "../../crates/models/tests/fake_hub/mod.rs"]
mod fake_hub;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Instant;

use fake_hub::{FakeFile, FakeHub, noise};
use mlxcode_core::{CancelToken, Catalogue, Dirs, HubOptions, ModelLibrary, PullOptions};

fn main() {
    let number = |name: &str, default: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (megabytes, runs) = (number("PULL_MB", 512), number("PULL_RUNS", 7));
    let connections = number("PULL_CONNECTIONS", 0);
    let bytes = noise(megabytes << 20, 1);
    let temp = tempfile::tempdir().expect("a temporary folder");
    let source = temp.path().join("source");
    fs::write(&source, &bytes).expect("the file to copy");
    let hub = FakeHub::start();
    let plain = FakeFile::small("big.bin", bytes.clone()).stored_at(&source);
    hub.publish("org/plain", "main", vec![plain]);
    let big = FakeFile::large("big.gguf", bytes).stored_at(&source);
    hub.publish("org/big", "main", vec![big]);
    // The hub computes its own checksums once.
    plain_fetch(&hub, &temp.path().join("first"));

    let (mut copies, mut fetches, mut pulls) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let place = tempfile::tempdir_in(temp.path()).expect("a temporary folder");
        let begin = Instant::now();
        copy(&source, &place.path().join("copy"));
        copies.push(begin.elapsed().as_secs_f64());
        drop(place);
        let place = tempfile::tempdir_in(temp.path()).expect("a temporary folder");
        let begin = Instant::now();
        plain_fetch(&hub, &place.path().join("fetched"));
        fetches.push(begin.elapsed().as_secs_f64());
        drop(place);
        let place = tempfile::tempdir_in(temp.path()).expect("a temporary folder");
        let begin = Instant::now();
        pull(&hub, place.path(), connections);
        pulls.push(begin.elapsed().as_secs_f64());
    }
    let rate = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        let rate = |time: f64| (megabytes << 20) as f64 / 1e6 / time;
        let (median, best, worst) = (times[times.len() / 2], times[0], times[times.len() - 1]);
        (rate(median), rate(worst), rate(best))
    };
    let (copy, fetch, pull) = (rate(&mut copies), rate(&mut fetches), rate(&mut pulls));
    let rows = [("plain copy", copy), ("plain fetch from the hub", fetch), ("pull", pull)];
    for (what, (median, worst, best)) in rows {
        println!(
            "{what}, {megabytes} MiB: {median:.0} MB/s (from {worst:.0} to {best:.0}, {runs} runs)"
        );
    }
    let part = 100.0 * pull.0 / copy.0;
    let verdict = if part >= 90.0 { "within" } else { "UNDER" };
    println!("the pull has {part:.0} % of the copy's speed, {verdict} 90 %");
    println!("and {:.0} % of the plain fetch's", 100.0 * pull.0 / fetch.0);
}

/// All bytes of one answer into a file.
fn plain_fetch(hub: &FakeHub, to: &Path) {
    let mut to = File::create(to).unwrap();
    hub.download("/org/plain/resolve/main/big.bin", &mut to);
    to.sync_all().unwrap();
}

fn pull(hub: &FakeHub, place: &Path, connections: usize) {
    let library = ModelLibrary::open(&Dirs::under(place)).unwrap();
    let mut options = HubOptions::new(&place.join("cache"));
    options.endpoint = hub.endpoint();
    if connections > 0 {
        options.connections = connections;
    }
    let mut pulls = library.pulls(options, Catalogue::built_in().unwrap()).unwrap();
    let wish = PullOptions { only_fetch: true, ..PullOptions::default() };
    let job = pulls.add("hf:org/big", &wish).unwrap();
    let job = pulls.run(job.id, &(), &CancelToken::new()).unwrap();
    assert_eq!(job.state.as_str(), "done");
}

fn copy(from: &Path, to: &Path) {
    let mut from = File::open(from).unwrap();
    let mut to = File::create(to).unwrap();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match from.read(&mut buffer).unwrap() {
            0 => break,
            read => to.write_all(&buffer[..read]).unwrap(),
        }
    }
    to.sync_all().unwrap();
}
