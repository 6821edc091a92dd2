"""The one map from errors to status codes, and the one body that every client understands.

Hammer reads `displayMessage`, then `full_messages`, then `message`; the collection shows the
object at `error`; subscription-manager reads `displayMessage` (katello.md 2.2).
"""

import errno
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from starlette.exceptions import HTTPException

from headgate.apis.actions.body import TooLargeError, UnsupportedMediaTypeError
from headgate.domain.errors import (
    BadRequestError,
    CancelledError,
    ConflictError,
    HeadgateError,
    InvalidContentError,
    NotFoundError,
    NotImplementedYetError,
    PermissionDeniedError,
    QuotaExceededError,
    StorageFullError,
    UnauthenticatedError,
    UnavailableError,
    UnprocessableError,
    UntrustedContentError,
    UpstreamError,
    ValidationError,
)

STATUS: Final[Mapping[type[HeadgateError], int]] = {
    BadRequestError: 400,
    UnauthenticatedError: 401,
    PermissionDeniedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    CancelledError: 409,
    UntrustedContentError: 403,
    TooLargeError: 413,
    UnsupportedMediaTypeError: 415,
    ValidationError: 422,
    UnprocessableError: 422,
    InvalidContentError: 422,
    NotImplementedYetError: 501,
    UpstreamError: 502,
    UnavailableError: 503,
    StorageFullError: 507,
    QuotaExceededError: 507,
}

_STATUS_WORDS: Final = {
    404: "The requested path does not exist",
    405: "This path does not take that method",
}


def status_of(error: HeadgateError) -> int:
    """Return the status of the nearest class that has one; 500 for what nobody mapped."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def body_of(error: HeadgateError) -> dict[str, Any]:
    """Return the merged body."""
    errors: Any = error.errors if isinstance(error, ValidationError) else [error.message]
    full = error.full_messages if isinstance(error, ValidationError) else [error.message]
    inner: dict[str, Any] = {
        "id": None,
        "message": error.message,
        "full_messages": full,
        "errors": errors,
    }
    if isinstance(error, PermissionDeniedError):
        inner |= {"details": error.message, "missing_permissions": error.missing}
    if isinstance(error, UpstreamError):
        inner["url"] = error.url
    return {
        "displayMessage": error.message,
        "message": error.message,
        "code": error.code,
        "errors": errors,
        "full_messages": full,
        "error": inner,
    }


def translated(error: Exception) -> HeadgateError | None:
    """Return what the caller is told about a foreign exception; None if nobody foresaw it."""
    if isinstance(error, HeadgateError):
        return error
    if isinstance(error, IntegrityError):
        return _integrity(error)
    if isinstance(error, DataError):
        return ValidationError({"base": ["A value is too long or out of range"]})
    if isinstance(error, OperationalError) and _is_full(error):
        return StorageFullError("The disk under the database has no room left; free some and retry")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFullError("The disk has no room left; free some and retry")
    return None


def http_error(error: HTTPException) -> tuple[int, HeadgateError]:
    """Return status and words of what routing refused."""
    return error.status_code, HeadgateError(_STATUS_WORDS.get(error.status_code, error.detail))


def _integrity(error: IntegrityError) -> HeadgateError:
    words = str(error.orig).lower()
    if "unique" in words or "duplicate" in words:
        return ValidationError({_column_of(words): ["has already been taken"]})
    if "foreign" in words:
        return ConflictError("Something else still refers to this, or it has just been deleted")
    return ConflictError("The change contradicts the present state")


def _column_of(words: str) -> str:
    """Name the column: `... failed: table.a, table.b` (SQLite), `key (a, b)=` (PostgreSQL)."""
    if "key (" in words:
        columns = words.partition("key (")[2].partition(")")[0].split(", ")
    else:
        columns = [part.rpartition(".")[2] for part in words.split(", ")]
    last = columns[-1].strip()
    return last if last.isidentifier() else "base"


def _is_full(error: DBAPIError) -> bool:
    words = str(error.orig).lower()
    return "disk is full" in words or "no space left" in words
