"""The `mlx-code` command, as pip installs it."""

import signal
import sys

from mlx_code import _native


def main() -> int:
    # The command stops its own work on an interrupt.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _native.run_command(sys.argv)
