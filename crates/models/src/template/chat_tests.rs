//! Conversations with tools, calls, answers and thoughts.

use serde_json::json;

use super::*;
use crate::chat::{Message, ToolCall, ToolSpec};

fn chat() -> Chat {
    let call = |id: &str, path: &str| ToolCall {
        id: id.to_owned(),
        name: "read_file".to_owned(),
        arguments: json!({"path": path, "line": 2}),
    };
    let asked = Message {
        tool_calls: vec![call("call_1", "b"), call("call_2", "a")],
        thinking: Some("So.".to_owned()),
        ..Message::assistant("I look.")
    };
    let read_file = ToolSpec {
        name: "read_file".to_owned(),
        description: "Reads.".to_owned(),
        parameters: json!({"type": "object", "properties": {"path": {"type": "string"}}}),
    };
    Chat {
        messages: vec![
            Message::system("Rules."),
            Message::user("Hi"),
            asked,
            Message::tool("call_1", "one"),
            Message::tool("call_2", "two"),
        ],
        tools: vec![read_file],
        thinking: Some(false),
    }
}

fn rendered(source: &str) -> String {
    ChatTemplate::new(source, None, None).unwrap().render(&chat(), true).unwrap()
}

#[test]
fn a_template_gets_what_transformers_passes() {
    let source = "{% for tool in tools %}{{ tool.type }} {{ tool.function | tojson }}\n{% endfor %}\
        {% for m in messages %}[{{ m.role }} {{ m.name }} {{ m.tool_call_id }} \
        {{ m.reasoning_content }}{{ m.thinking }} {{ m.content }}\
        {% for c in m.tool_calls %} {{ c.id }} {{ c.type }} {{ c.function.name }} \
        {{ c.function.arguments | tojson }}{% endfor %}]\n{% endfor %}\
        {{ enable_thinking }} {{ thinking }} {{ reasoning_effort }}";
    assert_eq!(
        rendered(source),
        "function {\"name\": \"read_file\", \"description\": \"Reads.\", \"parameters\": \
         {\"type\": \"object\", \"properties\": {\"path\": {\"type\": \"string\"}}}}\n\
         [system    Rules.]\n[user    Hi]\n\
         [assistant   So.So. I look. call_1 function read_file {\"path\": \"b\", \"line\": 2} \
         call_2 function read_file {\"path\": \"a\", \"line\": 2}]\n\
         [tool read_file call_1  one]\n[tool read_file call_2  two]\nFalse False "
    );
}

