//! Anthropic's protocol.

use mlxcode_base::Diagnostic;
use mlxcode_models::{Chat, FinishReason, LanguageModel, Message, Prompt, ToolCall, ToolSpec};
use mlxcode_providers::{AnthropicModel, Notice};
use serde_json::{Value, json};

use crate::server::{Answer, Request, Server};
use crate::{all_options, ask, conversation, options, read, request};

/// What is told of a model.
fn described(adaptive: bool, enabled: bool) -> Value {
    json!({
        "type": "model", "id": "m", "display_name": "M",
        "max_input_tokens": 1_000_000, "max_tokens": 64_000,
        "capabilities": {
            "image_input": {"supported": true},
            "thinking": {"supported": true, "types": {
                "adaptive": {"supported": adaptive}, "enabled": {"supported": enabled},
            }},
        },
    })
}

fn server(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Server {
    Server::new(move |request, before| match &*request.path {
        "/v1/models/m" => Answer::json(200, &described(true, true)),
        _ => answer(request, before),
    })
}

fn open(server: &Server) -> AnthropicModel {
    AnthropicModel::open(&options(&server.url("")).0, "m").unwrap()
}

fn event(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap())
}

fn start() -> String {
    event(&json!({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "m",
        "usage": {
            "input_tokens": 25, "output_tokens": 1,
            "cache_creation_input_tokens": 5, "cache_read_input_tokens": 100,
        },
    }}))
}

fn begin(index: u64, block: &Value) -> String {
    event(&json!({"type": "content_block_start", "index": index, "content_block": block}))
}

fn delta(index: u64, delta: &Value) -> String {
    event(&json!({"type": "content_block_delta", "index": index, "delta": delta}))
}

fn stop(index: u64) -> String {
    event(&json!({"type": "content_block_stop", "index": index}))
}

fn end(reason: &str) -> String {
    event(&json!({
        "type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
        "usage": {"output_tokens": 15},
    })) + &event(&json!({"type": "message_stop"}))
}

/// Thinking, text and two calls, in the shapes of the documentation.
fn turn() -> String {
    [
        start(),
        begin(0, &json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(0, &json!({"type": "thinking_delta", "thinking": "Two "})),
        event(&json!({"type": "ping"})),
        delta(0, &json!({"type": "thinking_delta", "thinking": "files."})),
        delta(0, &json!({"type": "signature_delta", "signature": "EqQBCg=="})),
        stop(0),
        begin(1, &json!({"type": "redacted_thinking", "data": "EmwKAhgB"})),
        stop(1),
        begin(2, &json!({"type": "text", "text": ""})),
        delta(2, &json!({"type": "text_delta", "text": "I look "})),
        delta(2, &json!({"type": "text_delta", "text": "äußerst genau."})),
        stop(2),
        begin(3, &json!({"type": "tool_use", "id": "toolu_1", "name": "read", "input": {}})),
        delta(3, &json!({"type": "input_json_delta", "partial_json": ""})),
        delta(3, &json!({"type": "input_json_delta", "partial_json": "{\"path\": \"a"})),
        delta(3, &json!({"type": "input_json_delta", "partial_json": ".rs\"}"})),
        stop(3),
        begin(4, &json!({"type": "tool_use", "id": "toolu_2", "name": "list", "input": {}})),
        stop(4),
        event(&json!({"type": "what_may_come_to_be", "x": 1})),
        end("tool_use"),
    ]
    .concat()
}

fn hello() -> String {
    [
        start(),
        begin(0, &json!({"type": "text", "text": ""})),
        delta(0, &json!({"type": "text_delta", "text": "Hello"})),
        stop(0),
        end("end_turn"),
    ]
    .concat()
}

#[test]
fn a_turn_arrives_whole_however_it_is_cut() {
    let expect = [
        ToolCall {
            id: "toolu_1".to_owned(),
            name: "read".to_owned(),
            arguments: json!({"path": "a.rs"}),
        },
        ToolCall { id: "toolu_2".to_owned(), name: "list".to_owned(), arguments: json!({}) },
    ];
    for answer in [Answer::events(&[&turn()]), Answer::bytewise("text/event-stream", &turn())] {
        let server = server(move |_, _| answer.clone());
        let (options, told) = options(&server.url(""));
        let outcome = ask(&AnthropicModel::open(&options, "m").unwrap());
        assert_eq!(outcome.thinking, "Two files.");
        assert_eq!(outcome.text, "I look äußerst genau.");
        assert_eq!(outcome.calls, expect);
        assert_eq!(outcome.reason(), Some(FinishReason::ToolCalls));
        // What was read from the cache and written to it belongs to the prompt.
        assert_eq!((outcome.prompt_tokens, outcome.usage()), (Some(130), (130, 15)));
        let told = told.lock().unwrap();
        let [Notice::Counted { details, .. }] = &told[..] else { panic!("{told:?}") };
        assert_eq!((details.cache_read_tokens, details.cache_written_tokens), (100, 5));
        let asked = &server.asked("/v1/messages")[0];
        assert_eq!(asked.header("x-api-key"), Some("sk-test-0123456789"));
        assert_eq!(asked.header("anthropic-version"), Some("2023-06-01"));
        assert_eq!(asked.header("authorization"), None);
    }
}

#[test]
fn requests_are_written_as_documented() {
    let server = server(|_, _| Answer::events(&[&hello()]));
    let model = open(&server);
    assert_eq!(model.info().context_length, 1_000_000);
    assert!(model.info().images && model.info().tools && model.info().thinking);
    let mut all = request(conversation());
    all.options = all_options();
    read(model.generate(all));
    let mut plain = request(Prompt::messages([Message::user("Hello")]));
    plain.options.max_tokens = None;
    read(model.generate(plain));
    let bodies: Vec<_> = server.asked("/v1/messages").into_iter().map(|r| r.body).collect();
    insta::assert_json_snapshot!("anthropic", bodies);
    assert_eq!(bodies[1]["max_tokens"], 64_000);
}

#[test]
fn signed_thoughts_go_back_unchanged() {
    let server = server(|_, before| Answer::events(&[&if before == 0 { turn() } else { hello() }]));
    let model = open(&server);
    let tool = ToolSpec {
        name: "read".to_owned(),
        description: String::new(),
        parameters: json!({"type": "object"}),
    };
    let mut chat =
        Chat { messages: vec![Message::user("Look")], tools: vec![tool], thinking: Some(true) };
    let first = read(model.generate(request(Prompt::Chat(chat.clone()))));
    let mut said = Message::assistant(first.text);
    said.thinking = Some(first.thinking);
    said.tool_calls = first.calls;
    chat.messages.extend([
        said,
        Message::tool("toolu_1", "fn a() {}"),
        Message::tool("toolu_2", "a.rs"),
    ]);
    read(model.generate(request(Prompt::Chat(chat.clone()))));
    let asked = server.asked("/v1/messages");
    let blocks = &asked[1].body["messages"][1]["content"];
    assert_eq!(
        *blocks,
        json!([
            {"type": "thinking", "thinking": "Two files.", "signature": "EqQBCg=="},
            {"type": "redacted_thinking", "data": "EmwKAhgB"},
            {"type": "text", "text": "I look äußerst genau."},
            {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"path": "a.rs"}},
            {"type": "tool_use", "id": "toolu_2", "name": "list", "input": {}},
        ])
    );
    // Both answers stand in one message.
    assert_eq!(asked[1].body["messages"][2]["content"].as_array().unwrap().len(), 2);
    // One who changes what was said loses the thoughts, no more.
    chat.messages[1].content = "Changed".to_owned();
    read(model.generate(request(Prompt::Chat(chat))));
    let asked = server.asked("/v1/messages");
    assert_eq!(asked[2].body["messages"][1]["content"][0]["type"], "text");
}

