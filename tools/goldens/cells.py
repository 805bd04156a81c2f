"""The cells: each a configuration in a format, with what is computed of it."""

from __future__ import annotations

import numpy as np

from .families import configs

FAMILIES = ["llama", "mistral", "qwen2", "qwen3", "qwen3_moe"]
ALL_CONTEXTS = [1, 2, 31, 32, 33, 511, 512, 513, 4096]
SHORT = [33]
K_QUANTS = ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
SMALL_BLOCKS = ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "IQ4_NL", "MXFP4"]
# What llama.cpp calls Q4_K_M: some parts are finer.
Q4_K_M = {"attn_v": "Q6_K", "ffn_down": "Q6_K", "ffn_down_exps": "Q6_K", "token_embd": "Q6_K", "output": "Q6_K"}
MODES = {"mxfp4": (32, 4), "mxfp8": (32, 8), "nvfp4": (16, 4)}


def cells() -> list[dict]:
    found = [cell for family in FAMILIES for cell in of_family(family)]
    dense = dict(kind="safetensors", dtype="F32", shards=1)
    return [
        *found,
        cell("mistral-window", "safetensors-f32", dense, ALL_CONTEXTS),
        cell("qwen2-yarn", "safetensors-f32", dense, ALL_CONTEXTS),
        cell("qwen2-yarn", "gguf-q8_0", in_gguf("qwen2-yarn", "Q8_0")),
        cell("qwen2-yarn", "mlx-4-32", in_mlx("qwen2-yarn", 32, 4, "affine", "BF16")),
    ]


def cell(config: str, name: str, form: dict, contexts: list[int] = SHORT) -> dict:
    return dict(name=f"{config}-{name}", config=config, format=form, contexts=contexts)


def of_family(family: str):
    wide, narrow = f"{family}-wide", f"{family}-narrow"
    dense = lambda dtype, shards: dict(kind="safetensors", dtype=dtype, shards=shards)
    yield cell(wide, "safetensors-f32", dense("F32", 1), ALL_CONTEXTS)
    for dtype in ("F32", "F16", "BF16"):
        for shards in (1, 3):
            if (dtype, shards) != ("F32", 1):
                name = f"safetensors-{dtype.lower()}" + ("-sharded" if shards > 1 else "")
                yield cell(narrow, name, dense(dtype, shards))
    for kind in ["F32", *K_QUANTS, "Q4_0", "Q8_0"]:
        yield cell(wide, f"gguf-{kind.lower()}", in_gguf(wide, kind), ALL_CONTEXTS if kind == "Q4_K" else SHORT)
    yield cell(wide, "gguf-q4_k_m", in_gguf(wide, "Q4_K", Q4_K_M))
    for kind in SMALL_BLOCKS:
        yield cell(narrow, f"gguf-{kind.lower()}", in_gguf(narrow, kind))
    for bits in (2, 3, 4, 5, 6, 8):
        for group in (32, 64, 128):
            config = narrow if group == 32 else wide
            # Published folders are of BF16, some of F16.
            form = in_mlx(config, group, bits, "affine", "F16" if bits == 5 else "BF16")
            full = (bits, group) == (4, 64)
            yield cell(config, f"mlx-{bits}-{group}", form, ALL_CONTEXTS if full else SHORT)
    for mode, (group, bits) in MODES.items():
        yield cell(narrow, f"mlx-{mode}", in_mlx(narrow, group, bits, mode, "BF16"))
    yield cell(wide, "mlx-mixed", mixed(wide))


def in_gguf(config: str, kind: str, types: dict | None = None) -> dict:
    found = configs()[config]
    form = dict(kind="gguf", type=kind, arch="llama" if found["model_type"] in ("llama", "mistral") else found["model_type"].replace("_", ""))
    if types:
        form["types"] = types
    if (found["rope_scaling"] or {}).get("rope_type") == "llama3":
        rope = found["rope_scaling"] | dict(rope_theta=found["rope_theta"])
        form["rope_freqs"] = [float(x) for x in llama3_factors(rope, found["head_dim"])]
    return form


def llama3_factors(rope: dict, head_dim: int) -> np.ndarray:
    """The table that llama.cpp's converter writes for Llama 3.1 and later."""
    wavelength = 2 * np.pi * rope["rope_theta"] ** (np.arange(0, head_dim, 2) / head_dim)
    turns = rope["original_max_position_embeddings"] / wavelength
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    smooth = np.clip((turns - low) / (high - low), 0, 1)
    return (1 / ((1 - smooth) / rope["factor"] + smooth)).astype(np.float32)


def in_mlx(config: str, group: int, bits: int, mode: str, dtype: str) -> dict:
    quantization = dict(group_size=group, bits=bits, mode=mode)
    found = configs()[config]
    if "num_experts" in found:
        # As mlx-lm does it for this family, with the group that divides.
        router = dict(group_size=64 if found["hidden_size"] % 64 == 0 else 32, bits=8)
        for layer in range(found["num_hidden_layers"]):
            quantization[f"model.layers.{layer}.mlp.gate"] = router
    return dict(kind="mlx", dtype=dtype, shards=1, quantization=quantization)


def mixed(config: str) -> dict:
    """Layers with other groups, bits and modes, some not quantised, and one
    whose numbers only its shapes tell."""
    form = in_mlx(config, 64, 4, "affine", "F32")
    form["shards"] = 3
    inner = "mlp.switch_mlp" if "num_experts" in configs()[config] else "mlp"
    form["quantization"] |= {
        "model.embed_tokens": dict(group_size=128, bits=6),
        "model.layers.0.self_attn.q_proj": dict(group_size=32, bits=8),
        "model.layers.0.self_attn.k_proj": dict(group_size=32, bits=4, mode="mxfp4"),
        "model.layers.0.self_attn.v_proj": dict(group_size=16, bits=4, mode="nvfp4"),
        "model.layers.0.self_attn.o_proj": False,
        f"model.layers.0.{inner}.down_proj": dict(group_size=128, bits=3),
        f"model.layers.1.{inner}.gate_proj": dict(group_size=32, bits=8, mode="mxfp8"),
        f"model.layers.1.{inner}.up_proj": False,
    }
    form["unnamed"] = {"model.layers.1.self_attn.q_proj": dict(group_size=32, bits=5)}
    return form
