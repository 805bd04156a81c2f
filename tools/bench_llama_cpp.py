"""Measures llama.cpp on a GGUF file as `mlx-code bench` measures ours.

    python -m venv llama-env
    CMAKE_ARGS="-DGGML_NATIVE=ON" llama-env/bin/pip install --no-binary llama-cpp-python llama-cpp-python
    llama-env/bin/python tools/bench_llama_cpp.py MODEL.gguf --threads 2

GCC 12 takes most of the configuration that llama.cpp's AMX code loads for dead
and leaves it out, which ends the program on such machines. With `-fno-tree-dse
-fno-dse` among the flags for C++ it stays.

The prompt is one batch, then single tokens follow; nothing is sampled or
turned into text. The cache is cleared between runs. `--no-repack` keeps the
weights as the file has them. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import statistics
import time
from pathlib import Path

import llama_cpp


def resident_bytes(name: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), None)


class Run:
    def __init__(self, context: object, vocabulary: int) -> None:
        self.context, self.vocabulary, self.state = context, vocabulary, 1

    def tokens(self, count: int) -> ctypes.Array:
        numbers = []
        for _ in range(count):
            self.state = (self.state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
            numbers.append((self.state >> 33) % self.vocabulary)
        return (llama_cpp.llama_token * count)(*numbers)

    def decode(self, tokens: ctypes.Array) -> None:
        batch = llama_cpp.llama_batch_get_one(tokens, len(tokens))
        code = llama_cpp.llama_decode(self.context, batch)
        if code != 0:
            raise RuntimeError(f"llama_decode ended with {code}")
        llama_cpp.llama_synchronize(self.context)

    def measure(self, prompt: int, steps: int) -> tuple[float, float]:
        """Seconds of the prompt, and of all steps after it."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)
        tokens, singles = self.tokens(prompt), [self.tokens(1) for _ in range(steps)]
        start = time.perf_counter()
        self.decode(tokens)
        middle = time.perf_counter()
        for single in singles:
            self.decode(single)
        return middle - start, time.perf_counter() - middle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--generate-tokens", type=int, default=128)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--no-repack", action="store_true")
    arguments = parser.parse_args()

    silent = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(silent, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    start = time.perf_counter()
    model_parameters = llama_cpp.llama_model_default_params()
    model_parameters.n_gpu_layers = 0
    model_parameters.use_extra_bufts = not arguments.no_repack
    model = llama_cpp.llama_model_load_from_file(arguments.model.encode(), model_parameters)
    if not model:
        raise SystemExit(f"llama.cpp cannot load {arguments.model}")
    parameters = llama_cpp.llama_context_default_params()
    parameters.n_ctx = arguments.prompt_tokens + arguments.generate_tokens + 1
    parameters.n_batch = max(arguments.prompt_tokens, 512)
    parameters.n_threads = parameters.n_threads_batch = arguments.threads
    context = llama_cpp.llama_init_from_model(model, parameters)
    load = time.perf_counter() - start
    loaded = resident_bytes("VmRSS:")

    vocabulary = llama_cpp.llama_n_vocab(llama_cpp.llama_model_get_vocab(model))
    run = Run(context, vocabulary)
    run.measure(min(128, arguments.prompt_tokens), min(2, arguments.generate_tokens))
    runs = [
        run.measure(arguments.prompt_tokens, arguments.generate_tokens)
        for _ in range(arguments.repeat)
    ]
    prefill = statistics.median(prompt for prompt, _ in runs)
    decode = statistics.median(steps for _, steps in runs)
    print(json.dumps({
        "version": f"llama-cpp-python {llama_cpp.__version__}",
        "tier": llama_cpp.llama_print_system_info().decode().strip(),
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
