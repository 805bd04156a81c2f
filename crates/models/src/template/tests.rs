use super::*;
use crate::chat::Message;

/// The newline behind a block tag goes, the one behind a value stays.
const CHATML: &str = "{% for message in messages %}\n    {% if true %}\n{{ '<|im_start|>' + message['role'] + '\\n' + message['content'].strip() + '<|im_end|>' }}\n    {% endif %}\n{% endfor %}\n{% if add_generation_prompt %}\n{{ '<|im_start|>assistant' }}\n{% endif %}\n";

#[test]
fn renders_as_jinja_does() {
    let template = ChatTemplate::new(CHATML, None, None).unwrap();
    let messages = [Message::system("Be brief."), Message::user(" Hi ")];
    assert_eq!(
        template.render(&Chat::from(messages.clone()), true).unwrap(),
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    );
}

#[test]
fn a_template_without_system_messages_gets_the_instructions_all_the_same() {
    let source = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}[{{ m.content }}]{% endfor %}";
    let template = ChatTemplate::new(source, None, None).unwrap();
    let messages = [Message::system("Rules."), Message::user("Hi")];
    assert_eq!(template.render(&Chat::from(messages.clone()), true).unwrap(), "[Rules.\n\nHi]");
    let error = template.render(&Chat::from([Message::system("Rules.")]), true).unwrap_err();
    assert!(error.to_string().contains("no system"), "{error}");
}

fn check(source: &str, expected: &str) {
    let template = ChatTemplate::new(source, None, Some("</s>".to_owned())).unwrap();
    assert_eq!(
        template.render(&Chat::from([Message::user("Hi")]), true).unwrap(),
        expected,
        "{source}"
    );
}

#[test]
fn templates_find_what_transformers_offers() {
    check("[{{ bos_token }}{{ eos_token }}]", "[</s>]");
    check("{% if tools is not none %}tools{% else %}none{% endif %}", "none");
    check("{%- for m in messages %}{{ loop.index0 }}{{ m['content'] }}{% endfor %}\n", "0Hi");
    check("{{ messages[0]['role'].upper() }} {{ 'a b'.split(' ')[-1] }}", "USER b");
    check("{{ 'yes' if 'Hi'.startswith('H') }} {{ ' x\n'.rstrip() }}|", "yes  x|");
    check("{% set ns = namespace(n=1) %}{% set ns.n = ns.n + 1 %}{{ ns.n }}", "2");
    check("{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}", "01");
    // Python's json.dumps, not HTML-safe, keys in the order they stand.
    check(
        "{{ {'b': [1, 2.0, true, none], 'a': '<é\"\\n>'} | tojson }}",
        r#"{"b": [1, 2.0, true, null], "a": "<é\"\n>"}"#,
    );
    check(
        "{{ {'a': [1], 'b': {}} | tojson(indent=2) }}",
        "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}",
    );
    check(
        "{{ {'b': 'é\u{1f600}<', 'a': 0.5} | tojson(ensure_ascii=true, sort_keys=true, separators=(',', ':')) }}",
        r#"{"a":0.5,"b":"\u00e9\ud83d\ude00<"}"#,
    );
    check("{{ none is iterable }} {{ 'a' is iterable }} {{ [] is iterable }}", "False True True");
    check("{{ '<a{}>{}'.format(':b', 1) }}", "<a:b>1");
    check(
        "{%- if true %}{%- generation -%} {{ 'x' }} {%- endgeneration -%}{% endif %}{% generation %}\ny{% endgeneration %}",
        "xy",
    );
}

#[test]
fn only_a_template_that_needs_the_date_gets_it() {
    check(
        "{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% else %}26 Jul 2024{% endif %}",
        "26 Jul 2024",
    );
    check("{{ strftime_now('%d %b %Y') | length }}{{ strftime_now('%%') }}", "11%");
    let wrong = ChatTemplate::new("{{ strftime_now('%!') }}", None, None).unwrap();
    assert!(matches!(wrong.render(&Chat::default(), true), Err(Error::Template { .. })));
}

