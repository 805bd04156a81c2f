"""Computes what crates/inference/tests/golden/convert.json holds: the digests
of what mlx-lm and gguf make of the tiny checkpoints of `make_goldens.py`.

mlx-lm converts a folder as its command does; of its files those of the weights,
the index and config.json are kept as SHA-256. gguf quantises the weights one by
one.

    python -m venv goldens-env
    goldens-env/bin/pip install gguf==0.19.0 numpy==2.4.6 "mlx[cpu]==0.32.4" mlx-lm==0.32.2
    goldens-env/bin/python tools/make_convert_goldens.py
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, quants

from goldens.cells import cells
from goldens.families import configs
from goldens.files import write_folder
from goldens.storage import stored

TESTS = Path(__file__).resolve().parent.parent / "crates/inference/tests"
DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
KINDS = ["F16", "BF16", "Q8_0", "Q4_0", "Q5_0"]
# Narrow configurations are of odd multiples of 32, so they have no larger group.
FORMS = [("wide-safetensors-f32", bits, group) for bits in (2, 3, 4, 5, 6, 8) for group in (32, 64, 128)]
SMALL_FORMS = [(f"narrow-safetensors-{dtype}", bits, 32) for dtype in ("bf16", "f16") for bits in (3, 4, 8)]
FILES = ["model.safetensors", "model.safetensors.index.json", "config.json"]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def folder_of(cell: dict, folder: Path) -> None:
    """The cell as the tests write it."""
    config = configs()[cell["config"]] | dict(torch_dtype=DTYPES[cell["format"]["dtype"]])
    write_folder(folder, config, cell["format"], stored(cell["name"], configs()[cell["config"]], cell["format"]))
    eos = {own["name"]: own["eos"] for own in json.loads((TESTS / "golden/index.json").read_text())["cells"]}
    (folder / "generation_config.json").write_text(json.dumps(dict(eos_token_id=[eos[cell["name"]]])))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TESTS / "fixtures/qwen2-f32" / name, folder)


def through_mlx_lm(cell: dict, bits: int, group: int) -> dict:
    with tempfile.TemporaryDirectory() as place:
        source, made = Path(place) / "source", Path(place) / "made"
        folder_of(cell, source)
        # Not needed by who only makes the folders.
        from mlx_lm import convert

        convert(str(source), str(made), quantize=True, q_bits=bits, q_group_size=group)
        files = {name: sha256((made / name).read_bytes()) for name in FILES}
    return dict(cell=cell["name"], bits=bits, group=group, files=files)


def through_gguf(cell: dict) -> list[dict]:
    found = []
    for tensor in stored(cell["name"], configs()[cell["config"]], cell["format"]):
        if len(tensor.shape) != 2:
            continue
        numbers = np.ascontiguousarray(tensor.data).view("<f4").reshape(tensor.shape)
        for kind in KINDS:
            packed = quants.quantize(numbers, GGMLQuantizationType[kind])
            found.append(dict(cell=cell["name"], tensor=tensor.name, kind=kind, sha256=sha256(packed.tobytes())))
    return found


def main() -> None:
    by_name = {cell["name"]: cell for cell in cells()}
    mlx, gguf = [], []
    for family in ("llama", "mistral", "qwen2", "qwen3", "qwen3_moe"):
        # The router of a mixture has groups of 64, which a narrow one lacks.
        forms = FORMS if family == "qwen2" else [("wide-safetensors-f32", 4, 64)]
        if family != "qwen3_moe":
            forms = forms + SMALL_FORMS
        mlx += [through_mlx_lm(by_name[f"{family}-{form}"], bits, group) for form, bits, group in forms]
    for family in ("llama", "qwen2"):
        gguf += through_gguf(by_name[f"{family}-narrow-safetensors-f32-sharded"])
    lines = [f'"{name}": [\n' + ",\n".join(json.dumps(one) for one in all) + "\n]" for name, all in (("mlx", mlx), ("gguf", gguf))]
    (TESTS / "golden/convert.json").write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main()
