"""Computes what crates/inference/tests/golden/encoder.json holds: tiny random
models like BERT, as sentence-transformers reads them, and the vectors that it
makes of some texts, in f32.

    python -m venv goldens-env
    goldens-env/bin/pip install torch==2.15.0 transformers==5.23.0 \\
        tokenizers==0.23.3 safetensors==0.8.0 numpy==2.4.6 sentence-transformers==6.2.0
    goldens-env/bin/python tools/make_encoder_goldens.py

The weights are not kept. Their bytes follow from the names of the models and
of the weights (tools/goldens/noise.py), and the tests make them again.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from goldens.noise import Field, bytes_of
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from tokenizers.models import Unigram, WordPiece
from tokenizers.normalizers import NFKC, BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, Metaspace
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import UnigramTrainer, WordPieceTrainer
from transformers import AutoConfig, AutoModel

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "crates/inference/tests/golden/encoder.json"
TEXTS = [
    "open the port of a server",
    "fn open_port(n: u16) -> Port { Port::new(n) }",
    "",
    "  Grüße, 日本語 and SPACES around  ",
    "a " * 90,
    "one",
    "The quick brown fox jumps over the lazy dog, and the model reads each word of it in its place.",
]
SMALL = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, vocab_size=400, type_vocab_size=2)
MEAN = {"pooling_mode_mean_tokens": True}
# Of each: the configuration, the pooling, and what else the folder holds.
MODELS = {
    "bert": (dict(SMALL, model_type="bert", num_attention_heads=2, max_position_embeddings=64), MEAN, {}),
    "bert-first": (
        dict(SMALL, model_type="bert", num_attention_heads=4, max_position_embeddings=48),
        {"pooling_mode_cls_token": True},
        {"normalize": True, "sentence_bert_config.json": {"max_seq_length": 24, "do_lower_case": False},
         "config_sentence_transformers.json": {"prompts": {"query": "query: ", "document": "passage: "}}},
    ),
    "bert-bare": (
        dict(SMALL, model_type="bert", num_attention_heads=2, max_position_embeddings=64, hidden_act="gelu_new"), None, {}),
    "roberta": (
        dict(SMALL, model_type="roberta", num_attention_heads=2, max_position_embeddings=50, type_vocab_size=1,
             pad_token_id=1, layer_norm_eps=1e-5, hidden_act="relu"), {"pooling_mode_max_tokens": True}, {}),
    "xlm-roberta": (
        dict(SMALL, model_type="xlm-roberta", num_attention_heads=2, max_position_embeddings=66, type_vocab_size=1,
             pad_token_id=1, layer_norm_eps=1e-5), MEAN, {"normalize": True}),
}


def tokenizers() -> dict[str, Tokenizer]:
    texts = [text for file in sorted((ROOT / "docs").glob("*.md"))[:4] for text in file.read_text().split("\n\n")]
    pieces = Tokenizer(WordPiece(unk_token="[UNK]"))
    pieces.normalizer, pieces.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    pieces.train_from_iterator(texts, WordPieceTrainer(vocab_size=380, special_tokens=special, limit_alphabet=60))
    pieces.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    # As published ones have it: it must not be followed.
    pieces.enable_truncation(max_length=12)
    pieces.enable_padding(length=12, pad_id=0, pad_token="[PAD]")
    parts = Tokenizer(Unigram())
    parts.normalizer, parts.pre_tokenizer = NFKC(), Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    parts.train_from_iterator(texts, UnigramTrainer(vocab_size=380, special_tokens=special, unk_token="<unk>"))
    parts.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return {"pieces": pieces, "parts": parts}


def weight(model: str, name: str, shape: tuple[int, ...]) -> np.ndarray:
    is_norm = name.endswith("LayerNorm.weight")
    exponent, spread, signed = (-1, 1, False) if is_norm else (-4, 3, True)
    size = 4 * int(np.prod(shape))
    data = bytes_of(f"encoder/{model}/{name}", size, [Field("F32", exponent, spread, signed)])
    return data.view("<f4").reshape(shape)


def golden(name: str, config: dict, pooling: dict | None, more: dict, words: dict[str, Tokenizer]) -> dict:
    kind = "pieces" if config["model_type"] == "bert" else "parts"
    empty = AutoModel.from_config(AutoConfig.for_model(**config), add_pooling_layer=False)
    names = {key: list(value.shape) for key, value in empty.state_dict().items() if value.is_floating_point()}
    files = {"config.json": config}
    marks = ("[PAD]", "[UNK]", "[CLS]", "[SEP]") if kind == "pieces" else ("<pad>", "<unk>", "<s>", "</s>")
    keys = ("pad_token", "unk_token", "cls_token", "sep_token")
    files["tokenizer_config.json"] = dict(zip(keys, marks), tokenizer_class="PreTrainedTokenizerFast")
    if kind == "parts":
        files["tokenizer_config.json"]["model_max_length"] = config["max_position_embeddings"] - 2
    if pooling is not None:
        modules = [("Transformer", ""), ("Pooling", "1_Pooling")] + ([("Normalize", "2_Normalize")] if more.get("normalize") else [])
        files["modules.json"] = [
            {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{module}"}
            for number, (module, path) in enumerate(modules)]
        files["1_Pooling/config.json"] = dict(pooling, word_embedding_dimension=config["hidden_size"])
        if "pooling_mode_mean_tokens" not in pooling:
            files["1_Pooling/config.json"]["pooling_mode_mean_tokens"] = False
    files.update({key: value for key, value in more.items() if key.endswith(".json")})
    with tempfile.TemporaryDirectory() as temp:
        folder = Path(temp)
        for path, text in files.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(json.dumps(text))
        (folder / "2_Normalize").mkdir()
        words[kind].save(str(folder / "tokenizer.json"))
        tensors = {key: torch.from_numpy(weight(name, key, tuple(shape)).copy()) for key, shape in names.items()}
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        model = SentenceTransformer(str(folder), device="cpu")
        assert model[0].auto_model.dtype == torch.float32
        model.eval()
        has_prompts = bool(model.prompts and any(model.prompts.values()))
        passages = model.encode(TEXTS, prompt=model.prompts["document"] if has_prompts else None)
        queries = model.encode(TEXTS, prompt=model.prompts["query"] if has_prompts else None)
        most = model.get_max_seq_length()
    print(f"{name:12} {len(names)} weights, {most} tokens, spread {float(np.std(passages)):.3f},",
          f"texts apart by {float(np.abs(passages[0] - passages[1]).max()):.3f}")
    rounded = lambda rows: [[round(float(number), 6) for number in row] for row in rows]
    found = dict(files=files, tokenizer=kind, weights=names, passages=rounded(passages))
    if has_prompts:
        found["queries"] = rounded(queries[:2])
    return found


def main() -> None:
    words = tokenizers()
    models = {name: golden(name, *rest, words) for name, rest in MODELS.items()}
    kept = dict(texts=TEXTS, tokenizers={name: json.loads(one.to_str()) for name, one in words.items()}, models=models)
    lines = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    PLACE.write_text(lines + "\n")
    print(f"{PLACE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