#[test]
fn what_a_template_leaves_out_is_said_in_words() {
    let text = rendered("{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}");
    let call = |path: &str| {
        let json = json!({"name": "read_file", "arguments": {"path": path, "line": 2}});
        format!("\n<tool_call>\n{json}\n</tool_call>")
    };
    assert!(text.starts_with("<system>Rules.\n\nYou may call tools."), "{text}");
    assert!(text.contains(r#"{"type":"function","function":{"name":"read_file""#), "{text}");
    let asked = format!("<assistant>I look.{}{}", call("b"), call("a"));
    assert!(text.contains(&asked), "{text}");
    // The template repeats what it is given of a tool, so that stays.
    assert!(text.ends_with("<tool>one<tool>two"), "{text}");

    let no_tool = "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no') }}\
        {% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}";
    let text = rendered(no_tool);
    let answers = "<user><tool_response>\none\n</tool_response>\n\
        <tool_response>\ntwo\n</tool_response>";
    assert!(text.ends_with(answers), "{text}");
}

#[test]
fn arguments_are_a_text_where_a_template_needs_one() {
    let source = "{% for m in messages %}{% for c in m.tool_calls %}\
        {% if c.function.arguments is not string %}{{ raise_exception('text') }}{% endif %}\
        {{ c.function.arguments }}{% endfor %}{{ m.content }}{% endfor %}{{ tools | tojson }}";
    assert!(rendered(source).contains(r#"{"path":"b","line":2}"#));
}

#[test]
fn identities_are_short_where_a_template_needs_them() {
    let source = "{% for m in messages %}{% for c in m.tool_calls %}\
        {% if c.id | length != 9 %}{{ raise_exception('nine') }}{% endif %}\
        {{ c.id }}{{ c.function.arguments | tojson }}{% endfor %}{{ m.content }}{{ m.tool_call_id }}\
        {% endfor %}{{ tools | tojson }}";
    let text = rendered(source);
    assert!(text.contains("onecall00000twocall00001"), "{text}");
}

#[test]
fn a_template_of_one_call_at_a_time_gets_one() {
    let source = "{% for m in messages %}{% if m.tool_calls is defined and m.tool_calls | length > 1 %}\
        {{ raise_exception('one') }}{% endif %}{% for c in m.tool_calls %}\
        {{ c.function.arguments.path }}{{ c.function.arguments | tojson | length }}{{ c.function.arguments.zqkey }}{% endfor %}\
        <{{ m.content }}>{% endfor %}{{ tools | tojson }}";
    let text = rendered(source);
    assert!(text.starts_with("<Rules.><Hi>b24<I look.><one>a24<><two>"), "{text}");
}

/// As Mistral's templates do.
const BY_TURNS: &str = "{% set ns = namespace(index=0) %}{% for m in messages %}\
    {% if not (m.role in ['system', 'tool'] or m.tool_calls is defined) %}\
    {% if (m.role == 'user') != (ns.index % 2 == 0) %}{{ raise_exception('roles must alternate') }}\
    {% endif %}{% set ns.index = ns.index + 1 %}{% endif %}{% endfor %}\
    {% for m in messages %}[{{ m.role }} {{ m.content }}{% for c in m.tool_calls %}\
    {{ c.function.arguments.path }}{{ c.function.arguments.zqkey }}{% endfor %}]{% endfor %}";

#[test]
fn a_template_of_turns_gets_them() {
    let render = |messages: Vec<Message>| {
        let template = ChatTemplate::new(BY_TURNS, None, None).unwrap();
        template.render(&Chat { messages, tools: Vec::new(), thinking: None }, true)
    };
    let mut messages = chat().messages;
    messages.remove(0);
    let before = render(messages.clone()).unwrap();
    assert_eq!(before, "[user Hi][assistant I look.ba][tool one][tool two]");
    messages.push(Message::user("Then do it."));
    let more = render(messages.clone()).unwrap();
    assert_eq!(more, "[user Hi][assistant I look.ba][tool one][tool two\n\nThen do it.]");
    let (one, two) = (Message::user("One."), Message::user("Two."));
    assert_eq!(render(vec![one.clone(), two.clone()]).unwrap(), "[user One.\n\nTwo.]");
    // What no turns help is told as it was.
    let error = render(vec![Message::assistant("Hello."), one, two]).unwrap_err();
    assert!(error.to_string().contains("must alternate"), "{error}");
}

#[test]
fn thinking_is_known_by_what_it_changes() {
    let template = |source: &str| ChatTemplate::new(source, None, None).unwrap();
    let knows = "{% for m in messages %}{{ m.content }}{% endfor %}\
        {% if enable_thinking is defined and enable_thinking is false %}<think></think>{% endif %}";
    assert!(template(knows).tells_thinking());
    assert!(!template("{{ messages[0].content }}").tells_thinking());
    assert!(!template("{{ messages[0].content }}").tells_tools());
    assert!(template("{{ tools | tojson }}{{ messages[0].content }}").tells_tools());
    let effort = "{{ reasoning_effort or \"medium\" }}{{ messages[0].content }}";
    assert!(template(effort).tells_thinking());
    assert_eq!(ChatTemplate::opened_thought("<|im_start|>assistant\n<think>\n"), Some("<think>"));
    assert_eq!(ChatTemplate::opened_thought("<think>\n\n</think>\n\n"), None);
}
