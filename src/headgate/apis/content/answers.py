"""HTTP for stored files: headers made once per file, conditions, ranges, short refusals."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any, NamedTuple

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Conditions = dict[bytes, bytes]

_CONDITIONS = frozenset({b"range", b"if-range", b"if-none-match", b"if-modified-since"})
_RANGE = re.compile(rb"bytes=(\d{0,18})-(\d{0,18})")
# Files named by their checksum never change (repodata of `unique md filenames`).
_NAMED_BY_CHECKSUM = re.compile(r"(?:^|/)[0-9a-f]{40,128}-[^/]+$")
# What a browser might run. Packages and metadata are never looked at in one, so nobody loses.
_ACTIVE = re.compile(r"html|xml|svg|script|ecma", re.IGNORECASE)

# Files come from upstreams and uploads: whatever they are, no browser may run them as ours.
SAFETY: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
]


class Part(NamedTuple):
    """A part of a file, in bytes."""

    start: int
    length: int


class UnsatisfiableRangeError(Exception):
    """No byte of the range that is asked for exists."""


@dataclass(frozen=True, slots=True)
class FileHeaders:
    """The headers of one file and what conditions compare."""

    size: int  # bytes
    etag: bytes
    changed: bytes  # HTTP date
    fixed: bool  # the path never names anything else
    whole: Headers  # of a 200
    shared: Headers  # of a 206 and a 304 too


def file_headers(
    path: str, *, size: int, media_type: str, hex_digest: str, changed_at: datetime, public: bool
) -> FileHeaders:
    """Make the headers of the file at `path`; `public` if everybody may have it."""
    etag = f'"{hex_digest}"'.encode()
    changed = format_datetime(changed_at.astimezone(UTC), usegmt=True).encode()
    fixed = _NAMED_BY_CHECKSUM.search(path) is not None
    age = "max-age=31536000, immutable" if fixed else "no-cache"
    shared: Headers = [
        (b"etag", etag),
        (b"last-modified", changed),
        (b"cache-control", f"{'public' if public else 'private'}, {age}".encode()),
        (b"accept-ranges", b"bytes"),
        *SAFETY,
    ]
    described: Headers = [(b"content-type", media_type.encode("latin-1", "replace"))]
    if _ACTIVE.search(media_type):
        described.append((b"content-disposition", b"attachment"))
    shared = [*described, *shared]
    whole = [*shared, (b"content-length", str(size).encode())]
    return FileHeaders(size, etag, changed, fixed, whole, shared)


def conditions_of(request: Headers) -> Conditions:
    """Return the headers that change the answer; most requests have none."""
    return {name: value for name, value in request if name in _CONDITIONS}


def not_modified(file: FileHeaders, asked: Conditions) -> bool:
    """Say whether the client has this very file (RFC 9110, section 13.1).

    A date counts only where the path never names anything else: after a rollback the older file
    is the new one, and two publications may be of the same second.
    """
    tags = asked.get(b"if-none-match")
    if tags is not None:
        found = [tag.strip().removeprefix(b"W/") for tag in tags.split(b",")]
        return file.etag in found or b"*" in found
    return file.fixed and asked.get(b"if-modified-since") == file.changed


def asked_part(file: FileHeaders, asked: Conditions) -> Part | None:
    """Return the single range that is asked for, None for the whole file.

    Several ranges, and a range of a file that has changed since, are answered with the whole,
    as RFC 9110 (section 14.2) allows. UnsatisfiableRangeError when the file ends before.
    """
    text = asked.get(b"range")
    match = _RANGE.fullmatch(text.strip()) if text else None
    if match is None or not _holds(file, asked.get(b"if-range")):
        return None
    first, last = (int(digits) if digits else None for digits in match.groups())
    if first is None:
        return None if last is None else _part(max(0, file.size - last), file.size)
    if last is None:
        return _part(first, file.size)
    return None if last < first else _part(first, min(last + 1, file.size))


def part_headers(file: FileHeaders, part: Part) -> Headers:
    """Return the headers of a 206."""
    last = part.start + part.length - 1
    return [
        *file.shared,
        (b"content-range", f"bytes {part.start}-{last}/{file.size}".encode()),
        (b"content-length", str(part.length).encode()),
    ]


async def refuse(
    send: Send, status: int, reason: str, *, head: bool = False, extra: Headers | None = None
) -> None:
    """Answer with a status and a sentence."""
    body = f"{status} {HTTPStatus(status).phrase}: {reason}\n".encode()
    await reply(send, status, body, b"text/plain; charset=utf-8", head=head, extra=extra)


async def reply(
    send: Send,
    status: int,
    body: bytes,
    media_type: bytes,
    *,
    head: bool = False,
    extra: Headers | None = None,
) -> None:
    """Answer with a body made here."""
    headers: Headers = [
        (b"content-type", media_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *SAFETY,
        *(extra or ()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


def _holds(file: FileHeaders, validator: bytes | None) -> bool:
    """Say whether If-Range lets a range be given: strong tags, dates only if they prove it."""
    if validator is None or validator == file.etag:
        return True
    return file.fixed and validator == file.changed


def _part(start: int, end: int) -> Part:
    if start >= end:
        raise UnsatisfiableRangeError
    return Part(start, end - start)
