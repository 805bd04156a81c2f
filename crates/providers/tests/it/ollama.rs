//! Ollama's protocol.

use mlxcode_base::Diagnostic;
use mlxcode_models::{FinishReason, LanguageModel, Message, Prompt};
use mlxcode_providers::{OllamaModel, OllamaOptions};
use serde_json::{Value, json};

use crate::server::{Answer, Request, Server};
use crate::{all_options, ask, conversation, options, read, request};

fn described() -> Value {
    json!({
        "details": {"family": "qwen3", "parameter_size": "8.2B", "quantization_level": "Q4_K_M"},
        "model_info": {
            "general.architecture": "qwen3",
            "general.parameter_count": 8_190_735_360_u64,
            "qwen3.context_length": 40960,
        },
        "capabilities": ["completion", "tools", "thinking"],
    })
}

fn server(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Server {
    Server::new(move |request, before| match &*request.path {
        "/api/show" => Answer::json(200, &described()),
        _ => answer(request, before),
    })
}

fn open(server: &Server) -> OllamaModel {
    OllamaModel::open(&options(&server.url("")).0, OllamaOptions::default(), "m").unwrap()
}

fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

fn done(reason: &str) -> Value {
    json!({
        "model": "m", "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": ""},
        "done": true, "done_reason": reason, "total_duration": 1,
        "prompt_eval_count": 26, "eval_count": 5,
    })
}

fn says(message: &Value) -> Value {
    json!({"model": "m", "message": message, "done": false})
}

#[test]
fn an_answer_arrives_however_it_is_cut() {
    let text = lines(&[
        says(&json!({"role": "assistant", "content": "", "thinking": "Hm."})),
        says(&json!({"role": "assistant", "content": "Grüß"})),
        says(&json!({"role": "assistant", "content": " dich"})),
        says(&json!({"role": "assistant", "content": "", "tool_calls": [
            {"function": {"name": "read", "arguments": {"path": "a.rs"}}},
            {"id": "call_x", "function": {"index": 1, "name": "list", "arguments": {}}},
        ]})),
        done("stop"),
    ]);
    let kind = "application/x-ndjson";
    for answer in [Answer::stream(kind, &[&text]), Answer::bytewise(kind, &text)] {
        let outcome = ask(&open(&server(move |_, _| answer.clone())));
        assert_eq!((&*outcome.text, &*outcome.thinking), ("Grüß dich", "Hm."));
        let ids: Vec<_> = outcome.calls.iter().map(|call| &*call.id).collect();
        assert_eq!(ids, ["call_1_0", "call_x"]);
        assert_eq!(outcome.calls[0].arguments, json!({"path": "a.rs"}));
        assert_eq!((outcome.reason(), outcome.usage()), (Some(FinishReason::ToolCalls), (26, 5)));
    }
}

#[test]
fn requests_name_the_whole_context() {
    let server = server(|request, _| match &*request.path {
        "/api/generate" => {
            let part = json!({"response": " 1", "done": false});
            Answer::stream("application/x-ndjson", &[&lines(&[part, done("length")])])
        }
        _ => Answer::stream("application/x-ndjson", &[&lines(&[done("stop")])]),
    });
    let mut options = options(&server.url("/v1")).0;
    options.model.context_length = Some(65_536);
    let own = OllamaOptions::default().with_keep_alive("10m");
    let model = OllamaModel::open(&options, own, "m").unwrap();
    // No more than the model has.
    assert_eq!(model.info().context_length, 40_960);
    assert!(model.info().tools && model.info().thinking && !model.info().images);
    assert_eq!((&*model.info().architecture, &*model.info().weights), ("qwen3", "Q4_K_M"));
    let mut all = request(conversation());
    all.options = all_options();
    read(model.generate(all));
    let outcome = read(model.generate(request(Prompt::text("return"))));
    assert_eq!((&*outcome.text, outcome.reason()), (" 1", Some(FinishReason::Length)));
    let bodies = [server.asked("/api/chat"), server.asked("/api/generate")].concat();
    let bodies: Vec<_> = bodies.into_iter().map(|request| request.body).collect();
    insta::assert_json_snapshot!("ollama", bodies);
}

#[test]
fn nothing_is_cut_without_a_word() {
    let server = server(|_, _| {
        Answer::json(400, &json!({"error": "the input length exceeds the context length"}))
    });
    let model = open(&server);
    assert_eq!(model.info().context_length, 16_384);
    let long = Prompt::messages([Message::user("word ".repeat(20_000))]);
    let outcome = read(model.generate(request(long)));
    assert_eq!(outcome.code, Some("models.prompt_too_long"));
    assert_eq!(server.asked("/api/chat").len(), 0);
    assert_eq!(ask(&model).code, Some("providers.prompt_too_long"));
}

#[test]
fn errors_are_told() {
    let missing = Server::new(|request, _| match &*request.path {
        "/api/tags" => Answer::json(200, &json!({"models": [{"name": "qwen3:8b"}]})),
        _ => Answer::json(404, &json!({"error": "model 'qwen3:7b' not found"})),
    });
    let own = OllamaOptions::default();
    let error = OllamaModel::open(&options(&missing.url("")).0, own, "qwen3:7b").unwrap_err();
    assert_eq!(
        (error.code(), &*error.help().unwrap()),
        ("providers.no_such_model", "it has qwen3:8b")
    );
    let broken = server(|_, _| {
        let parts = lines(&[says(&json!({"content": "Hal"})), json!({"error": "out of memory"})]);
        Answer::stream("application/x-ndjson", &[&parts])
    });
    let outcome = ask(&open(&broken));
    assert_eq!((&*outcome.text, outcome.code), ("Hal", Some("providers.failed")));
    let half = server(|_, _| {
        Answer::stream("application/x-ndjson", &[&lines(&[says(&json!({"content": "Hal"}))])])
    });
    assert_eq!(ask(&open(&half)).code, Some("providers.broken_off"));
    // A model that cannot think is asked again without.
    let thoughtless = server(|request, _| {
        if request.body.get("think").is_some() {
            Answer::json(400, &json!({"error": "\"m\" does not support thinking"}))
        } else {
            Answer::stream("application/x-ndjson", &[&lines(&[done("stop")])])
        }
    });
    let outcome = read(open(&thoughtless).generate(request(conversation())));
    assert_eq!(outcome.reason(), Some(FinishReason::Stop));
}
