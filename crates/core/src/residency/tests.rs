use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use mlxcode_base::{CancelToken, ErrorKind, Progress, ProgressEvent};
use mlxcode_models::{GenerateRequest, Prompt, ScriptedModel};

use super::*;
use crate::error::Error;

/// A clock that stands until it is moved.
#[derive(Default)]
struct Hands(AtomicU64);

impl Clock for Hands {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// What happened, and what is to happen.
#[derive(Default)]
struct Stage {
    loads: AtomicUsize,
    /// Loads that may go on; the others wait.
    open: AtomicUsize,
    events: Mutex<Vec<String>>,
}

impl Stage {
    fn note(&self, event: String) {
        self.events.lock().unwrap().push(event);
    }

    fn events(&self) -> Vec<String> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }
}

/// References are `NAME:SIZE`; a name that begins with `bad` fails, with
/// `panic` panics, with `slow` waits until the stage is open.
struct Loader(Arc<Stage>);

impl ModelLoader for Loader {
    fn plan(
        &self,
        reference: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<LoadPlan> {
        self.0.loads.fetch_add(1, Ordering::SeqCst);
        let (name, size) = reference.split_once(':').unwrap();
        progress.report(ProgressEvent::new("hash", 1, Some(2)));
        while name.starts_with("slow") && self.0.open.load(Ordering::SeqCst) == 0 {
            if cancel.is_cancelled() {
                return Err(ResidencyError::Cancelled.into());
            }
            thread::sleep(Duration::from_millis(1));
        }
        assert!(!name.starts_with("panic"), "as asked");
        if name.starts_with("bad") {
            let name = reference.to_owned();
            return Err(mlxcode_models::Error::NotInstalled { name }.into());
        }
        let (stage, name) = (Arc::clone(&self.0), name.to_owned());
        let load = move |_: &CancelToken| {
            stage.note(format!("load {name}"));
            let mut loaded = LoadedModel::new(ScriptedModel::new(["one two three"; 9]));
            loaded.freed = Some(Box::new(move || stage.note(format!("free {name}"))));
            Ok(loaded)
        };
        Ok(LoadPlan { size_bytes: size.parse().unwrap(), load: Box::new(load) })
    }
}

struct Ground {
    stage: Arc<Stage>,
    hands: Arc<Hands>,
    residency: Residency,
}

impl Ground {
    fn new(budget_bytes: Option<u64>, keep_alive: Option<Duration>) -> Self {
        let (stage, hands) = (Arc::<Stage>::default(), Arc::<Hands>::default());
        let clock: Arc<dyn Clock> = Arc::clone(&hands) as Arc<dyn Clock>;
        let options = ResidencyOptions { budget_bytes, keep_alive, clock };
        let residency = Residency::new(Loader(Arc::clone(&stage)), options);
        Self { stage, hands, residency }
    }

    fn at(&self, seconds: u64) {
        self.hands.0.store(seconds, Ordering::SeqCst);
    }

    fn load(&self, reference: &str) -> Model {
        self.residency.model(reference).unwrap()
    }

    /// Loads a model and lets it go.
    fn use_once(&self, reference: &str) {
        drop(self.load(reference));
    }

    fn refused(&self, reference: &str) -> Error {
        self.residency.model(reference).map(drop).unwrap_err()
    }

    fn states(&self) -> Vec<(String, ResidencyState)> {
        self.residency.list().into_iter().map(|one| (one.reference, one.state)).collect()
    }

