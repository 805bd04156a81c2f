"""Compares the vectors of mlx-code with those of model2vec, on small random models.

    pip install model2vec tokenizers
    python tools/check_static_embeddings.py

Models with and without weights, a mapping, normalising and half precision are
made, and texts of the repository are put to both programs.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from model2vec import StaticModel
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.trainers import WordPieceTrainer

ROOT = Path(__file__).resolve().parents[1]
FORMS = [
    {},
    {"normalize": True},
    {"weights": True},
    {"mapping": True, "weights": True, "normalize": True},
    {"half": True},
    {"max_length": 8},
]


def tokenizer(texts: list[str]) -> Tokenizer:
    made = Tokenizer(WordPiece(unk_token="[UNK]"))
    made.normalizer = BertNormalizer()
    made.pre_tokenizer = BertPreTokenizer()
    made.train_from_iterator(texts, WordPieceTrainer(vocab_size=900, special_tokens=["[UNK]", "[PAD]"]))
    return made


def main() -> None:
    texts = [text for file in sorted((ROOT / "docs").glob("*.md"))[:8] for text in file.read_text().split("\n\n")]
    texts += ["", "日本語 only", "fn open_port(n: u16) -> Port { }", "word " * 2000]
    words = tokenizer(texts)
    count = words.get_vocab_size()
    numbers = np.random.default_rng(7)
    for form in FORMS:
        rows = 100 if form.get("mapping") else count
        table = numbers.standard_normal((rows, 24)).astype(np.float16 if form.get("half") else np.float32)
        weights = numbers.random(count) if form.get("weights") else None
        mapping = numbers.integers(0, rows, count) if form.get("mapping") else None
        options = {"max_length": form["max_length"]} if "max_length" in form else {}
        model = StaticModel(table, words, normalize=form.get("normalize", False), weights=weights, token_mapping=mapping, **options)
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            command = ["cargo", "run", "--quiet", "-p", "mlxcode-models", "--example", "embed", "--", folder]
            asked = "".join(json.dumps(text) + "\n" for text in texts)
            answer = subprocess.run(command, cwd=ROOT, input=asked, capture_output=True, text=True, check=True)
            ours = np.array([json.loads(line) for line in answer.stdout.splitlines()])
        theirs = np.asarray(model.encode(texts), dtype=np.float64)
        worst = float(np.abs(ours - theirs).max())
        print(f"{form or 'plain'}: {len(texts)} texts, largest difference {worst:.1e}")
        assert ours.shape == theirs.shape and worst < (2e-3 if form.get("half") else 1e-5), form


if __name__ == "__main__":
    main()
