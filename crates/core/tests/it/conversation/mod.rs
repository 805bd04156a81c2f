//! Whole conversations: from what is said to what stands in git.

mod real_trees;
mod world;

use mlxcode_core::task::{CommitOptions, CommitPrograms};
use mlxcode_core::{
    AuditQuery, Audited, CancelToken, Decision, Event, FilePart, Message, ModelLibrary,
    ModelSource, ModelTask, PartOfFile, Role, RouteRequest, ScriptedModel, SessionSetup, TaskModel,
    TurnEnd,
};
use serde_json::json;

use world::{World, ask, block, git, model, yes};

fn ends(events: &[Event], end: &TurnEnd) {
    assert!(
        matches!(events.last(), Some(Event::Finished { reason, .. }) if reason == end),
        "{:?}",
        events.last()
    );
}

fn with_tests() -> serde_json::Value {
    json!({ "checks": [{ "files": "**/*.py", "run": "python3 -B tests/run.py" }] })
}

/// A reply that is wrong by one night, which its own test finds.
fn first_reply() -> String {
    let price = block(
        "bookings/prices.py",
        "    return room.night * nights\n",
        "    full = room.night * nights\n    return full * 9 // 10 if nights > 7 else full\n",
    );
    let test = block(
        "tests/test_prices.py",
        "def test_deposit_is_a_fifth():\n",
        "def test_a_week_is_cheaper():\n    equal(price(ROOMS[0], 6), 27000)\n    \
         equal(price(ROOMS[0], 7), 28350)\n\n\ndef test_deposit_is_a_fifth():\n",
    );
    format!("A tenth less from a week on, with a test:\n\n{price}\n{test}")
}

fn second_reply() -> String {
    let line = |sign: &str| format!("    return full * 9 // 10 if nights {sign} 7 else full\n");
    format!("Seven nights count too:\n\n{}", block("bookings/prices.py", &line(">"), &line(">=")))
}

#[test]
fn a_wish_becomes_a_change_that_is_checked_mended_and_committed() {
    let world = World::of("bookings", &with_tests());
    let (model, heard) =
        model(&[&first_reply(), &second_reply(), "feat(prices): take a tenth off a week"]);
    let session = world.session(&model);
    let events = ask(&session, "A stay of seven nights or more costs a tenth less.", yes);
    ends(&events, &TurnEnd::Done);
    insta::assert_snapshot!(world.told(&events));

    // Who agreed to what stands beside what was done.
    let log = world.workspace.audit(&AuditQuery::default()).unwrap();
    let turns: Vec<&str> = log.iter().map(|record| record.what.as_str()).collect();
    assert_eq!(turns, ["decide", "apply", "apply", "decide", "apply"]);
    let Audited::Decide(decision) = &log[0].what else { panic!() };
    assert_eq!((decision.allowed, decision.by.as_str()), (true, "a person"));
    assert_eq!(decision.what, "change bookings/prices.py, tests/test_prices.py");
    assert!(world.workspace.verify_audit(None).unwrap().is_intact());

    git(world.root(), &["add", "--all"]);
    let options = CommitOptions::default();
    let staged = world.workspace.staged(&options).unwrap();
    let proposal =
        world.workspace.commit_message(&staged, &TaskModel::new(&model), &options).unwrap();
    git(world.root(), &["config", "user.name", "Ann"]);
    git(world.root(), &["config", "user.email", "ann@example.org"]);
    let text = proposal.message.text();
    world.workspace.commit_staged(&text, CommitPrograms::None).unwrap();
    assert_eq!(
        git(world.root(), &["log", "--format=%s", "--stat=60"]).lines().next().unwrap(),
        "feat(prices): take a tenth off a week"
    );
    assert_eq!(
        git(world.root(), &["show", "--format=", "--numstat", "HEAD"]),
        "2\t1\tbookings/prices.py\n5\t0\ttests/test_prices.py\n"
    );
    assert_eq!(git(world.root(), &["status", "--porcelain"]), "");
    // The message was asked for with the change that is now there, not with the
    // one that was mended.
    let asked = serde_json::to_string(&heard.prompts()[2]).unwrap();
    assert!(asked.contains("nights >= 7") && !asked.contains("nights > 7"), "{asked}");
}

#[test]
fn files_that_a_pattern_names_are_shown_whole() {
    let world = World::of("bookings", &json!({}));
    let (model, heard) = model(&["They share `rooms`."]);
    let session = world.session(&model);
    let events = ask(&session, "What do @bookings/*.py share?", yes);
    ends(&events, &TurnEnd::Done);
    insta::assert_snapshot!(world.told(&events));
    let prompt = &heard.prompts()[0];
    let said = &prompt.as_messages().last().unwrap().content;
    for path in ["rooms.py", "prices.py", "calendar.py", "__init__.py"] {
        let text = world.text(&format!("bookings/{path}"));
        assert!(said.contains(text.trim_end()), "{path} is not in:\n{said}");
    }
    // What the project says of itself comes before all else.
    assert!(prompt.as_messages()[0].content.contains("Prices are whole cents."));
}

