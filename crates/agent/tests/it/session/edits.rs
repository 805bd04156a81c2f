//! Edits: proposed, decided, written, checked, mended.

use mlxcode_agent::{
    Decision, Event, FilePart, Input, Mode, PartOfFile, SessionOptions, ToolsWhen, TurnEnd,
};
use mlxcode_models::Prompt;

use super::world::{World, block, calling, model, read, told};

const GREET: &str = "def greet():\n    return \"hello\"\n";

fn end(events: &[Event]) -> &TurnEnd {
    match events.last() {
        Some(Event::Finished { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_change_is_shown_agreed_to_written_checked_and_mended() {
    let world = World::new(&[("greet.py", GREET)]);
    let first = block("greet.py", "    return \"hello\"\n", "    return \"HELLO\"  # FIXME\n");
    let second = block("greet.py", "    return \"HELLO\"  # FIXME\n", "    return \"HELLO\"\n");
    let model = model(&[&format!("Louder:\n\n{first}"), &format!("Cleaner:\n\n{second}")]);
    let session = world.session(&model);
    let events = read(session.ask("make greet louder").unwrap(), |_| Decision::Yes);
    assert_eq!(world.text("greet.py"), "def greet():\n    return \"HELLO\"\n");
    insta::assert_snapshot!(told(&events));
    // What is written down is what was seen.
    assert_eq!(*world.log.events.lock().unwrap(), events);
}

#[test]
fn blocks_that_fit_nowhere_are_told_back_and_nothing_is_written_meanwhile() {
    let world = World::new(&[("greet.py", GREET), ("port.py", "PORT = 1\n")]);
    let wrong = block("port.py", "PORT = 1\n", "PORT = 2\n")
        + &block("greet.py", "    return \"bonjour\", nothing like it\n", "    return 1\n");
    let right = block("port.py", "PORT = 1\n", "PORT = 2\n")
        + &block("greet.py", "    return \"hello\"\n", "    return 1\n");
    let model = model(&[&wrong, &right]);
    let events = read(world.session(&model).ask("change both").unwrap(), |_| {
        assert_eq!(
            world.text("port.py"),
            "PORT = 1\n",
            "nothing is written before it is agreed to"
        );
        Decision::Yes
    });
    assert_eq!(end(&events), &TurnEnd::Done);
    assert_eq!(world.text("port.py"), "PORT = 2\n");
    assert!(world.text("greet.py").contains("return 1"));
    let repairs = events.iter().filter(|event| matches!(event, Event::Repair { .. })).count();
    assert_eq!(repairs, 1);
    let prompts = model.prompts();
    let last = prompts[1].as_messages().last().unwrap();
    assert!(last.content.contains("block 2, greet.py:"), "{}", last.content);
}

#[test]
fn repairs_end() {
    let world = World::new(&[("greet.py", GREET)]);
    let wrong = |number: usize| block("greet.py", &format!("none such {number}\n"), "x\n");
    let replies: Vec<String> = (0..9).map(wrong).collect();
    let replies: Vec<&str> = replies.iter().map(String::as_str).collect();
    let model = model(&replies);
    let events = read(world.session(&model).ask("change it").unwrap(), |_| Decision::Yes);
    assert_eq!(end(&events), &TurnEnd::Unrepaired);
    assert_eq!(model.prompts().len(), 4, "the answer and three repairs");
    assert_eq!(world.text("greet.py"), GREET);
}

#[test]
fn who_is_asked_decides() {
    let check = |decision: Decision, expect_end: TurnEnd, greet: bool, port: bool, asked: usize| {
        let world = World::new(&[("greet.py", GREET), ("port.py", "PORT = 1\n")]);
        let both = block("port.py", "PORT = 1\n", "PORT = 2\n")
            + &block("greet.py", "    return \"hello\"\n", "    return 1\n");
        let model = model(&[&both, "As you like."]);
        let session = world.session(&model);
        let events = read(session.ask("change both").unwrap(), |_| decision.clone());
        assert_eq!(end(&events), &expect_end, "{decision:?}");
        assert_eq!(world.text("greet.py") != GREET, greet, "{decision:?}");
        assert_eq!(world.text("port.py") != "PORT = 1\n", port, "{decision:?}");
        assert_eq!(model.prompts().len(), asked, "{decision:?}");
    };
    check(Decision::Yes, TurnEnd::Done, true, true, 1);
    check(Decision::Always, TurnEnd::Done, true, true, 1);
    check(Decision::Only(vec!["port.py".to_owned()]), TurnEnd::Done, false, true, 1);
    check(Decision::Only(Vec::new()), TurnEnd::Declined, false, false, 1);
    check(Decision::No, TurnEnd::Declined, false, false, 1);
    check(Decision::Because("rather not".to_owned()), TurnEnd::Done, false, false, 2);
}

#[test]
fn who_does_not_decide_says_no() {
    let world = World::new(&[("greet.py", GREET)]);
    let model = model(&[&block("greet.py", "    return \"hello\"\n", "    return 1\n")]);
    let session = world.session(&model);
    let events: Vec<Event> = session.ask("change it").unwrap().collect();
    assert_eq!(end(&events), &TurnEnd::Declined);
    assert_eq!(world.text("greet.py"), GREET);
}

#[test]
fn the_mode_decides_without_asking() {
    let check = |mode: Mode, expect: TurnEnd, changed: bool, asks: usize| {
        let world = World::new(&[("greet.py", GREET)]);
        let model = model(&[&block("greet.py", "    return \"hello\"\n", "    return 1\n")]);
        let mut options = SessionOptions::default();
        options.mode = mode;
        let mut asked = 0;
        let turn = world.session_with(&model, options).ask("change it").unwrap();
        let events = read(turn, |_| {
            asked += 1;
            Decision::Yes
        });
        assert_eq!((end(&events), asked), (&expect, asks), "{mode:?}");
        assert_eq!(world.text("greet.py") != GREET, changed, "{mode:?}");
    };
    check(Mode::ReadOnly, TurnEnd::Declined, false, 0);
    check(Mode::Ask, TurnEnd::Done, true, 1);
    check(Mode::AutoEdit, TurnEnd::Done, true, 0);
    check(Mode::Full, TurnEnd::Done, true, 0);
}

#[test]
fn a_plan_comes_first_where_it_is_asked_for() {
    let world = World::new(&[("greet.py", GREET)]);
    let change = block("greet.py", "    return \"hello\"\n", "    return 1\n");
    // A model that does not listen changes nothing either.
    let model = model(&[&format!("1. Change greet.py.\n\n{change}"), &change]);
    let mut input = Input::from("make it a number");
    input.plan_first = true;
    let mut asked = Vec::new();
    let events = read(world.session(&model).ask(input).unwrap(), |event| {
        let Event::ApprovalNeeded(approval) = event else { panic!() };
        asked.push(approval.what.clone());
        assert_eq!(world.text("greet.py"), GREET);
        Decision::Yes
    });
    assert_eq!(end(&events), &TurnEnd::Done);
    assert_eq!(asked, ["carry out the plan", "change greet.py"]);
    assert!(world.text("greet.py").contains("return 1"));

    let refused = super::world::model(&["1. Change greet.py."]);
    let mut input = Input::from("make it a number");
    input.plan_first = true;
    let events = read(world.session(&refused).ask(input).unwrap(), |_| Decision::No);
    assert_eq!(end(&events), &TurnEnd::Declined);
}

#[test]
fn parts_of_a_change_are_applied() {
    let before: String = (1..=40).map(|number| format!("A{number} = {number}\n")).collect();
    let files = [("a.py", before.as_str()), ("b.py", "B = 1\n"), ("c.py", "C = 1\n")];
    let world = World::new(&files);
    let change = block("a.py", "A2 = 2\n", "A2 = 0\n")
        + &block("a.py", "A30 = 30\n", "A30 = 0\n")
        + &block("b.py", "B = 1\n", "B = 2\n")
        + &block("c.py", "C = 1\n", "C = 2\n");
    let part = |path: &str, part| PartOfFile { path: path.to_owned(), part };
    let parts = vec![
        part("a.py", FilePart::Hunks(vec![false, true])),
        part("c.py", FilePart::Text("C = 3  # mine\n".to_owned())),
    ];
    let model = model(&[&change, "As you like.", "Bye."]);
    let session = world.session(&model);
    let events = read(session.ask("change them").unwrap(), |_| Decision::Parts(parts.clone()));
    assert_eq!(end(&events), &TurnEnd::Done);
    assert_eq!(world.text("a.py"), before.replace("A30 = 30\n", "A30 = 0\n"));
    assert_eq!(
        (world.text("b.py"), world.text("c.py")),
        ("B = 1\n".into(), "C = 3  # mine\n".into())
    );
    // What was proposed tells what a file would hold, and is not written down.
    let proposed = events.iter().find_map(|event| match event {
        Event::Proposed(proposal) => Some(proposal),
        _ => None,
    });
    let of_c = &proposed.unwrap().changes[2];
    assert_eq!(of_c.after.as_deref(), Some("C = 2\n"));
    assert!(!serde_json::to_string(of_c).unwrap().contains("\"after\""));
    // The model is told with what is said next, after a prompt that is the same.
    read(session.ask("thank you").unwrap(), |_| Decision::No);
    let prompts = model.prompts();
    let (first, second) = (prompts[0].as_messages(), prompts[1].as_messages());
    assert_eq!(second[..first.len()], *first);
    assert_eq!(second[first.len()].content, change);
    let note = "Of these edits only a part was applied: a.py at line 30; c.py as a person wrote it \
                in place of yours. Not applied: a.py at line 2; b.py.\n\n";
    let said = &second[first.len() + 1].content;
    assert!(said.starts_with(note) && said.ends_with("thank you"), "{said}");
    // Once, and a later prompt begins with this one.
    read(session.ask("bye").unwrap(), |_| Decision::No);
    let third = model.prompts()[2].as_messages().to_vec();
    assert_eq!(third[..second.len()], *second);
    assert!(!third.last().unwrap().content.contains("Of these edits"));
}

#[test]
fn a_part_that_was_taken_is_told_with_its_repair_and_with_a_reason() {
    let world = World::new(&[("a.py", "A = 1\n"), ("b.py", "B = 1\n")]);
    let change =
        block("a.py", "A = 1\n", "A = 2  # FIXME\n") + &block("b.py", "B = 1\n", "B = 2\n");
    let mend = block("a.py", "A = 2  # FIXME\n", "A = 2\n");
    let model = model(&[&change, &mend, "Yes."]);
    let session = world.session(&model);
    let mut asked = 0;
    let events = read(session.ask("change them").unwrap(), |_| {
        asked += 1;
        let part = PartOfFile { path: "a.py".to_owned(), part: FilePart::Whole };
        match asked {
            1 => Decision::PartsBecause(vec![part], "b is generated".to_owned()),
            _ => Decision::Parts(vec![part]),
        }
    });
    assert_eq!(end(&events), &TurnEnd::Done);
    let note = "Of these edits only a part was applied: a.py. Not applied: b.py. The reason: b is \
                generated\n\nThe edits were applied. After them, this is wrong:";
    let repair = model.prompts()[1].as_messages().last().unwrap().content.clone();
    assert!(repair.starts_with(note), "{repair}");
    // All of the mending was taken, of which there is nothing to tell.
    read(session.ask("good?").unwrap(), |_| Decision::No);
    let said = model.prompts()[2].as_messages().last().unwrap().content.clone();
    assert!(!said.contains("Of these edits"), "{said}");
}

#[test]
fn a_yes_to_some_files_is_written_down_as_a_no_to_the_others() {
    let check = |decision: Decision, expect: &[(&str, bool)]| {
        let world = World::new(&[("a.py", "A = 1\n"), ("b.py", "B = 1\n")]);
        let model =
            model(&[&(block("a.py", "A = 1\n", "A = 2\n") + &block("b.py", "B = 1\n", "B = 2\n"))]);
        let events = read(world.session(&model).ask("change").unwrap(), |_| decision.clone());
        let decided = world.tree.decisions.lock().unwrap().clone();
        let decided: Vec<(&str, bool)> =
            decided.iter().map(|(what, allowed)| (what.as_str(), *allowed)).collect();
        assert_eq!(decided, expect, "{decision:?}");
        let told: Vec<bool> = events
            .iter()
            .filter_map(|event| match event {
                Event::Decided { allowed, .. } => Some(*allowed),
                _ => None,
            })
            .collect();
        assert_eq!(told, expect.iter().map(|(_, allowed)| *allowed).collect::<Vec<_>>());
    };
    let part = |path: &str, part| PartOfFile { path: path.to_owned(), part };
    let parts = [("change a.py", true), ("change b.py", false)];
    check(Decision::Yes, &[("change a.py, b.py", true)]);
    check(Decision::No, &[("change a.py, b.py", false)]);
    check(Decision::Only(vec!["a.py".to_owned()]), &parts);
    check(Decision::Only(Vec::new()), &[("change a.py, b.py", false)]);
    check(Decision::Parts(vec![part("a.py", FilePart::Whole)]), &parts);
    let none = part("b.py", FilePart::Hunks(vec![false]));
    check(Decision::Parts(vec![part("a.py", FilePart::Hunks(vec![true])), none]), &parts);
}

#[test]
fn who_decides_may_ask_why() {
    let world = World::new(&[("greet.py", GREET)]);
    let change = block("greet.py", "    return \"hello\"\n", "    return \"HELLO\"\n");
    let model = calling(&[&change, "It is louder.", "Then not."]);
    let mut options = SessionOptions::default();
    options.tools = ToolsWhen::On;
    let session = world.session_with(&model, options);
    let mut asked = 0;
    let events = read(session.ask("make greet louder").unwrap(), |_| {
        asked += 1;
        match asked {
            1 => Decision::Why(Some("is it polite?".to_owned())),
            _ => Decision::Because("shout less".to_owned()),
        }
    });
    assert_eq!((asked, world.text("greet.py").as_str()), (2, GREET));
    let said: String = events
        .iter()
        .filter_map(|event| match event {
            Event::Explaining { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(said, "It is louder.");
    // The model is asked with the conversation so far, which stays as it was.
    let prompts = model.prompts();
    let (before, why, after) =
        (prompts[0].as_messages(), prompts[1].as_messages(), prompts[2].as_messages());
    assert_eq!(why[..before.len()], *before);
    let tools = |at: usize| match &prompts[at] {
        Prompt::Chat(chat) => chat.tools.clone(),
        _ => panic!(),
    };
    // A prompt that begins otherwise would be read anew from its first word.
    assert!(!tools(0).is_empty());
    assert_eq!(tools(1), tools(0));
    assert!(why.last().unwrap().content.contains("is it polite?"));
    assert!(after.iter().all(|message| !message.content.contains("is it polite?")));
    assert!(after.last().unwrap().content.contains("The edits were not applied: shout less"));
}
