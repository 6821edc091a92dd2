"""What goes wrong in the registry, as its clients read it (OCI distribution-spec, "Error Codes").

Clients act on the status and show the message; docker and podman print nothing of a body without
`errors`.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy.exc import DBAPIError

from headgate.apis.errors import status_of, translated
from headgate.domain.errors import (
    ConflictError,
    HeadgateError,
    NotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    StorageFullError,
    UnauthenticatedError,
    UpstreamError,
)
from headgate.domain.registry_errors import (
    BlobUnknownError,
    BlobUploadInvalidError,
    BlobUploadUnknownError,
    ClientSilentError,
    DeniedError,
    DigestInvalidError,
    ManifestBlobUnknownError,
    ManifestInvalidError,
    ManifestTooLargeError,
    ManifestUnknownError,
    NameAmbiguousError,
    NameInvalidError,
    NameUnknownError,
    QueryInvalidError,
    RegistryError,
    TagImmutableError,
    UnsupportedError,
    UploadRangeError,
)

STATUS: Final[Mapping[type[RegistryError], int]] = {
    NameInvalidError: 400,
    NameAmbiguousError: 409,
    NameUnknownError: 404,
    ManifestUnknownError: 404,
    ManifestInvalidError: 400,
    ManifestBlobUnknownError: 404,
    ManifestTooLargeError: 413,
    BlobUnknownError: 404,
    BlobUploadUnknownError: 404,
    BlobUploadInvalidError: 400,
    ClientSilentError: 408,
    UploadRangeError: 416,
    DigestInvalidError: 400,
    DeniedError: 403,
    TagImmutableError: 409,
    UnsupportedError: 405,
    QueryInvalidError: 400,
}
_CODES: Final[Mapping[type[HeadgateError], str]] = {
    UnauthenticatedError: "UNAUTHORIZED",
    PermissionDeniedError: "DENIED",
    NotFoundError: "NAME_UNKNOWN",
    ConflictError: "BLOB_UPLOAD_INVALID",
    StorageFullError: "DENIED",
    QuotaExceededError: "DENIED",
    UpstreamError: "UNAVAILABLE",
}
_INTERNAL: Final = RegistryError("An internal error happened; the server's log tells more")
_DATABASE: Final = RegistryError("The database does not answer; try again later")
_NO_ROOM: Final = StorageFullError("The server has no room left to store this")

_log = logging.getLogger(__name__)


def refusal_of(error: Exception) -> tuple[int, HeadgateError]:
    """Return the status and what the client is told; what nobody foresaw goes to the log."""
    told = translated(error)
    if told is None and isinstance(error, DBAPIError):
        _log.error("The database does not answer", exc_info=error)
        return 503, _DATABASE
    if told is None:
        _log.error("A request to the registry failed", exc_info=error)
        return 500, _INTERNAL
    if isinstance(told, StorageFullError):
        _log.warning("Nothing can be stored: %s", told.message)
        return status_of(told), _NO_ROOM
    if isinstance(told, RegistryError):
        return STATUS.get(type(told), 400), told
    return status_of(told), told


def error_body(error: HeadgateError) -> bytes:
    """Return the body."""
    own = isinstance(error, RegistryError)
    code = error.code if own else _code_of(error)
    detail: Any = error.detail if own else None
    return msgspec.json.encode(
        {"errors": [{"code": code, "message": error.message, "detail": detail}]}
    )


def _code_of(error: HeadgateError) -> str:
    return next((_CODES[kind] for kind in type(error).__mro__ if kind in _CODES), "UNKNOWN")
