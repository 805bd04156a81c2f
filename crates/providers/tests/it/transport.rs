//! Connections: retries, limits, cancelling, and what never leaves.

use std::net::TcpListener;
use std::sync::Arc;

use mlxcode_base::Diagnostic;
use mlxcode_models::hub::NetworkPolicy;
use mlxcode_models::{FinishReason, GenerationEvent, LanguageModel, Message, Prompt};
use mlxcode_providers::{
    AnthropicModel, Notice, OllamaModel, OllamaOptions, OpenAiModel, ProviderOptions,
};
use serde_json::json;

use crate::server::{Answer, Request, Server};
use crate::{ask, options, read, request, short};

const GOOD: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}\n\n\
    data: [DONE]\n\n";
const HALF: &str =
    "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"},\"finish_reason\":null}]}\n\n";

/// A server without a list of models, so that only the answer counts.
fn server(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Server {
    Server::new(move |request, before| match &*request.path {
        "/v1/chat/completions" => answer(request, before),
        _ => Answer::json(404, &json!({})),
    })
}

fn model(server: &Server) -> OpenAiModel {
    OpenAiModel::open(&options(&server.url("/v1")).0, "m").unwrap()
}

#[test]
fn what_passes_is_tried_again() {
    let server = server(|_, before| match before {
        0 => Answer::status(429, "retry-after: 7\r\n", "{}"),
        1 => Answer::status(503, "", "<html>"),
        // Nothing at all.
        2 => Answer::raw(""),
        _ => Answer::events(&[GOOD]),
    });
    let (options, told) = options(&server.url("/v1"));
    let model = OpenAiModel::open(&options, "m").unwrap();
    assert_eq!(ask(&model).text, "Hello");
    let wait = |notice: &Notice| match notice {
        Notice::Retrying { wait, .. } => Some(wait.as_millis()),
        _ => None,
    };
    let waits: Vec<_> = told.lock().unwrap().iter().filter_map(wait).collect();
    // The first was asked for; the others are three quarters of 1 s and 2 s.
    assert_eq!(waits, [7000, 750, 1500]);
}

#[test]
fn it_gives_up() {
    let always = server(|_, _| Answer::status(500, "", "{\"error\":\"broken\"}"));
    let outcome = ask(&model(&always));
    assert_eq!(outcome.code, Some("providers.failed"));
    assert_eq!(always.asked("/v1/chat/completions").len(), 4);
    // It is told not to come back, or too late.
    for header in ["x-should-retry: false\r\n", "retry-after: 3600\r\n"] {
        let once = server(move |_, _| Answer::status(429, header, "{}"));
        assert_eq!(ask(&model(&once)).code, Some("providers.rate_limited"));
        assert_eq!(once.asked("/v1/chat/completions").len(), 1, "{header}");
    }
}

#[test]
fn nothing_is_asked_again_once_a_word_came() {
    let server = server(|_, _| Answer::open_stream("text/event-stream", &[HALF]));
    let outcome = ask(&model(&server));
    assert_eq!((&*outcome.text, outcome.code), ("Hel", Some("providers.broken_off")));
    assert_eq!(server.asked("/v1/chat/completions").len(), 1);
}

#[test]
fn an_answer_without_an_end_is_broken_off() {
    // The stream itself ends well.
    let ended = server(|_, _| Answer::events(&[HALF]));
    let outcome = ask(&model(&ended));
    assert_eq!((&*outcome.text, outcome.code), ("Hel", Some("providers.broken_off")));
    assert_eq!(outcome.finished, None);
}

#[test]
fn what_makes_no_sense_is_an_error() {
    for (answer, code) in [
        (Answer::events(&["data: {\"choices\": [\n\n"]), "providers.bad_answer"),
        (Answer::events(&["data: nonsense\n\n"]), "providers.bad_answer"),
        (Answer::raw("nonsense\r\n\r\n"), "providers.bad_answer"),
        (
            Answer::status(200, "content-type: application/json\r\n", "<html>"),
            "providers.bad_answer",
        ),
        (
            Answer::status(307, "location: https://elsewhere.example/v1\r\n", ""),
            "providers.bad_answer",
        ),
        (Answer::status(418, "", ""), "providers.refused"),
    ] {
        let server = server(move |_, _| answer.clone());
        let outcome = ask(&model(&server));
        assert_eq!(outcome.code, Some(code), "{outcome:?}");
        assert_eq!(server.asked("/v1/chat/completions").len(), 1);
    }
    // Documents of other shapes say nothing, and so nothing ends.
    for odd in ["data: []\n\n", "data: 7\n\n", "data: {\"choices\":7}\n\n", "data: \n\n", ""] {
        let server = server(move |_, _| Answer::events(&[odd]));
        assert_eq!(ask(&model(&server)).code, Some("providers.broken_off"), "{odd}");
    }
}

#[test]
fn an_endless_answer_ends() {
    let long = format!("data: {}", "x".repeat(9 << 20));
    let line = server(move |_, _| Answer::events(&[&long]));
    assert_eq!(ask(&model(&line)).code, Some("providers.too_long"));
    let comments = ": ping\n\n".repeat(1000);
    let whole = server(move |_, _| Answer::events(&[&comments]));
    let mut options = options(&whole.url("/v1")).0;
    options.limits.answer_bytes = 4000;
    let model = OpenAiModel::open(&options, "m").unwrap();
    assert_eq!(ask(&model).code, Some("providers.too_long"));
}

#[test]
fn silence_has_a_limit() {
    let held = |parts: &'static [&'static str]| {
        let server = server(move |_, _| Answer::open_stream("text/event-stream", parts).holding());
        let mut options = options(&server.url("/v1")).0;
        short(&mut options);
        (ask(&OpenAiModel::open(&options, "m").unwrap()), server)
    };
    let (outcome, server) = held(&[HALF]);
    assert_eq!((&*outcome.text, outcome.code), ("Hel", Some("providers.silent")));
    server.wait_until_left();
    let (outcome, _server) = held(&[": ping\n\n"]);
    assert_eq!(outcome.code, Some("providers.silent"));
    // Not even a status: it is tried again, as another attempt may be heard.
    let mute = server_mute();
    let mut options = options(&mute.url("/v1")).0;
    short(&mut options);
    let outcome = ask(&OpenAiModel::open(&options, "m").unwrap());
    assert_eq!(outcome.code, Some("providers.silent"));
    assert_eq!(mute.asked("/v1/chat/completions").len(), 4);
}