#[test]
fn a_template_is_found_in_a_tokenizer_config() {
    use serde_json::json;
    for (config, expected) in [
        (json!({"chat_template": "one"}), Some("one")),
        (
            json!({"chat_template": [
                {"name": "tool_use", "template": "two"},
                {"name": "default", "template": "three"},
            ]}),
            Some("three"),
        ),
        (json!({"chat_template": [{"name": "rag", "template": "four"}]}), Some("four")),
        (json!({"chat_template": []}), None),
        (json!({"chat_template": 5}), None),
        (json!(null), None),
    ] {
        assert_eq!(of_tokenizer_config(&config), expected, "{config}");
    }
}

/// Each would take all memory, or the whole stack, in a few steps.
#[test]
fn a_template_that_makes_too_much_is_refused() {
    let rounds = |step: &str| {
        format!(
            "{{% set ns = namespace(x='aaaaaaaa', y=[1]) %}}{{% for i in range(5000) %}}{step}{{% endfor %}}"
        )
    };
    let looping = [
        "{% set ns.x = ns.x ~ ns.x %}",
        "{% set ns.x = ns.x + ns.x %}",
        "{% set ns.x = ns.x * 3 %}",
        "{% set ns.x = [ns.x, ns.x] | join(ns.x) %}",
        "{% set ns.x = ns.x.replace('a', ns.x) %}",
        "{% set ns.x = ns.x | replace('a', 'aa') %}",
        "{% set ns.x = ns.x.join([ns.x, ns.x]) %}",
        "{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}",
        "{% set ns.y = ns.y + ns.y %}",
        "{% set ns.y = ns.y * 2 %}",
        "{% set ns.y = [ns.y, ns.y] %}",
        "{% set ns.y = [ns.y] %}",
        "{% set ns.y = (ns.y, ns.y) %}",
        "{% set ns.y = {'a': ns.y, 'b': ns.y} %}",
        "{% set ns.y = dict(a=ns.y, b=ns.y) %}",
        "{% set ns.y = [ns.y, ns.y] | tojson %}",
        "{% set ns.y = ns.y | chain(ns.y) | list %}",
        "{% set ns.y = ns %}",
        "{% set ns.y = [ns] %}",
        "{% set ns.y = ns.items() %}",
        "{% set ns.y = ns | items %}",
        "{% set ns.y = ns | dictsort %}",
        "{% set ns.y = ns | chain(ns) %}{{ ns.y }}",
        "{% set ns.y = [[1]] | map('reverse') | list %}",
        "{% set ns = namespace(y=ns) %}",
    ];
    let mut sources: Vec<String> = looping.into_iter().map(rounds).collect();
    let single = [
        "{{ 'a' * 100000000 }}",
        "{{ [[1] * 100000000] * 100000000 ~ '' }}",
        "{{ 100000000 * [1] | list }}",
        "{{ ((1,) * 100000000) | length }}",
        "{{ ('a\n' * 10000) | indent(100000) }}",
        "{{ ('a\n' * 10000) | indent(width=100000) }}",
        "{{ '%100000000d' | format(1) }}",
        "{{ '{:100000000}'.format(1) }}",
        "{{ '{0!r:100000000}'.format(1) }}",
        "{{ ('{0}' * 100000).format('a' * 1000) }}",
        "{% macro f(x) %}{{ x }}{{ x }}{% endmacro %}{% macro g(x) %}{{ f(f(f(f(f(f(x)))))) }}{% endmacro %}{{ g(g(g(g(g('aaaaaaaa'))))) }}",
        "{{ (['a' * 4000000] * 2000) in 'x' }}",
        "{{ (['a' * 4000000] * 2000) is in('x') }}",
        "{{ (['a' * 4000000] * 2000) is startingwith('x') }}",
        "{{ 'a'.join(['a' * 4000000] * 2000) }}",
        "{{ (['a' * 4000000] * 2000) | upper }}",
        "{{ (['a' * 4000000] * 2000) | tojson }}",
        "{{ ['a' * 4000000] * 2000 }}",
        "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
        "{% include 'chat' %}",
        "{% block a %}{% endblock %}",
    ];
    sources.extend(single.map(str::to_owned));
    for source in sources {
        let rendered = ChatTemplate::new(&source, None, None)
            .and_then(|template| template.render(&Chat::from([Message::user("Hi")]), true));
        assert!(
            matches!(rendered, Err(Error::Template { .. })),
            "{source} {:?}",
            rendered.map(|text| text.len())
        );
    }
}

