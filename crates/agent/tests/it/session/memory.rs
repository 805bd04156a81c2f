//! What a session remembers, and what goes when it does not fit.

use mlxcode_agent::{Decision, Event, PageRange, SessionOptions, TurnEnd};
use mlxcode_base::RelPath;
use mlxcode_models::{LanguageModel as _, Message, Prompt, Role};

use super::world::{World, block, model, read};

const GREET: &str = "def greet():\n    return \"hello\"\n";
const PORT: &str = "def open_port(number):\n    return number\n";

fn messages(prompt: &Prompt) -> &[Message] {
    prompt.as_messages()
}

#[test]
fn each_prompt_begins_with_the_one_before() {
    let world = World::new(&[("greet.py", GREET), ("port.py", PORT)]);
    let change = block("greet.py", "    return \"hello\"\n", "    return \"HELLO\"\n");
    let model = model(&["It greets.", &change, "It is `open_port`.", "As before."]);
    let session = world.session(&model);
    for question in ["what does greet do?", "greet louder", "who opens a port?", "and greet?"] {
        read(session.ask(question).unwrap(), |_| Decision::Yes);
    }
    let prompts = model.prompts();
    for pair in prompts.windows(2) {
        let (before, after) = (messages(&pair[0]), messages(&pair[1]));
        assert_eq!(after[..before.len()], *before);
    }
    // What was shown once is shown again only when it is another.
    let last = messages(&prompts[3]);
    let shown = |text: &str| last.iter().filter(|one| one.content.contains(text)).count();
    assert_eq!(shown("def open_port"), 1);
    let told = |text: &str| {
        last.iter().filter(|one| one.role == Role::User && one.content.contains(text)).count()
    };
    assert_eq!(told("    return \"hello\"\n"), 1);
    assert_eq!(told("    return \"HELLO\"\n"), 1, "the changed file is shown as it is now");
}

#[test]
fn a_pinned_file_is_shown_whole_and_dropped_again() {
    let world = World::new(&[("greet.py", GREET), ("notes.txt", "nothing of note\n")]);
    let model = model(&["one", "two"]);
    let session = world.session(&model);
    let notes = RelPath::new("notes.txt").unwrap();
    session.pin(notes.clone()).unwrap();
    session.pin(notes.clone()).unwrap();
    assert_eq!(session.pinned().unwrap(), std::slice::from_ref(&notes));
    read(session.ask("what does greet do?").unwrap(), |_| Decision::Yes);
    let first = messages(&model.prompts()[0])[1].content.clone();
    assert!(first.starts_with("notes.txt"), "{first}");
    assert!(session.unpin(&notes).unwrap() && !session.unpin(&notes).unwrap());
}

#[test]
fn the_project_s_own_words_stand_in_front() {
    let world =
        World::new(&[("greet.py", GREET), ("AGENTS.md", "Use tabs.\n"), ("CLAUDE.md", "no")]);
    let model = model(&["one"]);
    read(world.session(&model).ask("what does greet do?").unwrap(), |_| Decision::Yes);
    let system = messages(&model.prompts()[0])[0].clone();
    assert_eq!(system.role, Role::System);
    assert!(system.content.ends_with("From AGENTS.md of this project:\nUse tabs."), "{system:?}");
}

#[test]
fn what_a_folder_says_is_told_once_and_the_nearest_counts() {
    let world = World::new(&[
        ("a/AGENTS.md", "outer"),
        ("a/b/AGENTS.md", "inner"),
        ("a/b/greet.py", GREET),
        ("c/port.py", PORT),
    ]);
    let model = model(&["one", "two", "three"]);
    let session = world.session(&model);
    for question in ["what does greet do?", "what does greet return?", "who opens a port?"] {
        read(session.ask(question).unwrap(), |_| Decision::Yes);
    }
    let last = model.prompts().pop().unwrap();
    let all: String = messages(&last).iter().map(|one| one.content.as_str()).collect();
    assert_eq!(all.matches("From a/b/AGENTS.md, for that folder:\ninner\n").count(), 1, "{all}");
    assert!(!all.contains("outer"), "{all}");
}

