"""What the registry's clients are told: the codes of the OCI distribution-spec, "Error Codes"."""

from collections.abc import Iterable
from typing import Any

from headgate.domain.errors import HeadgateError


class RegistryError(HeadgateError):
    """Anything that a client of the registry can be told about; `detail` is for programs."""

    code = "UNKNOWN"

    def __init__(self, message: str, *, detail: Any = None) -> None:
        super().__init__(message)
        self.detail = detail


class NameInvalidError(RegistryError):
    """Nothing can have this name, or nothing can be pushed under it."""

    code = "NAME_INVALID"


class NameAmbiguousError(RegistryError):
    """Several things could be meant by this name."""

    code = "NAME_INVALID"


class NameUnknownError(RegistryError):
    """No such repository within what the caller may see."""

    code = "NAME_UNKNOWN"


class ManifestUnknownError(RegistryError):
    """The repository has no such manifest or tag."""

    code = "MANIFEST_UNKNOWN"


class ManifestInvalidError(RegistryError):
    """What was sent is no manifest, or not the one that was announced."""

    code = "MANIFEST_INVALID"


class ManifestBlobUnknownError(RegistryError):
    """A manifest names a blob that the repository has not."""

    code = "MANIFEST_BLOB_UNKNOWN"


class ManifestTooLargeError(RegistryError):
    """A manifest has more bytes than are taken."""

    code = "SIZE_INVALID"


class BlobUnknownError(RegistryError):
    """The repository has no such blob."""

    code = "BLOB_UNKNOWN"


class BlobUploadUnknownError(RegistryError):
    """No such upload, or not the caller's."""

    code = "BLOB_UPLOAD_UNKNOWN"


class BlobUploadInvalidError(RegistryError):
    """A piece of an upload cannot be taken."""

    code = "BLOB_UPLOAD_INVALID"


class ClientSilentError(RegistryError):
    """A client has stopped in the middle of what it sends."""

    code = "BLOB_UPLOAD_INVALID"


class UploadRangeError(RegistryError):
    """A chunk does not begin where the upload has come to; `reached` bytes are here."""

    code = "BLOB_UPLOAD_INVALID"

    def __init__(self, message: str, *, reached: int) -> None:
        super().__init__(message)
        self.reached = reached


class DigestInvalidError(RegistryError):
    """A digest is none, or not that of what was sent."""

    code = "DIGEST_INVALID"


class DeniedError(RegistryError):
    """The caller may see it, but this cannot be done to it, or not by the caller."""

    code = "DENIED"


class TagImmutableError(RegistryError):
    """A tag that stays where it points would be moved or removed."""

    code = "DENIED"


class UnsupportedError(RegistryError):
    """The request is understood, but there is no such thing to be had; `allowed` methods are."""

    code = "UNSUPPORTED"

    def __init__(self, message: str, *, allowed: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.allowed = sorted(allowed)


class QueryInvalidError(RegistryError):
    """A list is asked for by what it cannot be narrowed by, or is too large as it is asked for."""

    code = "UNSUPPORTED"
