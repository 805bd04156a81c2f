"""The errors that mlx_code raises: one class a kind, all `MlxCodeError`s."""

from __future__ import annotations


class MlxCodeError(Exception):
    """Any error of the library."""

    code: str
    """A stable name, such as `models.not_found`."""

    help: str | None
    """What to do about it, where there is something to do."""

    def __init__(self, message: str, code: str, help: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.help = help


class InvalidInputError(MlxCodeError, ValueError):
    """What was passed cannot be used."""


class NotFoundError(MlxCodeError, LookupError):
    """What was named does not exist."""


class AlreadyExistsError(MlxCodeError):
    """What would be made exists."""


class ConflictError(MlxCodeError):
    """Something changed in between."""


class CorruptError(MlxCodeError):
    """A file does not hold what it should."""


class UnsupportedError(MlxCodeError):
    """Sound, but not something this version can do."""


class PermissionDeniedError(MlxCodeError, PermissionError):
    """The system or a policy forbids it."""


class ResourceExhaustedError(MlxCodeError):
    """Memory, disk or a stated limit is used up."""


class UnavailableError(MlxCodeError):
    """Something outside does not answer."""


class TimeoutError(MlxCodeError):
    """It took too long."""


class CancelledError(MlxCodeError):
    """The caller stopped it."""


class InternalError(MlxCodeError):
    """A bug; please report it."""
