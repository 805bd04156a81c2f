"""The configurations, and the weights that each needs.

The list of weights is in crates/inference/tests/it/checkpoint/weights.rs too;
the configurations reach the Rust tests through the index.
"""

from __future__ import annotations

from dataclasses import dataclass

VOCAB = 320
ODD_VOCAB = 331


@dataclass(frozen=True)
class Weight:
    """A weight of a model, as no format has it: `[..., out, in]` and two names
    without `.weight`. `kind` is matrix, experts, router, norm or bias."""

    folder: str
    gguf: str
    shape: tuple[int, ...]
    kind: str


WIDE = dict(hidden_size=256, intermediate_size=512, num_attention_heads=4, num_key_value_heads=2, head_dim=64, vocab_size=VOCAB)
# 32 is the only usual block that divides these, and an odd number of times;
# the rows fill no tile.
NARROW = dict(hidden_size=96, intermediate_size=352, num_attention_heads=3, num_key_value_heads=1, head_dim=32, vocab_size=ODD_VOCAB)
COMMON = dict(
    num_hidden_layers=2, max_position_embeddings=8192, rms_norm_eps=1e-5, hidden_act="silu",
    attention_bias=False, attention_dropout=0.0, use_cache=True, rope_scaling=None,
)
LLAMA3 = dict(
    rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=512,
)
YARN = dict(type="yarn", factor=4.0, original_max_position_embeddings=512)


def config(model_type: str, architecture: str, sizes: dict, **more) -> dict:
    return dict(architectures=[architecture], model_type=model_type) | COMMON | sizes | more


def configs() -> dict[str, dict]:
    llama = lambda sizes, **more: config(
        "llama", "LlamaForCausalLM", sizes, mlp_bias=False, tie_word_embeddings=False, **more)
    mistral = lambda sizes, **more: config(
        "mistral", "MistralForCausalLM", sizes, tie_word_embeddings=False, rope_theta=1e6, **more)
    qwen2 = lambda sizes, **more: config(
        "qwen2", "Qwen2ForCausalLM", sizes, rms_norm_eps=1e-6, rope_theta=1e6, tie_word_embeddings=True,
        use_sliding_window=False, sliding_window=None, max_window_layers=2) | more
    qwen3 = lambda sizes, tied: config(
        "qwen3", "Qwen3ForCausalLM", sizes, rms_norm_eps=1e-6, rope_theta=1e6, tie_word_embeddings=tied,
        use_sliding_window=False, sliding_window=None, max_window_layers=2)
    moe = lambda sizes, inner: config(
        "qwen3_moe", "Qwen3MoeForCausalLM", sizes, rms_norm_eps=1e-6, rope_theta=1e7, tie_word_embeddings=False,
        use_sliding_window=False, sliding_window=None, max_window_layers=2, decoder_sparse_step=1,
        mlp_only_layers=[], moe_intermediate_size=inner, norm_topk_prob=True, num_experts=8,
        num_experts_per_tok=2)
    return {
        "llama-wide": llama(WIDE, rope_theta=500000.0) | dict(rope_scaling=LLAMA3),
        "llama-narrow": llama(NARROW, rope_theta=10000.0),
        "mistral-wide": mistral(WIDE | dict(num_key_value_heads=1), sliding_window=None),
        "mistral-narrow": mistral(NARROW | dict(num_key_value_heads=3), sliding_window=None),
        "mistral-window": mistral(NARROW, sliding_window=64),
        "qwen2-wide": qwen2(WIDE),
        "qwen2-narrow": qwen2(NARROW),
        "qwen2-yarn": qwen2(NARROW, rope_scaling=YARN),
        "qwen3-wide": qwen3(WIDE | dict(head_dim=128), False),
        "qwen3-narrow": qwen3(NARROW | dict(head_dim=64), True),
        "qwen3_moe-wide": moe(WIDE | dict(head_dim=128, num_key_value_heads=1), 256),
        "qwen3_moe-narrow": moe(NARROW | dict(head_dim=64), 160),
    }


def weights(config: dict) -> list[Weight]:
    hidden, vocab, head = config["hidden_size"], config["vocab_size"], config["head_dim"]
    query, key = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
    experts = config.get("num_experts")
    inner = config["moe_intermediate_size"] if experts else config["intermediate_size"]
    found = [Weight("model.embed_tokens", "token_embd", (vocab, hidden), "matrix")]
    for number in range(config["num_hidden_layers"]):
        add = lambda folder, gguf, shape, kind: found.append(
            Weight(f"model.layers.{number}.{folder}", f"blk.{number}.{gguf}", shape, kind))
        add("input_layernorm", "attn_norm", (hidden,), "norm")
        for part, rows in (("q", query), ("k", key), ("v", key)):
            add(f"self_attn.{part}_proj", f"attn_{part}", (rows, hidden), "matrix")
            if config["model_type"] == "qwen2":
                add(f"self_attn.{part}_proj", f"attn_{part}", (rows,), "bias")
        add("self_attn.o_proj", "attn_output", (hidden, query), "matrix")
        if config["model_type"].startswith("qwen3"):
            add("self_attn.q_norm", "attn_q_norm", (head,), "norm")
            add("self_attn.k_norm", "attn_k_norm", (head,), "norm")
        add("post_attention_layernorm", "ffn_norm", (hidden,), "norm")
        if experts:
            add("mlp.gate", "ffn_gate_inp", (experts, hidden), "router")
        for part, shape in (("gate", (inner, hidden)), ("up", (inner, hidden)), ("down", (hidden, inner))):
            if experts:
                add(f"mlp.experts.{part}_proj", f"ffn_{part}_exps", (experts, *shape), "experts")
            else:
                add(f"mlp.{part}_proj", f"ffn_{part}", shape, "matrix")
    found.append(Weight("model.norm", "output_norm", (hidden,), "norm"))
    if not config["tie_word_embeddings"]:
        found.append(Weight("lm_head", "output", (vocab, hidden), "matrix"))
    return found
