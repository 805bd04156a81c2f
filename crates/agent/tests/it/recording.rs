//! Turns that are recorded, and played again without their model.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use mlxcode_agent::recording::{RecordingError, RecordingModel, ReplayModel};
use mlxcode_agent::{Task, Turn, TurnRequest};
use mlxcode_base::Diagnostic;
use mlxcode_models::{
    Error, FinishReason, Finished, GenerateRequest, Generation, GenerationEvent, GenerationSender,
    LanguageModel, Message, ModelInfo, Prompt, ScriptedModel, Timings, Token, Usage,
    generation_channel,
};
use proptest::prelude::*;

use crate::ground;

/// A file that is looked at afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn request(text: &str) -> GenerateRequest {
    GenerateRequest::new(Prompt::messages([Message::user(text)]))
}

fn events(model: &dyn LanguageModel, request: GenerateRequest) -> Vec<GenerationEvent> {
    model.generate(request).unwrap().map(Result::unwrap).collect()
}

fn code_of(model: &dyn LanguageModel, request: GenerateRequest) -> (&'static str, String) {
    let error = model.generate(request).unwrap_err();
    (error.code(), error.to_string())
}

/// A recording of a model that gives these replies to `one`, `two`, ….
fn recorded(replies: &[&str]) -> (String, Vec<Vec<GenerationEvent>>) {
    let file = Shared::default();
    let model = RecordingModel::new(ScriptedModel::new(replies.to_vec()), file.clone()).unwrap();
    let asked = replies
        .iter()
        .enumerate()
        .map(|(number, _)| events(&model, request(&format!("one\nquestion {number}"))))
        .collect();
    (file.text(), asked)
}

#[test]
fn a_turn_is_played_again_to_the_byte() {
    let (_folder, code) = ground();
    let ask = |model: &dyn LanguageModel| {
        let mut turn =
            Turn::start(&code, model, TurnRequest::new(Task::Ask, "who opens the port?")).unwrap();
        let seen = format!("{:?}", turn.by_ref().map(Result::unwrap).collect::<Vec<_>>());
        (seen, turn.context().render())
    };
    let file = Shared::default();
    let replies = ["It is `open_port`, in port.py. Ümläute too."];
    let model = RecordingModel::new(ScriptedModel::new(replies), file.clone()).unwrap();
    let then = ask(&model);
    let replay = ReplayModel::read(&file.text()).unwrap();
    assert_eq!(replay.info(), model.info());
    assert_eq!(replay.remaining(), 1);
    assert_eq!(ask(&replay), then);
    assert_eq!(replay.remaining(), 0);

    // Recorded once more, it is the same recording.
    let again = Shared::default();
    let replay = RecordingModel::new(ReplayModel::read(&file.text()).unwrap(), again.clone());
    ask(&replay.unwrap());
    assert_eq!(again.text(), file.text());
}

/// A model whose answers go on when a test wants it.
struct Slow {
    info: ModelInfo,
    senders: Arc<Mutex<Vec<GenerationSender>>>,
}

impl LanguageModel for Slow {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, _: &Prompt) -> mlxcode_models::Result<usize> {
        Ok(1)
    }

    fn generate(&self, request: GenerateRequest) -> mlxcode_models::Result<Generation> {
        let (sender, generation) = generation_channel(request.cancel);
        self.senders.lock().unwrap().push(sender);
        Ok(generation)
    }
}

#[test]
fn what_an_abandoned_answer_still_says_is_its_own() {
    let (file, senders) = (Shared::default(), Arc::<Mutex<Vec<GenerationSender>>>::default());
    let slow = Slow { info: ModelInfo::new("slow", 100), senders: Arc::clone(&senders) };
    let model = RecordingModel::new(slow, file.clone()).unwrap();
    let token = |text: &str| GenerationEvent::Token(Token::new(1, text));
    let end = |reason| {
        let (usage, timings) = (Usage::default(), Timings::default());
        GenerationEvent::Finished(Finished { reason, usage, timings })
    };
    let say = |answer: usize, event: &GenerationEvent| {
        senders.lock().unwrap()[answer].send(Ok(event.clone()));
    };
    // The first answer is left after its first word, and ends when the second
    // has begun.
    let mut first = model.generate(request("one")).unwrap();
    say(0, &token("a"));
    assert_eq!(first.next().unwrap().unwrap(), token("a"));
    drop(first);
    let mut second = model.generate(request("two")).unwrap();
    say(1, &token("b"));
    assert_eq!(second.next().unwrap().unwrap(), token("b"));
    say(0, &end(FinishReason::Cancelled));
    while !file.text().contains("cancelled") {
        std::thread::yield_now();
    }
    say(1, &end(FinishReason::Stop));
    assert_eq!(second.next().unwrap().unwrap(), end(FinishReason::Stop));

    let replay = ReplayModel::read(&file.text()).unwrap();
    assert_eq!(events(&replay, request("one")), [token("a"), end(FinishReason::Cancelled)]);
    assert_eq!(events(&replay, request("two")), [token("b"), end(FinishReason::Stop)]);
}

