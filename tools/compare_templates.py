#!/usr/bin/env python3
"""Compares our rendering of chat templates with that of transformers.

    cargo build --example reference -p mlxcode-models
    python3 -m venv reference-env && reference-env/bin/pip install transformers jinja2 numpy
    reference-env/bin/python tools/compare_templates.py FOLDER [--show N] [--chats]

FOLDER holds `*.jinja` files; llama.cpp's `models/templates` has some seventy
(it comes with the source package of llama-cpp-python). Each is rendered for a
fixed set of conversations, with and without the beginning of an answer. Both
sides may refuse a conversation. Where Python itself stumbles over a value, such
as a loop over `None`, and we render, that is counted apart: Jinja on our side
takes `none` for an empty list there. Any other difference makes the script
fail, but for those that EXPLAINED names.

With --chats, whole chats are compared, as the engine lays them out: our side
makes the template's variables itself. Where transformers refuses a chat or
leaves a part of it out, our side says that part in words; these are counted
apart, with the parts.
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys

import transformers.utils.chat_template_utils as reference

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXPLAINED = {
    "meetkai-functionary-medium-v3.1.jinja":
        "Python escapes for HTML what is joined to a text that `safe` marks; that mark does "
        "nothing on our side",
}
# Errors of Python, not of the template.
STUMBLES = ("TypeError", "AttributeError", "KeyError", "UndefinedError")

# 26 July 2024, 12:00 UTC.
SECONDS = 1721995200

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather <now> & \"here\", é.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "The city."},
                "unit": {"type": "string", "enum": ["c", "f"], "default": "c"},
                "days": {"type": "integer", "minimum": 1},
                "exact": {"type": "boolean"},
                "parts": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["city"],
        },
    },
}
READ = {
    "type": "function",
    "function": {
        "name": "read_file",
        "description": "Reads a file.",
        "parameters": {
            "type": "object",
            "properties": {"path": {"type": "string"}, "ratio": {"type": "number"}},
            "required": ["path", "ratio"],
        },
    },
}


def message(role, content, **more):
    return {"role": role, "content": content, **more}


def call(number, name, arguments):
    function = {"name": name, "arguments": arguments}
    return {"id": f"call{number:05}", "type": "function", "function": function}


def conversations():
    """Name, messages, tools, further variables."""
    system = message("system", "You are a careful programmer.")
    hello = message("user", "Hello, who are you?")
    answer = message("assistant", "A model.")
    more = message("user", "  Write <b>code</b> & \"more\":\n\n```py\nx = {'a': 1}\n```\n")
    yield "user", [hello], None, {}
    yield "system", [system, hello], None, {}
    yield "turns", [hello, answer, more], None, {}
    yield "system-turns", [system, hello, answer, more, answer], None, {}
    yield "unicode", [message("user", "你好 — é\u00a0\U0001f600\t{{ x }} {% if %}")], None, {}
    yield "empty", [message("system", ""), message("user", "")], None, {}
    yield "no-thinking", [system, hello], None, {"enable_thinking": False}
    yield "thinking", [system, hello], None, {"enable_thinking": True}
    thought = message("assistant", "<think>\nI think.\n</think>\n\nYes.")
    yield "thoughts", [hello, thought, more], None, {}
    reasoned = message("assistant", "Yes.", reasoning_content="I think.")
    yield "reasoning", [system, hello, reasoned, more], None, {}
    yield "tools", [hello], [WEATHER], {}
    yield "system-tools", [system, hello], [WEATHER, READ], {}
    one = call(1, "get_weather", {"city": "Rome", "days": 2, "exact": True, "parts": ["a", "b"]})
    two = call(2, "read_file", {"path": "a/b.rs", "ratio": 0.5})
    result = message("tool", '{"degrees": 21}', tool_call_id="call00001", name="get_weather")
    second = message("tool", "fn main() {}", tool_call_id="call00002", name="read_file")
    asked = message("assistant", "", tool_calls=[one])
    both = message("assistant", "I look.", tool_calls=[one, two])
    nothing = message("assistant", None, tool_calls=[one])
    said = message("assistant", "It is 21 degrees.")
    yield "call", [hello, asked, result], [WEATHER, READ], {}
    yield "call-null", [system, hello, nothing, result], [WEATHER], {}
    yield "call-answer", [system, hello, asked, result, said, more], [WEATHER, READ], {}
    yield "calls", [system, hello, both, result, second], [WEATHER, READ], {}
    text = message("user", [{"type": "text", "text": "Hello "}, {"type": "text", "text": "you"}])
    yield "parts", [system, text], None, {}


def chats():
    """Name, and a chat as the library keeps it."""
    for name, messages, tools, variables in conversations():
        if name in ("parts", "call-null", "thoughts"):
            continue  # Shapes that the library does not make.
        chat = {"messages": [], "tools": [one["function"] for one in tools or []]}
        if "enable_thinking" in variables:
            chat["thinking"] = variables["enable_thinking"]
        for one in messages:
            kept = {"role": one["role"], "content": one["content"]}
            if "reasoning_content" in one:
                kept["thinking"] = one["reasoning_content"]
            if "tool_calls" in one:
                kept["tool_calls"] = [
                    {"id": call["id"], **call["function"]} for call in one["tool_calls"]
                ]
            if "tool_call_id" in one:
                kept["tool_call_id"] = one["tool_call_id"]
            chat["messages"].append(kept)
        yield name, chat, messages, tools, dict(variables)


# Parts of the chats, by a word that stands in no other.
PARTS = {
    "system": "careful programmer",
    "tools": "The weather <now>",
    "calls": "Rome",
    "results": "degrees",
}


def compare_chats(options, files):
    """Compares what the engine would lay out with what transformers does."""
    failed = 0
    for file in files:
        source = file.read_text(encoding="utf-8")
        special = {"bos_token": "<s>", "eos_token": "</s>"}
        names, expected, cases = [], [], []
        for name, chat, messages, tools, variables in chats():
            if "enable_thinking" in variables:
                variables["thinking"] = variables["enable_thinking"]
            for answer in (False, True):
                names.append(f"{name}{'+' if answer else ''}")
                given = {**variables, "add_generation_prompt": answer}
                expected.append(theirs(source, messages, tools, {**given, **special}))
                cases.append({"source": source, **special, "chat": chat, "answer": answer})
        found = ours(options.program, cases)
        same, said, differ, refused = 0, set(), [], 0
        for (name, one, other, case) in zip(names, expected, found, cases):
            text, written = one.get("text"), other.get("text")
            if text == written and text is not None:
                same += 1
                continue
            if written is None:
                refused += 1
                if text is not None:
                    differ.append((name, one, other))
                continue
            whole = json.dumps(case["chat"], ensure_ascii=False)
            lacking = {
                part for part, word in PARTS.items() if word in whole and word not in (text or "")
            }
            if text is None:
                said.add("refused there")
            elif lacking:
                said |= lacking
            elif "strftime_now is defined" in source:
                said.add("no date")  # It can do without, and so it gets none.
            elif "reasoning_effort" in source and "thinking" in case["chat"]:
                said.add("effort")
            else:
                differ.append((name, one, other))
        word = "differs" if differ and file.name not in EXPLAINED else "same"
        failed += word == "differs"
        tells = found[0] if found else {}
        print(f"{word:8} {file.name}: of {len(names)}, {same} the same, {len(differ)} differ, "
              f"{refused} refused here; said in words: {', '.join(sorted(said)) or 'nothing'}; "
              f"tools {tells.get('tools')}, thinking {tells.get('thinking')}")
        for name, one, other in differ[: options.show]:
            print(f"  {name}\n    theirs: {shown(one, other)}\n    ours:   {shown(other, one)}")
    print(f"{len(files) - failed} of {len(files)} templates lay chats out the same")
    sys.exit(failed > 0 or not files)


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(SECONDS, datetime.timezone.utc)


def theirs(source, messages, tools, variables):
    try:
        texts, _ = reference.render_jinja_template(
            [messages], tools=tools, chat_template=source, **variables
        )
        return {"text": texts[0]}
    except Exception as error:  # Whatever a template raises.
        return {"error": f"{type(error).__name__}: {error}"}


def ours(program, cases):
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    run = subprocess.run([program, "render"], input=lines, capture_output=True, text=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--show", type=int, default=3, help="differences shown for a template")
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    parser.add_argument("--program", default=f"{target}/debug/examples/reference")
    parser.add_argument("--chats", action="store_true", help="compare whole chats")
    options = parser.parse_args()
    if not options.chats:
        reference.datetime = Clock
    failed = 0
    files = sorted(options.folder.glob("**/*.jinja"))
    if options.chats:
        compare_chats(options, files)
    for file in files:
        source = file.read_text(encoding="utf-8")
        special = {"bos_token": "<s>", "eos_token": "</s>"}
        names, expected, cases = [], [], []
        for name, messages, tools, variables in conversations():
            for answer in (False, True):
                variables = {**variables, "add_generation_prompt": answer}
                names.append(f"{name}{'+' if answer else ''}")
                expected.append(theirs(source, messages, tools, {**variables, **special}))
                aliased = reference._alias_reasoning_fields(messages)
                given = {"messages": aliased, "tools": tools, **variables}
                cases.append({
                    "source": source, **special, "unix_seconds": SECONDS,
                    "variables": json.dumps(given, ensure_ascii=False),
                })
        found = ours(options.program, cases)
        assert len(found) == len(expected), file
        differ = [
            (name, one, other)
            for name, one, other in zip(names, expected, found)
            if one.get("text") != other.get("text")
        ]
        stumbles = [one for one in differ if one[1].get("error", "").startswith(STUMBLES)]
        differ = [one for one in differ if one not in stumbles]
        refused = sum("text" not in one for one in expected)
        word = "same"
        if differ:
            word = "explained" if file.name in EXPLAINED else "differs"
        print(f"{word:9} {file.name}: of {len(names)}, {len(differ)} differ, both or Python "
              f"refuse {refused}, we alone render {len(stumbles)}")
        failed += word == "differs"
        if word == "explained":
            print(f"  {EXPLAINED[file.name]}")
            continue
        for name, one, other in differ[: options.show]:
            print(f"  {name}\n    theirs: {shown(one, other)}\n    ours:   {shown(other, one)}")
    print(f"{len(files) - failed} of {len(files)} templates render the same, or differ as explained")
    sys.exit(failed > 0 or not files)


def shown(one, other):
    if "text" not in one:
        return one["error"][:300]
    text = one["text"]
    at = len(os.path.commonprefix([text, other.get("text", text)]))
    return repr(text[max(0, at - 40) : at + 60])


if __name__ == "__main__":
    main()