#[test]
fn what_does_not_fit_goes_and_it_is_said() {
    let world = World::new(&[("greet.py", GREET), ("port.py", PORT)]);
    let long = |number: usize| format!("{number} {}", "and so on ".repeat(40));
    let mut replies: Vec<String> = Vec::new();
    for number in 0..20 {
        replies.push(long(number));
        replies.push(format!("Summary {number}."));
    }
    let replies: Vec<&str> = replies.iter().map(String::as_str).collect();
    let scripted = mlxcode_models::ScriptedModel::new(replies).with_context_length(2_000);
    let model = std::sync::Arc::new(scripted);
    let mut options = SessionOptions::default();
    options.generate.max_tokens = Some(300);
    let session = world.session_with(&model, options);
    let mut compactions = Vec::new();
    for turn in 0..14 {
        let question = format!("question {turn}: what does greet do with port {turn}?");
        let events = read(session.ask(question).unwrap(), |_| Decision::Yes);
        let Some(Event::Finished { reason, .. }) = events.last() else { panic!() };
        assert_eq!(*reason, TurnEnd::Done, "turn {turn}");
        compactions.extend(events.into_iter().filter_map(|event| match event {
            Event::Compacted(done) => Some(done),
            _ => None,
        }));
        assert!(session.tokens().unwrap() <= 2_000);
    }
    assert!(!compactions.is_empty());
    for done in &compactions {
        assert!(done.after_tokens < done.before_tokens, "{done:?}");
        assert!(done.passages + done.turns > 0, "{done:?}");
    }
    assert!(compactions.iter().any(|done| done.turns > 0), "{compactions:?}");
    for prompt in model.prompts() {
        assert!(model.count_tokens(&prompt).unwrap() + 300 <= 2_000);
    }
    let last = model.prompts().pop().unwrap();
    let text: String = messages(&last).iter().map(|one| one.content.as_str()).collect();
    assert!(text.contains("What was said before, in short:\n"), "{text}");
    let roles: Vec<Role> = messages(&last).iter().map(|one| one.role).collect();
    assert_eq!(roles[0], Role::System);
    for pair in roles[1..].windows(2) {
        assert_ne!(pair[0], pair[1], "{roles:?}");
    }
}

#[test]
fn a_question_that_can_never_fit_is_refused() {
    let world = World::new(&[("greet.py", GREET)]);
    let scripted = mlxcode_models::ScriptedModel::new(["x"]).with_context_length(1_500);
    let model = std::sync::Arc::new(scripted);
    let events = read(world.session(&model).ask("why ".repeat(1_500)).unwrap(), |_| Decision::Yes);
    let Some(Event::Finished { reason: TurnEnd::Failed { code, .. }, .. }) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(code, "agent.question_too_long");
}

#[test]
fn a_session_goes_on_where_it_was() {
    let world = World::new(&[("greet.py", GREET)]);
    let first = model(&["It greets."]);
    read(world.session(&first).ask("what does greet do?").unwrap(), |_| Decision::Yes);
    let entries = world.log.entries.lock().unwrap().clone();
    let second = model(&["Loudly."]);
    let session =
        mlxcode_agent::Session::resume(world.parts(&second), SessionOptions::default(), entries, 0)
            .unwrap();
    read(session.ask("and how?").unwrap(), |_| Decision::Yes);
    let prompt = second.prompts().pop().unwrap();
    let said: Vec<&str> = messages(&prompt).iter().map(|one| one.content.as_str()).collect();
    assert!(said[1].ends_with("what does greet do?") && said[2] == "It greets.", "{said:?}");
    assert!(said[3].ends_with("and how?"));

    session.clear().unwrap();
    assert!(session.entries().unwrap().is_empty());
}

/// A file that takes all the room that it gets must leave some for what the
/// turn says afterwards: here checks that fail, with much to say.
#[test]
fn a_turn_that_has_begun_comes_to_its_end() {
    let lines: String = (0..600).map(|line| format!("line_{line} = {line}\n")).collect();
    let world = World::new(&[("large.py", &lines)]);
    let mark = |number: usize| format!("line_0 = {number}  # FIXME {}\n", "and more ".repeat(60));
    let mut replies = vec![block("large.py", "line_0 = 0\n", &mark(1))];
    replies.extend((1..3).map(|at| block("large.py", &mark(at), &mark(at + 1))));
    replies.push(block("large.py", &mark(3), "line_0 = 4\n"));
    let scripted = mlxcode_models::ScriptedModel::new(replies).with_context_length(4_000);
    let model = std::sync::Arc::new(scripted);
    let session = world.session(&model);
    let events = read(session.ask("look at @large.py").unwrap(), |_| Decision::Yes);
    let Some(Event::Finished { reason, .. }) = events.last() else { panic!() };
    assert_eq!(*reason, TurnEnd::Done, "{events:?}");
    assert_eq!(world.text("large.py"), lines.replace("line_0 = 0\n", "line_0 = 4\n"));
    assert_eq!(model.prompts().len(), 4);
    for prompt in model.prompts() {
        assert!(model.count_tokens(&prompt).unwrap() + 500 <= 4_000);
    }
}

#[test]
fn a_project_that_says_too_much_is_cut_and_it_is_said() {
    let lines: String = (0..900).map(|line| format!("Rule {line} is a rule.\n")).collect();
    let world = World::new(&[("greet.py", GREET), ("AGENTS.md", &lines)]);
    let model = model(&["one", "two"]);
    let session = world.session(&model);
    let events = read(session.ask("what does greet do?").unwrap(), |_| Decision::Yes);
    let told =
        |events: &[Event]| events.iter().filter(|one| matches!(one, Event::Notice { .. })).count();
    assert_eq!(told(&events), 1, "{events:?}");
    let system = messages(&model.prompts()[0])[0].content.clone();
    assert!(system.contains("Rule 99 is a rule.\n") && !system.contains("Rule 899"), "{system}");
    assert!(system.ends_with("is a rule.\n(The rest of it was too long to be told.)"), "{system}");
    assert!(model.count_text(&system).unwrap() < 8_192 / 4);
    let events = read(session.ask("and again?").unwrap(), |_| Decision::Yes);
    assert_eq!(told(&events), 0);
}