/// What the templates of Llama 3, Mistral, `DeepSeek` and Qwen3 do.
#[test]
fn templates_may_do_what_real_ones_do() {
    check("{% for m in messages if m.role != 'system' %}{{ m.content }}{% endfor %}", "Hi");
    check("{% for m in messages[1:] %}{{ m.content }}{% else %}none{% endfor %}", "none");
    check(
        "{%- set ns = namespace(found=false, last=messages|length - 1) %}{%- for m in messages[::-1] %}{%- set index = (messages|length - 1) - loop.index0 %}{%- if ns.last == index and m.role == \"user\" and not(m.content.startswith('<tool_response>') and m.content.endswith('</tool_response>')) %}{%- set ns.found = true %}{%- set ns.last = index %}{%- endif %}{%- endfor %}{{ ns.found }} {{ ns.last }}",
        "True 0",
    );
    check(
        "{%- set content = '<think>\nso\n</think>\n\nyes' %}{%- set reasoning = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}{%- set content = content.split('</think>')[-1].lstrip('\n') %}{{ reasoning }}|{{ content }}",
        "so|yes",
    );
    check(
        "{% if (messages[0]['role'] == 'user') != (0 % 2 == 0) %}{{ raise_exception('roles') }}{% endif %}{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ messages | map(attribute='content') | join(', ') }}",
        "1Hi",
    );
    check(
        "{{ '' if messages[0].name is not defined else 'x' }}{{ {'a': 1}.items() | list }}",
        "[('a', 1)]",
    );
    check(
        "{% macro say(m, end='!') %}{{ m.content }}{{ end }}{% endmacro %}{{ say(messages[0]) }}{{ say(messages[0], end='?') }}",
        "Hi!Hi?",
    );
    check(
        "{% set a, b = 1, 'x' %}{{ a }}{{ b }}{{ 'a' in ['a', 'b'] }}{{ 'i' not in messages[0].content }}",
        "1xTrueFalse",
    );
    check(
        "{{ 'a\nb' | indent(2) }} {{ 'ab' | replace('a', 'c') }} {{ [3, 1] | sort | first }} {{ 7 // 2 * 2.0 }}",
        "a\n  b cb 1 6.0",
    );
}

#[test]
fn a_long_conversation_is_no_such_template() {
    let source = "{% set ns = namespace(all='', some=[]) %}{% for m in messages %}{% set ns.all = ns.all ~ '<' ~ m.role + '>' + m.content | trim %}{% set ns.some = ns.some + [m] %}{% if loop.index0 == messages | length - 1 and m['role'] in ns.all %}!{% endif %}{% endfor %}{{ ns.all }}{{ ns.some | map(attribute='role') | join(' ') | length }} {{ 3 * 4 }} {{ '-' * 3 }} {{ 0 < 2 < 3 }} {{ messages[::-1][0].role }}";
    let template = ChatTemplate::new(source, None, None).unwrap();
    let content = "word ".repeat(4000);
    let messages = vec![Message::user(content.as_str()); 60];
    let text = template.render(&Chat::from(messages.clone()), true).unwrap();
    let tail = text.strip_prefix('!').unwrap().replace(content.trim(), "");
    assert_eq!(tail, "<user>".repeat(60) + "299 12 --- True user");
}

#[test]
fn an_endless_template_ends() {
    let source = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    let template = ChatTemplate::new(source, None, None).unwrap();
    assert!(matches!(template.render(&Chat::from([]), true), Err(Error::Template { .. })));
    assert!(matches!(ChatTemplate::new("{% for %}", None, None), Err(Error::Template { .. })));
}
