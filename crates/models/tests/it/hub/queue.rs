//! The queue of pulls.

use std::path::Path;

use mlxcode_base::{CancelToken, Diagnostic, ErrorKind};
use mlxcode_models::hub::{PullEvent, PullState};
use mlxcode_models::{
    Error, HubReference, ModelReference, NewPull, PullJob, PullJobState, PullPriority, PullQueue,
    Result, Store,
};

use super::{Place, kinds};
use crate::fake_hub::{FakeFile, Fault, noise};
use crate::support::gguf;

fn queue(place: &Place) -> PullQueue {
    PullQueue::open(&place.path("queue/pulls.sqlite3")).unwrap()
}

fn store(place: &Place) -> Store {
    Store::open(&place.path("models")).unwrap()
}

fn new(reference: &str) -> NewPull {
    NewPull::new(reference.parse().unwrap(), &|_, _| Ok(None)).unwrap()
}

fn run(place: &Place, id: i64) -> Result<PullJob> {
    queue(place).run(id, &place.hub(), &mut store(place), &(), &CancelToken::new())
}

/// A model that passes all checks, as a file of a repository.
fn model(place: &Place, path: &str) -> FakeFile {
    let folder = place.path("made");
    std::fs::create_dir_all(&folder).unwrap();
    FakeFile::large(path, std::fs::read(gguf().write(&folder)).unwrap())
}

fn ids(queue: &PullQueue) -> Vec<i64> {
    queue.jobs().unwrap().into_iter().map(|job| job.id).collect()
}

#[test]
fn a_pull_is_fetched_and_installed() {
    let place = Place::new();
    place.fake.publish("org/name", "main", vec![model(&place, "tiny-q8.gguf")]);
    let queue = queue(&place);
    let id = queue.add(&new("hf:org/name")).unwrap().id;
    let job = run(&place, id).unwrap();
    assert_eq!((job.state, job.installed.as_deref()), (PullJobState::Done, Some("name")));
    assert_eq!(job.done_bytes, job.total_bytes);
    assert!(store(&place).get("name").is_ok());
    // A second time, nothing is fetched, and nothing is installed over it.
    place.fake.forget();
    let id = queue.add(&new("hf:org/name")).unwrap().id;
    assert_eq!(run(&place, id).unwrap().state, PullJobState::Done);
    assert_eq!(place.fake.sent("tiny-q8.gguf"), 0);

    place.fake.publish("org/other", "main", kinds()[1].1.clone());
    let mut other = new("hf:org/other");
    other.name = Some("name".to_owned());
    let id = queue.add(&other).unwrap().id;
    assert_eq!(run(&place, id).unwrap_err().code(), "models.already_installed");
    assert_eq!(place.fake.sent("large.gguf"), 0, "a name that is taken is known before");
}

#[test]
fn what_is_no_model_fails_and_says_why() {
    let place = Place::new();
    place.fake.publish("org/name", "main", kinds()[1].1.clone());
    let queue = queue(&place);
    let id = queue.add(&new("hf:org/name")).unwrap().id;
    let error = run(&place, id).unwrap_err();
    let job = queue.job(id).unwrap();
    let told = job.error.unwrap();
    assert_eq!((job.state, &*told.code), (PullJobState::Failed, error.code()));
    assert_eq!(told.help, error.help());

    place.fake.publish("org/cut", "main", kinds()[1].1.clone());
    let mut only_fetched = new("hf:org/cut");
    only_fetched.install = false;
    let id = queue.add(&only_fetched).unwrap().id;
    assert_eq!(run(&place, id).unwrap().installed, None);
}

#[test]
fn what_cannot_run_here_is_known_before_its_weights_come() {
    let place = Place::new();
    let queue = queue(&place);
    let check = |repo: &str, files: Vec<FakeFile>, weights: &str| {
        place.fake.publish(repo, "main", files);
        let id = queue.add(&new(&format!("hf:{repo}"))).unwrap().id;
        assert_eq!(run(&place, id).unwrap_err().code(), "models.unsupported");
        assert_eq!(place.fake.sent(weights), 0);
    };
    let config = FakeFile::small(
        "config.json",
        "{\"architectures\": [\"MambaForCausalLM\"], \"model_type\": \"mamba\"}",
    );
    let weights = FakeFile::large("model.safetensors", noise(50_000, 3));
    check("org/mamba", vec![config, weights], "model.safetensors");
    let split = [1, 2].map(|n| FakeFile::large(&format!("a-0000{n}-of-00002.gguf"), noise(900, n)));
    check("org/split", split.to_vec(), "a-00001-of-00002.gguf");
}