#[test]
fn signed_thoughts_outlive_the_process() {
    let server = server(|_, before| Answer::events(&[&if before == 0 { turn() } else { hello() }]));
    let first = read(open(&server).generate(request(Prompt::messages([Message::user("Look")]))));
    let mut said = Message::assistant(first.text);
    said.tool_calls = first.calls;
    said.kept = first.kept;
    // As a conversation is written down and read again.
    let said: Message = serde_json::from_str(&serde_json::to_string(&said).unwrap()).unwrap();
    let go_on = |said: &Message, model: &AnthropicModel| {
        let answers = ["toolu_1", "toolu_2"].map(|id| Message::tool(id, "x"));
        let messages = [vec![Message::user("Look"), said.clone()], answers.to_vec()].concat();
        read(model.generate(request(Prompt::messages(messages))));
        let asked = server.asked("/v1/messages");
        asked[asked.len() - 1].body["messages"][1]["content"].clone()
    };
    let blocks = go_on(&said, &open(&server));
    assert_eq!(blocks[0]["signature"], "EqQBCg==");
    assert_eq!(blocks[1], json!({"type": "redacted_thinking", "data": "EmwKAhgB"}));
    // Another model did not think this, and what was changed is not what was
    // thought about.
    let (mut options, _) = options(&server.url(""));
    options.model.context_length = Some(1000);
    let other = AnthropicModel::open(&options, "other").unwrap();
    assert_eq!(go_on(&said, &other)[0]["type"], "text");
    let changed = Message { content: "Changed".to_owned(), ..said };
    assert_eq!(go_on(&changed, &open(&server))[0]["type"], "text");
}

