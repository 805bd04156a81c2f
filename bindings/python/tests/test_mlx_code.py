"""The installed package, from outside the repository."""

import subprocess
import sys
from pathlib import Path

import mlx_code
import pytest

REPLY = """I make it louder.

greet.py
```python
<<<<<<< SEARCH
    return "hello"
=======
    return "HELLO"
>>>>>>> REPLACE
```
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "greet.py").write_text('def greet():\n    return "hello"\n')
    (root / "port.py").write_text("def open_port(number):\n    return number\n")
    return root


@pytest.fixture
def workspace(tmp_path: Path, project: Path) -> mlx_code.Workspace:
    return mlx_code.Workspace(project, home=tmp_path / "home")


def test_search_finds_the_passage(workspace):
    hits = workspace.search("who opens the port?", limit=5)
    assert hits[0].path == "port.py"
    assert (hits[0].first_line, hits[0].last_line) == (1, 2)
    assert "open_port" in hits[0].text


def test_extract_answers_without_a_model(workspace):
    passages = workspace.extract("greet")
    assert passages[0].path == "greet.py"
    assert passages[0].tokens > 0


def test_ask_streams_and_names_its_sources(workspace):
    model = mlx_code.Model.scripted(["It says hello, from greet.py."])
    turn = workspace.ask(model, "What does greet say?")
    assert turn.finished is None
    pieces = list(turn)
    assert len(pieces) > 1
    assert "".join(pieces) == turn.reply == "It says hello, from greet.py."
    assert turn.sources[0].path == "greet.py"
    assert turn.finished.reason == "stop"


def test_an_edit_is_planned_applied_and_taken_back(workspace, project):
    before = (project / "greet.py").read_bytes()
    turn = workspace.edit(mlx_code.Model.scripted([REPLY]), "shout in greet")
    plan = workspace.plan_reply(turn.read())
    assert plan.is_applicable and not plan.refusals
    assert [(change.path, change.kind) for change in plan.changes] == [("greet.py", "modify")]
    assert '+    return "HELLO"' in plan.changes[0].diff
    assert (project / "greet.py").read_bytes() == before

    entry = workspace.apply(plan)
    assert "HELLO" in (project / "greet.py").read_text()
    assert [file.path for file in entry.files] == ["greet.py"]
    assert workspace.history()[-1].id == entry.id

    assert workspace.undo(entry.id).state == "undone"
    assert (project / "greet.py").read_bytes() == before


def test_a_reply_is_applied_in_one_step(workspace, project):
    workspace.apply_reply(REPLY)
    assert "HELLO" in (project / "greet.py").read_text()
    workspace.undo()
    assert "hello" in (project / "greet.py").read_text()


def test_a_refusal_changes_nothing_and_says_why(workspace, project):
    reply = REPLY.replace('return "hello"', 'return "hullo"')
    plan = workspace.plan_reply(reply)
    assert not plan.is_applicable
    assert plan.refusals[0].path == "greet.py"
    assert plan.refusals[0].code == "edit.no_match"
    assert "hello" in plan.refusals[0].nearest
    with pytest.raises(mlx_code.MlxCodeError):
        workspace.apply_reply(reply)
    assert "hello" in (project / "greet.py").read_text()


def test_generate_iterates_over_tokens():
    model = mlx_code.Model.scripted(["one two three", "again"])
    generation = model.generate("count:", max_tokens=100)
    tokens = list(generation)
    assert "".join(token.text for token in tokens) == "one two three"
    assert generation.finished.completion_tokens == len(tokens)
    messages = [{"role": "user", "content": "again?"}]
    assert model.generate(messages).read() == "again"
    assert model.count_tokens(messages) > 0


def test_errors_have_a_class_a_code_and_help(workspace, tmp_path):
    with pytest.raises(mlx_code.NotFoundError) as missing:
        mlx_code.Model.load(tmp_path / "missing.gguf")
    assert missing.value.code and missing.value.help
    with pytest.raises(mlx_code.NotFoundError) as none:
        workspace.apply_reply("no edit in here")
    assert none.value.code == "edit.no_edits"
    with pytest.raises(mlx_code.InvalidInputError):
        workspace.extract("greet", files=["../outside.py"])
    with pytest.raises(mlx_code.InvalidInputError) as role:
        mlx_code.Model.scripted(["x"]).generate([{"role": "king", "content": "x"}])
    assert "king" in str(role.value)


def test_the_command_is_installed():
    command = [sys.executable, "-c", "from mlx_code._command import main; raise SystemExit(main())"]
    shown = subprocess.run([*command, "--version"], capture_output=True, text=True)
    assert shown.returncode == 0
    assert shown.stdout.strip() == f"mlx-code {mlx_code.__version__}"


def test_a_model_by_path_generates(model_folder):
    model = mlx_code.Model.load(model_folder)
    first = model.generate("def main", max_tokens=8).read()
    again = model.generate("def main", max_tokens=8).read()
    assert first == again
    assert model.architecture in {"qwen2", "llama"}


def test_options_of_sampling_reach_the_model(model_folder):
    model = mlx_code.Model.load(model_folder)
    (likely,) = model.generate("def main", max_tokens=1, log_probabilities=3)
    assert [number for number, _, _ in likely.likeliest][0] == likely.id
    assert len(likely.likeliest) == 3
    chances = [chance for _, _, chance in likely.likeliest]
    assert chances == sorted(chances, reverse=True) and chances[0] == likely.log_probability < 0

    banned = {likely.id: float("-inf")}
    (second,) = model.generate("def main", max_tokens=1, logit_bias=banned)
    assert second.id == likely.likeliest[1][0]
    assert second.log_probability is None and second.likeliest == []
    with pytest.raises(mlx_code.InvalidInputError, match="dry_base"):
        model.generate("def main", dry_multiplier=1.0, dry_base=0.5)
