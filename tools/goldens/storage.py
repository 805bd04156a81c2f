"""How a format stores the weights: names, types, shapes and bytes.

The same is in crates/inference/tests/it/checkpoint/storage.rs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from .families import Weight, weights
from .noise import FLOATS, Field, bytes_of

# Exponents of two of the weights themselves.
PLAIN = {"matrix": (-7, 3, True), "experts": (-7, 3, True), "router": (-5, 3, True), "norm": (-1, 1, False), "bias": (-3, 1, True)}
# Numbers and bytes of a block, and its scales: offset and exponent of two.
BLOCKS = {
    "Q4_0": (32, 18, [(0, -7)]),
    "Q4_1": (32, 20, [(0, -8), (2, -6)]),
    "Q5_0": (32, 22, [(0, -8)]),
    "Q5_1": (32, 24, [(0, -9), (2, -6)]),
    "Q8_0": (32, 34, [(0, -11)]),
    "Q2_K": (256, 84, [(80, -9), (82, -9)]),
    "Q3_K": (256, 110, [(108, -10)]),
    "Q4_K": (256, 144, [(0, -13), (2, -10)]),
    "Q5_K": (256, 176, [(0, -14), (2, -10)]),
    "Q6_K": (256, 210, [(208, -15)]),
    "IQ4_NL": (32, 18, [(0, -11)]),
    "MXFP4": (32, 17, []),
}
SCALE_TYPES = {"mxfp4": "E8M0", "mxfp8": "E8M0", "nvfp4": "E4M3"}


@dataclass
class Stored:
    name: str
    dtype: str
    # Rows first, in numbers; of an MLX weight in its words of 32 bits.
    shape: tuple[int, ...]
    data: np.ndarray

    def digest(self) -> str:
        """Of everything that a reader can see of it, in short."""
        head = f"{self.name} {self.dtype} {list(self.shape)} ".encode()
        return hashlib.sha256(head + self.data.tobytes()).hexdigest()[:8]


class Store:
    def __init__(self, cell: str):
        self.cell = cell
        self.tensors: list[Stored] = []

    def add(self, name: str, dtype: str, shape, fields: list[Field], size: int) -> None:
        data = bytes_of(f"{self.cell}/{name}", size, fields)
        self.tensors.append(Stored(name, dtype, tuple(shape), data))

    def plain(self, name: str, dtype: str, shape, kind: str) -> None:
        exponent, spread, signed = PLAIN[kind]
        size = int(np.prod(shape)) * FLOATS[dtype][0]
        self.add(name, dtype, shape, [Field(dtype, exponent, spread, signed)], size)


def stored(cell: str, config: dict, form: dict) -> list[Stored]:
    store = Store(cell)
    for weight in weights(config):
        {"gguf": in_gguf, "safetensors": in_folder, "mlx": in_mlx}[form["kind"]](store, weight, config, form)
    if form["kind"] == "gguf" and "rope_freqs" in form:
        factors = np.array(form["rope_freqs"], dtype="<f4")
        store.tensors.append(Stored("rope_freqs.weight", "F32", factors.shape, factors.view(np.uint8)))
    return store.tensors


def ending(weight: Weight) -> str:
    return "bias" if weight.kind == "bias" else "weight"


def gguf_type(weight: Weight, form: dict) -> str:
    if weight.kind not in ("matrix", "experts"):
        return "F32"
    part = weight.gguf.rsplit(".", 1)[-1]
    return form.get("types", {}).get(part, form["type"])


def in_gguf(store: Store, weight: Weight, _config: dict, form: dict) -> None:
    name, kind = f"{weight.gguf}.{ending(weight)}", gguf_type(weight, form)
    if kind in FLOATS:
        store.plain(name, kind, weight.shape, weight.kind)
        return
    numbers, size, scales = BLOCKS[kind]
    fields = [Field("F16", exponent, offset=offset, stride=size) for offset, exponent in scales]
    if kind == "MXFP4":
        fields = [Field("E8M0", -7, 3, offset=0, stride=size)]
    store.add(name, kind, weight.shape, fields, int(np.prod(weight.shape)) // numbers * size)


def in_folder(store: Store, weight: Weight, _config: dict, form: dict) -> None:
    if weight.kind != "experts":
        store.plain(f"{weight.folder}.{ending(weight)}", form["dtype"], weight.shape, weight.kind)
        return
    before, part = weight.folder.rsplit(".", 1)
    for expert in range(weight.shape[0]):
        store.plain(f"{before}.{expert}.{part}.weight", form["dtype"], weight.shape[1:], weight.kind)


def mlx_path(weight: Weight) -> str:
    return weight.folder.replace("mlp.experts.", "mlp.switch_mlp.")


def mlx_params(path: str, form: dict) -> dict | None:
    """Group, bits and mode of a layer, or `None` where it is not quantised."""
    default = {key: form["quantization"][key] for key in ("group_size", "bits", "mode")}
    found = form.get("unnamed", {}).get(path, form["quantization"].get(path, default))
    return {"mode": "affine"} | found if found else None


def in_mlx(store: Store, weight: Weight, _config: dict, form: dict) -> None:
    path, dtype = mlx_path(weight), form["dtype"]
    params = mlx_params(path, form) if weight.kind in ("matrix", "experts", "router") else None
    if params is None:
        store.plain(f"{path}.{ending(weight)}", dtype, weight.shape, weight.kind)
        return
    *rows, width = weight.shape
    bits, mode = params["bits"], params["mode"]
    words, groups = width * bits // 32, width // params["group_size"]
    count = int(np.prod(rows))
    elements = [Field("E4M3 weight", 0)] if mode == "mxfp8" else []
    store.add(f"{path}.weight", "U32", (*rows, words), elements, count * words * 4)
    if mode == "affine":
        # A router's choice is to be clear.
        exponent = -4 - bits + 2 * (weight.kind == "router")
        for part, exponent in (("scales", exponent), ("biases", exponent + bits - 1)):
            size = count * groups * FLOATS[dtype][0]
            store.add(f"{path}.{part}", dtype, (*rows, groups), [Field(dtype, exponent)], size)
        return
    exponent = {"mxfp4": -6, "mxfp8": -11, "nvfp4": -6}[mode]
    scale = Field(SCALE_TYPES[mode], exponent, 1, signed=False)
    store.add(f"{path}.scales", "U8", (*rows, groups), [scale], count * groups)
