use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mlxcode_base::Diagnostic;
use proptest::prelude::*;

use super::*;
use benchmark::BenchmarkRecord;

/// A machine with a clock that tests set.
struct Machine {
    folder: tempfile::TempDir,
    records: Records,
    now: Arc<AtomicU64>,
}

impl Machine {
    fn at(now: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicU64::new(now));
        let now = Arc::clone(&clock);
        let path = folder.path().join("library/library.sqlite");
        let records = Records::with_clock(&path, move || clock.load(Ordering::Relaxed));
        Self { folder, records, now }
    }

    fn at_time(&self, now: u64) -> &Records {
        self.now.store(now, Ordering::Relaxed);
        &self.records
    }
}

fn tag(name: &str) -> RecordChange {
    RecordChange::Tag(name.to_owned())
}

fn speed(decode_tokens_per_second: f64) -> BenchmarkRecord {
    BenchmarkRecord { decode_tokens_per_second, ..BenchmarkRecord::default() }
}

#[test]
fn asking_makes_nothing() {
    let machine = Machine::at(5);
    assert_eq!(machine.records.record("m").unwrap(), ModelRecord::default());
    assert_eq!(machine.records.resolve("a").unwrap(), None);
    assert_eq!(machine.records.machine().unwrap(), None);
    machine.records.forget("m").unwrap();
    machine.records.note_installed(&[]).unwrap();
    assert_eq!(std::fs::read_dir(machine.folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_said_is_kept() {
    let machine = Machine::at(1_000);
    let records = &machine.records;
    let all = [
        tag("Fast"),
        tag(" code "),
        RecordChange::Category(Some("work".into())),
        RecordChange::Favourite(true),
        RecordChange::Note(Some("first line\nsecond".into())),
    ];
    records.change("m", &all).unwrap();
    records.set_alias("quick", "m").unwrap();
    let again = Records::open(&machine.folder.path().join("library/library.sqlite"));
    let record = again.record("m").unwrap();
    assert_eq!(record.tags, ["code", "fast"]);
    assert_eq!(record.category.as_deref(), Some("work"));
    assert_eq!(record.note.as_deref(), Some("first line\nsecond"));
    assert!(record.favourite);
    assert_eq!(record.aliases, ["quick"]);
    assert_eq!(again.resolve("quick").unwrap().as_deref(), Some("m"));
    assert_eq!(again.machine().unwrap(), records.machine().unwrap());

    let none = [
        RecordChange::Untag("FAST".into()),
        RecordChange::Category(None),
        RecordChange::Favourite(false),
        RecordChange::Note(None),
    ];
    again.change("m", &none).unwrap();
    again.remove_alias("quick").unwrap();
    let record = records.record("m").unwrap();
    assert_eq!(record, ModelRecord { tags: vec!["code".into()], ..ModelRecord::default() });
    assert_eq!(again.remove_alias("quick").unwrap_err().code(), "models.no_alias");
}

#[test]
fn what_cannot_be_kept_is_refused_as_a_whole() {
    let machine = Machine::at(1);
    let refused = |changes: &[RecordChange], code: &str| {
        let error = machine.records.change("m", changes).unwrap_err();
        assert_eq!(error.code(), code, "{changes:?}");
    };
    refused(&[tag("good"), tag(" ")], "models.bad_record");
    refused(&[tag("a,b")], "models.bad_record");
    refused(&[tag("a\u{1b}[2K")], "models.bad_record");
    refused(&[tag(&"x".repeat(61))], "models.bad_record");
    refused(&[RecordChange::Note(Some("\u{7}".into()))], "models.bad_record");
    let many: Vec<_> = (0..61).map(|n| tag(&format!("t{n}"))).collect();
    refused(&many, "models.too_many_records");
    assert!(machine.records.record("m").unwrap().tags.is_empty());
}

#[test]
fn uses_and_loads_add_up() {
    let machine = Machine::at(100);
    let once =
        ModelUse { prompt_tokens: 30, completion_tokens: 11, prefill_ms: 5.0, decode_ms: 500.0 };
    machine.records.loaded("m").unwrap();
    machine.at_time(200).used("m", &once).unwrap();
    // A clock that was set back takes nothing away.
    machine.at_time(150).used("m", &once).unwrap();
    let usage = machine.records.record("m").unwrap().usage;
    assert_eq!((usage.loads, usage.answers, usage.last_used_ms), (1, 2, 200));
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.decoded_tokens), (60, 22, 20));
    assert_eq!(usage.decode_tokens_per_second(), Some(20.0));
    assert_eq!(UsageTotals::default().decode_tokens_per_second(), None);
}

#[test]
fn the_newest_measurements_stay() {
    let machine = Machine::at(0);
    for now in 1..=u64::try_from(limits::MOST_BENCHMARKS).unwrap() + 5 {
        machine.at_time(now).benchmarked("m", &speed(now as f64)).unwrap();
    }
    let state = machine.records.state().unwrap();
    let found = state.benchmarks("m");
    assert_eq!(found.len(), limits::MOST_BENCHMARKS);
    assert_eq!((found[0].0, found[0].2.decode_tokens_per_second), (105, 105.0));
    assert_eq!(found[found.len() - 1].0, 6);
}

#[test]
fn what_is_forgotten_stays_away() {
    let [here, there] = [Machine::at(1_000), Machine::at(1_000)];
    let say = |machine: &Machine| {
        machine.records.change("m", &[tag("old")]).unwrap();
        machine
            .records
            .used("m", &ModelUse { completion_tokens: 3, ..ModelUse::default() })
            .unwrap();
        machine.records.benchmarked("m", &speed(1.0)).unwrap();
    };
    say(&here);
    say(&there);
    here.records.set_alias("quick", "m").unwrap();
    let before = there.records.state().unwrap();

    here.at_time(2_000).forget("m").unwrap();
    assert_eq!(here.records.record("m").unwrap(), ModelRecord::default());
    assert_eq!(here.records.resolve("quick").unwrap(), None);
    here.records.merge(&before).unwrap();
    let state = here.records.state().unwrap();
    assert_eq!(state.record("m"), ModelRecord::default());
    assert!(state.models().is_empty() && state.benchmarks("m").is_empty());

    // The other machine hears of it, and what comes afterwards counts.
    there.records.merge(&state).unwrap();
    assert_eq!(there.records.record("m").unwrap(), ModelRecord::default());
    say(&there);
    let record = there.records.record("m").unwrap();
    assert_eq!((record.tags.len(), record.usage.completion_tokens), (1, 3));
    assert_eq!(there.records.state().unwrap().benchmarks("m").len(), 1);
}

/// Two machines that never agree on the time still agree on who was last.
#[test]
fn a_later_word_wins_whatever_the_clocks_say() {
    let [ahead, behind] = [Machine::at(9_000_000), Machine::at(1_000)];
    ahead.records.change("m", &[RecordChange::Note(Some("first".into()))]).unwrap();
    behind.records.merge(&ahead.records.state().unwrap()).unwrap();
    behind.records.change("m", &[RecordChange::Note(Some("second".into()))]).unwrap();
    ahead.records.merge(&behind.records.state().unwrap()).unwrap();
    assert_eq!(ahead.records.record("m").unwrap().note.as_deref(), Some("second"));
}

#[test]
fn two_machines_end_alike() {
    let [one, two] = [Machine::at(10), Machine::at(10)];
    let once = ModelUse { completion_tokens: 5, ..ModelUse::default() };
    one.records.change("m", &[tag("a"), RecordChange::Favourite(true)]).unwrap();
    one.records.used("m", &once).unwrap();
    one.records.note_installed(&[("m".into(), "qwen2 Q8_0".into())]).unwrap();
    two.at_time(20).change("m", &[tag("b"), RecordChange::Favourite(false)]).unwrap();
    two.records.used("m", &once).unwrap();
    let [first, second] = [&one, &two].map(|machine| machine.records.state().unwrap());
    let report = one.records.merge(&second).unwrap();
    assert_eq!((report.fields, report.counts, report.benchmarks), (2, 1, 0));
    two.records.merge(&first).unwrap();
    let [first, second] = [&one, &two].map(|machine| machine.records.state().unwrap());
    assert_eq!(first, second);
    let record = first.record("m");
    assert_eq!((record.tags.len(), record.favourite), (2, false));
    assert_eq!(record.usage.completion_tokens, 10);
    assert_eq!(first.installed().get("m").map(String::as_str), Some("qwen2 Q8_0"));
    assert_eq!(one.records.merge(&second).unwrap(), MergeReport::default());

    one.records.note_installed(&[]).unwrap();
    assert!(one.records.state().unwrap().installed().is_empty());
}

#[test]
fn a_document_is_read_back() {
    let machine = Machine::at(7);
    machine.records.change("m", &[tag("a"), RecordChange::Note(None)]).unwrap();
    machine.records.used("m", &ModelUse { decode_ms: 0.25, ..ModelUse::default() }).unwrap();
    machine.records.benchmarked("m", &speed(1.0 / 3.0)).unwrap();
    let state = machine.records.state().unwrap();
    let text = state.to_json().unwrap();
    assert_eq!(LibraryState::from_json(&text).unwrap(), state);

    let refused = |text: &str, code: &str| {
        assert_eq!(LibraryState::from_json(text).unwrap_err().code(), code, "{text}");
    };
    refused("", "models.bad_export");
    refused("{}", "models.bad_export");
    refused(r#"{"kind": "mlx-code library"}"#, "models.bad_export");
    refused(&text.replace("\"version\": 1", "\"version\": 2"), "models.newer_export");
    refused(&text.replace("\"fields\"", "\"feilds\""), "models.bad_export");
    refused(&text.replace("\"time_ms\": 7", "\"time_ms\": 253402300800000"), "models.bad_export");
    refused(&text.replace("\"subject\": \"m\"", "\"subject\": \"\\u001b\""), "models.bad_export");
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("library.sqlite");
    std::fs::write(&path, "no database at all, and long enough to be sure of that").unwrap();
    let error = Records::open(&path).state().unwrap_err();
    assert_eq!((error.kind(), error.code()), (mlxcode_base::ErrorKind::Corrupt, "models.records"));
    std::fs::remove_file(&path).unwrap();
    let later = Connection::open(&path).unwrap();
    later.pragma_update(None, "user_version", 99).unwrap();
    let error = Records::open(&path).state().unwrap_err();
    assert_eq!(error.code(), "models.records_newer");
}

#[test]
fn two_programs_write_at_once() {
    let machine = Machine::at(1);
    machine.records.loaded("m").unwrap();
    let path = machine.folder.path().join("library/library.sqlite");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let records = Records::open(&path);
                (0..50).for_each(|_| records.loaded("m").unwrap());
            });
        }
    });
    assert_eq!(machine.records.record("m").unwrap().usage.loads, 101);
}

