"""The contract of blob stores; every implementation runs it."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.domain.errors import ConflictError, NotFoundError
from headgate.stores.blobs import BlobStore, Digest, FolderBlobStore, MemoryBlobStore
from headgate.stores.blobs.uploads import FolderUpload, Hashes

STORES: dict[str, Callable[[Path], BlobStore]] = {
    "memory": lambda _: MemoryBlobStore(),
    "folder": FolderBlobStore,
}
BIG = os.urandom(700_001)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return STORES[request.param](tmp_path / "store")


def keep(store: BlobStore, *parts: bytes) -> Digest:
    with store.spool() as spool:
        for part in parts:
            spool.write(part)
        return store.keep(spool)


async def streamed(
    store: BlobStore, digest: Digest, start: int = 0, length: int | None = None
) -> bytes:
    return b"".join([bytes(part) async for part in store.stream(digest, start, length)])


def test_kept_bytes_are_found_by_their_digest(store: BlobStore) -> None:
    digest = keep(store, b"head", memoryview(b"gate").tobytes())

    assert digest == Digest(sha256(b"headgate").digest())
    assert store.size(digest) == 8
    assert b"".join(store.read(digest)) == b"headgate"
    assert list(store.digests()) == [(digest, 8)]


def test_an_empty_blob_is_a_blob(store: BlobStore) -> None:
    digest = keep(store)

    assert store.size(digest) == 0
    assert list(store.read(digest)) == []


def test_a_spool_left_without_keep_leaves_nothing(store: BlobStore) -> None:
    with store.spool() as spool:
        spool.write(b"half")
        digest = spool.digest()

    assert store.size(digest) is None
    assert list(store.digests()) == []


def test_a_spool_reads_back_what_was_written(store: BlobStore) -> None:
    with store.spool() as spool:
        spool.write(BIG[:300_000])
        spool.write(memoryview(BIG)[300_000:])

        assert spool.size == len(BIG)
        assert b"".join(spool.read()) == BIG


def test_an_upload_goes_on_where_it_was_left(store: BlobStore) -> None:
    with store.upload("abc123") as upload:
        upload.write(b"head")
    with store.upload("abc123") as upload:
        assert upload.size == 4
        upload.write(b"gate")

        digest = store.keep(upload)
        upload.discard()

    assert digest == Digest(sha256(b"headgate").digest())
    assert b"".join(store.read(digest)) == b"headgate"
    with store.upload("abc123") as upload:
        assert upload.size == 0
        upload.discard()


def test_an_upload_is_open_once_at_a_time(store: BlobStore) -> None:
    with (
        store.upload("abc123"),
        pytest.raises(ConflictError, match="Another request"),
        store.upload("abc123"),
    ):
        pass

    with store.upload("abc123") as upload:
        assert upload.size == 0


def test_a_discarded_upload_begins_anew(store: BlobStore) -> None:
    with store.upload("abc123") as upload:
        upload.write(b"half")
        upload.discard()

    with store.upload("abc123") as upload:
        assert upload.size == 0


def test_an_upload_that_was_kept_can_be_kept_again(store: BlobStore) -> None:
    for _ in range(2):  # as after a crash between `keep` and what was to follow
        with store.upload("abc123") as upload:
            upload.write(b"headgate" if upload.size == 0 else b"")
            digest = store.keep(upload)
        assert digest == Digest(sha256(b"headgate").digest())
        store.drop(digest)


def test_what_comes_after_an_upload_was_kept_is_not_in_the_blob(store: BlobStore) -> None:
    with store.upload("abc123") as upload:
        upload.write(b"headgate")
        digest = store.keep(upload)

    with suppress(ConflictError), store.upload("abc123") as upload:
        upload.write(b" and more")
    with suppress(ConflictError), store.upload("abc123") as upload:
        upload.restart()

    assert b"".join(store.read(digest)) == b"headgate"


def test_an_upload_that_is_a_blob_takes_no_more(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path)
    with store.upload("abc123") as upload:
        upload.write(b"headgate")
        store.keep(upload)

    with store.upload("abc123") as upload:
        assert upload.size == 8
        with pytest.raises(ConflictError, match="complete"):
            upload.write(b"more")


def test_a_file_system_without_second_names_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    store = FolderBlobStore(tmp_path)
    with store.upload("abc123") as upload:
        upload.write(b"headgate")
        digest = store.keep(upload)
        upload.discard()

    assert b"".join(store.read(digest)) == b"headgate"
    assert list((tmp_path / "spool").iterdir()) == []


def test_two_processes_take_turns_at_an_upload_and_read_it_once(tmp_path: Path) -> None:
    stores = [FolderBlobStore(tmp_path), FolderBlobStore(tmp_path)]
    for number in range(20):
        with stores[number % 2].upload("abc123") as upload:
            upload.write(b"%d" % number)

    with stores[0].upload("abc123") as upload:
        expected = sha256(b"".join(b"%d" % number for number in range(20))).digest()
        assert upload.digest() == Digest(expected)


def test_who_opens_an_upload_while_it_ends_does_not_write_to_the_blob(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path)
    with store.upload("abc123") as upload:
        upload.write(b"headgate")

    class Late(FolderUpload):
        """Has opened the file when somebody else finishes the upload."""

        def _lock(self) -> None:
            with suppress(ConflictError), store.upload("abc123") as upload:
                kept.append(store.keep(upload))
                upload.discard()
            super()._lock()

    kept: list[Digest] = []
    with Late(tmp_path / "spool" / "upload.abc123", Hashes()) as late:
        size = late.size
        late.write(b" and more")
        late.discard()

    assert size == 0
    assert [b"".join(store.read(digest)) for digest in kept] == [b"headgate"]


def test_another_process_goes_on_with_an_upload(tmp_path: Path) -> None:
    with FolderBlobStore(tmp_path).upload("abc123") as upload:
        upload.write(BIG)
    with FolderBlobStore(tmp_path).upload("abc123") as upload:
        upload.write(b"more")

        assert upload.digest() == Digest(sha256(BIG + b"more").digest())


def test_a_restarted_spool_forgets_what_it_had(store: BlobStore) -> None:
    with store.spool() as spool:
        spool.write(b"false start")
        spool.restart()
        spool.write(b"true")
        digest = store.keep(spool)

    assert digest == Digest(sha256(b"true").digest())
    assert b"".join(store.read(digest)) == b"true"


def test_keeping_the_same_bytes_twice_is_one_blob(store: BlobStore) -> None:
    assert keep(store, b"same") == keep(store, b"same")
    assert len(list(store.digests())) == 1


def test_many_spools_are_kept_in_their_order(store: BlobStore) -> None:
    spools = [store.spool() for _ in range(30)]
    for number, spool in enumerate(spools):
        spool.write(b"%d" % (number % 20))

    digests = store.keep_many(spools)

    assert digests == [Digest(sha256(b"%d" % (number % 20)).digest()) for number in range(30)]
    assert len(list(store.digests())) == 20


async def test_a_blob_that_is_not_here_is_not_found(store: BlobStore) -> None:
    absent = Digest(bytes(32))

    assert store.size(absent) is None
    with pytest.raises(NotFoundError):
        store.read(absent)
    with pytest.raises(NotFoundError):
        await streamed(store, absent)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(start=st.integers(0, 800_000), length=st.none() | st.integers(0, 800_000))
def test_a_range_is_what_slicing_gives(store: BlobStore, start: int, length: int | None) -> None:
    digest = keep(store, BIG)
    expected = BIG[start:] if length is None else BIG[start : start + length]

    assert b"".join(store.read(digest, start, length)) == expected


@pytest.mark.parametrize(("start", "length"), [(0, None), (1, 262_144), (699_999, 10), (0, 0)])
async def test_a_stream_gives_the_same_ranges(
    store: BlobStore, start: int, length: int | None
) -> None:
    digest = keep(store, BIG)

    assert await streamed(store, digest, start, length) == b"".join(
        store.read(digest, start, length)
    )


def test_a_dropped_blob_is_gone_and_dropping_it_again_is_no_error(store: BlobStore) -> None:
    digest = keep(store, b"gone")
    store.drop(digest)
    store.drop(digest)

    assert store.size(digest) is None


def test_a_reader_that_has_begun_ends_well_though_the_blob_is_dropped(store: BlobStore) -> None:
    digest = keep(store, BIG)
    reader = store.read(digest)
    first = next(reader)
    store.drop(digest)

    assert first + b"".join(reader) == BIG


def test_what_is_set_aside_is_not_here_until_it_is_restored(store: BlobStore) -> None:
    digest = keep(store, b"aside")

    assert store.set_aside(digest, "one")
    assert store.size(digest) is None
    assert list(store.set_asides()) == [(digest, "one")]
    assert store.restore(digest)
    assert b"".join(store.read(digest)) == b"aside"
    assert list(store.set_asides()) == []


def test_discarding_takes_only_what_the_same_ticket_set_aside(store: BlobStore) -> None:
    digest = keep(store, b"twice")
    store.set_aside(digest, "one")
    keep(store, b"twice")
    store.set_aside(digest, "two")

    store.discard(digest, "one")
    store.discard(digest, "one")

    assert list(store.set_asides()) == [(digest, "two")]
    assert store.restore(digest)


def test_setting_aside_or_restoring_what_is_not_here_says_so(store: BlobStore) -> None:
    absent = Digest(bytes(32))

    assert not store.set_aside(absent, "one")
    assert not store.restore(absent)


def test_nothing_of_a_living_process_is_swept(store: BlobStore) -> None:
    with store.spool() as spool:
        spool.write(b"on its way")

        assert store.sweep(older_than_seconds=0) == 0
        assert store.keep(spool) == Digest(sha256(b"on its way").digest())


DIES_WHILE_SPOOLING = """
import os, sys, pathlib
from headgate.stores.blobs import FolderBlobStore
store = FolderBlobStore(pathlib.Path(sys.argv[1]))
spool = store.spool()
spool.write(b"half")
os.kill(os.getpid(), 9)
"""


def test_the_spool_of_a_killed_process_is_swept(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path)
    subprocess.run([sys.executable, "-c", DIES_WHILE_SPOOLING, tmp_path], check=False)

    assert store.sweep(older_than_seconds=3600) == 0
    assert store.sweep(older_than_seconds=0) == 1
    assert list((tmp_path / "spool").iterdir()) == []
    assert list(store.digests()) == []


def test_the_spool_of_another_machine_is_left_alone(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path)
    foreign = tmp_path / "spool" / "01234567-89abcdef-1-1-0123456789abcdef"
    foreign.write_bytes(b"")

    assert store.sweep(older_than_seconds=0) == 0
    os.utime(foreign, (0, 0))
    assert store.sweep(older_than_seconds=0) == 1


def test_blobs_and_spools_are_nobody_elses_to_read(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path / "store")
    with store.spool() as spool:
        spool.write(b"secret")
        [path] = (tmp_path / "store" / "spool").iterdir()
        assert path.stat().st_mode & 0o777 == 0o600
        digest = store.keep(spool)

    file = store.path(digest)
    assert file is not None
    assert file.stat().st_mode & 0o777 == 0o600
    for folder in [*file.parents][: [*file.parents].index(tmp_path)]:
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_blob_cut_short_is_replaced_by_the_whole_one(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path)
    path = store.path(keep(store, b"whole"))
    assert path is not None
    path.write_bytes(b"who")

    assert b"".join(store.read(keep(store, b"whole"))) == b"whole"


FILLS_THE_DISK = """
import errno, os, pathlib, signal, sys, resource
from headgate.domain.errors import StorageFullError
from headgate.stores.blobs import FolderBlobStore, files
# The kernel answers EFBIG here where a full disk answers ENOSPC; all else is the same.
files._NO_ROOM.add(errno.EFBIG)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
store = FolderBlobStore(pathlib.Path(sys.argv[1]))
spool = store.spool()
try:
    for _ in range(100):
        spool.write(bytes(4_096))
except StorageFullError as error:
    print(error.message)
"""


def test_a_full_disk_is_told_and_the_spool_is_removed(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FILLS_THE_DISK, tmp_path], check=True, capture_output=True, text=True
    )

    assert "No room left on the file system" in ended.stdout
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.parametrize("text", ["", "sha256:", "sha512:" + "0" * 64, "0" * 62, "00 " * 32])
def test_what_is_not_a_digest_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        Digest.parse(text)
