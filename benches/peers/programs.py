"""The programs that are compared, each as a function: what becomes of a file.

An answer is (status, file, why) with a status of `applied`, `refused`, `none`
(no edit was found in the reply) or `already` (said to be there).
"""

import functools
import importlib
import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Ours:
    name = "mlx-code"
    formats = ("search_replace", "diff", "patch")
    version = "this tree"

    def __init__(self, driver):
        self.process = subprocess.Popen([driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def apply(self, kind, path, before, reply):
        print(json.dumps({"path": path, "before": before, "reply": reply}), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        return answer["status"], answer.get("after"), answer.get("why", "")


def build_driver():
    command = ["cargo", "build", "--release", "-p", "mlxcode-edit", "--example", "edit_driver"]
    done = subprocess.run([*command, "--message-format=json"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    return next(m["executable"] for m in reversed(messages) if m.get("executable"))


class Mpatch:
    """The same function that its command line uses, with its usual threshold."""

    name = "mpatch"
    formats = ("search_replace", "diff")

    def __init__(self):
        self.mpatch = importlib.import_module("mpatch")
        self.version = importlib.metadata.version("mpatch")

    def apply(self, kind, path, before, reply):
        try:
            return "applied", self.mpatch.patch_content(reply, before), ""
        except self.mpatch.MpatchError as error:
            return "refused", None, str(error)


class Aider:
    """The matchers of aider's coders `diff` and `udiff`, without the rest of it."""

    name = "aider"
    formats = ("search_replace", "diff")

    def __init__(self):
        self.version = importlib.metadata.version("aider-chat")
        folder = importlib.util.find_spec("aider").submodule_search_locations[0]
        coders = Path(folder) / "coders"
        # The packages' own __init__ would import all of aider.
        for name, place in [("aider", folder), ("aider.coders", str(coders))]:
            module = types.ModuleType(name)
            module.__path__ = [place]
            sys.modules[name] = module
        self.stub("aider.dump", dump=lambda *_: None)
        self.stub("aider.utils", GitTemporaryDirectory=None)
        sys.modules["aider"].utils = sys.modules["aider.utils"]
        self.stub("aider.coders.base_coder", Coder=object)
        self.blocks = importlib.import_module("aider.coders.editblock_coder")
        self.udiff = importlib.import_module("aider.coders.udiff_coder")

    @staticmethod
    def stub(name, **names):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(names)

    def apply(self, kind, path, before, reply):
        try:
            after = (self.by_blocks if kind == "search_replace" else self.by_diff)(path, before, reply)
        except (ValueError, self.udiff.SearchTextNotUnique) as error:
            return "refused", None, str(error)
        return ("applied", after, "") if after else ("refused", None, "no match")

    def by_blocks(self, path, before, reply):
        edits = list(self.blocks.find_original_update_blocks(reply, valid_fnames=[path]))
        for _, search, replace in edits:
            before = self.blocks.do_replace(path, before, search, replace, ("```", "```"))
            if not before:
                return None
        return before if edits else None

    def by_diff(self, path, before, reply):
        hunks = [self.udiff.normalize_hunk(hunk) for _, hunk in self.udiff.find_diffs(reply)]
        hunks = [hunk for hunk in hunks if hunk]
        for hunk in hunks:
            before = self.udiff.do_replace(path, before, hunk)
            if not before:
                return None
        return before if hunks else None


class Codex:
    """The apply_patch of codex, as the PyPI package codex-apply-patch builds it."""

    name = "codex"
    formats = ("patch",)

    def __init__(self):
        self.codex = importlib.import_module("codex_apply_patch")
        self.version = importlib.metadata.version("codex-apply-patch")

    def apply(self, kind, path, before, reply):
        try:
            return "applied", self.codex.apply_patch_in_memory(reply, {path: before}).files[path], ""
        except RuntimeError as error:
            return "refused", None, str(error)


@functools.cache
def peers():
    """Those that are installed; the others are told."""
    found, missing = [], []
    for peer in (Mpatch, Aider, Codex):
        try:
            found.append(peer())
        except ImportError as error:
            missing.append(f"{peer.name} ({error})")
    return found, missing
