//! Servers that others wrote; see CONTRIBUTING.md. `tools/check_providers.py`
//! starts them and says where they are.

use mlxcode_models::{
    FinishReason, GenerateRequest, GenerationEvent, LanguageModel, Message, Prompt,
};
use mlxcode_providers::{OpenAiModel, OpenAiServer, ProviderOptions};
use serde_json::{Value, json};

use crate::{Outcome, read};

/// The server that the script started: its address and the model's name.
fn peer() -> (String, String) {
    let variable = |name: &str| std::env::var(name).unwrap();
    (variable("MLXCODE_PEER_URL"), variable("MLXCODE_PEER_MODEL"))
}

fn open(model: &str) -> OpenAiModel {
    let mut options = ProviderOptions::new("peer", peer().0);
    options.retry.attempts = 1;
    OpenAiModel::open(&options, model).unwrap()
}

fn chat(text: &str) -> GenerateRequest {
    let mut request = GenerateRequest::new(Prompt::messages([Message::user(text)]));
    request.options.max_tokens = Some(24);
    request
}

fn ask(request: GenerateRequest) -> Outcome {
    let outcome = read(open(&peer().1).generate(request));
    assert_eq!(outcome.error, None);
    outcome
}

/// The same question to the server, answered in one piece.
fn whole(path: &str, mut body: Value) -> Value {
    let (url, model) = peer();
    body["model"] = model.into();
    body["max_tokens"] = 24.into();
    body["temperature"] = 0.into();
    let answer = ureq::post(format!("{url}{path}"))
        .header("content-type", "application/json")
        .send(body.to_string())
        .unwrap();
    serde_json::from_str(&answer.into_body().read_to_string().unwrap()).unwrap()
}

#[test]
#[ignore = "asks a server that tools/check_providers.py starts"]
fn a_streamed_text_is_the_text_in_one_piece() {
    let outcome = ask(chat("Hello"));
    let body = json!({"messages": [{"role": "user", "content": "Hello"}]});
    let expect = whole("/chat/completions", body);
    assert_eq!(expect["choices"][0]["message"]["content"], *outcome.text);
    let prompt_tokens = expect["usage"]["prompt_tokens"].as_u64().unwrap();
    match open(&peer().1).server() {
        // It tells no usage of what it streams.
        OpenAiServer::LlamaCppPython => assert!(outcome.usage().1 > 0),
        _ => assert_eq!(outcome.usage(), (usize::try_from(prompt_tokens).unwrap(), 24)),
    }
    assert_eq!(outcome.reason(), Some(FinishReason::Length));

    let mut raw = GenerateRequest::new(Prompt::text("def f():"));
    raw.options.max_tokens = Some(24);
    let expect = whole("/completions", json!({"prompt": "def f():"}));
    assert_eq!(expect["choices"][0]["text"], *ask(raw).text);
}

#[test]
#[ignore = "asks a server that tools/check_providers.py starts"]
fn a_stop_text_ends_it() {
    let text = ask(chat("Hello")).text;
    // Some letters from the middle.
    let middle: Vec<char> = text.chars().skip(text.chars().count() / 2).take(3).collect();
    let stop: String = middle.into_iter().collect();
    let mut request = chat("Hello");
    request.options.stop = vec![stop.clone()];
    let outcome = ask(request);
    assert_eq!(outcome.text, text[..text.find(&stop).unwrap()]);
    assert_eq!(outcome.reason(), Some(FinishReason::Stop));
}

#[test]
#[ignore = "asks a server that tools/check_providers.py starts"]
fn a_cancel_stops_the_server() {
    let mut request = chat("Hello");
    // Minutes of work, which the next question would wait for.
    request.options.max_tokens = Some(3000);
    let generation = open(&peer().1).generate(request).unwrap();
    let mut tokens = 0;
    let mut reason = None;
    for event in generation {
        match event.unwrap() {
            GenerationEvent::Token(_) => tokens += 1,
            GenerationEvent::Finished(finished) => reason = Some(finished.reason),
            _ => {}
        }
        if tokens == 3 {
            break;
        }
    }
    assert_eq!((tokens, reason), (3, None));
    assert_eq!(ask(chat("Hello")).reason(), Some(FinishReason::Length));
}

#[test]
#[ignore = "asks a server that tools/check_providers.py starts"]
fn counts_are_right_or_too_high() {
    let model = open(&peer().1);
    let prompt = Prompt::messages([Message::user("How many tokens has this?")]);
    let mut request = GenerateRequest::new(prompt.clone());
    request.options.max_tokens = Some(1);
    let real = read(model.generate(request)).usage().0;
    let counted = model.count_tokens(&prompt).unwrap();
    match model.server() {
        OpenAiServer::LlamaCpp => assert_eq!(counted, real),
        // Estimated for common tokenizers: that of a random model cuts finer.
        _ => assert!(counted > 0),
    }
}

#[test]
#[ignore = "asks a server that tools/check_providers.py starts"]
fn errors_are_told() {
    let model = open(&peer().1);
    let long = Prompt::messages([Message::user("word ".repeat(10_000))]);
    if matches!(model.server(), OpenAiServer::LlamaCpp | OpenAiServer::LlamaCppPython) {
        let outcome = read(model.generate(GenerateRequest::new(long)));
        assert_eq!(outcome.code, Some("providers.prompt_too_long"), "{outcome:?}");
    }
    if model.server() == OpenAiServer::MlxLm {
        let outcome = read(open("/nowhere/model").generate(chat("Hello")));
        assert!(outcome.code.is_some(), "{outcome:?}");
    }
    // It is well afterwards.
    assert_eq!(ask(chat("Hello")).reason(), Some(FinishReason::Length));
}
