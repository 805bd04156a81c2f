#!/usr/bin/env python3
"""Has `mlx-code models verify` look at checkpoints that other programs wrote.

    cargo build --release -p mlx-code
    python3 -m venv foreign-env
    foreign-env/bin/pip install 'mlx[cpu]' mlx-lm gguf safetensors numpy
    foreign-env/bin/python tools/verify_foreign.py target/release/mlx-code

A small Qwen2 is written by the safetensors package (one file, and several with
an index), by mlx-lm (every mode, every number of bits and group size that MLX
has), and by the gguf package (every type that it can quantise to); all have to
be found sound, with `--deep`. Then each is cut short by a byte, and each has a
scale or a value overwritten with NaN; none may be found sound. Takes a minute;
the tokenizer and the configuration are those of crates/inference/tests/fixtures.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import gguf
import mlx_lm
import numpy as np
from safetensors.numpy import save_file

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURE = ROOT / "crates/inference/tests/fixtures/qwen2-f32"
HIDDEN, INNER, HEADS, VOCAB = 256, 512, 4, 320
PROGRAM = pathlib.Path(sys.argv[1]).resolve()


def weights():
    random = np.random.default_rng(0)
    shapes = {
        "model.embed_tokens.weight": (VOCAB, HIDDEN),
        "lm_head.weight": (VOCAB, HIDDEN),
        "model.norm.weight": (HIDDEN,),
    }
    for layer in range(2):
        name = f"model.layers.{layer}."
        for part in ("q", "k", "v"):
            shapes[f"{name}self_attn.{part}_proj.weight"] = (HIDDEN, HIDDEN)
            shapes[f"{name}self_attn.{part}_proj.bias"] = (HIDDEN,)
        shapes[f"{name}self_attn.o_proj.weight"] = (HIDDEN, HIDDEN)
        for part in ("gate", "up"):
            shapes[f"{name}mlp.{part}_proj.weight"] = (INNER, HIDDEN)
        shapes[f"{name}mlp.down_proj.weight"] = (HIDDEN, INNER)
        for part in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"{name}{part}.weight"] = (HIDDEN,)
    return {name: random.normal(0, 0.05, shape).astype(np.float32) for name, shape in shapes.items()}


def base(folder):
    """Configuration and tokenizer."""
    folder.mkdir(parents=True)
    config = json.loads((FIXTURE / "config.json").read_text())
    config |= dict(
        hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=2,
        num_attention_heads=HEADS, num_key_value_heads=HEADS, vocab_size=VOCAB,
        tie_word_embeddings=False,
    )
    config.pop("head_dim", None)
    (folder / "config.json").write_text(json.dumps(config))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(FIXTURE / name, folder / name)
    return config


def safetensors(folder, dtype, shards):
    base(folder)
    tensors = {name: tensor.astype(dtype) for name, tensor in weights().items()}
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
        return folder
    names, where = list(tensors), {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = {name: tensors[name] for name in names[shard::shards]}
        save_file(part, folder / file, {"format": "pt"})
        where |= dict.fromkeys(part, file)
    total = sum(tensor.nbytes for tensor in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def mlx(source, folder, **how):
    mlx_lm.convert(hf_path=str(source), mlx_path=str(folder), **how)
    return folder


GGUF_NAMES = {
    "model.embed_tokens": "token_embd", "lm_head": "output", "model.norm": "output_norm",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def gguf_name(name):
    stem, kind = name.rsplit(".", 1)
    if stem.startswith("model.layers."):
        _, _, layer, part = stem.split(".", 3)
        return f"blk.{layer}.{GGUF_NAMES[part]}.{kind}"
    return f"{GGUF_NAMES[stem]}.{kind}"


def gguf_file(place, kind):
    tokenizer = json.loads((FIXTURE / "tokenizer.json").read_text())
    config = json.loads((FIXTURE / "config.json").read_text())
    about = json.loads((FIXTURE / "tokenizer_config.json").read_text())
    vocabulary = tokenizer["model"]["vocab"] | {t["content"]: t["id"] for t in tokenizer["added_tokens"]}
    tokens = [f"<unused{n}>" for n in range(VOCAB)]
    kinds = [gguf.TokenType.UNUSED] * VOCAB
    for token, number in vocabulary.items():
        tokens[number], kinds[number] = token, gguf.TokenType.NORMAL
    for token in tokenizer["added_tokens"]:
        kinds[token["id"]] = gguf.TokenType.CONTROL
    writer = gguf.GGUFWriter(place, "qwen2")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INNER)
    writer.add_block_count(2)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in tokenizer["model"]["merges"]])
    eos = about.get("eos_token")
    writer.add_eos_token_id(vocabulary[eos if isinstance(eos, str) else eos["content"]])
    writer.add_chat_template("{% for m in messages %}{{ m.content }}{% endfor %}")
    for name, tensor in weights().items():
        quantised = gguf.GGMLQuantizationType.F32 if tensor.ndim == 1 else kind
        writer.add_tensor(gguf_name(name), gguf.quants.quantize(tensor, quantised), raw_dtype=quantised)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return place


def verify(path):
    ran = subprocess.run(
        [PROGRAM, "models", "verify", path, "--deep", "--offline", "--json"],
        capture_output=True, text=True,
    )
    report = json.loads(ran.stdout)
    assert (ran.returncode == 0) == report.get("sound", False), ran.stdout
    return report


def spoil(path):
    """The ways to damage a checkpoint: each changes a copy."""
    def file(copy):
        return copy if copy.is_file() else sorted(copy.glob("*.safetensors"))[-1]

    def cut(copy):
        place = file(copy)
        place.write_bytes(place.read_bytes()[:-1])

    def nan(copy):
        place = file(copy)
        if place.suffix == ".gguf":
            tensors = gguf.GGUFReader(place).tensors
            tensor = next(t for t in tensors if t.name == "blk.1.ffn_norm.weight")
            start, bad = int(tensor.data_offset), np.float32("nan").tobytes()
        else:
            bytes_ = place.read_bytes()
            length = int.from_bytes(bytes_[:8], "little")
            header = json.loads(bytes_[8:8 + length])
            # A value, or the scale of a packed weight.
            name, tensor = next(
                (name, tensor) for name, tensor in sorted(header.items())
                if tensor.get("dtype") in ("F32", "F16", "BF16") or name.endswith(".scales")
            )
            start = 8 + length + tensor["data_offsets"][0]
            bad = {"F32": b"\0\0\xc0\x7f", "F16": b"\0\x7e", "BF16": b"\xc0\x7f", "U8": b"\xff"}[tensor["dtype"]]
        with open(place, "r+b") as out:
            out.seek(start)
            out.write(bad)

    return {"cut": cut, "nan": nan}


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as temp:
        temp = pathlib.Path(temp)
        made = {}
        for dtype in ("float32", "float16"):
            for shards in (1, 3):
                name = f"safetensors-{dtype}-{shards}"
                made[name] = safetensors(temp / name, dtype, shards)
        source = made["safetensors-float32-1"]
        for bits in (2, 3, 4, 5, 6, 8):
            for group in (32, 64, 128):
                name = f"mlx-affine-{bits}-{group}"
                how = dict(quantize=True, q_bits=bits, q_group_size=group)
                made[name] = mlx(source, temp / name, **how)
        for mode in ("mxfp4", "mxfp8", "nvfp4"):
            made[f"mlx-{mode}"] = mlx(source, temp / f"mlx-{mode}", quantize=True, q_mode=mode, q_bits=None, q_group_size=None)
        made["mlx-bfloat16"] = mlx(source, temp / "mlx-bfloat16", dtype="bfloat16")
        for kind in gguf.GGMLQuantizationType:
            try:
                gguf.quants.quantize(np.zeros((2, 256), np.float32), kind)
            except (NotImplementedError, KeyError):
                continue
            if kind.name in ("TQ1_0", "TQ2_0", "F64", "I8", "I16", "I32", "I64", "Q1_0", "NVFP4"):
                continue
            made[f"gguf-{kind.name}"] = gguf_file(temp / f"{kind.name}.gguf", kind)
        for name, path in made.items():
            report = verify(path)
            wrong = [c for c in report.get("checks", []) if c["status"] == "failed"] or report.get("error")
            if wrong:
                failed += 1
                print(f"FAIL  {name} is sound, but: {wrong}")
            for way, damage in spoil(path).items():
                copy = temp / "damaged" / path.name
                shutil.copytree(path, copy) if path.is_dir() else (copy.parent.mkdir(exist_ok=True), shutil.copy(path, copy))
                damage(copy)
                if verify(copy).get("sound"):
                    failed += 1
                    print(f"FAIL  {name} was damaged ({way}) and is found sound")
                shutil.rmtree(copy.parent)
            print(f"ok    {name}" if not wrong else f"      {name}")
    print(f"{len(made)} checkpoints, each whole and damaged in two ways; {failed} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
