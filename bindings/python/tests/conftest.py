import os
from pathlib import Path

import pytest


@pytest.fixture
def model_folder() -> Path:
    """A tiny checkpoint; `MLX_CODE_TEST_MODEL` names it, as the test command does."""
    folder = os.environ.get("MLX_CODE_TEST_MODEL")
    if folder is None:
        pytest.fail("set MLX_CODE_TEST_MODEL to a model folder, such as one of the fixtures")
    return Path(folder)
