"""Operations: the ways in which a blob is pushed."""

from collections.abc import Callable, Iterator

import httpx2

from support.conformance.bench import Bench, check_blob, check_no_blob
from support.conformance.registry import (
    Repository,
    expect,
    header,
    place_of,
    refused,
)
from support.oci import Blob

_Push = Callable[[Repository, Blob], None]


def push_at_once(bench: Bench) -> None:
    """POST with the digest and all bytes; a registry that cannot do that begins an upload."""

    def push(repository: Repository, blob: Blob) -> None:
        answer = repository.send(
            "POST",
            "blobs/uploads/",
            headers={"Content-Type": "application/octet-stream"},
            content=blob.content,
            query={"digest": blob.digest},
        )
        if answer.status_code == 202:
            answer = repository.finish_upload(place_of(answer), blob.digest, blob.content)
        _check_made(answer, blob)

    _push_all(bench, "at-once", push)


def push_in_two(bench: Bench) -> None:
    """POST, then PUT with all bytes: into the repository that the other operations use."""
    for blob in bench.data.blobs:
        check_no_blob(bench.home, blob)
        put_blob(bench.home, blob)
        check_blob(bench.home, blob)


def push_in_chunks(bench: Bench) -> None:
    """POST, two PATCHes with their ranges, PUT with the rest."""

    def push(repository: Repository, blob: Blob) -> None:
        begun = expect(repository.send("POST", "blobs/uploads/", content=b""), 202)
        place, sent = place_of(begun), 0
        size = max(blob.size // 3, 1, int(begun.headers.get("OCI-Chunk-Min-Length", 0)))
        for _ in range(2):
            chunk = blob.content[sent : sent + size]
            if not chunk:
                break
            place = _check_chunk(repository.send_chunk(place, chunk, first=sent), sent + len(chunk))
            sent += len(chunk)
        rest = blob.content[sent:]
        ranges = {"Content-Range": f"{sent}-{blob.size - 1}"} if rest else {}
        _check_made(repository.finish_upload(place, blob.digest, rest, ranges), blob)

    _push_all(bench, "chunked", push)


def push_as_stream(bench: Bench) -> None:
    """POST, one PATCH of unknown length without a range, PUT without a body: as podman does."""

    def push(repository: Repository, blob: Blob) -> None:
        place = repository.begin_upload()
        headers = {"Content-Type": "application/octet-stream"}
        stream = _pieces(blob.content)
        sent = expect(repository.send("PATCH", place, headers=headers, content=stream), 202)
        _check_made(repository.finish_upload(place_of(sent), blob.digest), blob)

    _push_all(bench, "stream", push)


def push_as_announced(bench: Bench) -> None:
    """POST that says by which algorithm the digest will be, then PATCH and PUT."""

    def push(repository: Repository, blob: Blob) -> None:
        query = {"digest-algorithm": blob.algorithm}
        begun = repository.send("POST", "blobs/uploads/", content=b"", query=query)
        headers = {"Content-Type": "application/octet-stream"}
        place = place_of(expect(begun, 202))
        sent = expect(repository.send("PATCH", place, headers=headers, content=blob.content), 202)
        _check_made(repository.finish_upload(place_of(sent), blob.digest), blob)

    _push_all(bench, "announced", push)


def mount(bench: Bench) -> None:
    """POST with a digest and a repository that has it; a registry may begin an upload instead."""
    for blob in bench.data.blobs:
        names = {"mount": blob.digest, "from": bench.home.name}
        answer = bench.mounted.send("POST", "blobs/uploads/", bench.home, content=b"", query=names)
        if expect(answer, 201, 202).status_code == 202:
            check_no_blob(bench.mounted, blob)
            answer = bench.mounted.finish_upload(place_of(answer), blob.digest, blob.content)
        _check_made(answer, blob)
        check_blob(bench.mounted, blob)


def mount_from_anywhere(bench: Bench) -> None:
    """POST with a digest alone, or with a repository that is not there: mounted or begun."""
    target, absent = bench.fresh("anywhere"), bench.fresh("absent")
    for blob in bench.samples:
        names = {"mount": blob.digest, "from": absent.name}
        expect(target.send("POST", "blobs/uploads/", absent, content=b"", query=names), 202)
        nameless = {"mount": blob.digest}
        answer = target.send("POST", "blobs/uploads/", content=b"", query=nameless)
        if expect(answer, 201, 202).status_code == 202:
            check_no_blob(target, blob)
            answer = target.finish_upload(place_of(answer), blob.digest, blob.content)
        _check_made(answer, blob)
        check_blob(target, blob)


def ask_for_status(bench: Bench) -> None:
    """GET an upload that has a part of its bytes: how far it is and where it goes on."""
    blob, repository = bench.largest, bench.fresh("status")
    half = blob.size // 2
    place = repository.begin_upload()
    place = _check_chunk(repository.send_chunk(place, blob.content[:half], first=0), half)

    status = expect(repository.send("GET", place), 204)

    assert header(status, "Range") == f"0-{half - 1}"
    rest = repository.send_chunk(place_of(status), blob.content[half:], first=half)
    place = _check_chunk(rest, blob.size)
    _check_made(repository.finish_upload(place, blob.digest), blob)


def send_out_of_order(bench: Bench) -> None:
    """PATCH with a range that does not follow: 416, and the upload goes on where it was."""
    blob, repository = bench.largest, bench.fresh("order")
    half = blob.size // 2
    place = repository.begin_upload()
    early = repository.send_chunk(place, blob.content[half:], first=half)
    expect(early, 416)
    place = _check_chunk(repository.send_chunk(place, blob.content[:half], first=0), half)

    again = repository.send_chunk(place, blob.content[:half], first=0)

    assert header(expect(again, 416), "Range") == f"0-{half - 1}"
    status = expect(repository.send("GET", place), 204)
    assert header(status, "Range") == f"0-{half - 1}"
    rest = repository.send_chunk(place_of(status), blob.content[half:], first=half)
    place = _check_chunk(rest, blob.size)
    _check_made(repository.finish_upload(place, blob.digest), blob)
    check_blob(repository, blob)


def cancel(bench: Bench) -> None:
    """DELETE an upload: it is gone, and what it had is nobody's."""
    blob, repository = bench.largest, bench.fresh("cancelled")
    place = repository.begin_upload()
    place = _check_chunk(repository.send_chunk(place, blob.content, first=0), blob.size)

    expect(repository.send("DELETE", place), 204)

    refused(repository.send("GET", place), (404,), ("BLOB_UPLOAD_UNKNOWN",))
    refused(repository.finish_upload(place, blob.digest), (404,), ("BLOB_UPLOAD_UNKNOWN",))
    check_no_blob(repository, blob)


def put_blob(repository: Repository, blob: Blob) -> None:
    """Push a blob in the way that every registry must know."""
    place = repository.begin_upload()
    _check_made(repository.finish_upload(place, blob.digest, blob.content), blob)


def _push_all(bench: Bench, purpose: str, push: _Push) -> None:
    repository = bench.fresh(purpose)
    for blob in bench.samples:
        check_no_blob(repository, blob)
        push(repository, blob)
        check_blob(repository, blob)


def _check_made(answer: httpx2.Response, blob: Blob) -> None:
    expect(answer, 201)
    header(answer, "Location")
    named = answer.headers.get("Docker-Content-Digest", blob.digest)
    assert named == blob.digest


def _check_chunk(answer: httpx2.Response, received: int) -> httpx2.URL:
    expect(answer, 202)
    assert header(answer, "Range") == f"0-{received - 1}"
    return place_of(answer)


def _pieces(content: bytes) -> Iterator[bytes]:
    for first in range(0, len(content), 1000):
        yield content[first : first + 1000]