#[test]
fn the_order_is_by_priority_and_place() {
    let place = Place::new();
    let queue = queue(&place);
    let add = |name: &str| queue.add(&new(&format!("hf:org/{name}"))).unwrap().id;
    let [a, b, c, d] = ["a", "b", "c", "d"].map(add);
    assert_eq!(add("b"), b, "the same is not added twice");
    assert_eq!(ids(&queue), [a, b, c, d]);
    queue.set_priority(c, PullPriority::High).unwrap();
    queue.set_priority(a, PullPriority::Low).unwrap();
    assert_eq!(ids(&queue), [c, b, d, a]);
    queue.move_to(a, 1).unwrap();
    assert_eq!(ids(&queue), [a, c, b, d]);
    queue.move_to(c, 99).unwrap();
    assert_eq!(ids(&queue), [a, b, d, c]);
    queue.move_to(d, 2).unwrap();
    assert_eq!(ids(&queue), [a, d, b, c]);
    assert_eq!(queue.next().unwrap().unwrap().id, a);
    queue.pause(a).unwrap();
    assert_eq!(queue.next().unwrap().unwrap().id, d);
    queue.cancel(d, &place.hub()).unwrap();
    assert_eq!(ids(&queue), [a, b, c, d]);
    assert_eq!(queue.move_to(d, 1).unwrap_err().code(), "models.wrong_state");
    // As another process finds it.
    let again = self::queue(&place);
    assert_eq!(ids(&again), [a, b, c, d]);
    assert_eq!(again.clear().unwrap(), 1);
    assert_eq!(ids(&queue), [a, b, c]);
    assert_eq!(queue.job(d).unwrap_err().code(), "models.no_such_pull");
}

#[test]
fn a_pull_changes_only_as_its_state_allows() {
    type Change = fn(&PullQueue, i64, &Place) -> Result<PullJob>;
    let pause: Change = |queue, id, _| queue.pause(id);
    let resume: Change = |queue, id, _| queue.resume(id);
    let retry: Change = |queue, id, _| queue.retry(id);
    let cancel: Change = |queue, id, place| queue.cancel(id, &place.hub());
    let place = Place::new();
    let queue = queue(&place);
    let check = |changes: &[(Change, &str)]| {
        let id = queue.add(&new("hf:org/name")).unwrap().id;
        for (change, expect) in changes {
            let found = match change(&queue, id, &place) {
                Ok(job) => job.state.as_str(),
                Err(error) => error.code(),
            };
            assert_eq!(found, *expect);
        }
        queue.cancel(id, &place.hub()).unwrap();
    };
    check(&[(pause, "paused"), (pause, "paused"), (resume, "waiting"), (cancel, "cancelled")]);
    check(&[(retry, "waiting"), (pause, "paused"), (retry, "models.wrong_state")]);
    check(&[(cancel, "cancelled"), (resume, "models.wrong_state"), (retry, "waiting")]);
    check(&[(cancel, "cancelled"), (pause, "models.wrong_state"), (cancel, "cancelled")]);
}

#[test]
fn who_changes_the_queue_changes_the_pull_that_runs() {
    let check = |change: &(dyn Fn(&PullQueue, i64) + Sync), expect: PullJobState, kept: bool| {
        let place = Place::new();
        place.fake.publish("org/name", "main", kinds()[1].1.clone());
        place.fake.set_pace(60_000);
        let mut pull = new("hf:org/name");
        pull.install = false;
        let id = queue(&place).add(&pull).unwrap().id;
        let observer = |event: &PullEvent| {
            if event.file_done_bytes > 0 {
                change(&queue(&place), id);
            }
        };
        let cancel = CancelToken::new();
        let job = queue(&place).run(id, &place.hub(), &mut store(&place), &observer, &cancel);
        assert_eq!(job.unwrap().state, expect);
        let present = place.hub().present_bytes(&place.plan("hf:org/name").unwrap());
        assert_eq!(present > 0, kept);
    };
    check(&|queue, id| drop(queue.pause(id)), PullJobState::Paused, true);
    let hub = Place::new().hub();
    check(&|queue, id| drop(queue.cancel(id, &hub)), PullJobState::Cancelled, false);
}