#[test]
fn another_request_is_told_apart() {
    let (recording, _) = recorded(&["a b", "c"]);
    let replay = || ReplayModel::read(&recording).unwrap();
    let (code, message) = code_of(&replay(), request("one\nquestion 7"));
    assert_eq!(code, "recording.differs");
    assert_eq!(
        message,
        "request 1 is not the recorded one: message 1 of user, line 2, differs\n  recorded: \
         question 0\n  asked:    question 7"
    );
    let mut warm = request("one\nquestion 0");
    warm.options.sampling.temperature = 0.5;
    let (_, message) = code_of(&replay(), warm);
    assert!(
        message.contains("recorded: temperature=0.0\n  asked:    temperature=0.5"),
        "{message}"
    );
    let (_, message) = code_of(&replay(), GenerateRequest::new(Prompt::text("one")));
    assert!(message.contains("the kind of the prompt"), "{message}");

    // One that differs takes nothing from the recording.
    let model = replay();
    assert_eq!(code_of(&model, request("x")).0, "recording.differs");
    assert_eq!(events(&model, request("one\nquestion 0")).len(), 5);
    assert_eq!(events(&model, request("one\nquestion 1")).len(), 3);
    assert_eq!(code_of(&model, request("one\nquestion 2")).0, "recording.ended");
    let error = model.count_text("never counted\nbefore").unwrap_err();
    assert!(error.to_string().ends_with("this takes: never counted before"), "{error}");
}

#[test]
fn a_model_that_failed_fails_again() {
    let file = Shared::default();
    let model = RecordingModel::new(ScriptedModel::new(["only one"]), file.clone()).unwrap();
    events(&model, request("a"));
    let then = model.generate(request("b")).unwrap_err();
    let replay = ReplayModel::read(&file.text()).unwrap();
    events(&replay, request("a"));
    let now = replay.generate(request("b")).unwrap_err();
    assert_eq!((now.kind(), now.to_string()), (then.kind(), then.to_string()));
}

#[test]
fn a_cancelled_answer_is_recorded_as_far_as_it_came() {
    let file = Shared::default();
    let model = RecordingModel::new(ScriptedModel::new(["a b c"]), file.clone()).unwrap();
    let asked = request("x");
    asked.cancel.cancel();
    let then = events(&model, asked);
    assert_eq!(events(&ReplayModel::read(&file.text()).unwrap(), request("x")), then);
}

#[test]
fn a_recording_that_was_cut_off_ends_early() {
    let (recording, _) = recorded(&["a b c"]);
    let cut = &recording[..recording.len() - 20];
    let replay = ReplayModel::read(cut).unwrap();
    let mut answer = replay.generate(request("one\nquestion 0")).unwrap();
    let last = answer.by_ref().last().unwrap();
    assert!(matches!(last, Err(Error::EngineStopped)), "{last:?}");
}

#[test]
fn a_disk_that_is_full_stops_the_answer() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let none = RecordingModel::new(ScriptedModel::new(["x"]), Full(3));
    assert!(matches!(none, Err(RecordingError::Unwritable { .. })));
    let model = RecordingModel::new(ScriptedModel::new(["a b c"]), Full(900)).unwrap();
    let error = model.generate(request("x")).and_then(mlxcode_models::Generation::text);
    assert_eq!(error.unwrap_err().code(), "recording.unwritable");
}

#[test]
fn what_is_no_recording_is_refused() {
    let (recording, _) = recorded(&["a"]);
    let head = recording.lines().next().unwrap();
    for (text, line) in [
        (String::new(), 1),
        ("{}\n".to_owned(), 1),
        (recording.replacen("\"version\":1", "\"version\":2", 1), 1),
        (format!("{head}\n{head}\n"), 2),
        (format!("{head}\nx\n"), 2),
        (format!("{head}\n{{\"event\":{{\"thinking\":\"x\"}}}}\n"), 2),
    ] {
        match ReplayModel::read(&text) {
            Err(RecordingError::Unreadable { line: found, .. }) => {
                assert_eq!(found, line, "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_the_same_again(replies in prop::collection::vec(any::<String>(), 1..4)) {
        let replies: Vec<&str> = replies.iter().map(String::as_str).collect();
        let (recording, then) = recorded(&replies);
        let replay = ReplayModel::read(&recording).unwrap();
        for (number, then) in then.into_iter().enumerate() {
            prop_assert_eq!(events(&replay, request(&format!("one\nquestion {number}"))), then);
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in any::<String>(), at in 0_usize..900) {
        let _ = ReplayModel::read(&text);
        let (recording, _) = recorded(&["a b"]);
        let at = recording.floor_char_boundary(at.min(recording.len()));
        let _ = ReplayModel::read(&format!("{}{text}{}", &recording[..at], &recording[at..]));
    }
}