fn server_mute() -> Server {
    server(|_, _| Answer::raw("").holding())
}

#[test]
fn a_cancel_ends_it_and_tells_the_server() {
    // In the middle of an answer.
    let server = server(|_, _| Answer::open_stream("text/event-stream", &[HALF]).holding());
    let model = model(&server);
    let mut generation =
        model.generate(request(Prompt::messages([Message::user("Hello")]))).unwrap();
    assert!(matches!(generation.next(), Some(Ok(GenerationEvent::Started { .. }))));
    assert!(matches!(generation.next(), Some(Ok(GenerationEvent::Token(_)))));
    generation.cancel();
    let Some(Ok(GenerationEvent::Finished(finished))) = generation.next() else { panic!() };
    assert_eq!((finished.reason, finished.usage.completion_tokens), (FinishReason::Cancelled, 1));
    server.wait_until_left();
}

#[test]
fn a_cancel_ends_a_wait_for_the_first_byte_and_a_drop_does_too() {
    for drops in [false, true] {
        let server = server_mute();
        let model = model(&server);
        let mut generation =
            model.generate(request(Prompt::messages([Message::user("Hello")]))).unwrap();
        // The list of models, and the question itself.
        server.wait_for(2);
        if drops {
            drop(generation);
        } else {
            generation.cancel();
            let Some(Ok(GenerationEvent::Finished(finished))) = generation.next() else { panic!() };
            assert_eq!(finished.reason, FinishReason::Cancelled);
        }
        server.wait_until_left();
    }
}

#[test]
fn a_cancel_ends_a_wait_between_attempts() {
    let server = server(|_, _| Answer::status(503, "", ""));
    let mut options = options(&server.url("/v1")).0;
    // A sleep of minutes, in slices.
    options.retry.first_wait = std::time::Duration::from_mins(10);
    options.retry.longest_wait = std::time::Duration::from_mins(10);
    options.retry.sleep = Arc::new(std::thread::sleep);
    let model = OpenAiModel::open(&options, "m").unwrap();
    let asked = request(Prompt::messages([Message::user("Hello")]));
    let cancel = asked.cancel.clone();
    let generation = model.generate(asked);
    server.wait_for(2);
    cancel.cancel();
    assert_eq!(read(generation).reason(), Some(FinishReason::Cancelled));
}