#[test]
fn an_interrupt_pauses_and_the_next_run_goes_on() {
    let place = Place::new();
    place.fake.publish("org/name", "main", kinds()[1].1.clone());
    place.fake.set_pace(60_000);
    let mut pull = new("hf:org/name");
    pull.install = false;
    let queue = queue(&place);
    let id = queue.add(&pull).unwrap().id;
    let cancel = CancelToken::new();
    let stop = cancel.clone();
    let observer = move |event: &PullEvent| {
        if event.file_done_bytes > 0 {
            stop.cancel();
        }
    };
    let job = queue.run(id, &place.hub(), &mut store(&place), &observer, &cancel).unwrap();
    assert_eq!(job.state, PullJobState::Paused);
    let plan = job.plan.unwrap();
    let kept = place.hub().present_bytes(&plan);
    assert!(kept > 0 && kept < 300_000);

    // The branch moves; a pull that was begun stays with what it began with.
    place.fake.publish("org/name", "main", vec![FakeFile::large("large.gguf", "other")]);
    place.fake.set_pace(0);
    place.fake.settle();
    place.fake.forget();
    assert_eq!(run(&place, id).unwrap().state, PullJobState::Paused, "not unless it is woken");
    queue.wake(id).unwrap();
    let job = run(&place, id).unwrap();
    assert_eq!((job.state, job.plan.as_ref()), (PullJobState::Done, Some(&plan)));
    assert_eq!(place.fake.sent("large.gguf"), 300_000 - kept);
}

#[test]
fn two_processes_do_the_work_of_one() {
    let place = Place::new();
    place.fake.publish("org/name", "main", vec![model(&place, "tiny.gguf")]);
    place.fake.set_pace(20_000);
    let id = queue(&place).add(&new("hf:org/name")).unwrap().id;
    let ends: Vec<PullJobState> = std::thread::scope(|scope| {
        let both = [0, 1].map(|_| scope.spawn(|| run(&place, id).unwrap().state));
        both.map(|one| one.join().unwrap()).to_vec()
    });
    assert_eq!(ends, [PullJobState::Done, PullJobState::Done]);
    let size = std::fs::metadata(gguf().write(&place.path("made"))).unwrap().len();
    assert_eq!(place.fake.sent("tiny.gguf"), size);
}

#[test]
fn a_name_is_looked_up_in_the_catalogue() {
    let find = |name: &str, tag: Option<&str>| {
        let known = name == "small" && tag.is_none_or(|tag| tag == "7b");
        Ok(known.then(|| "hf:org/small/q4.gguf".to_owned()))
    };
    let check = |text: &str, expect: Option<&str>| {
        let reference: ModelReference = text.parse().unwrap();
        let new = NewPull::new(reference, &find);
        assert_eq!(new.ok().and_then(|new| new.name).as_deref(), expect, "{text}");
    };
    check("small:7b", Some("small-7b"));
    check("small", Some("small"));
    check("small:8b", None);
    check("other", None);
    check("./small.gguf", None);
    let source: HubReference = "hf:org/small/q4.gguf".parse().unwrap();
    assert_eq!(NewPull::new("small:7b".parse().unwrap(), &find).unwrap().source, source);
}

#[test]
fn a_file_that_is_no_queue_is_told() {
    let place = Place::new();
    let path = place.path("other.sqlite3");
    std::fs::write(&path, "this is no database, but long enough to look like one".repeat(40))
        .unwrap();
    let check = |path: &Path| {
        let error = PullQueue::open(path).unwrap_err();
        assert!(matches!(error, Error::Hub { .. }));
        assert_eq!(error.code(), "models.queue");
    };
    check(&path);
}

#[test]
fn a_failure_is_remembered_until_it_is_tried_again() {
    let mut place = Place::new();
    place.options.retry.attempts_without_progress = 2;
    let (_, files, path) = kinds()[0].clone();
    place.fake.publish("org/name", "main", files);
    place.fake.fail(path, Fault::Status(503, None), u64::MAX);
    let mut pull = new("hf:org/name");
    pull.install = false;
    let queue = queue(&place);
    let id = queue.add(&pull).unwrap().id;
    assert_eq!(run(&place, id).unwrap_err().code(), "models.gave_up");
    let job = queue.job(id).unwrap();
    assert_eq!((job.state, &*job.error.unwrap().code), (PullJobState::Failed, "models.gave_up"));
    place.fake.heal();
    assert_eq!(queue.retry(id).unwrap().error, None);
    assert_eq!(run(&place, id).unwrap().state, PullJobState::Done);
}

