"""Checks that Python's huggingface_hub and mlx-code share one cache.

Each reads what the other wrote, fetches nothing that is there, leaves the
other's half-done work alone, and waits for the other's lock. The hub is the
one of the tests, on loopback.

    python3 -m venv /tmp/interop
    /tmp/interop/bin/pip install huggingface_hub
    cargo xtask interop /tmp/interop/bin/python

`MLX_CODE` and `FAKE_HUB` name the programs, which the task builds.
"""

import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MLX_CODE = os.environ["MLX_CODE"]
FAKE_HUB = os.environ["FAKE_HUB"]
REPO = "org/name"

# What mlx-code fetches of the repository, and what it leaves.
WANTED = {
    "config.json": 300,
    "tokenizer.json": 40_000,
    "tokenizer_config.json": 700,
    "model.safetensors.index.json": 200,
    "model-00001-of-00002.safetensors": 3_000_000,
    "model-00002-of-00002.safetensors": 2_000_000,
}
LEFT = {"README.md": 100, "pytorch_model.bin": 20_000, "onnx/model.safetensors": 20_000}


def make_repo(folder: Path) -> None:
    noise = random.Random(7)
    for path, size in {**WANTED, **LEFT}.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(noise.randbytes(size))


@contextlib.contextmanager
def hub(folder: Path, *options: str):
    command = [FAKE_HUB, *options, f"{REPO}={folder}"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield running.stdout.readline().strip().removeprefix("HF_ENDPOINT=")
    finally:
        running.kill()
        running.wait()


def environment(home: Path, endpoint: str, offline: bool = False) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "MLX_CODE_HOME": str(home / "mlx-code"),
        "HF_HOME": str(home / "hf"),
        "HF_ENDPOINT": endpoint,
        "HF_HUB_OFFLINE": "1" if offline else "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }


def pull(env: dict[str, str]) -> dict:
    command = [MLX_CODE, "models", "pull", f"hf:{REPO}", "--no-install", "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["state"] == "done", document
    return document


def python(env: dict[str, str], code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def blobs(home: Path) -> dict[str, tuple[int, int]]:
    """Names with the inode and the time, which a second fetch would change."""
    folder = home / "hf/hub/models--org--name/blobs"
    found = {}
    for place in folder.iterdir():
        if not place.name.endswith((".incomplete", ".parts")):
            status = place.stat()
            found[place.name] = (status.st_ino, status.st_mtime_ns)
    return found


DOWNLOAD = f"""
from huggingface_hub import snapshot_download
print(snapshot_download({REPO!r}, allow_patterns={list(WANTED)!r}))
"""

SCAN = """
from huggingface_hub import scan_cache_dir
info = scan_cache_dir()
assert not info.warnings, info.warnings
(repo,) = info.repos
(revision,) = repo.revisions
print(repo.repo_id, *sorted(revision.refs), len(revision.files))
"""


def check_python_reads_ours(repo: Path, home: Path) -> None:
    with hub(repo) as endpoint:
        env = environment(home, endpoint)
        document = pull(env)
        before = blobs(home)
        # Online, it looks at every file's ETag and fetches none.
        snapshot = Path(python(env, DOWNLOAD))
        assert blobs(home) == before, "Python fetched what was there"
    offline = environment(home, endpoint, offline=True)
    assert Path(python(offline, DOWNLOAD)) == snapshot
    assert snapshot.name == document["commit"]
    for path in WANTED:
        assert (snapshot / path).read_bytes() == (repo / path).read_bytes(), path
    assert {str(p.relative_to(snapshot)) for p in snapshot.rglob("*")} == set(WANTED)
    found = python(offline, SCAN)
    assert found == f"{REPO} main {len(WANTED)}", found


def check_we_read_pythons(repo: Path, home: Path) -> None:
    with hub(repo) as endpoint:
        env = environment(home, endpoint)
        python(env, DOWNLOAD)
        before = blobs(home)
        pull(env)
        assert blobs(home) == before, "mlx-code fetched what was there"
    pull(environment(home, endpoint, offline=True))
    assert blobs(home) == before


def check_half_done_work(repo: Path, home: Path) -> None:
    folder = home / "hf/hub/models--org--name/blobs"
    with hub(repo, "--pace", "300000") as endpoint:
        env = environment(home, endpoint)
        command = [MLX_CODE, "models", "pull", f"hf:{REPO}", "--no-install"]
        running = subprocess.Popen(command, env=env)
        while not list(folder.glob("*.mlx-code.incomplete")) and running.poll() is None:
            time.sleep(0.05)
        time.sleep(0.5)
        running.kill()
        running.wait()
    partials = list(folder.glob("*.mlx-code.incomplete"))
    assert partials, "nothing was half done"
    (folder / f"{'0' * 64}.12345678.incomplete").write_bytes(b"half of something of Python's")
    with hub(repo) as endpoint:
        env = environment(home, endpoint)
        snapshot = Path(python(env, DOWNLOAD))
        for path in WANTED:
            assert (snapshot / path).read_bytes() == (repo / path).read_bytes(), path
        python(env, SCAN)
        before = blobs(home)
        pull(env)
        assert blobs(home) == before


LOCK = """
import sys, time
from huggingface_hub.utils import WeakFileLock
with WeakFileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def check_locks(repo: Path, home: Path) -> None:
    with hub(repo) as endpoint:
        env = environment(home, endpoint)
        locks = home / "hf/hub/.locks/models--org--name"
        locks.mkdir(parents=True)
        # The first file that is fetched of the model.
        blob = subprocess.run(
            ["git", "hash-object", str(repo / "config.json")], capture_output=True, text=True
        ).stdout.strip()
        command = [sys.executable, "-c", LOCK, str(locks / f"{blob}.lock")]
        holder = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        try:
            assert holder.stdout.readline().strip() == "held"
            waiting = subprocess.Popen(
                [MLX_CODE, "models", "pull", f"hf:{REPO}", "--no-install", "--json"],
                env=env,
                stdout=subprocess.DEVNULL,
            )
            time.sleep(1.5)
            assert waiting.poll() is None, "mlx-code did not wait for Python's lock"
        finally:
            holder.kill()
            holder.wait()
        assert waiting.wait(30) == 0


def main() -> None:
    import huggingface_hub

    print(f"huggingface_hub {huggingface_hub.__version__}")
    with tempfile.TemporaryDirectory() as temp:
        repo = Path(temp, "repo")
        make_repo(repo)
        for check in (
            check_python_reads_ours,
            check_we_read_pythons,
            check_half_done_work,
            check_locks,
        ):
            home = Path(temp, check.__name__)
            home.mkdir()
            check(repo, home)
            print(f"{check.__name__.removeprefix('check_')}: ok")


main()
