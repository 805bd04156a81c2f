"""Checks the providers against servers that others wrote, on loopback.

    python3 -m venv /tmp/peers
    /tmp/peers/bin/pip install mlx-lm 'mlx[cpu]' 'llama-cpp-python[server]'
    cargo test -p mlxcode-providers --test it --no-run
    /tmp/peers/bin/python tools/check_providers.py

Each server runs a tiny model of the tests' own, and is asked by the suite
`peers` of the crate: text in parts and in one piece, usage, stop texts,
cancelling, errors. A second interpreter may be named for llama-cpp-python.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "crates/inference/tests/fixtures"

# A server that does not answer within this time never will.
START_S = 120
# The suite takes seconds.
SUITE_S = 300


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def wait_for(url: str, server: subprocess.Popen) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if server.poll() is not None:
            raise SystemExit(f"the server ended with status {server.returncode}")
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit(f"the server does not answer at {url}")


def check(name: str, command: list[str], port: int, model: str) -> bool:
    with tempfile.TemporaryDirectory() as home:
        # Else it looks through, or fetches into, the cache of the user.
        (Path(home) / "hub").mkdir()
        quiet = {**os.environ, "HF_HOME": home, "HF_HUB_OFFLINE": "1"}
        with open(Path(home) / "log", "w") as log:
            server = subprocess.Popen(command, env=quiet, stdout=log, stderr=log)
            try:
                wait_for(f"http://127.0.0.1:{port}/v1/models", server)
                asked = {
                    **os.environ,
                    "MLXCODE_PEER_URL": f"http://127.0.0.1:{port}/v1",
                    "MLXCODE_PEER_MODEL": model,
                }
                suite = ["cargo", "test", "-q", "-p", "mlxcode-providers", "--test", "it", "--"]
                suite += ["--ignored", "--test-threads", "1", "peers::"]
                print(f"== {name}", flush=True)
                done = subprocess.run(suite, cwd=ROOT, env=asked, timeout=SUITE_S)
            finally:
                server.kill()
                server.wait()
    return done.returncode == 0


def main() -> None:
    other = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    folder = str(MODELS / "qwen2-bf16")
    port = free_port()
    mlx = [sys.executable, "-m", "mlx_lm", "server", "--model", folder, "--port", str(port)]
    good = check("mlx_lm.server", mlx, port, folder)
    port = free_port()
    file = str(MODELS / "qwen2-gguf-q8_0/model.gguf")
    llama = [other, "-m", "llama_cpp.server", "--model", file, "--model_alias", "m"]
    llama += ["--n_ctx", "4096", "--port", str(port)]
    good &= check("llama_cpp.server", llama, port, "m")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