#[test]
fn several_files_change_together_or_in_part_and_come_back() {
    let world = World::of("bookings", &with_tests());
    let before = git(world.root(), &["write-tree"]);
    let reply = [
        block(
            "bookings/rooms.py",
            "def find(beds):\n    \"\"\"The cheapest room with so many beds, or None.\"\"\"\n",
            "def cheapest(beds):\n    \"\"\"The cheapest room with so many beds, or None.\"\"\"\n",
        ),
        block(
            "tests/test_prices.py",
            "from bookings.rooms import ROOMS, find\n",
            "from bookings.rooms import ROOMS, cheapest\n",
        ),
        block(
            "tests/test_prices.py",
            "    equal(find(2).number, 2)\n    equal(find(5), None)\n",
            "    equal(cheapest(2).number, 2)\n    equal(cheapest(5), None)\n",
        ),
        block("bookings/guests.py", "", "\"\"\"Who sleeps here.\"\"\"\n\nNAMES = []\n"),
    ]
    .join("\n");
    let (model, _) = model(&[&reply]);
    let session = world.session(&model);
    // One file is left out by who was asked, and the rest is written.
    let wanted = ["bookings/rooms.py", "tests/test_prices.py"].map(str::to_owned);
    let events = ask(&session, "Call find cheapest, and begin a module of guests.", |_| {
        Decision::Only(wanted.to_vec())
    });
    ends(&events, &TurnEnd::Done);
    insta::assert_snapshot!(world.told(&events));
    assert!(!world.root().join("bookings/guests.py").exists());
    assert_eq!(
        git(world.root(), &["status", "--porcelain"]),
        " M bookings/rooms.py\n M tests/test_prices.py\n"
    );
    world.workspace.undo(None).unwrap();
    git(world.root(), &["add", "--all"]);
    assert_eq!(git(world.root(), &["write-tree"]), before);
}

/// What is left out of a change is known to the model, in a later conversation
/// too.
#[test]
fn which_part_of_a_change_was_taken_is_told_with_what_is_said_next() {
    let world = World::of("bookings", &json!({}));
    let reply = [
        block(
            "bookings/prices.py",
            "    return price(room, nights) // 5\n",
            "    return price(room, nights) // 4\n",
        ),
        block("bookings/guests.py", "", "\"\"\"Who sleeps here.\"\"\"\n"),
    ]
    .join("\n");
    let (first, heard_first) = model(&[&reply]);
    let log = world.workspace.session_log(&first, None, None).unwrap();
    let mut setup = SessionSetup::default();
    setup.log = Some(log.clone());
    let session = world.workspace.session(&first, setup).unwrap();
    let mut events =
        ask(&session, "A quarter is the deposit; and begin a module of guests.", |_| {
            let path = "bookings/prices.py".to_owned();
            let parts = vec![PartOfFile { path, part: FilePart::Whole }];
            Decision::PartsBecause(parts, "guests come later".to_owned())
        });
    let id = log.id().clone();
    drop((session, log));

    let (second, heard_second) = model(&["Then I wait with them."]);
    let log = world.workspace.session_log(&second, Some(&id), None).unwrap();
    let mut setup = SessionSetup::default();
    setup.entries = log.entries();
    setup.log = Some(log.clone());
    let session = world.workspace.session(&second, setup).unwrap();
    events.extend(ask(&session, "What comes next?", yes));
    let before: Vec<Message> = heard_first.prompts().pop().unwrap().as_messages().to_vec();
    let after: Vec<Message> = heard_second.prompts().pop().unwrap().as_messages().to_vec();
    assert_eq!(after[..before.len()], before[..]);
    assert_eq!(after[before.len()].content, reply);
    let said = &after[before.len() + 1].content;
    insta::assert_snapshot!(format!("{}\nThe model read last:\n{said}", world.told(&events)));
}

