"""The command."""

import argparse
import sys
from collections.abc import Sequence

from {{ package }} import greeting


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="{{ name }}", description="Greets.")
    parser.add_argument("name", help="who is greeted")
    options = parser.parse_args(arguments)
    try:
        sys.stdout.write(greeting(options.name) + "\n")
    except ValueError as error:
        parser.error(str(error))
    return 0
