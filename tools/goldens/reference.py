"""Transformers and mlx-lm, both in f32."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path

import gguf
import mlx.core as mx
import mlx_lm.models.cache
import mlx_lm.utils
import numpy as np
import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from .files import of_numbers, write_folder
from .noise import FLOATS
from .storage import Stored, mlx_params

logging.set_verbosity_error()
logging.disable_progress_bar()


class Transformers:
    def __init__(self, folder: Path):
        self.model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager", experts_implementation="eager").eval()

    def start(self) -> None:
        self.cache = None

    def run(self, tokens: list[int]) -> np.ndarray:
        """The logits after the last of `tokens`, which follow those of before."""
        with torch.no_grad():
            result = self.model(
                torch.tensor([tokens]), past_key_values=self.cache, use_cache=True, logits_to_keep=1)
        self.cache = result.past_key_values
        return result.logits[0, -1].numpy()


@contextmanager
def rounded():
    """Meanwhile transformers rounds, as the engine does with AMX: weights and
    what they are multiplied with, queries, keys, values and the weights of
    these, all to bfloat16. Sums stay f32."""
    linear, matmul = torch.nn.functional.linear, torch.matmul

    def bf16(x: torch.Tensor) -> torch.Tensor:
        return x.bfloat16().float()

    def attention(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        # Angles of positions have three dimensions.
        return matmul(bf16(a), bf16(b)) if a.dim() == 4 else matmul(a, b)

    torch.nn.functional.linear = lambda x, weight, bias=None: linear(bf16(x), bf16(weight), bias)
    torch.matmul = attention
    try:
        yield
    finally:
        torch.nn.functional.linear, torch.matmul = linear, matmul


class Mlx:
    def __init__(self, folder: Path):
        self.model, _config = mlx_lm.utils.load_model(folder)
        # Exact; the products of bf16 are not, on this processor's path.
        self.model.set_dtype(mx.float32)

    def start(self) -> None:
        self.cache = mlx_lm.models.cache.make_prompt_cache(self.model)

    def run(self, tokens: list[int]) -> np.ndarray:
        return np.array(self.model(mx.array([tokens]), cache=self.cache)[0, -1])


def numbers(tensor: Stored) -> np.ndarray:
    """The weights of a tensor of floats."""
    if tensor.dtype == "BF16":
        wide = tensor.data.view("<u2").astype(np.uint32) << 16
        return wide.view(np.float32).reshape(tensor.shape)
    kind = {"F32": "<f4", "F16": "<f2"}[tensor.dtype]
    return tensor.data.view(kind).astype(np.float32).reshape(tensor.shape)


def plain_weights(config: dict, form: dict, tensors: list[Stored]) -> dict[str, np.ndarray]:
    """The weights by transformers' names, in f32."""
    if form["kind"] == "mlx":
        return experts_apart(of_mlx(form, {tensor.name: tensor for tensor in tensors}))
    if form["kind"] == "gguf":
        return experts_apart(of_gguf(config, form, tensors))
    return {tensor.name: numbers(tensor) for tensor in tensors}


def of_mlx(form: dict, tensors: dict[str, Stored]) -> dict[str, np.ndarray]:
    found = {}
    for name, tensor in tensors.items():
        path, part = name.rsplit(".", 1)
        if part in ("scales", "biases"):
            continue
        if f"{path}.scales" not in tensors or part == "bias":
            found[name] = numbers(tensor)
            continue
        params = mlx_params(path, form)
        words = mx.array(tensor.data.view("<u4").reshape(tensor.shape))
        scales = tensors[f"{path}.scales"]
        if params["mode"] == "affine":
            parts = [mx.array(numbers(tensors[f"{path}.{part}"])) for part in ("scales", "biases")]
        else:
            parts = [mx.array(scales.data.reshape(scales.shape))]
        found[name] = np.array(mx.dequantize(words, *parts, **params, dtype=mx.float32))
    return found


def of_gguf(config: dict, form: dict, tensors: list[Stored]) -> dict[str, np.ndarray]:
    from .families import weights
    from .storage import ending

    names = {f"{weight.gguf}.{ending(weight)}": weight for weight in weights(config)}
    found = {}
    for tensor in tensors:
        if tensor.name == "rope_freqs.weight":
            continue
        weight = names[tensor.name]
        if tensor.dtype in FLOATS:
            values = numbers(tensor)
        else:
            kind = gguf.GGMLQuantizationType[tensor.dtype]
            shape = gguf.quant_shape_to_byte_shape(tensor.shape, kind)
            values = gguf.quants.dequantize(tensor.data.reshape(shape), kind).astype(np.float32)
        parts = {"attn_q": "num_attention_heads", "attn_k": "num_key_value_heads"}
        heads = parts.get(weight.gguf.rsplit(".", 1)[-1])
        if form["arch"] == "llama" and heads:
            # llama.cpp sets the two halves of a head's rows one into the other.
            rows = values.reshape(config[heads], -1, 2, *values.shape[1:])
            values = rows.swapaxes(1, 2).reshape(values.shape)
        found[f"{weight.folder}.{ending(weight)}"] = values
    return found


def experts_apart(found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    apart = {}
    for name, values in found.items():
        name = name.replace("mlp.switch_mlp.", "mlp.experts.")
        if "mlp.experts." not in name:
            apart[name] = values
            continue
        before, after = name.split(".experts.")
        for expert, own in enumerate(values):
            apart[f"{before}.experts.{expert}.{after}"] = own
    return apart


def through_transformers(config: dict, form: dict, tensors: list[Stored]) -> Transformers:
    with tempfile.TemporaryDirectory() as folder:
        if form["kind"] != "safetensors":
            found = plain_weights(config, form, tensors)
            tensors = [of_numbers(name, values) for name, values in found.items()]
        write_folder(Path(folder), config, dict(kind="safetensors"), tensors)
        return Transformers(Path(folder))


def through_mlx(config: dict, form: dict, tensors: list[Stored]) -> Mlx:
    with tempfile.TemporaryDirectory() as folder:
        write_folder(Path(folder), config, form, tensors)
        return Mlx(Path(folder))
