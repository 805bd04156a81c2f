"""The files of crates/inference/tests/golden."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from .cells import FAMILIES, cells
from .families import configs


def read(folder: Path) -> dict[str, dict]:
    """What was computed before, by the names of the cells."""
    if not (folder / "index.json").exists():
        return {}
    found, used = {}, configs()
    for entry in json.loads((folder / "index.json").read_text())["cells"]:
        data = (folder / f"{entry['family']}.bin").read_bytes()
        vocab = used[entry["config"]]["vocab_size"]
        greedy = np.frombuffer(data, "<u4", 64, entry["greedy"])
        found[entry["name"]] = dict(
            logits={int(context): np.frombuffer(data, "<f4", vocab, at) for context, at in entry["logits"].items()},
            greedy=greedy, margins=np.frombuffer(data, "<f4", 64, entry["greedy"] + 256),
            digests=entry["digests"], eos=entry["eos"], apart=entry.get("apart", {}), turned=entry.get("turned", {}),
        )
    return found


def write(folder: Path, found: dict[str, dict], tokens: list[int], prompt: int) -> None:
    """Writes all cells of which something is known, in their order."""
    index, data = [], {family: b"" for family in FAMILIES}
    for cell in cells():
        if cell["name"] not in found:
            continue
        own, family = found[cell["name"]], cell["config"].split("-")[0]
        places = {}
        for context, logits in own["logits"].items():
            places[str(context)] = len(data[family])
            data[family] += np.asarray(logits, dtype="<f4").tobytes()
        greedy = len(data[family])
        data[family] += np.array(own["greedy"], dtype="<u4").tobytes()
        data[family] += np.array(own["margins"], dtype="<f4").tobytes()
        entry = dict(
            name=cell["name"], config=cell["config"], format=cell["format"], family=family,
            eos=own["eos"], logits=places, greedy=greedy, digests=own["digests"],
        )
        index.append(entry | {key: own[key] for key in ("apart", "turned") if own[key]})
    folder.mkdir(parents=True, exist_ok=True)
    for family, content in data.items():
        (folder / f"{family}.bin").write_bytes(content)
    lines = [
        f'"prompt": {prompt}, "tokens": {json.dumps(tokens, separators=(",", ":"))}',
        '"configs": {\n' + ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in configs().items()) + "\n}",
        '"cells": [\n' + ",\n".join(json.dumps(entry) for entry in index) + "\n]",
    ]
    (folder / "index.json").write_text("{" + ",\n".join(lines) + "}\n")
