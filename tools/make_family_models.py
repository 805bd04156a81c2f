"""Makes models of other families with random weights, for measuring memory.

    python -m venv models-env
    models-env/bin/pip install numpy==2.4.6
    models-env/bin/python tools/make_family_models.py FOLDER --family qwen3 --family llama

Each has the widths and the vocabulary's size of a published model, and so many
of its layers that it has about a milliard weights, in BF16, in a folder as the
hub has them. `mlx-code models convert` makes other forms of them. The tokenizer
is that of make_bench_models.py, cut to the size. What is there already is left
as it is.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from make_bench_models import CONTEXT, EPS, SPECIAL, THETA, Numbers, bfloat16, tokenizer_documents, vocabulary


@dataclass(frozen=True)
class Family:
    """The widths of a published model."""

    of: str
    architecture: str
    layers: int
    hidden: int
    feed_forward: int
    heads: int
    kv_heads: int
    head: int
    vocabulary: int
    tied: bool
    experts: int = 0
    used: int = 0


FAMILIES = {
    "llama": Family("Llama 3.2 1B", "LlamaForCausalLM", 12, 2048, 8192, 32, 8, 64, 128_256, True),
    "mistral": Family("Mistral 7B", "MistralForCausalLM", 3, 4096, 14_336, 32, 8, 128, 32_768, False),
    "qwen3": Family("Qwen3 0.6B", "Qwen3ForCausalLM", 28, 1024, 3072, 16, 8, 128, 151_936, True),
    "qwen3_moe": Family(
        "Qwen3 30B-A3B", "Qwen3MoeForCausalLM", 1, 2048, 768, 32, 4, 128, 151_936, False, 128, 8
    ),
}


def shapes(name: str, family: Family) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every tensor's name and shape; one dimension is a norm, which is ones."""
    hidden, inner = family.hidden, family.feed_forward
    yield "model.embed_tokens.weight", (family.vocabulary, hidden)
    for layer in range(family.layers):
        at = f"model.layers.{layer}."
        yield at + "input_layernorm.weight", (hidden,)
        yield at + "post_attention_layernorm.weight", (hidden,)
        yield at + "self_attn.q_proj.weight", (family.heads * family.head, hidden)
        yield at + "self_attn.k_proj.weight", (family.kv_heads * family.head, hidden)
        yield at + "self_attn.v_proj.weight", (family.kv_heads * family.head, hidden)
        yield at + "self_attn.o_proj.weight", (hidden, family.heads * family.head)
        if name.startswith("qwen3"):
            yield at + "self_attn.q_norm.weight", (family.head,)
            yield at + "self_attn.k_norm.weight", (family.head,)
        parts = ["mlp."]
        if family.experts:
            yield at + "mlp.gate.weight", (family.experts, hidden)
            parts = [f"mlp.experts.{expert}." for expert in range(family.experts)]
        for part in parts:
            yield f"{at}{part}gate_proj.weight", (inner, hidden)
            yield f"{at}{part}up_proj.weight", (inner, hidden)
            yield f"{at}{part}down_proj.weight", (hidden, inner)
    yield "model.norm.weight", (hidden,)
    if not family.tied:
        yield "lm_head.weight", (family.vocabulary, hidden)


def write_weights(name: str, family: Family, path: Path) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for tensor, shape in shapes(name, family):
        end = offset + 2 * int(np.prod(shape))
        header[tensor] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    numbers = Numbers()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, shape in shapes(name, family):
            values = np.ones(shape, np.float32) if len(shape) == 1 else numbers.take(*shape)
            file.write(bfloat16(values).tobytes())


def documents(name: str, family: Family) -> dict[str, object]:
    tokens, merges = vocabulary()
    ordinary = min(family.vocabulary - len(SPECIAL), tokens.index(SPECIAL[0]))
    # One for each byte; every other one is made by a merge.
    letters = 256
    config = {
        "architectures": [family.architecture], "model_type": name, "hidden_act": "silu",
        "hidden_size": family.hidden, "intermediate_size": family.feed_forward,
        "num_hidden_layers": family.layers, "num_attention_heads": family.heads,
        "num_key_value_heads": family.kv_heads, "head_dim": family.head,
        "max_position_embeddings": CONTEXT, "rms_norm_eps": EPS, "rope_theta": THETA,
        "tie_word_embeddings": family.tied, "vocab_size": family.vocabulary,
        "bos_token_id": ordinary, "eos_token_id": ordinary + 2, "torch_dtype": "bfloat16",
        "attention_bias": False,
    }
    if family.experts:
        config |= {
            "moe_intermediate_size": family.feed_forward, "num_experts": family.experts,
            "num_experts_per_tok": family.used, "norm_topk_prob": True,
            "decoder_sparse_step": 1, "mlp_only_layers": [],
        }
    return {"config": config, **tokenizer_documents(tokens[:ordinary], merges[: ordinary - letters])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--family", choices=FAMILIES, action="append", help="default: all")
    arguments = parser.parse_args()
    for name in arguments.family or FAMILIES:
        family = FAMILIES[name]
        folder = arguments.folder / f"random-{name}-bf16"
        if not folder.exists():
            folder.mkdir(parents=True)
            for document, content in documents(name, family).items():
                text = json.dumps(content, ensure_ascii=False)
                (folder / f"{document}.json").write_text(text, "utf-8")
            write_weights(name, family, folder / "model.safetensors")
        print(folder, file=sys.stderr)


if __name__ == "__main__":
    main()
