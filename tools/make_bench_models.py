"""Makes models of a realistic size with random weights, for measuring speed.

    python -m venv models-env
    models-env/bin/pip install numpy==2.4.6 gguf==0.19.0
    models-env/bin/python tools/make_bench_models.py FOLDER --shape 0.5b --form f16 --form q8_0

The shapes are those of Qwen2.5-Coder; the vocabulary has its size and as many
merges, over bytes alone, so that reading the tokenizer takes its time too. All
forms of a shape hold the same numbers. The form q4_k_m (and q4_0 where the
embedding becomes Q6_K) is quantised by llama.cpp through `llama-cpp-python`;
the form mlx-4 needs `mlx`. What is there already is left as it is.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

VOCAB = 151_936
# Bytes and their merges end here, as in Qwen2.5's vocabulary.
ORDINARY = 151_643
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CONTEXT = 32_768
EPS = 1e-6
THETA = 1_000_000.0
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\n' }}{% endif %}"
)
QWEN2_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
FORMS = ["f16", "q8_0", "q4_0", "q4_k_m", "safetensors-f16", "safetensors-bf16", "mlx-4"]


@dataclass(frozen=True)
class Shape:
    name: str
    layers: int
    hidden: int
    feed_forward: int
    heads: int
    kv_heads: int


SHAPES = {
    "0.5b": Shape("random-qwen2-0.5b", 24, 896, 4864, 14, 2),
    "1.5b": Shape("random-qwen2-1.5b", 28, 1536, 8960, 12, 2),
}


class Numbers:
    """Normal numbers of deviation 0.02, cut from a pool: drawing a milliard
    takes minutes, and a speed does not hang on the numbers being new."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.pool = (rng.standard_normal((1 << 24) + 1, dtype=np.float32) * 0.02).astype(np.float16)
        self.offset = 0

    def take(self, *shape: int) -> np.ndarray:
        # The pool's odd length keeps rows from being alike.
        places = np.arange(self.offset, self.offset + int(np.prod(shape)))
        self.offset = (self.offset + places.size) % self.pool.size
        return np.take(self.pool, places, mode="wrap").reshape(shape)


def tensors(shape: Shape) -> Iterator[tuple[str, str, np.ndarray]]:
    """The name in GGUF, the name in a folder, the numbers; the same each time."""
    numbers = Numbers()
    hidden, inner = shape.hidden, shape.feed_forward
    keys = hidden // shape.heads * shape.kv_heads
    ones = np.ones(hidden, np.float32)
    yield "token_embd.weight", "model.embed_tokens.weight", numbers.take(VOCAB, hidden)
    yield "output_norm.weight", "model.norm.weight", ones
    matrices = [
        ("attn_q", "self_attn.q_proj", hidden, hidden, True),
        ("attn_k", "self_attn.k_proj", keys, hidden, True),
        ("attn_v", "self_attn.v_proj", keys, hidden, True),
        ("attn_output", "self_attn.o_proj", hidden, hidden, False),
        ("ffn_gate", "mlp.gate_proj", inner, hidden, False),
        ("ffn_up", "mlp.up_proj", inner, hidden, False),
        ("ffn_down", "mlp.down_proj", hidden, inner, False),
    ]
    for layer in range(shape.layers):
        block, folder = f"blk.{layer}.", f"model.layers.{layer}."
        yield block + "attn_norm.weight", folder + "input_layernorm.weight", ones
        yield block + "ffn_norm.weight", folder + "post_attention_layernorm.weight", ones
        for in_block, in_folder, rows, columns, bias in matrices:
            yield f"{block}{in_block}.weight", f"{folder}{in_folder}.weight", numbers.take(rows, columns)
            if bias:
                values = numbers.take(rows).astype(np.float32)
                yield f"{block}{in_block}.bias", f"{folder}{in_folder}.bias", values


