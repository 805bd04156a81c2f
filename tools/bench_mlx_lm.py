"""Measures mlx-lm on a model folder as `mlx-code bench` measures ours.

    python -m venv mlx-env
    mlx-env/bin/pip install "mlx[cpu]" mlx-lm
    mlx-env/bin/python tools/bench_mlx_lm.py FOLDER --prompt-tokens 16 --generate-tokens 4

It runs on the processor; the number of threads is OMP_NUM_THREADS. On Linux it
is slow, so that few tokens suffice. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from pathlib import Path

import mlx.core as mx
from mlx_lm.models.cache import make_prompt_cache
from mlx_lm.utils import load_model


def resident_bytes(name: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--generate-tokens", type=int, default=128)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()

    mx.set_default_device(mx.cpu)
    start = time.perf_counter()
    model, config = load_model(Path(arguments.model))
    mx.eval(model.parameters())
    load = time.perf_counter() - start
    loaded = resident_bytes("VmRSS:")

    def measure(prompt: int, steps: int) -> tuple[float, float]:
        """Seconds of the prompt, and of all steps after it."""
        cache = make_prompt_cache(model)
        tokens = mx.random.randint(0, config["vocab_size"], (1, prompt))
        mx.eval(tokens)
        start = time.perf_counter()
        token = mx.argmax(model(tokens, cache=cache)[:, -1:], axis=-1)
        mx.eval(token)
        middle = time.perf_counter()
        for _ in range(steps):
            token = mx.argmax(model(token, cache=cache)[:, -1:], axis=-1)
            mx.eval(token)
        return middle - start, time.perf_counter() - middle

    measure(1, 1)
    runs = [
        measure(arguments.prompt_tokens, arguments.generate_tokens)
        for _ in range(arguments.repeat)
    ]
    prefill = statistics.median(prompt for prompt, _ in runs)
    decode = statistics.median(steps for _, steps in runs)
    print(json.dumps({
        "version": f"mlx {mx.__version__}",
        "tier": "cpu",
        "threads": arguments.threads,
        "prompt_tokens": arguments.prompt_tokens,
        "generate_tokens": arguments.generate_tokens,
        "prefill_tokens_per_second": arguments.prompt_tokens / prefill,
        "decode_tokens_per_second": arguments.generate_tokens / decode,
        "load_ms": load * 1e3,
        "time_to_first_token_ms": prefill * 1e3,
        "loaded_resident_bytes": loaded,
        "peak_resident_bytes": resident_bytes("VmHWM:"),
    }))


if __name__ == "__main__":
    main()
