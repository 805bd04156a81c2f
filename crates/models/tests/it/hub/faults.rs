//! Everything that goes wrong on the way, with every kind of model.

use std::fs;
use std::time::Duration;

use mlxcode_base::CancelToken;
use mlxcode_base::Diagnostic;

use super::{PART, Place, kinds};
use crate::fake_hub::Fault;

const FAULTS: [Fault; 15] = [
    Fault::Status(503, None),
    Fault::Status(429, Some(0)),
    Fault::Cut(500),
    Fault::Cut(0),
    Fault::Stall(300),
    Fault::Trickle(10),
    Fault::Corrupt(450),
    Fault::NoRange,
    Fault::NoSuchRange,
    Fault::WrongLength(-10),
    Fault::WrongLength(10),
    Fault::ErrorPage,
    Fault::ChangedEtag,
    Fault::OtherRange,
    Fault::Chunked,
];

/// What goes wrong a few times is overcome.
#[test]
fn a_passing_fault_ends_in_the_right_file() {
    for fault in FAULTS {
        for (name, files, path) in kinds() {
            let place = Place::new();
            place.fake.publish("org/name", "main", files.clone());
            place.fake.fail(path, fault, 2);
            let pulled = place.pull("hf:org/name");
            // Two answers with wrong bytes are as many as are borne.
            if let (Err(error), Fault::Corrupt(_)) = (&pulled, fault) {
                assert_eq!(error.code(), "models.wrong_checksum");
                place.pull("hf:org/name").unwrap();
            } else {
                pulled.unwrap_or_else(|error| panic!("{fault:?}, {name}: {error}"));
            }
            let present = place.hub().present_bytes(&place.plan("hf:org/name").unwrap());
            let wanted = files.iter().filter(|file| file.path != "README.md");
            assert_eq!(present, wanted.map(|file| file.bytes.len() as u64).sum::<u64>());
            place.check_nothing_wrong(&files);
        }
    }
}

/// What goes wrong always ends in a clear error, or in the right file; then,
/// when all is well again, what was kept is gone on from.
#[test]
fn a_lasting_fault_never_ends_in_a_wrong_file() {
    for fault in FAULTS {
        for (name, files, path) in kinds() {
            let mut place = Place::new();
            place.options.idle_timeout = Duration::from_millis(60);
            place.options.retry.attempts = 8;
            place.options.retry.attempts_without_progress = 4;
            place.fake.publish("org/name", "main", files.clone());
            place.fake.fail(path, fault, u64::MAX);
            let pulled = place.pull("hf:org/name");
            place.check_nothing_wrong(&files);
            let plan = place.plan("hf:org/name").unwrap();
            if let Err(error) = pulled {
                let known = ["models.gave_up", "models.wrong_checksum"];
                assert!(known.contains(&error.code()), "{fault:?}, {name}: {error}");
                assert!(error.to_string().contains(path), "{error}");
                assert!(error.help().is_some());
                let checksum = files.iter().find(|file| file.path == path).unwrap().checksum();
                let partial = format!("{checksum}.mlx-code.incomplete");
                let blobs = place.cache().join("models--org--name/blobs");
                assert!(blobs.join(partial).exists(), "{fault:?}, {name}: {error}");
                assert!(!blobs.join(checksum).exists());
            } else {
                let borne = matches!(
                    fault,
                    Fault::NoRange
                        | Fault::NoSuchRange
                        | Fault::OtherRange
                        | Fault::Chunked
                        | Fault::ChangedEtag
                        | Fault::Cut(_)
                        | Fault::Stall(_)
                );
                assert!(borne, "{fault:?}, {name} is not borne");
            }
            place.options.idle_timeout = Duration::from_secs(5);
            place.options.retry.attempts = 1000;
            let kept = place.hub().present_bytes(&plan);
            place.fake.heal();
            place.fake.forget();
            let pulled = place.pull("hf:org/name").unwrap();
            assert_eq!(pulled.fetched_bytes, plan.total_bytes() - kept, "{fault:?}, {name}");
            place.check_nothing_wrong(&files);
        }
    }
}

#[test]
fn what_came_before_a_cut_is_kept() {
    let mut place = Place::new();
    let (_, files, path) = kinds()[1].clone();
    place.options.connections = 1;
    place.options.retry.attempts = 3;
    place.fake.publish("org/name", "main", files.clone());
    place.fake.fail(path, Fault::Cut(1000), u64::MAX);
    let error = place.pull("hf:org/name").unwrap_err();
    assert!(error.help().unwrap().contains("goes on from the 2.9 KiB that came"), "{error:?}");
    // What is not written yet is asked for, and no byte twice.
    place.fake.heal();
    place.fake.forget();
    place.pull("hf:org/name").unwrap();
    let ranges: Vec<String> = place
        .fake
        .requests()
        .iter()
        .filter(|request| request.elsewhere)
        .map(|request| request.headers["range"].clone())
        .collect();
    assert_eq!(ranges[0], format!("bytes=3000-{}", PART - 1));
    assert_eq!(ranges[1], format!("bytes={PART}-{}", 2 * PART - 1));
    assert_eq!(ranges.len(), 5);
    place.check_nothing_wrong(&files);
}