#[test]
fn pages_of_a_document_are_named_as_lines_of_a_text() {
    let world = World::new(&[("a.py", "A = 1\n"), ("docs/plan.pdf", "%PDF-1.7\n")]);
    let session = world.session(&model(&["Well."]));
    read(session.ask("what do @docs/plan.pdf:3-7 and @docs/plan.pdf say?").unwrap(), |_| {
        Decision::Yes
    });
    let pages = Some(PageRange { first: 3, last: 7 });
    let name = || "docs/plan.pdf".to_owned();
    assert_eq!(*world.tree.attached.lock().unwrap(), [(name(), pages), (name(), None)]);
}

#[test]
fn prompts_that_are_none_are_found_before_a_conversation_begins() {
    let folder = tempfile::tempdir().unwrap();
    let names =
        mlxcode_agent::BUILT_IN_PROMPTS.iter().filter(|one| one.about.contains("conversation: "));
    for name in names.map(|prompt| prompt.name) {
        let place = folder.path().join(name);
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join(format!("{name}.md")), "{{ what").unwrap();
        let mut options = SessionOptions::default();
        options.prompts = mlxcode_agent::Prompts::new(&[place]);
        let world = World::new(&[("a.py", "A = 1\n")]);
        let begun = mlxcode_agent::Session::new(world.parts(&model(&[])), options);
        assert!(begun.is_err(), "{name}");
    }
}

/// A session of two long turns that another model may sum up, made shorter.
fn summed_up_by(
    other: &std::sync::Arc<mlxcode_models::ScriptedModel>,
) -> (Vec<Event>, Vec<String>) {
    let world = World::new(&[("greet.py", GREET)]);
    let long = "and so on ".repeat(60);
    let own = mlxcode_models::ScriptedModel::new([long.as_str(); 8]);
    let own = std::sync::Arc::new(own.with_context_length(2_000));
    let mut options = SessionOptions::default();
    options.generate.max_tokens = Some(300);
    let mut session = world.session_with(&own, options);
    let other = std::sync::Arc::clone(other);
    session.set_summaries(Some(other)).unwrap();
    let mut events = Vec::new();
    for turn in 0..4 {
        let question = format!("question {turn}: {}", "what does greet do? ".repeat(10));
        events.extend(read(session.ask(question).unwrap(), |_| Decision::Yes));
    }
    let text = |prompt: &Prompt| messages(prompt).iter().map(|one| one.content.clone()).collect();
    (events, own.prompts().iter().map(text).collect())
}

/// How it is asked for a summary.
const ASKED: &str = "You are given a part of a conversation";

fn summarisers(events: &[Event]) -> Vec<&str> {
    let done = events.iter().filter_map(|event| match event {
        Event::Compacted(done) => done.summarised_by.as_deref(),
        _ => None,
    });
    done.collect()
}

#[test]
fn the_model_for_summaries_sums_up() {
    let other = mlxcode_models::ScriptedModel::new(["<think>hm</think>\n\nFew words.", "Fewer."]);
    let other = std::sync::Arc::new(other.with_name("brief").with_context_length(1_000));
    let (events, prompts) = summed_up_by(&other);
    assert_eq!(summarisers(&events).first(), Some(&"brief"), "{events:?}");
    assert!(prompts.iter().all(|prompt| !prompt.contains(ASKED)), "{prompts:?}");
    assert!(prompts.last().unwrap().contains("in short:\nFew"), "{prompts:?}");
    // It is shown what it has room for.
    for prompt in other.prompts() {
        assert!(other.count_tokens(&prompt).unwrap() <= 1_000);
        let asked: String = messages(&prompt).iter().map(|one| one.content.as_str()).collect();
        assert!(asked.contains("what does greet do?"), "{asked}");
    }
}

#[test]
fn where_the_model_for_summaries_fails_that_of_the_conversation_sums_up() {
    // It has no answer.
    let none = mlxcode_models::ScriptedModel::new(Vec::<String>::new()).with_name("brief");
    let (events, prompts) = summed_up_by(&std::sync::Arc::new(none));
    assert_eq!(summarisers(&events).first(), Some(&"scripted"), "{events:?}");
    assert!(prompts.iter().any(|prompt| prompt.contains(ASKED)), "{prompts:?}");
    let notice = events.iter().find_map(|event| match event {
        Event::Notice { text } => Some(text.as_str()),
        _ => None,
    });
    let expect = "scripted sums up what was said, since brief could not: ";
    assert!(notice.is_some_and(|text| text.starts_with(expect)), "{notice:?}");
}