/// What does not fit any more is summed up by the model that the configuration
/// routes summaries to. It is not opened before; where it cannot be, that of the
/// conversation does it.
#[test]
fn summaries_are_the_work_of_the_model_that_is_routed_to() {
    let world = World::of("bookings", &json!({ "models": { "tasks": { "summary": "brief" } } }));
    let request = RouteRequest::default();
    let of = |task| world.workspace.route(task, &request);
    let (chat, summary) = (of(ModelTask::Chat), of(ModelTask::Summary));
    assert_eq!(summary.choice(0).reason.to_string(), "`models.tasks.summary`");
    let library = ModelLibrary::open(&world.dirs()).unwrap();
    let source = ModelSource::new(library);

    let (own, heard) = model(&["A fifth.", "As was said.", "They asked for the deposit.", "Yes."]);
    // Who names a model for all means that one; and the same is no other.
    let mut named = RouteRequest::default();
    named.model = Some("brief".to_owned());
    let of_named = |task| world.workspace.route(task, &named);
    let (one, other) = (of_named(ModelTask::Chat), of_named(ModelTask::Summary));
    assert!(other.open_later(&one, &own, &source, None).unwrap().is_none());
    let routed = summary.open_later(&chat, &own, &source, Some(&world.workspace)).unwrap().unwrap();
    assert_eq!(routed.info().name, "brief");

    // It is not installed.
    let mut setup = SessionSetup::default();
    setup.summaries = Some(routed);
    let mut session = world.workspace.session(&own, setup).unwrap();
    for question in ["How much is the deposit?", "And how much was it?"] {
        ends(&ask(&session, question, yes), &TurnEnd::Done);
    }
    let done = session.compact(&CancelToken::new()).unwrap();
    assert_eq!((done.turns, done.summarised_by.as_deref()), (1, Some("scripted")));

    // And one that is there.
    let brief = std::sync::Arc::new(ScriptedModel::new(["The deposit."]).with_name("brief"));
    session.set_summaries(Some(&world::heard(&brief))).unwrap();
    ends(&ask(&session, "Is that all?", yes), &TurnEnd::Done);
    let done = session.compact(&CancelToken::new()).unwrap();
    assert_eq!((done.turns, done.summarised_by.as_deref()), (1, Some("brief")));
    let told: Vec<String> =
        session.entries().unwrap().iter().map(|one| one.message.content.clone()).collect();
    assert!(told[0].starts_with("What was said before, in short:\nThe deposit."), "{told:?}");
    assert_eq!((heard.prompts().len(), brief.prompts().len()), (4, 1));
    let asked = serde_json::to_string(&brief.prompts()[0]).unwrap();
    assert!(asked.contains("They asked for the deposit."), "{asked}");
}

#[test]
fn what_was_said_is_known_in_the_next_conversation() {
    let world = World::of("bookings", &json!({}));
    let deposit = block(
        "bookings/prices.py",
        "    return price(room, nights) // 5\n",
        "    return price(room, nights) // 4\n",
    );
    let (first, heard_first) = model(&["A fifth.", &deposit]);
    let log = world.workspace.session_log(&first, None, Some("deposits")).unwrap();
    let mut setup = SessionSetup::default();
    setup.log = Some(log.clone());
    let session = world.workspace.session(&first, setup).unwrap();
    ends(&ask(&session, "How much is the deposit?", yes), &TurnEnd::Done);
    ends(&ask(&session, "Make it a quarter.", yes), &TurnEnd::Done);
    let id = log.id().clone();
    assert!(log.take_problem().is_none());
    drop((session, log));

    let (second, heard_second) = model(&["A quarter now."]);
    let log = world.workspace.session_log(&second, Some(&id), None).unwrap();
    let mut setup = SessionSetup::default();
    setup.entries = log.entries();
    setup.log = Some(log.clone());
    let session = world.workspace.session(&second, setup).unwrap();
    let events = ask(&session, "And how much is it now?", yes);
    ends(&events, &TurnEnd::Done);
    insta::assert_snapshot!(world.told(&events));

    // The prompt begins with all of the earlier one, so that nothing of it has
    // to be read again.
    let before: Vec<Message> = heard_first.prompts().pop().unwrap().as_messages().to_vec();
    let after: Vec<Message> = heard_second.prompts().pop().unwrap().as_messages().to_vec();
    assert_eq!(after[..before.len()], before[..]);
    let answer = &after[before.len()];
    assert_eq!((answer.role, answer.content.as_str()), (Role::Assistant, deposit.as_str()));
    // And all of it is one conversation, found by its words.
    let summary = log.store().summary(&id).unwrap();
    assert_eq!((summary.label(), summary.turns), ("deposits", 3));
    assert_eq!(log.store().search("quarter", 10).unwrap()[0].session, id);
}

/// A file may hold what a grammar cannot read, and what a change has not
/// brought is none of its business.
#[test]
fn what_was_wrong_before_is_not_the_change_s_fault() {
    let world = World::of("bookings", &json!({}));
    let path = world.root().join("bookings/old.py");
    std::fs::write(path, "print \"as it was\" if\n\n\ndef new():\n    return 1\n").unwrap();
    let wrong = block("bookings/old.py", "    return 1\n", "    return (2\n");
    let right = block("bookings/old.py", "    return (2\n", "    return 2\n");
    let (model, heard) = model(&[&wrong, &right]);
    let events = ask(&world.session(&model), "In @bookings/old.py, return two.", yes);
    ends(&events, &TurnEnd::Done);
    assert_eq!(heard.prompts().len(), 2);
    let repair = heard.prompts()[1].as_messages().last().unwrap().content.clone();
    assert!(repair.contains("return (2") && !repair.contains("as it was"), "{repair}");
}