fn name(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(names).prop_map(str::to_owned)
}

const MODELS: &[&str] = &["m", "n"];
const MACHINES: &[&str] = &["x", "y", "z"];
const NAMES: &[&str] = &["tag/a", "note", "favourite", "forgotten", "alias", "installed/x"];

fn a_state() -> impl Strategy<Value = LibraryState> {
    let value = prop::option::of(name(&["m", "yes", "no"]));
    let field = (name(MODELS), name(NAMES), value, 0..5_u64, name(MACHINES));
    let usage = (name(MODELS), name(MACHINES), 0..5_u64, prop::array::uniform8(0..4_u64));
    let benchmark = (name(MODELS), name(MACHINES), 0..5_u64, 0..3_u8);
    let some = |most| 0..most;
    let fields = prop::collection::vec(field, some(8_usize));
    let usages = prop::collection::vec(usage, some(6));
    let benchmarks = prop::collection::vec(benchmark, some(6));
    (fields, usages, benchmarks).prop_map(|(fields, usages, benchmarks)| {
        let mut state = LibraryState::default();
        for (subject, name, value, time_ms, machine) in fields {
            let stamp = Stamp { time_ms, machine };
            state.fields.insert(FieldKey { subject, name }, Register { stamp, value });
        }
        for (model, machine, since_ms, numbers) in usages {
            let mut totals = UsageTotals::default();
            let pairs = totals.numbers_mut().into_iter().zip(numbers);
            pairs.for_each(|(place, number)| *place = number);
            state.usage.insert(UsageKey { model, machine, since_ms }, totals);
        }
        for (model, machine, at_ms, found) in benchmarks {
            let key = BenchmarkKey { model, machine, at_ms };
            state.benchmarks.insert(key, speed(f64::from(found)));
        }
        state.settle();
        state
    })
}