#[test]
fn what_fails_before_its_files_are_known_is_remembered_too() {
    let mut place = Place::new();
    place.options.retry.attempts_without_progress = 2;
    let queue = queue(&place);
    let check = |reference: &str, code: &str| {
        let id = queue.add(&new(reference)).unwrap().id;
        assert_eq!(run(&place, id).unwrap_err().code(), code);
        let job = queue.job(id).unwrap();
        let told = job.error.unwrap();
        assert_eq!((job.state, &*told.code, job.plan), (PullJobState::Failed, code, None));
        // Whoever comes later hears of it, and nobody is asked again.
        place.fake.forget();
        let later = run(&place, id).unwrap_err();
        assert_eq!((later.code(), Some(later.kind())), ("models.pull_failed", told.kind));
        assert_eq!(later.to_string(), format!("pull {id} failed: {}", told.message));
        assert_eq!(later.help(), told.help);
        assert!(place.fake.requests().is_empty());
    };
    check("hf:org/none", "models.repo_not_found");
    place.fake.publish("org/name", "main", kinds()[1].1.clone());
    check("hf:org/name@v9", "models.revision_not_found");
    check("hf:org/name/other.gguf", "models.file_not_found");
    place.fake.refuse("org/name", 503, "");
    check("hf:org/name", "models.hub_unreachable");

    // Whoever watches sees why it takes so long.
    let id = queue.add(&new("hf:org/name@v2")).unwrap().id;
    let seen = std::sync::Mutex::new(Vec::new());
    let observer = |event: &PullEvent| seen.lock().unwrap().push(event.state.clone());
    let cancel = CancelToken::new();
    queue.run(id, &place.hub(), &mut store(&place), &observer, &cancel).unwrap_err();
    let seen = seen.into_inner().unwrap();
    let again = |state: &PullState| matches!(state, PullState::Retrying { reason } if reason.contains("status 503"));
    assert!(seen.iter().any(again), "{seen:?}");
}

#[test]
fn who_waits_for_a_pull_that_fails_hears_of_it() {
    let place = Place::new();
    place.fake.publish("org/name", "main", kinds()[1].1.clone());
    place.fake.set_pace(100_000);
    let id = queue(&place).add(&new("hf:org/name")).unwrap().id;
    let codes: Vec<&str> = std::thread::scope(|scope| {
        let both = [0, 1].map(|_| scope.spawn(|| run(&place, id).unwrap_err()));
        let mut errors = both.map(|one| one.join().unwrap());
        errors.sort_by_key(Diagnostic::code);
        assert_eq!(errors[0].kind(), errors[1].kind());
        errors.iter().map(Diagnostic::code).collect()
    });
    // What came is no model; the other one did not fetch it again to see that.
    assert_eq!(codes, ["models.not_a_model", "models.pull_failed"]);
    assert_eq!(place.fake.sent("large.gguf"), 300_000);
}

/// A queue of the program before this one.
#[test]
fn an_older_queue_is_taken_over() {
    let place = Place::new();
    let id = queue(&place).add(&new("hf:org/name")).unwrap().id;
    let path = place.path("queue/pulls.sqlite3");
    let older = rusqlite::Connection::open(&path).unwrap();
    older
        .execute_batch(
            "ALTER TABLE pull DROP COLUMN error_kind; UPDATE pull SET state = 'failed', \
             error_code = 'models.gated', error_message = 'no'; PRAGMA user_version = 1;",
        )
        .unwrap();
    drop(older);
    let told = queue(&place).job(id).unwrap().error.unwrap();
    assert_eq!((&*told.code, told.kind), ("models.gated", None));
    assert_eq!(run(&place, id).unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(queue(&place).retry(id).unwrap().error, None);
}

#[test]
fn limits_are_kept() {
    let place = Place::new();
    let queue = queue(&place);
    let id = queue.add(&new("hf:org/name")).unwrap().id;
    assert_eq!(queue.default_limit().unwrap(), None);
    queue.set_default_limit(Some(1000)).unwrap();
    assert_eq!(queue.set_limit(id, Some(7)).unwrap().limit_bytes_per_second, Some(7));
    assert_eq!(queue.default_limit().unwrap(), Some(1000));
    queue.set_default_limit(None).unwrap();
    assert_eq!(queue.default_limit().unwrap(), None);
}
