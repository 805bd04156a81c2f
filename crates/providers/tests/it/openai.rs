//! OpenAI's protocol.

use mlxcode_base::Diagnostic;
use mlxcode_models::{FinishReason, LanguageModel, Message, Prompt, ToolCall};
use mlxcode_providers::{Notice, OpenAiModel, OpenAiServer};
use serde_json::{Value, json};

use crate::server::{Answer, Request, Server};
use crate::{all_options, ask, conversation, options, read, request};

/// The models of a server, as it lists them.
fn models(owner: &str) -> Value {
    json!({"object": "list", "data": [{"id": "m", "object": "model", "owned_by": owner}]})
}

/// A server that answers a chat with `answer`.
fn server(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Server {
    Server::new(move |request, before| match &*request.path {
        "/v1/models" => Answer::json(200, &models("somebody")),
        _ => answer(request, before),
    })
}

fn open(server: &Server) -> OpenAiModel {
    OpenAiModel::open(&options(&server.url("/v1")).0, "m").unwrap()
}

fn chunk(delta: &Value, reason: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
    format!(
        "data: {}\n\n",
        json!({"id": "x", "object": "chat.completion.chunk", "choices": [choice]})
    )
}

const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3,\
    \"prompt_tokens_details\":{\"cached_tokens\":4},\
    \"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n\n";

fn hello() -> String {
    [
        chunk(&json!({"role": "assistant", "content": ""}), None),
        chunk(&json!({"reasoning_content": "A "}), None),
        chunk(&json!({"reasoning": "greeting."}), None),
        chunk(&json!({"content": "Grüß"}), None),
        ": keep-alive\n\n".to_owned(),
        chunk(&json!({"content": " dich"}), None),
        chunk(&json!({}), Some("stop")),
        USAGE.to_owned(),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat()
}

#[test]
fn text_thinking_and_usage_arrive() {
    let server = server(|_, _| Answer::events(&[&hello()]));
    let (options, told) = options(&server.url("/v1"));
    let model = OpenAiModel::open(&options, "m").unwrap();
    let outcome = ask(&model);
    assert_eq!((&*outcome.text, &*outcome.thinking), ("Grüß dich", "A greeting."));
    assert_eq!((outcome.reason(), outcome.usage()), (Some(FinishReason::Stop), (9, 3)));
    assert!(outcome.prompt_tokens.is_some() && outcome.error.is_none());
    let told = told.lock().unwrap();
    let [Notice::Counted { details, .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!((details.cache_read_tokens, details.thinking_tokens), (4, 2));
    let asked = &server.asked("/v1/chat/completions")[0];
    assert_eq!(asked.header("authorization"), Some("Bearer sk-test-0123456789"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
}

#[test]
fn a_stream_may_be_cut_anywhere() {
    let whole = ask(&open(&server(|_, _| Answer::events(&[&hello()]))));
    let single = ask(&open(&server(|_, _| Answer::bytewise("text/event-stream", &hello()))));
    assert_eq!((whole.text, whole.thinking), (single.text, single.thinking));
    // In two parts, at every byte.
    let server = server(|_, before| {
        let text = hello();
        let cut = (before..=text.len()).find(|cut| text.is_char_boundary(*cut)).unwrap();
        Answer::events(&[&text[..cut], &text[cut..]])
    });
    let model = open(&server);
    for _ in 0..hello().len() {
        let outcome = ask(&model);
        assert_eq!((&*outcome.text, outcome.usage()), ("Grüß dich", (9, 3)));
    }
    // Connections are used again. A question that is asked before the thread
    // that read the last answer has ended gets another one, so one is too few.
    assert!(server.connections() <= hello().len() / 10, "{}", server.connections());
}

#[test]
fn calls_come_in_pieces_and_side_by_side() {
    let piece = |index: u64, id: Option<&str>, name: Option<&str>, arguments: &str| {
        let mut call = json!({"index": index, "function": {"arguments": arguments}});
        if let (Some(id), Some(name)) = (id, name) {
            call["id"] = id.into();
            call["type"] = "function".into();
            call["function"]["name"] = name.into();
        }
        chunk(&json!({"tool_calls": [call]}), None)
    };
    let stream = [
        chunk(&json!({"content": "I look."}), None),
        piece(0, Some("call_a"), Some("read"), ""),
        piece(0, None, None, "{\"path\":"),
        piece(1, Some("call_b"), Some("list"), "{}"),
        piece(0, None, None, " \"a.rs\"}"),
        piece(2, Some("call_c"), Some("run"), "{\"command\": \"ls"),
        chunk(&json!({}), Some("tool_calls")),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat();
    let outcome = ask(&open(&server(move |_, _| Answer::events(&[&stream]))));
    let call = |id: &str, name: &str, arguments: Value| ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments,
    };
    let expect = [
        call("call_a", "read", json!({"path": "a.rs"})),
        call("call_b", "list", json!({})),
        // What is no JSON stays what the model wrote.
        call("call_c", "run", json!("{\"command\": \"ls")),
    ];
    assert_eq!(outcome.calls, expect);
    assert_eq!((&*outcome.text, outcome.reason()), ("I look.", Some(FinishReason::ToolCalls)));
}

#[test]
fn whole_calls_without_names_get_names() {
    // As mlx_lm.server and others send them: whole, some without an id.
    let stream = [
        chunk(
            &json!({"tool_calls": [
                {"type": "function", "function": {"name": "a", "arguments": {"x": 1}}},
                {"type": "function", "function": {"name": "b", "arguments": "{}"}, "id": null},
            ]}),
            None,
        ),
        chunk(&json!({}), Some("stop")),
    ]
    .concat();
    let outcome = ask(&open(&server(move |_, _| Answer::events(&[&stream]))));
    let named: Vec<_> =
        outcome.calls.iter().map(|call| (&*call.id, &*call.name, call.arguments.clone())).collect();
    assert_eq!(named, [("call_1_0", "a", json!({"x": 1})), ("call_1_1", "b", json!({}))]);
    assert_eq!(outcome.reason(), Some(FinishReason::ToolCalls));
}

#[test]
fn a_server_that_does_not_stream_is_read_too() {
    let body = json!({
        "choices": [{
            "index": 0, "finish_reason": "length",
            "message": {"role": "assistant", "content": "Hello", "reasoning_content": "hm"},
        }],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1},
    });
    let outcome = ask(&open(&server(move |_, _| Answer::json(200, &body))));
    assert_eq!((&*outcome.text, &*outcome.thinking), ("Hello", "hm"));
    assert_eq!((outcome.reason(), outcome.usage()), (Some(FinishReason::Length), (5, 1)));
}

#[test]
fn a_text_is_continued_by_the_other_endpoint() {
    let stream = "data: {\"choices\":[{\"index\":0,\"text\":\" return\",\"finish_reason\":null}]}\n\n\
        data: {\"choices\":[{\"index\":0,\"text\":\" 1\",\"finish_reason\":\"length\"}]}\n\n\
        data: [DONE]\n\n";
    let server = server(move |_, _| Answer::events(&[stream]));
    let model = open(&server);
    let outcome = read(model.generate(request(Prompt::text("def f():"))));
    assert_eq!((&*outcome.text, outcome.reason()), (" return 1", Some(FinishReason::Length)));
    // No usage was told: the parts are counted.
    assert_eq!(outcome.usage().1, 2);
    let asked = &server.asked("/v1/completions")[0].body;
    assert_eq!(asked["prompt"], "def f():");
}

#[test]
fn text_that_looks_like_marks_stays_text() {
    let text = "<think>hm</think><tool_call>{}</tool_call>";
    let stream =
        [chunk(&json!({"content": text}), Some("stop")), "data: [DONE]\n\n".to_owned()].concat();
    let outcome = ask(&open(&server(move |_, _| Answer::events(&[&stream]))));
    assert_eq!((&*outcome.text, outcome.calls.len()), (text, 0));
}

#[test]
fn a_stop_text_ends_the_answer_whatever_the_server_does() {
    let server = server(|_, _| {
        let parts = ["one t", "wo thr", "ee four"];
        let parts = parts.map(|part| chunk(&json!({"content": part}), None));
        Answer::open_stream("text/event-stream", &[&parts.concat()]).holding()
    });
    let model = open(&server);
    let mut request = request(Prompt::messages([Message::user("count")]));
    request.options.stop = vec!["three".to_owned()];
    let outcome = read(model.generate(request));
    assert_eq!((&*outcome.text, outcome.reason()), ("one two ", Some(FinishReason::Stop)));
    // The server is not left talking.
    server.wait_until_left();
}

/// The whole answer may have been read by the time its stop text is found.
#[test]
fn after_a_stop_text_the_next_request_has_a_connection() {
    let server = server(|_, _| Answer::events(&[&hello()]));
    let model = open(&server);
    for _ in 0..50 {
        let mut request = request(Prompt::messages([Message::user("count")]));
        request.options.stop = vec!["dich".to_owned()];
        let outcome = read(model.generate(request));
        assert_eq!((&*outcome.text, outcome.error), ("Grüß ", None));
        assert_eq!(ask(&model).error, None);
    }
}

#[test]
fn requests_are_written_for_each_kind_of_server() {
    let bodies = |owner: &'static str, extra: Value| {
        let server = Server::new(move |request, _| match &*request.path {
            "/v1/models" => Answer::json(200, &models(owner)),
            "/v1/chat/completions" => Answer::events(&[&hello()]),
            "/props" if owner == "llamacpp" => Answer::json(200, &extra),
            "/extras/tokenize/count" if owner == "me" => Answer::json(200, &json!({"count": 1})),
            _ => Answer::json(404, &json!({"detail": "Not Found"})),
        });
        let model = open(&server);
        let mut all = request(conversation());
        all.options = all_options();
        assert_eq!(read(model.generate(all)).error, None);
        assert_eq!(ask(&model).error, None);
        let asked = server.asked("/v1/chat/completions");
        let bodies: Vec<_> = asked.into_iter().map(|request| request.body).collect();
        (model, bodies)
    };
    let (other, body) = bodies("somebody", Value::Null);
    assert_eq!(other.server(), OpenAiServer::Other);
    insta::assert_json_snapshot!("openai_other", body);
    let props = json!({
        "default_generation_settings": {"n_ctx": 4096},
        "modalities": {"vision": true, "audio": false},
    });
    let (llama, body) = bodies("llamacpp", props);
    assert_eq!((llama.server(), llama.info().context_length), (OpenAiServer::LlamaCpp, 4096));
    assert!(llama.info().images && llama.info().thinking && llama.info().tools);
    insta::assert_json_snapshot!("openai_llama_cpp", body[0]);
    let (python, _) = bodies("me", Value::Null);
    assert_eq!(python.server(), OpenAiServer::LlamaCppPython);
    let (vllm, body) = bodies("vllm", Value::Null);
    assert_eq!(vllm.server(), OpenAiServer::Vllm);
    insta::assert_json_snapshot!("openai_vllm", body[0]["chat_template_kwargs"]);
}

#[test]
fn what_a_server_does_not_take_is_left_out_and_remembered() {
    let refuse = |message: &str, parameter: &str, code: &str| {
        let error = json!({
            "message": message, "type": "invalid_request_error", "param": parameter, "code": code,
        });
        Answer::json(400, &json!({"error": error}))
    };
    let server = server(move |request, _| {
        let has = |name: &str| request.body.get(name).is_some();
        if has("max_tokens") {
            refuse(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                 'max_completion_tokens' instead.",
                "max_tokens",
                "unsupported_parameter",
            )
        } else if has("temperature") {
            refuse(
                "Unsupported value: 'temperature' does not support 0 with this model.",
                "temperature",
                "unsupported_value",
            )
        } else {
            Answer::events(&[&hello()])
        }
    });
    let (options, told) = options(&server.url("/v1"));
    let model = OpenAiModel::open(&options, "m").unwrap();
    assert_eq!(ask(&model).text, "Grüß dich");
    assert_eq!(ask(&model).text, "Grüß dich");
    let asked = server.asked("/v1/chat/completions");
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[3].body["max_completion_tokens"], 1024);
    let left_out = |notice: &Notice| match notice {
        Notice::LeftOut { option, .. } => Some(option.clone()),
        _ => None,
    };
    let left_out: Vec<_> = told.lock().unwrap().iter().filter_map(left_out).collect();
    assert_eq!(left_out, ["max_tokens", "temperature"]);
}

#[test]
fn llama_cpp_counts_exactly() {
    let server = Server::new(|request, _| match &*request.path {
        "/v1/models" => Answer::json(200, &models("llamacpp")),
        "/apply-template" => {
            let said = request.body["messages"][0]["content"].as_str().unwrap();
            Answer::json(200, &json!({"prompt": format!("<|user|>{said}<|end|>")}))
        }
        "/tokenize" => {
            let text = request.body["content"].as_str().unwrap();
            let special = usize::from(request.body["add_special"] == true);
            Answer::json(200, &json!({"tokens": vec![1; text.len() + special]}))
        }
        _ => Answer::json(404, &json!({})),
    });
    let model = open(&server);
    assert_eq!(model.count_text("abc").unwrap(), 3);
    assert_eq!(model.count_tokens(&Prompt::text("abc")).unwrap(), 4);
    let chat = Prompt::messages([Message::user("abc")]);
    assert_eq!(model.count_tokens(&chat).unwrap(), "<|user|>abc<|end|>".len() + 1);
}

#[test]
fn errors_say_what_to_do() {
    let check = |status: u16, body: Value, code: &str, text: &str, help: &str| {
        let server = server(move |_, _| Answer::json(status, &body));
        let outcome = ask(&open(&server));
        assert_eq!(outcome.code, Some(code), "{outcome:?}");
        let shown = outcome.error.unwrap();
        assert!(shown.contains(text), "{shown}");
        assert!(!shown.contains("sk-test"), "{shown}");
        let said = outcome.help.unwrap();
        assert!(said.contains(help), "{said}");
    };
    let error = |message: &str, code: &str| json!({"error": {"message": message, "code": code}});
    check(
        401,
        error("Incorrect API key provided: sk-test-*******6789.", "invalid_api_key"),
        "providers.unauthorized",
        "does not take the key",
        "mlx-code secret set test-key",
    );
    check(
        404,
        error("The model `m2` does not exist", "model_not_found"),
        "providers.no_such_model",
        "does not exist",
        "it has m",
    );
    check(
        400,
        error("This model's maximum context length is 10 tokens.", "context_length_exceeded"),
        "providers.prompt_too_long",
        "maximum context length is 10",
        "shorten",
    );
    check(400, error("bad \u{1b}[31mtools\n", "x"), "providers.refused", "400: bad [31mtools", "");
    check(429, error("no more money", "insufficient_quota"), "providers.rate_limited", "money", "");
    check(500, json!({}), "providers.failed", "status 500", "later");
    check(302, json!({}), "providers.bad_answer", "redirects", "");
}

#[test]
fn a_server_that_is_wrong_is_told_at_once() {
    let unauthorized = Server::new(|_, _| Answer::json(401, &json!({"error": "no"})));
    let mut without = options(&unauthorized.url("/v1")).0;
    without.key = None;
    let error = OpenAiModel::open(&without, "m").unwrap_err();
    assert_eq!(error.code(), "providers.unauthorized");
    assert!(error.to_string().contains("wants a key"), "{error}");
    // One without a list of models is no worse for it.
    let listless = Server::new(|request, _| match &*request.path {
        "/v1/chat/completions" => Answer::events(&[&hello()]),
        _ => Answer::json(404, &json!({})),
    });
    assert_eq!(ask(&open(&listless)).text, "Grüß dich");
    let listed = options(&listless.url("/v1")).0;
    assert!(OpenAiModel::models(&listed).is_err());
}

#[test]
fn an_error_in_the_stream_is_one() {
    let stream = [
        chunk(&json!({"content": "Hal"}), None),
        "data: {\"error\":{\"message\":\"out of memory\",\"code\":500}}\n\n".to_owned(),
    ]
    .concat();
    let server = server(move |_, _| Answer::events(&[&stream]));
    let outcome = ask(&open(&server));
    assert_eq!((&*outcome.text, outcome.code), ("Hal", Some("providers.failed")));
    assert!(outcome.error.unwrap().contains("out of memory"));
    assert_eq!(server.asked("/v1/chat/completions").len(), 1);
}