fn merged(a: &LibraryState, b: &LibraryState) -> LibraryState {
    let mut merged = a.clone();
    merged.merge(b);
    merged
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merging_is_commutative(a in a_state(), b in a_state()) {
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
    }

    #[test]
    fn merging_is_associative(a in a_state(), b in a_state(), c in a_state()) {
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
    }

    #[test]
    fn merging_is_idempotent(a in a_state(), b in a_state()) {
        prop_assert_eq!(&merged(&a, &a), &a);
        let both = merged(&a, &b);
        prop_assert_eq!(&merged(&both, &b), &both);
    }

    #[test]
    fn a_state_is_read_back_from_its_document(a in a_state()) {
        prop_assert_eq!(LibraryState::from_json(&a.to_json().unwrap()).unwrap(), a);
    }
}

/// The database holds exactly what the state says, after merging too.
#[test]
fn the_database_holds_any_state() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..20 {
        let machine = Machine::at(3);
        let [a, b] = [0, 1].map(|_| {
            proptest::strategy::ValueTree::current(&a_state().new_tree(&mut runner).unwrap())
        });
        machine.records.merge(&a).unwrap();
        assert_eq!(machine.records.state().unwrap(), a);
        machine.records.merge(&b).unwrap();
        assert_eq!(machine.records.state().unwrap(), merged(&a, &b));
    }
}
