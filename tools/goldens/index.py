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

        def logits(places: dict[str, int]) -> dict[int, np.ndarray]:
            return {int(context): np.frombuffer(data, "<f4", vocab, at) for context, at in places.items()}

        found[entry["name"]] = dict(
            logits=logits(entry["logits"]), rounded=logits(entry.get("rounded", {})),
            greedy=greedy, margins=np.frombuffer(data, "<f4", 64, entry["greedy"] + 256),
            digests=entry["digests"], eos=entry["eos"], apart=entry.get("apart", {}),
        )
    return found


def write(folder: Path, found: dict[str, dict], tokens: list[int], prompt: int) -> None:
    """Writes all cells of which something is known, in their order."""
    index, data = [], {family: b"" for family in FAMILIES}
    for cell in cells():
        if cell["name"] not in found:
            continue
        own, family = found[cell["name"]], cell["config"].split("-")[0]
        places = {"logits": {}, "rounded": {}}
        for kind, found_places in places.items():
            for context, logits in own[kind].items():
                found_places[str(context)] = len(data[family])
                data[family] += np.asarray(logits, dtype="<f4").tobytes()
        greedy = len(data[family])
        data[family] += np.array(own["greedy"], dtype="<u4").tobytes()
        data[family] += np.array(own["margins"], dtype="<f4").tobytes()
        entry = dict(
            name=cell["name"], config=cell["config"], format=cell["format"], family=family,
            eos=own["eos"], logits=places["logits"], greedy=greedy, digests=own["digests"],
        )
        some = dict(apart=own["apart"], rounded=places["rounded"])
        index.append(entry | {key: value for key, value in some.items() if value})
    folder.mkdir(parents=True, exist_ok=True)
    for family, content in data.items():
        (folder / f"{family}.bin").write_bytes(content)
    lines = [
        f'"prompt": {prompt}, "tokens": {json.dumps(tokens, separators=(",", ":"))}',
        '"configs": {\n' + ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in configs().items()) + "\n}",
        '"cells": [\n' + ",\n".join(json.dumps(entry) for entry in index) + "\n]",
    ]
    (folder / "index.json").write_text("{" + ",\n".join(lines) + "}\n")
