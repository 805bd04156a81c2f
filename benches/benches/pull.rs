//! A pull from a hub on loopback beside a plain copy of the same bytes.
//!
//! `cargo bench -p mlxcode-benches --bench pull` fetches a file with the
//! default options, checksum and all, and copies it, in turns; both end when
//! the bytes are on the disk. Before each turn as many bytes are copied that
//! nobody times: a virtual machine gives memory that lay idle back to its host,
//! and whoever comes first would pay for having it again.
//! Two more ways show what the hub itself costs,
//! which runs on the same processors: the bytes over one plain connection into
//! a file, kept no account of, once without a checksum and once with one that
//! a second thread computes.
//!
//! The hub sends by the rule of congestion that Linux has where nobody set
//! another one: a machine that is set to BBR sends in measured portions, which
//! is made for long ways, and slows whatever comes over loopback. `PULL_CONGESTION`
//! sets another one, `PULL_MB` the size, `PULL_RUNS` how often,
//! `PULL_CONNECTIONS` how many connections.

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
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Instant;

use fake_hub::{FakeFile, FakeHub, noise};
use mlxcode_core::{CancelToken, Catalogue, Dirs, HubOptions, ModelLibrary, PullOptions};
use sha2::{Digest as _, Sha256};

/// What Linux has where nobody set another one.
const CONGESTION: &str = "cubic";

/// Buffers that may wait for the checksum of a plain fetch.
const MOST_WAITING: usize = 16;

/// How bytes come into a folder, and what that is called.
type Way<'w> = (&'static str, &'w dyn Fn(&Path));

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
    let congestion = std::env::var("PULL_CONGESTION").unwrap_or_else(|_| CONGESTION.to_owned());
    let hub = FakeHub::start_sending_by(&congestion);
    let plain = FakeFile::small("big.bin", bytes.clone()).stored_at(&source);
    hub.publish("org/plain", "main", vec![plain]);
    let big = FakeFile::large("big.gguf", bytes).stored_at(&source);
    hub.publish("org/big", "main", vec![big]);
    // The hub computes its own checksums once.
    plain_fetch(&hub, &temp.path().join("first"));
    let home = temp.path().join("home");
    let second = temp.path().join("second");
    pull(&hub, &home, &second, connections);
    fs::remove_dir_all(second).expect("the pull that nobody times");

    let ways: [Way<'_>; 4] = [
        ("plain copy", &|place| copy(&source, &place.join("copy"))),
        ("plain fetch from the hub", &|place| plain_fetch(&hub, &place.join("fetched"))),
        ("plain fetch with a checksum", &|place| summed_fetch(&hub, &place.join("fetched"))),
        ("pull", &|place| pull(&hub, &home, place, connections)),
    ];
    let mut times = ways.map(|_| Vec::new());
    for _ in 0..runs {
        for ((_, way), times) in ways.iter().zip(&mut times) {
            let place = tempfile::tempdir_in(temp.path()).expect("a temporary folder");
            let warm = place.path().join("warm");
            copy(&source, &warm);
            fs::remove_file(warm).expect("the file that nobody times");
            let begin = Instant::now();
            way(place.path());
            times.push(begin.elapsed().as_secs_f64());
        }
    }
    let rate = |time: f64| (megabytes << 20) as f64 / 1e6 / time;
    let medians = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        (rate(times[runs / 2]), rate(times[runs - 1]), rate(times[0]))
    });
    for ((what, _), (median, worst, best)) in ways.iter().zip(medians) {
        println!(
            "{what}, {megabytes} MiB: {median:.0} MB/s (from {worst:.0} to {best:.0}, {runs} runs)"
        );
    }
    let [copy, fetch, summed, pull] = medians.map(|(median, ..)| median);
    let part = 100.0 * pull / copy;
    let verdict = if part >= 90.0 { "within" } else { "UNDER" };
    println!("the pull has {part:.0} % of the copy's speed, {verdict} 90 %");
    let (of_fetch, of_summed) = (100.0 * pull / fetch, 100.0 * pull / summed);
    println!(
        "and {of_fetch:.0} % of the plain fetch's, {of_summed:.0} % of the one with a checksum"
    );
}

/// All bytes of one answer into a file.
fn plain_fetch(hub: &FakeHub, to: &Path) {
    let mut to = File::create(to).unwrap();
    hub.download("/org/plain/resolve/main/big.bin", &mut to);
    to.sync_all().unwrap();
}

/// The same, while a second thread sums what was written.
fn summed_fetch(hub: &FakeHub, to: &Path) {
    let (sum, written) = sync_channel::<Vec<u8>>(MOST_WAITING);
    let (give_back, spare) = channel();
    let summing = thread::spawn(move || digest(&written, &give_back));
    let mut writer = Summed { file: File::create(to).unwrap(), sum, spare };
    hub.download("/org/plain/resolve/main/big.bin", &mut writer);
    let Summed { file, sum, .. } = writer;
    drop(sum);
    file.sync_all().unwrap();
    assert_ne!(summing.join().unwrap(), [0; 32]);
}

fn digest(written: &Receiver<Vec<u8>>, give_back: &Sender<Vec<u8>>) -> [u8; 32] {
    let mut digest = Sha256::new();
    for bytes in written {
        digest.update(&bytes);
        // Nobody wants it at the end.
        let _ = give_back.send(bytes);
    }
    digest.finalize().into()
}

/// Writes, and hands what was written to the thread that sums it.
struct Summed {
    file: File,
    sum: SyncSender<Vec<u8>>,
    spare: Receiver<Vec<u8>>,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write_all(bytes)?;
        let mut buffer = self.spare.try_recv().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(bytes);
        self.sum.send(buffer).expect("the thread that sums");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// `home` has the queue, and is there since the first pull; `place` is where
/// the bytes come.
fn pull(hub: &FakeHub, home: &Path, place: &Path, connections: usize) {
    let library = ModelLibrary::open(&Dirs::under(home)).unwrap();
    let cache = place.join("cache");
    let mut options = HubOptions::new(&cache);
    options.endpoint = hub.endpoint();
    if connections > 0 {
        options.connections = connections;
    }
    let mut pulls = library.pulls(options, Catalogue::built_in().unwrap()).unwrap();
    let wish = PullOptions { only_fetch: true, ..PullOptions::default() };
    let job = pulls.add("hf:org/big", &wish).unwrap();
    let job = pulls.run(job.id, &(), &CancelToken::new()).unwrap();
    assert_eq!(job.state.as_str(), "done");
    // A name that leads to the blob.
    let snapshots = fs::read_dir(cache.join("models--org--big/snapshots")).unwrap();
    let fetched = snapshots.flatten().map(|commit| commit.path().join("big.gguf"));
    let bytes: u64 = fetched.map(|file| fs::metadata(file).unwrap().len()).sum();
    assert_eq!(bytes, job.total_bytes);
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
