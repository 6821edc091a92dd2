"""Multipart bodies (RFC 7578), streamed: files go into spools, never into memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import anyio.to_thread
from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header

from headgate.apis.actions.params import UploadedFile
from headgate.domain.errors import BadRequestError
from headgate.stores.blobs.port import BlobStore, Spool

_PARTS: Final = 100
_HEADERS_LENGTH: Final = 16 * 1024
# One field that is no file: an upload's chunk as hammer sends it is 2.5 MB.
_FIELD_LENGTH: Final = 32 * 1024 * 1024


async def read_multipart(
    chunks: AsyncIterator[bytes], declared: str, *, files: frozenset[str], blobs: BlobStore
) -> dict[str, Any]:
    """Return the parts by name: `files` as `UploadedFile`, the others as bytes.

    The caller leaves the spools of what is returned; on an error all are left here.
    """
    reader = _Reader(files, blobs)
    try:
        parser = MultipartParser(_boundary(declared), reader.callbacks())
        async for chunk in chunks:
            await anyio.to_thread.run_sync(parser.write, chunk)
        parser.finalize()
        reader.require_end()
    except MultipartParseError as error:
        reader.leave()
        raise BadRequestError(f"The multipart body is malformed: {error}") from error
    except BaseException:
        reader.leave()
        raise
    return reader.members


def _boundary(declared: str) -> bytes:
    _, options = parse_options_header(declared)
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= 200:
        raise BadRequestError("The multipart body has no usable boundary")
    return boundary


@dataclass(slots=True)
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    header_name: bytes = b""
    header_value: bytes = b""
    name: str = ""
    filename: str = ""
    spool: Spool | None = None
    data: bytearray = field(default_factory=bytearray)


class _Reader:
    """What the parser has found so far."""

    def __init__(self, files: frozenset[str], blobs: BlobStore) -> None:
        self.members: dict[str, Any] = {}
        self._ended = False
        self._files = files
        self._blobs = blobs
        self._part = _Part()
        self._count = 0
        self._spools: list[Spool] = []

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._on_part_begin,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_end": self._on_end,
        }

    def require_end(self) -> None:
        if not self._ended:
            raise BadRequestError("The multipart body ends before its last boundary")

    def leave(self) -> None:
        for spool in self._spools:
            spool.__exit__(None, None, None)

    def _on_part_begin(self) -> None:
        self._count += 1
        if self._count > _PARTS:
            raise BadRequestError(f"The multipart body has more than {_PARTS} parts")
        self._part = _Part()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header_name += data[start:end]
        self._refuse_long_header()

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header_value += data[start:end]
        self._refuse_long_header()

    def _refuse_long_header(self) -> None:
        if len(self._part.header_name) + len(self._part.header_value) > _HEADERS_LENGTH:
            raise BadRequestError("A header of the multipart body is too long")

    def _on_header_end(self) -> None:
        part = self._part
        if len(part.headers) < _PARTS:
            part.headers[part.header_name.lower()] = part.header_value
        part.header_name = part.header_value = b""

    def _on_headers_finished(self) -> None:
        part = self._part
        disposition = part.headers.get(b"content-disposition", b"")
        _, options = parse_options_header(disposition)
        part.name = options.get(b"name", b"").decode(errors="replace")
        part.filename = options.get(b"filename", b"").decode(errors="replace")
        if not part.name:
            raise BadRequestError("A part of the multipart body has no name")
        if part.name in self.members:
            raise BadRequestError(f"The multipart body has two parts named {part.name[:100]}")
        if part.name in self._files:
            part.spool = self._blobs.spool().__enter__()
            self._spools.append(part.spool)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part.spool is not None:
            part.spool.write(memoryview(data)[start:end])
            return
        part.data += data[start:end]
        if len(part.data) > _FIELD_LENGTH:
            raise BadRequestError(
                f"The part {part.name[:100]} is larger than {_FIELD_LENGTH} bytes"
            )

    def _on_part_end(self) -> None:
        part = self._part
        if part.spool is None:
            self.members[part.name] = bytes(part.data)
            return
        declared = part.headers.get(b"content-type", b"").decode(errors="replace")
        self.members[part.name] = UploadedFile(part.filename, declared, part.spool)

    def _on_end(self) -> None:
        self._ended = True
