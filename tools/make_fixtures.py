"""Makes the tiny checkpoints of crates/inference/tests/fixtures, and what the
reference implementations compute with them.

Run it with Python 3.11 in a fresh environment. These versions give the same
files, byte for byte, when run again on one machine:

    python -m venv fixtures-env
    fixtures-env/bin/pip install torch==2.15.0 transformers==5.23.0 gguf==0.19.0 \\
        safetensors==0.8.0 tokenizers==0.23.3 numpy==2.4.6
    fixtures-env/bin/python tools/make_fixtures.py

Weights are random with fixed seeds. Each folder gets a `golden.json`: the
tokens of a prompt, the logits of its last positions, 32 greedy tokens after
it, the same for a prompt far longer (all by transformers in f32, with its
cache of keys and values), the token numbers of some texts and a conversation
as the chat template renders it. Quantised weights are made first and
dequantised by gguf-py for the reference. The checkpoints differ in what real
models differ in: the base and the scaling of positions, the size of a head,
the old and the new way to write config.json.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

FOLDER = Path(__file__).resolve().parent.parent / "crates/inference/tests/fixtures"
VOCAB = 320
PROMPT = [72, 101, 108, 108, 111, 44, 32, 119, 111, 114, 108, 100]
# Beyond one part of a prompt and one step of the cache's growth.
LONG_PROMPT = [(7 * place + place // 50) % 256 for place in range(600)]
GREEDY = 32
LONG_GREEDY = 8
# Sound implementations in f32 differ by some 1e-5: no golden token may hang on
# a difference near that.
LEAST_MARGIN = 5e-4
QWEN2_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TEXTS = [
    "def main():\n    return 42\n",
    "naïve café — 你好 😀",
    "a  b\t\tc\r\n\r\nd",
    "It's <|im_start|>user<|im_end|> here",
    "",
]
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is 1 + 1?"},
]
SMALL = dict(
    hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, vocab_size=VOCAB, max_position_embeddings=4096, rms_norm_eps=1e-6,
)
# The rows of K-quants are blocks of 256.
WIDE = SMALL | dict(
    hidden_size=256, intermediate_size=256, num_hidden_layers=1, num_key_value_heads=1,
)


def make_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN2_PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB - 3,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    words = "the function returns a value and the model reads the file def return import for in class self "
    tokenizer.train_from_iterator([words * 20], trainer)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    assert tokenizer.get_vocab_size() <= VOCAB
    return tokenizer


def fast(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", chat_template=CHAT_TEMPLATE
    )


def randomised(model, seed: int):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("norm.weight"):
                parameter.copy_(1 + 0.1 * torch.randn(parameter.shape, generator=generator))
            else:
                parameter.copy_(0.15 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def write_golden(folder: Path, model, tokenizer: Tokenizer, name: str = "golden.json") -> None:
    # A new model, since casting this one cast its table of rotations too.
    weights = {key: value.float() for key, value in model.state_dict().items()}
    model = type(model)(model.config).float().eval()
    with torch.no_grad():
        model.load_state_dict(weights)
        logits, greedy = continued(model, PROMPT, GREEDY)
        long_logits, long_greedy = continued(model, LONG_PROMPT, LONG_GREEDY)
    wrapped = fast(tokenizer)
    golden = {
        "prompt": PROMPT,
        "logits": rounded(logits[-3:]),
        "greedy": greedy,
        "long_prompt": LONG_PROMPT,
        "long_logits": rounded(long_logits[-1:]),
        "long_greedy": long_greedy,
        "texts": [
            {"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids}
            for text in TEXTS
        ],
        "messages": MESSAGES,
        "rendered": wrapped.apply_chat_template(MESSAGES, tokenize=False, add_generation_prompt=True),
    }
    (folder / name).write_text(json.dumps(golden, ensure_ascii=False) + "\n")


def continued(model, prompt: list[int], count: int):
    """The logits of the prompt, and the likeliest tokens after it."""
    result = model(torch.tensor([prompt]), use_cache=True)
    logits, greedy = result.logits[0], []
    while True:
        first, second = result.logits[0, -1].topk(2).values.tolist()
        assert first - second > LEAST_MARGIN, "take another seed"
        greedy.append(int(result.logits[0, -1].argmax()))
        if len(greedy) == count:
            return logits, greedy
        result = model(
            torch.tensor([greedy[-1:]]), past_key_values=result.past_key_values, use_cache=True
        )


def rounded(logits) -> list[list[float]]:
    return [[round(float(x), 6) for x in row] for row in logits]


def write_folder(name: str, model, tokenizer: Tokenizer, dtype: torch.dtype, shards: int = 1, old: bool = False) -> None:
    folder = fresh(name)
    model = model.to(dtype)
    tied = model.config.tie_word_embeddings
    state = {
        key: value.contiguous() for key, value in model.state_dict().items()
        if not (tied and key == "lm_head.weight")
    }
    if shards == 1:
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    else:
        names = sorted(state)
        weight_map = {}
        for shard in range(shards):
            file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
            part = {key: state[key] for key in names[shard::shards]}
            save_file(part, folder / file, metadata={"format": "pt"})
            weight_map |= dict.fromkeys(part, file)
        index = {"metadata": {}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
    config = model.config.to_dict()
    config["torch_dtype"] = str(dtype).removeprefix("torch.")
    if old:
        # As most published models write it.
        config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
        config["rope_scaling"] = None
    (folder / "config.json").write_text(json.dumps(config, indent=1, default=str) + "\n")
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {"eos_token": "<|im_end|>", "chat_template": CHAT_TEMPLATE})
    write_json(folder / "generation_config.json", {"eos_token_id": [VOCAB - 1]})
    write_golden(folder, model, tokenizer)


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


def fresh(name: str) -> Path:
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def gguf_name(key: str) -> str:
    names = {
        "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
        "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
    }
    body, kind = key.rsplit(".", 1)
    if body.startswith("model.layers."):
        layer, part = body.removeprefix("model.layers.").split(".", 1)
        return f"blk.{layer}.{names[part]}.{kind}"
    return f"{names[body]}.{kind}"


def random_blocks(shape, kind, rng) -> np.ndarray:
    """Valid blocks of a K-quant with weights of a usual size."""
    rows = int(np.prod(shape[:-1]))
    blocks = rows * shape[-1] // 256
    halves = lambda low, high: rng.uniform(low, high, (blocks, 1)).astype(np.float16).view(np.uint8)
    noise = lambda count: rng.integers(0, 256, (blocks, count), dtype=np.uint8)
    if kind == gguf.GGMLQuantizationType.Q4_K:
        data = np.concatenate([halves(2e-4, 8e-4), halves(2e-3, 6e-3), noise(12), noise(128)], axis=1)
    else:
        scales = rng.integers(-60, 60, (blocks, 16), dtype=np.int8).view(np.uint8)
        data = np.concatenate([noise(128), noise(64), scales, halves(1e-4, 3e-4)], axis=1)
    return data.reshape(*shape[:-1], -1)


def llama3_factors(rope: dict, head_dim: int) -> np.ndarray:
    """The table that llama.cpp's converter writes for Llama 3.1 and later."""
    factors = []
    for pair in range(head_dim // 2):
        wavelength = 2 * np.pi * rope["rope_theta"] ** (2 * pair / head_dim)
        turns = rope["original_max_position_embeddings"] / wavelength
        low, high = rope["low_freq_factor"], rope["high_freq_factor"]
        smooth = min(max((turns - low) / (high - low), 0), 1)
        factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def permuted(weight: np.ndarray, heads: int) -> np.ndarray:
    """The order of rows that llama.cpp gives Llama's query and key."""
    halves = weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:])
    return halves.swapaxes(1, 2).reshape(weight.shape)