    fn names(&self) -> Vec<String> {
        self.states().into_iter().map(|(name, _)| name).collect()
    }
}

fn idle(seconds: u64) -> ResidencyState {
    ResidencyState::Idle { idle: Duration::from_secs(seconds) }
}

/// Waits for what another thread is about to do.
fn until(what: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if what() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("it never came to that");
}

#[test]
fn one_load_serves_all_who_ask() {
    let ground = Ground::new(None, None);
    let pending: Vec<_> = (0..8).map(|_| ground.residency.request("slow:10").unwrap()).collect();
    until(|| matches!(pending[0].state(), Some(ResidencyState::Loading { done: 1, .. })));
    ground.stage.open.store(1, Ordering::SeqCst);
    let never = CancelToken::new();
    let models: Vec<Model> = pending.into_iter().map(|one| one.wait(&never).unwrap()).collect();
    assert_eq!(ground.stage.loads.load(Ordering::SeqCst), 1);
    let state = ResidencyState::InUse { holders: 8 };
    assert_eq!(ground.states(), [("slow:10".to_owned(), state)]);
    // A clone is the same holder.
    let clone = models[0].clone();
    drop(models);
    assert_eq!(ground.states()[0].1, ResidencyState::InUse { holders: 1 });
    drop(clone);
    assert_eq!(ground.states()[0].1, idle(0));
    ground.use_once("slow:10");
    assert_eq!(ground.stage.loads.load(Ordering::SeqCst), 1, "it stays");
}

#[test]
fn the_model_that_was_used_longest_ago_makes_room() {
    let ground = Ground::new(Some(100), None);
    for (seconds, reference) in [(1, "a:40"), (2, "b:40"), (3, "a:40")] {
        ground.at(seconds);
        ground.use_once(reference);
    }
    assert_eq!(ground.residency.size_bytes(), 80);
    ground.use_once("c:40");
    assert_eq!(ground.names(), ["a:40", "c:40"]);
    // Its memory is free before the next one is loaded.
    assert_eq!(ground.stage.events(), ["load a", "load b", "free b", "load c"]);
    ground.use_once("d:100");
    assert_eq!(ground.names(), ["d:100"]);
    let error = ground.refused("e:101");
    assert_eq!(
        (error.code(), error.kind()),
        ("residency.over_budget", ErrorKind::ResourceExhausted)
    );
    assert!(ground.names().contains(&"d:100".to_owned()), "nobody went for it");
}

#[test]
fn what_is_in_use_stays() {
    let ground = Ground::new(Some(100), None);
    let held = ground.load("a:60");
    let error = ground.refused("b:60");
    assert_eq!(error.code(), "residency.no_room");
    assert!(error.to_string().contains("a:60"), "{error}");
    assert!(!ground.residency.unload("a:60"));
    // Who generates uses it, whether he holds it or not.
    let request = GenerateRequest::new(Prompt::text("x"));
    let mut running = held.generate(request).unwrap();
    drop(held);
    assert_eq!(ground.states()[0].1, ResidencyState::InUse { holders: 1 });
    assert_eq!(ground.refused("b:60").code(), "residency.no_room");
    assert_eq!(running.read_to_end().unwrap(), "one two three");
    assert!(!ground.residency.unload("a:60"));
    drop(running);
    assert_eq!(ground.states()[0].1, idle(0));
    ground.use_once("b:60");
    assert_eq!(ground.names(), ["b:60"]);
    assert!(ground.residency.unload("b:60") && !ground.residency.unload("b:60"));
}

#[test]
fn what_nobody_uses_for_long_goes() {
    let ground = Ground::new(None, Some(Duration::from_mins(1)));
    ground.use_once("a:1");
    let held = ground.load("b:1");
    ground.at(59);
    ground.residency.sweep();
    assert_eq!(ground.states()[0], ("a:1".to_owned(), idle(59)));
    ground.at(60);
    ground.residency.sweep();
    assert_eq!(ground.names(), ["b:1"]);
    ground.at(1_000);
    drop(held);
    ground.at(1_059);
    ground.residency.sweep();
    assert_eq!(ground.names(), ["b:1"], "the time begins when the last holder leaves");
    ground.at(1_060);
    // Nobody has to call for it.
    until(|| ground.names().is_empty());
    until(|| ground.stage.events.lock().unwrap().len() == 4);
    assert_eq!(ground.stage.events()[2..], ["free a", "free b"]);
}

#[test]
fn a_load_stops_when_nobody_wants_it_any_more() {
    let ground = Ground::new(None, None);
    let first = ground.residency.request("slow:1").unwrap();
    let second = ground.residency.request("slow:1").unwrap();
    first.cancel();
    assert!(matches!(second.state(), Some(ResidencyState::Loading { .. })));
    let cancel = CancelToken::new();
    cancel.cancel();
    assert_eq!(second.wait(&cancel).map(drop).unwrap_err().kind(), ErrorKind::Cancelled);
    until(|| ground.names().is_empty());
    assert_eq!(ground.stage.events(), [""; 0], "it was never loaded");

    // One that was asked for anew is another one.
    let third = ground.residency.request("slow:1").unwrap();
    ground.stage.open.store(1, Ordering::SeqCst);
    third.wait(&CancelToken::new()).unwrap();
    assert_eq!(ground.stage.loads.load(Ordering::SeqCst), 2);
}

#[test]
fn a_model_is_loaded_in_the_background() {
    let ground = Ground::new(None, None);
    let wish = ground.residency.request("slow:1").unwrap();
    let also = ground.residency.request("slow:1").unwrap();
    wish.keep();
    // Somebody who leaves does not take it from the one who wants it kept.
    drop(also);
    assert!(matches!(ground.states()[0].1, ResidencyState::Loading { .. }));
    ground.stage.open.store(1, Ordering::SeqCst);
    until(|| ground.states()[0].1 == idle(0));
    ground.residency.request("slow:1").unwrap().keep();
    assert_eq!(ground.states()[0].1, idle(0));
}

#[test]
fn a_failure_is_told_to_all_and_tried_again() {
    let ground = Ground::new(Some(10), None);
    let pending: Vec<_> = (0..3).map(|_| ground.residency.request("bad:1").unwrap()).collect();
    for one in pending {
        let error = one.wait(&CancelToken::new()).map(drop).unwrap_err();
        assert_eq!(error.code(), "models.not_installed");
        assert!(error.help().is_some());
    }
    let [(_, ResidencyState::Failed { message })] = &*ground.states() else { panic!() };
    assert_eq!(message, "no model called bad:1 is installed");
    let before = ground.stage.loads.load(Ordering::SeqCst);
    ground.refused("bad:1");
    assert_eq!(ground.stage.loads.load(Ordering::SeqCst), before + 1);
    assert_eq!(ground.residency.size_bytes(), 0);
    assert_eq!(ground.refused("panic:1").code(), "residency.lost");
    ground.use_once("a:10");
}

#[test]
fn more_models_than_may_be_are_refused() {
    let ground = Ground::new(None, None);
    let held: Vec<Model> = (0..MOST_MODELS - 1).map(|n| ground.load(&format!("m{n}:1"))).collect();
    ground.refused("bad:1");
    // A failure is forgotten for somebody who may succeed.
    let last = ground.load("last:1");
    assert_eq!(ground.refused("one-more:1").code(), "residency.too_many");
    drop((held, last));
}
