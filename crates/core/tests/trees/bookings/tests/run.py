"""Runs every test of this folder, without a framework."""

import importlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

failed = 0
for file in sorted(HERE.glob("test_*.py")):
    module = importlib.import_module(file.stem)
    for name, test in sorted(vars(module).items()):
        if name.startswith("test_"):
            try:
                test()
            except Exception as error:
                failed += 1
                print(f"{file.name}: {name}: {type(error).__name__}: {error}")
print("fine" if not failed else f"{failed} failed")
sys.exit(bool(failed))
