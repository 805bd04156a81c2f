"""Writes a cell as a folder that transformers and mlx-lm load."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from .storage import Stored


def write_safetensors(path: Path, tensors: list[Stored], metadata: dict) -> None:
    header, at = {"__metadata__": metadata}, 0
    for tensor in tensors:
        end = at + tensor.data.nbytes
        header[tensor.name] = dict(dtype=tensor.dtype, shape=list(tensor.shape), data_offsets=[at, end])
        at = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors:
            file.write(tensor.data.tobytes())


def write_folder(folder: Path, config: dict, form: dict, tensors: list[Stored]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    mlx = form["kind"] == "mlx"
    if mlx:
        config = config | dict(quantization=form["quantization"], quantization_config=form["quantization"])
    (folder / "config.json").write_text(json.dumps(config))
    write_safetensors(folder / "model.safetensors", tensors, {"format": "mlx" if mlx else "pt"})


def of_numbers(name: str, weights: np.ndarray) -> Stored:
    data = np.ascontiguousarray(weights, dtype="<f4")
    return Stored(name, "F32", data.shape, data.reshape(-1).view(np.uint8))
