"""Kills `mlx-code models convert` at random moments and lets it go on.

    python tools/kill_convert.py PROGRAM FOLDER [--to gguf:q8_0] [--kills 200]

The result must have the bytes of one that nothing disturbed. A run is killed
again and again until it is through, and begun anew until all kills are spent.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def digest(path: Path) -> str:
    found = hashlib.sha256()
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    for file in files:
        found.update(file.name.encode() if path.is_dir() else b"")
        found.update(file.read_bytes())
    return found.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", default="gguf:q8_0")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(dir=arguments.folder.resolve().parent) as folder:
        def start(name: str) -> subprocess.Popen:
            source = str(arguments.folder.resolve()) + "/"
            return subprocess.Popen(
                [arguments.program.resolve(), "models", "convert", source, "--to", arguments.to, "--output", Path(folder) / name],
                stdout=subprocess.DEVNULL,
            )

        begun = time.perf_counter()
        if start("whole").wait() != 0:
            sys.exit("the conversion fails without any kill")
        usual = time.perf_counter() - begun
        expect, kills, runs, number = digest(Path(folder) / "whole"), 0, 0, 0
        while kills < arguments.kills:
            number += 1
            output = Path(folder) / f"killed-{number}"
            for _ in range(arguments.kills):
                process = start(output.name)
                runs += 1
                try:
                    process.wait(moments.uniform(0, usual))
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    kills += 1
                    if output.exists():
                        break
                    continue
                break
            while not output.exists():
                runs += 1
                if start(output.name).wait() != 0:
                    sys.exit(f"after {kills} kills: it does not go on")
            if digest(output) != expect:
                sys.exit(f"after {kills} kills: other bytes")
            output.unlink() if output.is_file() else [file.unlink() for file in output.iterdir()]
        print(f"{kills} kills, {runs} runs, {number} results, all the same")


if __name__ == "__main__":
    main()
