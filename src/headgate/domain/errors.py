"""Errors: one tree, a class per cause; `code` for machines, the message for people.

Status codes live in `apis/errors.py` alone. A message says what is wrong, where, and what to do.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class HeadgateError(Exception):
    """Anything that a caller can be told about."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFoundError(HeadgateError):
    """No such thing within what the caller may see.

    Also raised for things of other organizations: their existence is not told.
    """

    code = "not_found"


class ValidationError(HeadgateError):
    """A value breaks a rule; `errors` maps each field to its messages (Foreman's 422 body)."""

    code = "validation_failed"

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        self.errors = {field: list(messages) for field, messages in errors.items()}
        words = [
            f"{field.replace('_', ' ').capitalize()} {message}" if field != "base" else message
            for field, messages in self.errors.items()
            for message in messages
        ]
        super().__init__("Validation failed: " + ", ".join(words))
        self.full_messages = words


class BadRequestError(HeadgateError):
    """A well-formed request that cannot be followed (Katello's 400)."""

    code = "bad_request"


class UnprocessableError(HeadgateError):
    """A request that is right in form, but leaves nothing that could be done (Katello's 422)."""

    code = "unprocessable"


class ConflictError(HeadgateError):
    """The state of a thing, or another change of it, stands against this one (409)."""

    code = "conflict"


class UnauthenticatedError(HeadgateError):
    """Nobody, or nobody we know, is asking."""

    code = "unauthenticated"


class PermissionDeniedError(HeadgateError):
    """The caller may see the thing but not do this to it; `missing` names the permissions."""

    code = "permission_denied"

    def __init__(self, message: str, *, missing: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.missing = list(missing)


class UpstreamError(HeadgateError):
    """Upstream did not give what it should: `url` is the address used, after redirects."""

    code = "upstream_failed"

    def __init__(self, message: str, *, url: str) -> None:
        super().__init__(message)
        self.url = url


class MissingFileError(UpstreamError):
    """A file could not be had; the rest was kept, and says that it is incomplete."""

    code = "missing_file"


class InvalidContentError(HeadgateError):
    """Bytes that are not what they claim to be: wrong digest, broken or hostile metadata."""

    code = "invalid_content"


class UntrustedContentError(HeadgateError):
    """Content that is not signed as the repository's policy asks, or older than it may be."""

    code = "untrusted_content"


class StorageFullError(HeadgateError):
    """The disk under the blob store or the database has no room left."""

    code = "storage_full"


class QuotaExceededError(HeadgateError):
    """An organization would need more bytes than its quota lets it have."""

    code = "quota_exceeded"


class CancelledError(HeadgateError):
    """The task was asked to stop and did."""

    code = "cancelled"


class WorkerDiedError(HeadgateError):
    """Processes that ran the task died over it so often that it is not tried again."""

    code = "worker_died"


class ConfigurationError(HeadgateError):
    """The installation cannot run as it is set up: a setting, a key file, a folder or a port."""

    code = "configuration"


class UnavailableError(HeadgateError):
    """Something that this installation lacks would be needed; the message says what (503)."""

    code = "unavailable"


class NotImplementedYetError(HeadgateError):
    """A request that clients know and that this version has no work behind (501)."""

    code = "not_implemented"


class SolvingFailedError(HeadgateError):
    """The process that solves dependencies reached a limit, or died."""

    code = "solving_failed"


class IncompleteSearchError(HeadgateError):
    """A search upstream was given up at a limit; what it found until then stands."""

    code = "incomplete_search"


class SubtaskFailedError(HeadgateError):
    """A part of the work failed in a task of its own, whose message this is."""

    code = "subtask_failed"