def write_gguf(name: str, arch: str, model, tokenizer: Tokenizer, kind: gguf.GGMLQuantizationType, seed: int) -> None:
    folder = fresh(name)
    config = model.config
    rng = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(str(folder / "model.gguf"), arch)
    writer.add_name(name)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_rope_dimension_count(head_dim)
    rope = config.rope_parameters
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    elif rope["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(rope, head_dim))
    write_gguf_tokenizer(writer, tokenizer)
    state = model.state_dict()
    wide = kind in (gguf.GGMLQuantizationType.Q4_K, gguf.GGMLQuantizationType.Q6_K)
    for key, value in list(state.items()):
        if config.tie_word_embeddings and key == "lm_head.weight":
            continue
        weight = value.float().numpy()
        if weight.ndim == 1:
            writer.add_tensor(gguf_name(key), weight)
            continue
        rows = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
        heads = next((n for part, n in rows.items() if arch == "llama" and part in key), None)
        if heads:
            weight = permuted(weight, heads)
        if wide:
            data = random_blocks(weight.shape, kind, rng)
        else:
            data = gguf.quants.quantize(weight, kind)
        writer.add_tensor(gguf_name(key), data, raw_dtype=kind)
        back = gguf.quants.dequantize(data, kind).reshape(weight.shape).astype(np.float32)
        if heads:
            inverse = np.argsort(permuted(np.arange(back.shape[0]), heads))
            back = back[inverse]
        state[key].copy_(torch.from_numpy(back.copy()))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    model.load_state_dict(state)
    write_golden(folder, model, tokenizer)


def write_gguf_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    saved = json.loads(tokenizer.to_str())
    tokens = [f"[unused{number}]" for number in range(VOCAB)]
    kinds = [gguf.TokenType.UNUSED] * VOCAB
    for token, number in saved["model"]["vocab"].items():
        tokens[number], kinds[number] = token, gguf.TokenType.NORMAL
    for added in saved["added_tokens"]:
        tokens[added["id"]], kinds[added["id"]] = added["content"], gguf.TokenType.CONTROL
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in saved["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_chat_template(CHAT_TEMPLATE)


def main() -> None:
    torch.set_default_dtype(torch.float32)
    tokenizer = make_tokenizer()
    qwen2 = lambda sizes, seed, **more: randomised(
        Qwen2ForCausalLM(Qwen2Config(**sizes, tie_word_embeddings=True, **more)), seed
    )
    llama = lambda seed: randomised(LlamaForCausalLM(LlamaConfig(
        **(SMALL | dict(rms_norm_eps=1e-5)), head_dim=32, tie_word_embeddings=False, rope_parameters=llama3,
    )), seed)
    # The first numbers turn as before, the last are stretched in full, some are between.
    llama3 = {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64, "rope_theta": 500000.0,
    }
    far = dict(rope_parameters={"rope_type": "default", "rope_theta": 1000000.0})
    linear = dict(rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0})
    with torch.no_grad():
        write_folder("qwen2-f32", qwen2(SMALL, 1, **far), tokenizer, torch.float32, old=True)
        write_folder("qwen2-f16", qwen2(SMALL, 2, **linear), tokenizer, torch.float16)
        write_folder("qwen2-bf16", qwen2(SMALL, 3), tokenizer, torch.bfloat16)
        write_folder("llama-f32-sharded", llama(4), tokenizer, torch.float32, shards=2)
        kinds = gguf.GGMLQuantizationType
        small = [(kinds.F32, far), (kinds.F16, {}), (kinds.Q8_0, {}), (kinds.Q4_0, linear)]
        for number, (kind, rope) in enumerate(small):
            name = f"qwen2-gguf-{kind.name.lower()}"
            write_gguf(name, "qwen2", qwen2(SMALL, 10 + number, **rope), tokenizer, kind, number)
        for number, kind in enumerate([kinds.Q4_K, kinds.Q6_K]):
            name = f"qwen2-gguf-{kind.name.lower()}"
            write_gguf(name, "qwen2", qwen2(WIDE, 20 + number), tokenizer, kind, number)
        write_gguf("llama-gguf-q8_0", "llama", llama(30), tokenizer, kinds.Q8_0, 9)


main()