def vocabulary() -> tuple[list[str], list[str]]:
    """The tokens by number, and the merges as `left right`."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = [chr(byte) for byte in printable] + [chr(256 + place) for place in range(len(others))]
    pairs = [(left, right) for left in letters for right in letters]
    merges = pairs + [(left + right, letter) for left, right in pairs for letter in letters[:2]]
    merges = merges[: ORDINARY - len(letters)]
    tokens = letters + [left + right for left, right in merges] + SPECIAL
    tokens += [f"[PAD{number}]" for number in range(len(tokens), VOCAB)]
    return tokens, [f"{left} {right}" for left, right in merges]


def write_gguf(shape: Shape, path: Path, kind: str) -> None:
    import gguf
    from gguf import GGMLQuantizationType as Type

    types = {"f16": Type.F16, "q8_0": Type.Q8_0, "q4_0": Type.Q4_0}
    files = {"f16": gguf.LlamaFileType.MOSTLY_F16, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
             "q4_0": gguf.LlamaFileType.MOSTLY_Q4_0}
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_name(f"{shape.name}-{kind}")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(EPS)
    writer.add_rope_freq_base(THETA)
    writer.add_file_type(files[kind])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    tokens, merges = vocabulary()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    control, unused, ordinary = gguf.TokenType.CONTROL, gguf.TokenType.UNUSED, gguf.TokenType.NORMAL
    specials = ORDINARY + len(SPECIAL)
    writer.add_token_types(
        [ordinary] * ORDINARY + [control] * len(SPECIAL) + [unused] * (VOCAB - specials))
    writer.add_token_merges(merges)
    writer.add_eos_token_id(ORDINARY + 2)
    writer.add_bos_token_id(ORDINARY)
    writer.add_pad_token_id(ORDINARY)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)
    for name, _, values in tensors(shape):
        if values.ndim == 1 or kind == "f16":
            writer.add_tensor(name, values)
            continue
        # llama.cpp gives an embedding that is the output too the next finer type.
        of = Type.Q8_0 if name == "token_embd.weight" else types[kind]
        values = gguf.quants.quantize(values.astype(np.float32), of)
        writer.add_tensor(name, values, raw_dtype=of)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def quantize_by_llama_cpp(source: Path, path: Path, kind: str) -> None:
    import llama_cpp

    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = {
        "q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
        "q4_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M,
    }[kind]
    parameters.nthread = 2
    code = llama_cpp.llama_model_quantize(
        str(source).encode(), str(path).encode(), ctypes.byref(parameters))
    if code != 0:
        raise RuntimeError(f"llama.cpp ended with {code} while it made {path}")


def bfloat16(values: np.ndarray) -> np.ndarray:
    """The nearest bfloat16, ties to even, as u16."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def write_safetensors(shape: Shape, folder: Path, kind: str) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for _, name, values in tensors(shape):
        end = offset + 2 * values.size
        header[name] = {"dtype": kind, "shape": values.shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, values in tensors(shape):
            stored = bfloat16(values) if kind == "BF16" else values.astype(np.float16)
            file.write(stored.tobytes())


def write_mlx(shape: Shape, folder: Path) -> None:
    import mlx.core as mx

    weights = {}
    for _, name, values in tensors(shape):
        numbers = mx.array(values).astype(mx.bfloat16)
        if values.ndim == 1:
            weights[name] = numbers
            continue
        stem = name.removesuffix(".weight")
        parts = mx.quantize(numbers, group_size=64, bits=4)
        mx.eval(parts)
        for part, values in zip(["weight", "scales", "biases"], parts, strict=True):
            weights[f"{stem}.{part}"] = values
    mx.save_safetensors(str(folder / "model.safetensors"), weights, metadata={"format": "mlx"})


def tokenizer_documents(tokens: list[str], merges: list) -> dict[str, dict]:
    """The tokenizer of these tokens, with the special ones behind them."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": QWEN2_PATTERN}, "behavior": "Isolated", "invert": False}
    added = [
        {"id": len(tokens) + number, "content": text, "single_word": False, "lstrip": False,
         "rstrip": False, "normalized": False, "special": True}
        for number, text in enumerate(SPECIAL)
    ]
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": byte_level, "decoder": byte_level,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False,
            "vocab": {text: number for number, text in enumerate(tokens)},
            "merges": merges,
        },
    }
    tokenizer_config = {
        "tokenizer_class": "Qwen2Tokenizer", "bos_token": None, "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>", "add_prefix_space": False, "model_max_length": CONTEXT,
        "chat_template": CHAT_TEMPLATE,
    }
    return {"tokenizer": tokenizer, "tokenizer_config": tokenizer_config}


def write_folder(shape: Shape, folder: Path, form: str) -> None:
    folder.mkdir()
    config = {
        "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_act": "silu",
        "hidden_size": shape.hidden, "intermediate_size": shape.feed_forward,
        "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads, "max_position_embeddings": CONTEXT,
        "rms_norm_eps": EPS, "rope_theta": THETA, "tie_word_embeddings": True,
        "vocab_size": VOCAB, "bos_token_id": ORDINARY, "eos_token_id": ORDINARY + 2,
        "torch_dtype": "float16" if form.endswith("-f16") else "bfloat16",
    }
    if form == "mlx-4":
        config["quantization"] = {"group_size": 64, "bits": 4}
        write_mlx(shape, folder)
    else:
        write_safetensors(shape, folder, "F16" if form.endswith("-f16") else "BF16")
    tokens, merges = vocabulary()
    documents = tokenizer_documents(tokens[:ORDINARY], merges)
    for name, document in {"config": config, **documents}.items():
        (folder / f"{name}.json").write_text(json.dumps(document, ensure_ascii=False), "utf-8")


def make(shape: Shape, folder: Path, form: str) -> Path:
    if form.startswith(("safetensors", "mlx")):
        path = folder / f"{shape.name}-{form}"
        if not path.exists():
            write_folder(shape, path, form)
        return path
    path = folder / f"{shape.name}-{form}.gguf"
    if path.exists():
        return path
    # Q6_K is what llama.cpp makes of the embedding, wherever its blocks fit.
    if form == "q4_k_m" or (form == "q4_0" and shape.hidden % 256 == 0):
        quantize_by_llama_cpp(make(shape, folder, "f16"), path, form)
    else:
        write_gguf(shape, path, form)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shape", choices=SHAPES, action="append", help="default: all")
    parser.add_argument("--form", choices=FORMS, action="append", help="default: all")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for shape in arguments.shape or SHAPES:
        for form in arguments.form or FORMS:
            path = make(SHAPES[shape], arguments.folder, form)
            print(path, file=sys.stderr)


if __name__ == "__main__":
    main()
