#!/usr/bin/env python3
"""Compares our tokenizers with llama.cpp, tokenizers and SentencePiece on code.

    cargo build --release --example reference -p mlxcode-models
    python3 -m venv reference-env
    reference-env/bin/pip install llama-cpp-python gguf numpy tokenizers sentencepiece
    reference-env/bin/python tools/compare_tokenizers.py VOCABULARIES [--megabytes 10]

VOCABULARIES holds llama.cpp's `models/ggml-vocab-*.gguf` (they come with the
source package of llama-cpp-python). The text is code in ten languages from the
folders named in SOURCES. Each vocabulary is read from GGUF by us and by
llama.cpp; those that have a published pattern are also read by the tokenizers
library, from a `tokenizer.json`. A SentencePiece vocabulary is trained on a
tenth of the text. Takes some minutes; any difference makes the script fail,
but for what EXPLAINED names.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata

import gguf
import llama_cpp
import numpy
import sentencepiece
import tokenizers

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ["/usr/lib", "/usr/share", "/usr/include", "~/.cargo/registry/src", sys.prefix]
LANGUAGES = {
    "python": ".py", "rust": ".rs", "c": ".c .h", "c++": ".cc .cpp .hpp", "javascript": ".js .mjs",
    "typescript": ".ts", "perl": ".pl .pm", "shell": ".sh", "go": ".go", "java": ".java",
    "ruby": ".rb", "markdown": ".md", "json": ".json", "toml": ".toml", "html": ".html",
}
# Texts are no longer than this: llama.cpp looks for merges of a long word slowly.
MOST_BYTES = 64 << 10

QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
# As Mistral publishes it; llama.cpp's own is an approximation.
TEKKEN = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"

# Vocabulary, the name of its way to cut, the published pattern, whether whole
# words are taken first, whether characters are composed.
BYTE_LEVEL = [
    ("qwen2", "qwen2", QWEN2, False, True),
    ("llama-bpe", "llama-bpe", LLAMA3, True, False),
    ("llama-bpe", "tekken", TEKKEN, True, False),
    ("gpt-2", "gpt-2", None, False, False),
    ("gpt-2", "default", None, False, False),
    ("deepseek-coder", "deepseek-coder", None, False, False),
    ("starcoder", "starcoder", None, False, False),
]
# Differences from llama.cpp alone, by the way to cut; none from the publishers.
EXPLAINED = {
    "qwen2": "the model's own tokenizer composes characters, llama.cpp does not",
    "tekken": "llama.cpp cuts by an approximation of the published pattern",
}


def gather(megabytes, seed=1):
    """Texts by language, about the same size for the ten that have most."""
    wanted = {ending: name for name, all in LANGUAGES.items() for ending in all.split()}
    files = collections.defaultdict(list)
    for source in SOURCES:
        for folder, _, names in os.walk(pathlib.Path(source).expanduser()):
            for name in names:
                language = wanted.get(os.path.splitext(name)[1])
                if language and len(files[language]) < 20000:
                    files[language].append(os.path.join(folder, name))
    budget = megabytes * 1_000_000 // 10
    texts = {}
    for language, places in files.items():
        places.sort()
        random.Random(seed).shuffle(places)
        taken, size = [], 0
        for place in places:
            if size >= budget:
                break
            try:
                text = pathlib.Path(place).read_bytes()[:MOST_BYTES].decode()
            except (OSError, UnicodeDecodeError):
                continue
            if text and "\0" not in text:
                taken.append(text)
                size += len(text.encode())
        texts[language] = (size, taken)
    best = sorted(texts.items(), key=lambda item: -item[1][0])[:10]
    print("text:", ", ".join(f"{name} {size / 1e6:.2f} MB" for name, (size, _) in best))
    return {name: taken for name, (_, taken) in best}


def write_model(place, fields, changes):
    """A model of one layer with the vocabulary of another file."""
    writer = gguf.GGUFWriter(place, "llama")
    values = {name: field for name, field in fields.items() if name.startswith("tokenizer.ggml.")}
    for name, field in values.items():
        kind = field.types[0]
        value = changes.pop(name, field.contents())
        writer.add_key_value(name, value, kind, field.types[-1] if kind == 9 else None)
    for name, value in changes.items():
        writer.add_string(name, value)
    rows = len(values["tokenizer.ggml.tokens"].data)
    layer(writer, rows)


def layer(writer, rows):
    width = 32
    writer.add_context_length(4096)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(width)
    writer.add_block_count(1)
    writer.add_head_count(1)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    zeros = lambda *shape: numpy.zeros(shape, dtype=numpy.float16)
    writer.add_tensor("token_embd.weight", zeros(rows, width))
    writer.add_tensor("output_norm.weight", zeros(width))
    for name in ["attn_norm", "ffn_norm"]:
        writer.add_tensor(f"blk.0.{name}.weight", zeros(width))
    for name in ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]:
        writer.add_tensor(f"blk.0.{name}.weight", zeros(width, width))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_folder(place, tokenizer, rows):
    """The same model as a folder, with this tokenizer."""
    width = 32
    place.mkdir()
    config = {
        "model_type": "llama", "hidden_size": width, "intermediate_size": width,
        "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": rows,
        "tie_word_embeddings": True,
    }
    (place / "config.json").write_text(json.dumps(config))
    tokenizer.save(str(place / "tokenizer.json"))
    shapes = {"model.embed_tokens": [rows, width], "model.norm": [width]}
    for name in ["input_layernorm", "post_attention_layernorm"]:
        shapes[f"model.layers.0.{name}"] = [width]
    for name in ["self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "mlp.gate", "mlp.up",
                 "mlp.down"]:
        shapes[f"model.layers.0.{name}_proj"] = [width, width]
    header, at = {}, 0
    for name, shape in shapes.items():
        end = at + 2 * int(numpy.prod(shape))
        header[f"{name}.weight"] = {"dtype": "F16", "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    data = len(text).to_bytes(8, "little") + text + bytes(at)
    (place / "model.safetensors").write_bytes(data)
    return str(place)


def ours(program, place, texts):
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    run = subprocess.run([program, "encode", place], input=lines, capture_output=True, text=True)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == len(texts), (answers[:1], run.stderr[-500:])
    return answers


def llama(place, texts):
    model = llama_cpp.Llama(model_path=str(place), vocab_only=True, verbose=False)
    return [model.tokenize(text.encode(), add_bos=False, special=False) for text in texts]


def tell(label, languages, found, expected, token):
    """Prints how many tokens there are and where the first difference is."""
    total, wrong, first = 0, 0, None
    for language, one, other in zip(languages, found, expected):
        total += len(other)
        if one != other:
            wrong += 1
            at = next((n for n, (a, b) in enumerate(zip(one, other)) if a != b), 0)
            show = lambda ids: [token(id) for id in ids[max(0, at - 2) : at + 5]]
            first = first or f"    {language}: ours {show(one)}\n    theirs {show(other)}"
    print(f"{'same' if not wrong else 'differs':8} {label}: {total} tokens, {wrong} of "
          f"{len(found)} texts differ", flush=True)
    if first:
        print(first)
    return wrong


def without_special(fields, texts):
    """Indices of the texts that spell out no special token."""
    tokens = fields["tokenizer.ggml.tokens"].contents()
    kinds = fields["tokenizer.ggml.token_type"].contents()
    special = [token for token, kind in zip(tokens, kinds) if kind in (2, 3, 4) and len(token) > 2]
    return [n for n, text in enumerate(texts) if not any(token in text for token in special)]


def byte_level(options, folder, languages, texts):
    failed = 0
    for vocabulary, name, pattern, whole, composed in BYTE_LEVEL:
        if options.cuts and name not in options.cuts:
            continue
        source = options.vocabularies / f"ggml-vocab-{vocabulary}.gguf"
        fields = gguf.GGUFReader(source).fields
        place = str(folder / f"{vocabulary}-{name}.gguf")
        write_model(place, fields, {"tokenizer.ggml.pre": name})
        keep = without_special(fields, texts)
        kept, words = [texts[n] for n in keep], [languages[n] for n in keep]
        found = ours(options.program, place, kept)
        tokens = fields["tokenizer.ggml.tokens"].contents()
        label = f"{vocabulary} cut as {name}"
        wrong = tell(f"{label}, llama.cpp", words, found, llama(place, kept), tokens.__getitem__)
        if wrong and name in EXPLAINED:
            print(f"    explained: {EXPLAINED[name]}")
            if composed:
                same = [n for n, text in enumerate(kept) if unicodedata.is_normalized("NFC", text)]
                pick = lambda all: [all[n] for n in same]
                wrong = tell(f"{label}, llama.cpp, composed texts", pick(words), pick(found),
                             llama(place, pick(kept)), tokens.__getitem__)
            else:
                wrong = 0
        failed += bool(wrong)
        if pattern:
            model = tokenizers.models.BPE(
                vocab={token: id for id, token in enumerate(tokens)},
                merges=[tuple(merge.split(" ")) for merge in
                        fields["tokenizer.ggml.merges"].contents()],
                ignore_merges=whole,
            )
            reference = tokenizers.Tokenizer(model)
            if composed:
                reference.normalizer = tokenizers.normalizers.NFC()
            reference.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([
                tokenizers.pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated"),
                tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ])
            expected = [one.ids for one in reference.encode_batch(kept, add_special_tokens=False)]
            failed += bool(tell(f"{label}, tokenizers", words, found, expected,
                                tokens.__getitem__))
            place = write_folder(folder / f"{vocabulary}-{name}", reference, len(tokens))
            found = ours(options.program, place, kept)
            failed += bool(tell(f"{label}, tokenizer.json, tokenizers", words, found, expected,
                                tokens.__getitem__))
    return failed


def sentence_piece(options, folder, languages, texts):
    """A trained vocabulary, and that of Llama 2 where there is one."""
    failed = 0
    prefix = str(folder / "pieces")
    lines = [line for text in texts[::10] for line in text.splitlines(keepends=False) if line]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=prefix, vocab_size=8000, model_type="bpe", hard_vocab_limit=False,
        byte_fallback=True, split_digits=True, normalization_rule_name="identity",
        remove_extra_whitespaces=False, allow_whitespace_only_pieces=True,
        character_coverage=0.9995, max_sentence_length=20000, minloglevel=2,
    )
    trained = sentencepiece.SentencePieceProcessor(model_file=prefix + ".model")
    place = str(folder / "pieces.gguf")
    writer = gguf.GGUFWriter(place, "llama")
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    count = trained.vocab_size()
    kinds = [
        2 if trained.is_unknown(id) else 3 if trained.is_control(id)
        else 6 if trained.is_byte(id) else 1
        for id in range(count)
    ]
    writer.add_token_list([trained.id_to_piece(id) for id in range(count)])
    writer.add_token_scores([trained.get_score(id) for id in range(count)])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    layer(writer, count)
    plain = [n for n, text in enumerate(texts) if not any(s in text for s in ("<s>", "</s>", "<unk>", "▁"))]
    kept, words = [texts[n] for n in plain], [languages[n] for n in plain]
    found = ours(options.program, place, kept)
    token = trained.id_to_piece
    expected = [trained.encode(text) for text in kept]
    failed += bool(tell("trained pieces, SentencePiece", words, found, expected, token))
    failed += bool(tell("trained pieces, llama.cpp", words, found, llama(place, kept), token))
    source = options.vocabularies / "ggml-vocab-llama-spm.gguf"
    fields = gguf.GGUFReader(source).fields
    place = str(folder / "llama-spm.gguf")
    write_model(place, fields, {})
    tokens = fields["tokenizer.ggml.tokens"].contents()
    found = ours(options.program, place, kept)
    failed += bool(tell("llama-spm, llama.cpp", words, found, llama(place, kept),
                        tokens.__getitem__))
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vocabularies", type=pathlib.Path)
    parser.add_argument("--megabytes", type=float, default=10)
    parser.add_argument("--only", choices=["bytes", "pieces"])
    parser.add_argument("--cuts", nargs="*", help="names of ways to cut, of those above")
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    parser.add_argument("--program", default=f"{target}/release/examples/reference")
    options = parser.parse_args()
    gathered = gather(options.megabytes)
    languages = [name for name, taken in gathered.items() for _ in taken]
    texts = [text for taken in gathered.values() for text in taken]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if options.only != "pieces":
            failed += byte_level(options, folder, languages, texts)
        if options.only != "bytes":
            failed += sentence_piece(options, folder, languages, texts)
    print("all the same, or explained" if not failed else f"{failed} comparisons differ")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
