"""Measures `mlx-code models convert` beside `mlx_lm convert`, in turns.

    python -m venv mlx-env
    mlx-env/bin/pip install "mlx[cpu]" mlx-lm
    mlx-env/bin/python tools/bench_convert.py PROGRAM FOLDER [--rounds 5]

Both read the same folder and write 8-bit weights, each as a process of its own
with all that belongs to one: starting, reading, writing, checking. Prints the
middle of the rounds' seconds, on the clock and of the processors, and the
highest memory that any of them held. Ours gives way to whatever else runs, so
its seconds on the clock mean something only on a machine that is at rest.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measure(command: list[str], output: Path) -> tuple[float, float, int]:
    """Seconds, those of the processors, and the most bytes of memory of a
    process that makes `output`."""
    if output.is_dir():
        shutil.rmtree(output)
    output.unlink(missing_ok=True)
    os.sync()
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0 or not output.exists():
        sys.exit(f"failed: {' '.join(map(str, command))}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="a part of the names of the conversions")
    arguments = parser.parse_args()
    source = str(arguments.folder.resolve()) + "/"
    # Beside the source, so that both write to the same disk.
    with tempfile.TemporaryDirectory(dir=arguments.folder.resolve().parent) as folder:
        place = Path(folder)
        ours = lambda target, name: ([str(Path(arguments.program).resolve()), "models", "convert", source, "--to", target, "--output", place / name], place / name)
        theirs = [sys.executable, "-m", "mlx_lm", "convert", "--hf-path", source, "--mlx-path", place / "theirs", "-q", "--q-bits", "8"]
        runs = {
            "mlx_lm convert, 8 bits": (theirs, place / "theirs"),
            "mlx-code, mlx:8": ours("mlx:8", "ours"),
            "mlx-code, gguf:q8_0": ours("gguf:q8_0", "ours.gguf"),
            "mlx-code, gguf:q4_k_m": ours("gguf:q4_k_m", "ours-k.gguf"),
        }
        runs = {name: run for name, run in runs.items() if arguments.only in name}
        found = {name: [] for name in runs}
        # The source is read once before anything is measured, in small parts:
        # a process counts the most memory of the one that started it, too.
        for path in arguments.folder.glob("*.safetensors"):
            with path.open("rb") as file:
                while file.read(1 << 20):
                    pass
        for _ in range(arguments.rounds):
            for name, (command, output) in runs.items():
                found[name].append(measure(command, output))
    print("| conversion | seconds | from – to | of the processors | most memory |\n|---|---|---|---|---|")
    for name, rounds in found.items():
        seconds, busy = [one[0] for one in rounds], [one[1] for one in rounds]
        most = max(one[2] for one in rounds) / 2**20
        print(f"| {name} | {statistics.median(seconds):.2f} | {min(seconds):.2f} – {max(seconds):.2f} | {statistics.median(busy):.2f} | {most:.0f} MiB |")


if __name__ == "__main__":
    main()