#[test]
fn the_way_to_think_is_learned() {
    // A model that only knows budgets, and says so in words.
    let old = Server::new(|request, _| match &*request.path {
        "/v1/messages" if request.body["thinking"]["type"] == "adaptive" => Answer::json(
            400,
            &json!({"type": "error", "error": {
                "type": "invalid_request_error",
                "message": "thinking.type: adaptive thinking is not supported on this model",
            }}),
        ),
        "/v1/messages" => Answer::events(&[&hello()]),
        _ => Answer::json(404, &json!({})),
    });
    let model = open(&old);
    let think = |model: &AnthropicModel, thinking| {
        let messages = vec![Message::user("Hello")];
        let chat = Chat { messages, tools: Vec::new(), thinking };
        read(model.generate(request(Prompt::Chat(chat)))).text
    };
    assert_eq!(
        (think(&model, Some(true)), think(&model, Some(true))),
        ("Hello".into(), "Hello".into())
    );
    let asked = old.asked("/v1/messages");
    assert_eq!(asked.len(), 3);
    let body = &asked[2].body;
    assert_eq!(body["thinking"]["type"], "enabled");
    assert!(body["max_tokens"].as_u64() > body["thinking"]["budget_tokens"].as_u64());
    assert_eq!(body.get("temperature"), None);

    // A model that measures itself, and takes no temperature.
    let new = Server::new(|request, _| match &*request.path {
        "/v1/models/m" => Answer::json(200, &described(true, false)),
        _ => Answer::events(&[&hello()]),
    });
    think(&open(&new), None);
    let body = &new.asked("/v1/messages")[0].body;
    assert_eq!((body.get("temperature"), body.get("thinking")), (None, None));
    // One that always thinks cannot be told not to.
    let always = Server::new(|request, _| match &*request.path {
        "/v1/models/m" => Answer::json(200, &described(true, false)),
        _ if request.body["thinking"]["type"] == "disabled" => Answer::json(
            400,
            &json!({"error": {"type": "invalid_request_error", "message": "\"thinking.type.disabled\" is not supported for this model."}}),
        ),
        _ => Answer::events(&[&hello()]),
    });
    assert_eq!(think(&open(&always), Some(false)), "Hello");
}

#[test]
fn errors_are_told_also_in_the_stream() {
    let error = |kind: &str, message: &str| json!({"type": "error", "error": {"type": kind, "message": message}});
    let check = |answer: Answer, code: &str, text: &str| {
        let server = server(move |_, _| answer.clone());
        let outcome = ask(&open(&server));
        assert_eq!(outcome.code, Some(code), "{outcome:?}");
        assert!(outcome.error.unwrap().contains(text));
        server.asked("/v1/messages").len()
    };
    let overloaded = error("overloaded_error", "Overloaded");
    let in_stream = [start(), event(&overloaded)].concat();
    assert_eq!(check(Answer::events(&[&in_stream]), "providers.failed", "529: Overloaded"), 4);
    assert_eq!(check(Answer::json(529, &overloaded), "providers.failed", "529: Overloaded"), 4);
    let late = [start(), begin(0, &json!({"type": "text", "text": "Hel"})), event(&overloaded)];
    assert_eq!(check(Answer::events(&[&late.concat()]), "providers.failed", "Overloaded"), 1);
    let long = error("invalid_request_error", "prompt is too long: 9 tokens > 8 maximum");
    assert_eq!(check(Answer::json(400, &long), "providers.prompt_too_long", "9 tokens > 8"), 1);
    let key = error("authentication_error", "invalid x-api-key");
    assert_eq!(check(Answer::json(401, &key), "providers.unauthorized", "invalid x-api-key"), 1);
    let half = [start(), begin(0, &json!({"type": "text", "text": "Hel"}))].concat();
    assert_eq!(check(Answer::events(&[&half]), "providers.broken_off", ""), 1);
}

#[test]
fn a_model_that_is_not_there_has_neighbours() {
    let server = Server::new(|request, _| match &*request.path {
        "/v1/models?limit=1000" => {
            Answer::json(200, &json!({"data": [{"id": "claude-small-1"}, {"id": "other"}]}))
        }
        _ => Answer::json(
            404,
            &json!({"error": {"type": "not_found_error", "message": "model: claude-smal-1"}}),
        ),
    });
    let error = AnthropicModel::open(&options(&server.url("")).0, "claude-smal-1").unwrap_err();
    assert_eq!(error.code(), "providers.no_such_model");
    assert_eq!(error.help().unwrap(), "it has claude-small-1");
}

#[test]
fn tokens_are_counted_when_asked() {
    let server = server(|request, _| match &*request.path {
        "/v1/messages/count_tokens" => Answer::json(200, &json!({"input_tokens": 77})),
        _ => Answer::json(500, &json!({})),
    });
    let model = open(&server);
    let prompt = conversation();
    assert!(model.count_tokens(&prompt).unwrap() > 0);
    assert_eq!(server.asked("/v1/messages/count_tokens").len(), 0);
    assert_eq!(model.count_exactly(&prompt).unwrap(), 77);
    let body = &server.asked("/v1/messages/count_tokens")[0].body;
    assert!(body.get("max_tokens").is_none() && body.get("tools").is_some());
    let text = read(model.generate(request(Prompt::text("x"))));
    assert_eq!(text.code, Some("providers.unsupported"));
}
