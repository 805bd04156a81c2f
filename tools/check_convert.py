"""Checks `mlx-code models convert` against the programs that its results are for.

Each part runs where its peer is installed:

    python tools/check_convert.py folders OUT                 # gguf, numpy: tiny folders of all families
    python tools/check_convert.py mlx PROGRAM FOLDER...       # mlx[cpu], mlx-lm
    python tools/check_convert.py gguf PROGRAM FOLDER...      # llama-cpp-python, gguf, numpy
    python tools/check_convert.py back PROGRAM FOLDER...      # transformers, torch

`mlx` compares every byte of the weights, the index and config.json with what
`mlx_lm convert` makes, for all bits and groups, and loads the result. `gguf`
loads every kind in llama.cpp, compares the logits with those of the 32-bit
file, and for Q4_K_M the types and the squared errors of the weights with what
llama.cpp's own quantiser makes. `back` loads the folder that comes back from
a 32-bit GGUF file in transformers and compares logits and token numbers with
the source's. It ends with an error if anything differs.
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOKENS = [1, 17, 256, 3, 99, 42, 7, 200, 11, 5, 64, 128, 31, 8, 250, 13]
TEXT = "fn main() { let x = 12345; }\n  naïve 日本語 🙂, isn't it?"
KINDS = {"f16": 0.999, "bf16": 0.999, "q8_0": None, "q4_0": None, "q4_k_m": None}
# How much less like the 32-bit file our search's may be than llama.cpp's, whose
# errors are others.
SPREAD = 0.1
FILES = ["model.safetensors", "model.safetensors.index.json", "config.json"]
failures = []


def check(sound: bool, what: str) -> None:
    print(("ok    " if sound else "WRONG ") + what, flush=True)
    if not sound:
        failures.append(what)


def convert(program: str, source: Path, target: str, output: Path) -> None:
    shutil.rmtree(output, ignore_errors=True)
    output.unlink(missing_ok=True)
    subprocess.run([program, "models", "convert", f"{source.resolve()}/" if source.is_dir() else source.resolve(), "--to", target, "--output", output], check=True, stdout=subprocess.DEVNULL)


def folders(_: str, places: list[Path]) -> None:
    from make_convert_goldens import cells, folder_of

    for cell in cells():
        if cell["name"].endswith("wide-safetensors-f32"):
            folder_of(cell, places[0] / cell["config"].split("-")[0])


def mlx(program: str, places: list[Path]) -> None:
    import mlx.core as core
    from mlx_lm import convert as theirs, load

    core.set_default_device(core.cpu)
    for place in places:
        for bits in (2, 3, 4, 5, 6, 8):
            for group in (32, 64, 128):
                with tempfile.TemporaryDirectory() as folder:
                    ours, other = Path(folder) / "ours", Path(folder) / "theirs"
                    convert(program, place, f"mlx:{bits}:{group}", ours)
                    theirs(str(place), str(other), quantize=True, q_bits=bits, q_group_size=group)
                    differ = [name for name in FILES if not filecmp.cmp(ours / name, other / name, shallow=False)]
                    check(not differ, f"{place.name}: {bits} bits, groups of {group} {differ or ''}")
                    if (bits, group) == (4, 64):
                        model, tokenizer = load(str(ours))
                        second, reference = load(str(other))
                        same = core.array_equal(model(core.array([TOKENS])), second(core.array([TOKENS])))
                        check(bool(same.item()), f"{place.name}: logits in mlx-lm")
                        check(tokenizer.encode(TEXT) == reference.encode(TEXT), f"{place.name}: tokens in mlx-lm")


def gguf(program: str, places: list[Path]) -> None:
    import ctypes

    import llama_cpp
    import numpy as np
    from gguf import GGUFReader, quants

    def logits(path: Path):
        model = llama_cpp.Llama(str(path), n_ctx=64, logits_all=True, verbose=False)
        model.eval(TOKENS)
        return np.array(model.scores[: len(TOKENS)]), model.tokenize(TEXT.encode(), add_bos=False)

    def weights(path: Path) -> dict:
        return {tensor.name: tensor for tensor in GGUFReader(path).tensors}

    for place in places:
        with tempfile.TemporaryDirectory() as folder:
            made = {kind: Path(folder) / f"{kind}.gguf" for kind in ["f32", *KINDS]}
            for kind, path in made.items():
                convert(program, place, f"gguf:{kind}", path)
            exact, tokens = logits(made["f32"])
            likeness = lambda found: min(float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for a, b in zip(found, exact))
            for kind, least in KINDS.items():
                found, own = logits(made[kind])
                if least is None:
                    theirs = Path(folder) / "theirs.gguf"
                    options = llama_cpp.llama_model_quantize_default_params()
                    options.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind.upper()}")
                    llama_cpp.llama_model_quantize(str(made["f32"]).encode(), str(theirs).encode(), ctypes.byref(options))
                    least = likeness(logits(theirs)[0]) - SPREAD
                    if kind != "q4_k_m":
                        pairs = [(one, other) for one in GGUFReader(made[kind]).tensors for other in GGUFReader(theirs).tensors if one.name == other.name and one.tensor_type.name != "Q6_K"]
                        differ = [one.name for one, other in pairs if one.tensor_type != other.tensor_type or not np.array_equal(one.data, other.data)]
                        check(not differ, f"{place.name} {kind}: {len(pairs)} weights bit for bit as llama.cpp's {differ[:4] or ''}")
                cosine = likeness(found)
                check(cosine >= least and own == tokens, f"{place.name} {kind}: least cosine {cosine:.6f} in llama.cpp")
            source, ours, others = weights(made["f32"]), weights(made["q4_k_m"]), weights(theirs)
            worse, types = [], []
            ratios = []
            for name, tensor in ours.items():
                if tensor.tensor_type != others[name].tensor_type:
                    types.append((name, tensor.tensor_type.name, others[name].tensor_type.name))
                    continue
                plain = quants.dequantize(source[name].data, source[name].tensor_type)
                error = [float(np.square(quants.dequantize(one.data, one.tensor_type).astype("f8") - plain).mean()) for one in (tensor, others[name])]
                if error[1] > 0:
                    ratios.append(error[0] / error[1])
                if error[0] > error[1] * (1 + 1e-9):
                    worse.append((name, *error))
            check(not types, f"{place.name} q4_k_m: types as llama.cpp's {types[:4] or ''}")
            check(not worse, f"{place.name} q4_k_m: squared errors {np.mean(ratios):.3f} of llama.cpp's, at most {max(ratios):.3f} {worse[:4] or ''}")


def back(program: str, places: list[Path]) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    def logits(path: Path):
        model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
        with torch.no_grad():
            return model(torch.tensor([TOKENS])).logits[0], AutoTokenizer.from_pretrained(path)

    for place in places:
        with tempfile.TemporaryDirectory() as folder:
            middle, ours = Path(folder) / "middle.gguf", Path(folder) / "ours"
            convert(program, place, "gguf:f32", middle)
            convert(program, middle, "safetensors:f32", ours)
            (expect, tokenizer), (found, own) = logits(place), logits(ours)
            apart = float((expect - found).abs().max())
            check(apart < 1e-4, f"{place.name}: logits {apart:.1e} apart in transformers")
            check(own.encode(TEXT) == tokenizer.encode(TEXT), f"{place.name}: tokens in transformers")
            message = [{"role": "user", "content": TEXT}]
            rendered = [one.apply_chat_template(message, tokenize=False, add_generation_prompt=True) for one in (own, tokenizer)]
            check(rendered[0] == rendered[1], f"{place.name}: chat template in transformers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["folders", "mlx", "gguf", "back"])
    parser.add_argument("program_and_folders", nargs="+")
    arguments = parser.parse_args()
    first, *rest = arguments.program_and_folders
    if arguments.part == "folders":
        rest = [first]
    globals()[arguments.part](str(Path(first).resolve()), [Path(one) for one in rest])
    sys.exit(f"{len(failures)} differ" if failures else None)


if __name__ == "__main__":
    main()