#[test]
fn a_part_is_asked_for_as_long_as_the_file_is_the_same() {
    let place = Place::new();
    let (_, files, path) = kinds()[1].clone();
    place.fake.publish("org/name", "main", files.clone());
    place.pull("hf:org/name").unwrap();
    let asked: Vec<_> = place.fake.requests().into_iter().filter(|r| r.elsewhere).collect();
    assert_eq!(asked.len(), 300_000_usize.div_ceil(PART as usize), "{path}");
    let etag = format!("\"e-{}\"", &files[0].sha256()[..16]);
    assert!(asked.iter().all(|r| r.headers.get("if-range").is_none_or(|e| *e == etag)));
    assert!(asked.iter().any(|r| r.headers.contains_key("if-range")));
}

#[test]
fn a_redirect_that_expired_is_asked_for_again() {
    let place = Place::new();
    let (_, files, path) = kinds()[1].clone();
    place.fake.publish("org/name", "main", files.clone());
    place.fake.fail(path, Fault::Status(403, None), 3);
    place.pull("hf:org/name").unwrap();
    place.check_nothing_wrong(&files);
}

#[test]
fn a_disk_that_is_full_stops_it_and_keeps_what_came() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    let mut place = Place::new();
    let (_, files, path) = kinds()[1].clone();
    place.fake.publish("org/name", "main", files.clone());
    let free = Arc::new(AtomicU64::new(1000));
    let asked = Arc::clone(&free);
    place.options.free_space = Arc::new(move |_| Some(asked.load(Ordering::Relaxed)));
    place.options.reserve_bytes = 500;
    let error = place.pull("hf:org/name").unwrap_err();
    assert_eq!(error.code(), "models.disk_full");
    assert_eq!(place.fake.sent(path), 0, "nothing came for which there is no room");
    assert!(error.to_string().contains("needs 293.5 KiB more, 1000 B are free"), "{error}");

    // It becomes full while the file comes.
    free.store(1 << 30, Ordering::Relaxed);
    place.fake.set_pace(40_000);
    let fills = Arc::clone(&free);
    let observer = move |event: &mlxcode_models::hub::PullEvent| {
        if event.file_done_bytes > 0 {
            fills.store(100, Ordering::Relaxed);
        }
    };
    let error = place.pull_with("hf:org/name", &observer, &CancelToken::default()).unwrap_err();
    assert_eq!(error.code(), "models.disk_full");
    free.store(1 << 30, Ordering::Relaxed);
    let kept = place.hub().present_bytes(&place.plan("hf:org/name").unwrap());
    assert!(kept > 0);
    place.fake.set_pace(0);
    assert_eq!(place.pull("hf:org/name").unwrap().fetched_bytes, 300_000 - kept);
    place.check_nothing_wrong(&files);
}

#[test]
fn a_partial_of_another_program_is_nothing_to_go_on_from() {
    let place = Place::new();
    let (_, files, _) = kinds()[1].clone();
    place.fake.publish("org/name", "main", files.clone());
    let blobs = place.cache().join("models--org--name/blobs");
    fs::create_dir_all(&blobs).unwrap();
    let ours = format!("{}.mlx-code.incomplete", files[0].sha256());
    fs::write(blobs.join(&ours), vec![7; 300_000]).unwrap();
    fs::write(blobs.join(format!("{ours}.parts")), "{}").unwrap();
    assert_eq!(place.pull("hf:org/name").unwrap().fetched_bytes, 300_000);
    place.check_nothing_wrong(&files);
}

/// As one leaves it that is killed when its file had just got its name.
#[test]
fn what_is_left_beside_a_whole_file_goes() {
    let place = Place::new();
    let (_, files, _) = kinds()[1].clone();
    place.fake.publish("org/name", "main", files.clone());
    place.pull("hf:org/name").unwrap();
    let blobs = place.cache().join("models--org--name/blobs");
    let entries = || fs::read_dir(&blobs).unwrap().count();
    let before = entries();
    let left = format!("{}.mlx-code.incomplete.parts", files[0].sha256());
    fs::write(blobs.join(left), "{}").unwrap();
    place.pull("hf:org/name").unwrap();
    assert_eq!(entries(), before);
}
