"""A local AI coding assistant as a library.

>>> import mlx_code
>>> workspace = mlx_code.Workspace(".")
>>> for hit in workspace.search("where is the configuration read?", limit=3):
...     print(f"{hit.path}:{hit.first_line}-{hit.last_line}")
"""

from mlx_code._native import (
    Change,
    Finished,
    Generation,
    Hit,
    JournalEntry,
    JournalFile,
    Model,
    Passage,
    Plan,
    Refusal,
    Token,
    Turn,
    Workspace,
    __version__,
)
from mlx_code.errors import (
    AlreadyExistsError,
    CancelledError,
    ConflictError,
    CorruptError,
    InternalError,
    InvalidInputError,
    MlxCodeError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    TimeoutError,
    UnavailableError,
    UnsupportedError,
)

__all__ = [
    "AlreadyExistsError",
    "CancelledError",
    "Change",
    "ConflictError",
    "CorruptError",
    "Finished",
    "Generation",
    "Hit",
    "InternalError",
    "InvalidInputError",
    "JournalEntry",
    "JournalFile",
    "MlxCodeError",
    "Model",
    "NotFoundError",
    "Passage",
    "PermissionDeniedError",
    "Plan",
    "Refusal",
    "ResourceExhaustedError",
    "TimeoutError",
    "Token",
    "Turn",
    "UnavailableError",
    "UnsupportedError",
    "Workspace",
    "__version__",
]
