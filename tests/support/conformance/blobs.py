"""Operations: reading blobs, whole and in part, and removing them."""

from collections.abc import Callable

from support.conformance.bench import Bench, check_blob, check_no_blob
from support.conformance.registry import expect, header, json_of, refused
from support.oci import Blob

# Of a size: the range as it is asked for, the first and the last byte of it.
_Choose = Callable[[int], tuple[str, int, int]]


def head(bench: Bench) -> None:
    """HEAD tells size and digest of what is here, and of nothing else."""
    for blob in bench.data.blobs:
        answer = expect(bench.home.head(f"blobs/{blob.digest}"), 200)
        assert int(header(answer, "Content-Length")) == blob.size
        assert header(answer, "Docker-Content-Digest") == blob.digest
        assert answer.content == b""
    check_no_blob(bench.home, Blob("text/plain", b"never pushed"))


def get(bench: Bench) -> None:
    """GET gives the bytes."""
    for blob in bench.data.blobs:
        answer = expect(bench.home.get(f"blobs/{blob.digest}"), 200)
        assert answer.content == blob.content
        assert header(answer, "Docker-Content-Digest") == blob.digest
    unknown = Blob("text/plain", b"never pushed")
    refused(bench.home.get(f"blobs/{unknown.digest}"), (404,), ("BLOB_UNKNOWN",))


def get_first(bench: Bench) -> None:
    """A range that begins a blob."""
    _check_range(bench, lambda size: (f"0-{size // 2}", 0, size // 2))


def get_middle(bench: Bench) -> None:
    """A range within a blob."""
    _check_range(bench, lambda size: (f"{size // 3}-{size // 2}", size // 3, size // 2))


def get_suffix(bench: Bench) -> None:
    """A range of the last bytes, as many as are asked for."""
    _check_range(bench, lambda size: ("-1", size - 1, size - 1))


def get_open(bench: Bench) -> None:
    """A range from a position to the end."""
    _check_range(bench, lambda size: (f"{size // 2}-", size // 2, size - 1))


def get_beyond(bench: Bench) -> None:
    """A range that begins behind the end is not satisfiable."""
    for blob in bench.data.blobs:
        wanted = {"Range": f"bytes={blob.size}-{blob.size + 5}"}
        expect(bench.home.get(f"blobs/{blob.digest}", headers=wanted), 416)


def delete(bench: Bench) -> None:
    """DELETE what no manifest of the repository needs any more."""
    for blob in bench.data.blobs:
        expect(bench.home.delete(f"blobs/{blob.digest}"), 202)


def deleted_for_all(bench: Bench) -> None:
    """What was deleted is gone at once, for everybody; other repositories keep theirs."""
    for blob in bench.data.blobs:
        check_no_blob(bench.home, blob, elsewhere=True)
        gone = bench.home.get(f"blobs/{blob.digest}", elsewhere=True)
        refused(gone, (404,), ("BLOB_UNKNOWN",))
        again = bench.home.delete(f"blobs/{blob.digest}")
        refused(again, (404,), ("BLOB_UNKNOWN",))
        check_blob(bench.mounted, blob)


def ping(bench: Bench) -> None:
    """`/v2/` says that this is a registry."""
    json_of(expect(bench.registry.send("GET", "/v2/", bench.home.name), 200))


def _check_range(bench: Bench, choose: _Choose) -> None:
    for blob in bench.data.blobs:
        if not blob.size:
            continue
        wanted, first, last = choose(blob.size)
        headers = {"Range": f"bytes={wanted}"}
        answer = expect(bench.home.get(f"blobs/{blob.digest}", headers=headers), 206)
        assert header(answer, "Content-Range") == f"bytes {first}-{last}/{blob.size}"
        assert answer.content == blob.content[first : last + 1]