#[test]
fn many_at_once_do_not_disturb_each_other() {
    let server = server(|request, _| {
        let said = request.body["messages"][0]["content"].as_str().unwrap().to_owned();
        if said == "hold" {
            return Answer::open_stream("text/event-stream", &[HALF]).holding();
        }
        let choice = json!({"delta": {"content": said}, "finish_reason": "stop"});
        Answer::events(&[&format!("data: {}\n\n", json!({"choices": [choice]}))])
    });
    let model = model(&server);
    let start = |text: &str| model.generate(request(Prompt::messages([Message::user(text)])));
    let held = start("hold").unwrap();
    let running: Vec<_> = (0..16).map(|n| (n, start(&n.to_string()))).collect();
    drop(held);
    for (n, generation) in running {
        assert_eq!(read(generation).text, n.to_string());
    }
}

#[test]
fn offline_nothing_is_sent() {
    let server = server(|_, _| Answer::events(&[GOOD]));
    let mut options = options(&server.url("/v1")).0;
    options.network = NetworkPolicy::Offline;
    let code = |error: mlxcode_providers::ProviderError| error.code();
    assert_eq!(code(OpenAiModel::open(&options, "m").unwrap_err()), "providers.offline");
    assert_eq!(code(OpenAiModel::models(&options).unwrap_err()), "providers.offline");
    assert_eq!(code(AnthropicModel::open(&options, "m").unwrap_err()), "providers.offline");
    let own = OllamaOptions::default();
    assert_eq!(code(OllamaModel::open(&options, own, "m").unwrap_err()), "providers.offline");
    assert_eq!(server.connections(), 0);
    // This machine may be asked where that was chosen.
    options.loopback_offline = true;
    assert_eq!(ask(&OpenAiModel::open(&options, "m").unwrap()).text, "Hello");
    // And no other: its name is not even looked up.
    options.url = "https://name.invalid/v1".to_owned();
    assert_eq!(code(OpenAiModel::open(&options, "m").unwrap_err()), "providers.offline");
}

#[test]
fn localhost_is_this_machine() {
    let server = server(|_, _| Answer::events(&[GOOD]));
    let url = server.url("/v1").replace("127.0.0.1", "localhost");
    assert_eq!(ask(&OpenAiModel::open(&options(&url).0, "m").unwrap()).text, "Hello");
}

#[test]
fn a_redirect_gets_neither_key_nor_prompt() {
    let elsewhere = Server::new(|_, _| Answer::events(&[GOOD]));
    let to = elsewhere.url("/v1/chat/completions");
    for status in [301, 302, 303, 307, 308] {
        let header = format!("location: {to}\r\n");
        let server = server(move |_, _| Answer::status(status, &header, ""));
        let outcome = ask(&model(&server));
        assert!(outcome.error.unwrap().contains("127.0.0.1"));
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn a_server_that_is_not_there_is_asked_about() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/v1");
    let error = OpenAiModel::open(&options(&url).0, "m").unwrap_err();
    assert_eq!(error.code(), "providers.unreachable");
    assert!(error.help().unwrap().contains("is the server running?"), "{:?}", error.help());
}

#[test]
fn no_secret_shows() {
    let mut options = ProviderOptions::new("x", "https://me:hunter2@host/v1");
    options.proxy = Some("http://me:hunter2@proxy".to_owned());
    let error = OpenAiModel::open(&options, "m").unwrap_err();
    assert!(!format!("{error} {error:?} {:?}", error.help()).contains("hunter2"));
    let (options, _) = crate::options("https://host/v1");
    assert!(!format!("{options:?}").contains("sk-test"));
    // A key that no header can hold.
    let key = mlxcode_models::Secret::new("sk-tést secret".to_owned()).unwrap();
    let options = ProviderOptions::new("x", "https://host/v1").with_key("mine", Some(key));
    let error = OpenAiModel::open(&options, "m").unwrap_err();
    assert_eq!(error.code(), "providers.bad_key");
    assert!(!error.to_string().contains("sk-t"), "{error}");
}
