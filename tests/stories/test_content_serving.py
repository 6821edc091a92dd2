"""What clients of published content see."""

import asyncio
import os
import socket
import threading
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from headgate.apis.content import ContentApp, ContentRules, Denied
from headgate.apis.content.keeping import Arrival, Keeper
from headgate.apis.scope import BEHIND_PROXY
from headgate.content.file.content import FileType
from headgate.content.file.tables import file_units
from headgate.domain.clock import utc_now
from headgate.domain.ids import UnitId
from headgate.plugin import Located
from headgate.services.storage.blob_collection import Space, collect, reconcile
from headgate.stores.blobs import BlobStore, Digest, FolderBlobStore, MemoryBlobStore
from headgate.stores.db import Database
from headgate.stores.db.tables import content_view_versions, repositories, setting_values
from support.content_server import Answer, ContentServer, content_server
from support.faulty_upstream import Fault, FaultyUpstream
from support.shelf import Shelf, blob_count

RPM = os.urandom(700_000)
SMALL = b"small package"
WREN = os.urandom(20_000)
REPO = "ACME/Library/custom/P/birds/"


def guard(scope: Mapping[str, Any], path: str, stamp: object) -> Denied | None:
    """Let in whoever says so: certificates have their own tests."""
    del stamp
    claims = dict(scope["headers"]).get(b"x-may-read", b"").decode()
    return None if claims and path.startswith(claims) else Denied("show your certificate")


@contextmanager
def serving(
    database: Database,
    store: BlobStore,
    tmp_path: Path,
    rules: ContentRules | None = None,
) -> Generator[ContentServer]:
    with content_server(
        database, store, guard=guard, locks=tmp_path / "locks", rules=rules
    ) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "store")


@pytest.fixture
def shelf(database: Database, store: FolderBlobStore) -> Shelf:
    return Shelf(database, store)


@pytest.fixture
def server(
    database: Database, store: FolderBlobStore, tmp_path: Path, shelf: Shelf
) -> Iterator[ContentServer]:
    acme = shelf.organization("ACME")
    birds = shelf.repository(acme, "birds")
    shelf.put(
        birds,
        {"Packages/g/gtk.rpm": RPM, "small.rpm": SMALL},
        metadata={"repodata/repomd.xml": b"<repomd/>"},
    )
    with serving(database, store, tmp_path) as running:
        yield running


def test_folders_are_listed_with_their_names_escaped(server: ContentServer, shelf: Shelf) -> None:
    acme = shelf.organization("EVIL")
    shelf.put(
        shelf.repository(acme, "names"),
        {"<script>alert(1)</script>": b"x", "a b&c?d#e.rpm": b"x", "deep/er/file": b"x"},
    )
    root = "EVIL/Library/custom/P/names/"

    page = server.get(root)

    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"<script>alert" not in page.body
    assert b'href="./a%20b%26c%3Fd%23e.rpm"' in page.body
    assert b'href="./deep/"' in page.body
    assert b'href="./er/"' in server.get(f"{root}deep/").body
    assert server.get(f"{root}a%20b%26c%3Fd%23e.rpm").body == b"x"
    assert server.get(f"{root}deep").headers["location"] == f"/pulp/content/{root}deep/"
    assert b'href="./repodata/"' in server.get(REPO).body
    assert server.get(f"{root}absent/").status == 404


def test_folders_above_repositories_show_only_what_the_client_may_read(
    server: ContentServer, shelf: Shelf
) -> None:
    acme = shelf.organization("Secret")
    shelf.put(shelf.repository(acme, "hidden", unprotected=False), {"x": b"x"})

    assert b'href="./Library/"' in server.get("ACME/").body
    assert b'href="./birds/"' in server.get("ACME/Library/custom/P/").body
    assert server.get("Secret/").status == 404
    opened = server.get("Secret/Library/custom/P/", {"X-May-Read": "/Secret/"})
    assert b'href="./hidden/"' in opened.body
    assert server.get("", {"X-May-Read": "/"}).status == 404


def test_a_protected_repository_wants_a_certificate_for_everything(
    server: ContentServer, shelf: Shelf
) -> None:
    acme = shelf.organization("Guarded")
    shelf.put(shelf.repository(acme, "closed", unprotected=False), {"a.rpm": SMALL})
    base = "Guarded/Library/custom/P/closed/"

    for path in ("a.rpm", "absent.rpm", ""):
        for _ in range(2):  # the second is answered out of memory
            answer = server.get(base + path)
            assert (answer.status, SMALL in answer.body) == (403, False)
            assert b"show your certificate" in answer.body
    opened = server.get(f"{base}a.rpm", {"X-May-Read": "/Guarded/"})
    assert (opened.status, opened.body) == (200, SMALL)
    assert opened.headers["cache-control"].startswith("private")
    assert server.get(f"{base}a.rpm").status == 403
    assert server.get(f"{base}a.rpm", {"X-May-Read": "/ACME/"}).status == 403


def test_a_repository_that_becomes_protected_is_closed_at_once(
    server: ContentServer, database: Database
) -> None:
    assert server.get(f"{REPO}small.rpm").status == 200
    with database.begin() as tx:
        tx.execute(update(repositories).values(unprotected=False))

    assert server.get(f"{REPO}small.rpm").status == 403
    assert server.get(f"{REPO}small.rpm", {"X-May-Read": "/"}).status == 200


def test_promotion_and_rollback_are_seen_by_the_next_request(
    server: ContentServer, shelf: Shelf
) -> None:
    org = shelf.organization("Org")
    repository = shelf.repository(org, "r")
    versions = [
        shelf.version(
            org, "web", shelf.put(repository, {"a": b"%d" % n}, metadata={"m": b"%d" % n})
        )
        for n in range(3)
    ]
    path = "Org/Dev/web/custom/P/r/"
    assert server.get(f"{path}a").status == 404

    for number in (0, 1, 2, 1, 0):
        shelf.promote(org, "Dev", "web", versions[number])
        assert server.get(f"{path}a").body == b"%d" % number
        assert server.get(f"{path}m").body == b"%d" % number
    assert server.get("Org/Library/custom/P/r/a").body == b"2"
    assert server.get("Org/Prod/web/custom/P/r/a").status == 404


def test_a_promotion_is_seen_while_clients_keep_asking(server: ContentServer, shelf: Shelf) -> None:
    """After a promotion has returned, no client is given the old file, whatever runs at once."""
    org = shelf.organization("Org")
    repository = shelf.repository(org, "r")
    bodies = [b"%d" % n for n in range(20)]
    versions = [shelf.version(org, "web", shelf.put(repository, {"a": body})) for body in bodies]
    shelf.promote(org, "Dev", "web", versions[0])
    stop = threading.Event()
    stale: list[Answer] = []
    floor = [0]

    def ask() -> None:
        while not stop.is_set():
            at_least = floor[0]
            answer = server.get("Org/Dev/web/custom/P/r/a")
            if answer.status != 200 or int(answer.body) < at_least:
                stale.append(answer)

    with ThreadPoolExecutor(4) as clients:
        asking = [clients.submit(ask) for _ in range(4)]
        for number, version in enumerate(versions):
            shelf.promote(org, "Dev", "web", version)
            floor[0] = number
            server.get("Org/Dev/web/custom/P/r/a")
        stop.set()
        for each in asking:
            each.result()

    assert stale == []


def test_archived_versions_are_served_only_if_that_is_switched_on(
    database: Database, store: FolderBlobStore, shelf: Shelf, tmp_path: Path
) -> None:
    org = shelf.organization("Org")
    repository = shelf.repository(org, "r")
    shelf.version(org, "web", shelf.put(repository, {"a": b"archived"}))
    with database.read() as tx:
        major = tx.scalar(select(content_view_versions.c.major))
    path = f"Org/content_views/web/{major}.0/custom/P/r/a"

    with serving(database, store, tmp_path) as server:
        assert server.get(path).status == 404
    with database.begin() as tx:
        stamps = dict.fromkeys(("created_at", "updated_at"), utc_now())
        kept = {"name": "distribute_archived_cvv", "value": "true", **stamps}
        tx.execute(insert(setting_values).values(kept))
    with serving(database, store, tmp_path) as server:
        assert server.get(path).body == b"archived"
        assert server.get(path.replace(f"{major}.0", f"{major}.1")).status == 404
        assert server.get(path.replace(f"{major}.0", "x")).status == 404


def test_a_store_without_files_serves_the_same(database: Database, tmp_path: Path) -> None:
    memory = MemoryBlobStore()
    shelf = Shelf(database, memory)
    shelf.put(shelf.repository(shelf.organization("ACME"), "birds"), {"a.rpm": RPM})

    with serving(database, memory, tmp_path) as server:
        assert server.get(f"{REPO}a.rpm").body == RPM
        part = server.get(f"{REPO}a.rpm", {"Range": "bytes=1-300000"})
        assert (part.status, part.body) == (206, RPM[1:300_001])


def test_a_blob_that_is_lost_is_an_error_and_never_other_bytes(
    server: ContentServer, store: FolderBlobStore
) -> None:
    assert server.get(f"{REPO}small.rpm").status == 200
    for digest, size in list(store.digests()):
        if size == len(SMALL):
            store.drop(digest)

    answer = server.get(f"{REPO}small.rpm")

    assert answer.status == 503
    assert b"has lost the bytes" in answer.body


@pytest.fixture
def upstream() -> Iterator[FaultyUpstream]:
    with FaultyUpstream() as running:
        running.serve("/r/a.rpm", RPM)
        yield running


@pytest.fixture
def on_demand(shelf: Shelf, upstream: FaultyUpstream) -> str:
    """The path of a file that is not here yet."""
    org = shelf.organization("Lazy")
    repository = shelf.repository(org, "r", url=f"{upstream.url}r")
    shelf.put(repository, absent={"a.rpm": RPM, "b.rpm": SMALL})
    return "Lazy/Library/custom/P/r/a.rpm"


@pytest.fixture
def small_on_demand(shelf: Shelf, upstream: FaultyUpstream) -> str:
    """The path of a file that is not here yet and fits into memory."""
    org = shelf.organization("Quick")
    repository = shelf.repository(org, "r", url=f"{upstream.url}r")
    shelf.put(repository, absent={"wren.rpm": WREN})
    upstream.serve("/r/wren.rpm", WREN)
    return "Quick/Library/custom/P/r/wren.rpm"


def test_what_is_not_here_is_fetched_once_and_kept(
    server: ContentServer, upstream: FaultyUpstream, on_demand: str, database: Database
) -> None:
    before = blob_count(database)

    answers = [server.get(on_demand) for _ in range(3)]

    assert all((answer.status, answer.body) == (200, RPM) for answer in answers)
    assert len(upstream.asked("/r/a.rpm")) == 1
    assert blob_count(database) == before  # it was here by another path: one blob


def test_many_clients_share_one_fetch(
    server: ContentServer, upstream: FaultyUpstream, on_demand: str
) -> None:
    release = threading.Event()
    upstream.fail("/r/a.rpm", Fault(held_by=release))

    with ThreadPoolExecutor(12) as clients:
        asking = [clients.submit(server.get, on_demand) for _ in range(12)]
        upstream.wait_for(1)
        release.set()
        bodies = {each.result().body for each in asking}

    assert bodies == {RPM}
    assert len(upstream.requests) == 1


@pytest.fixture
def second_server(
    database: Database, store: FolderBlobStore, tmp_path: Path
) -> Iterator[ContentServer]:
    with serving(database, store, tmp_path) as running:
        yield running


def test_processes_share_one_fetch(
    server: ContentServer,
    upstream: FaultyUpstream,
    on_demand: str,
    second_server: ContentServer,
) -> None:
    """A second server with its own memory: only the lock and the database are common."""
    release = threading.Event()
    upstream.fail("/r/a.rpm", Fault(held_by=release))

    with ThreadPoolExecutor(8) as clients:
        asking = [
            clients.submit(each.get, on_demand)
            for each in (server, second_server)
            for _ in range(4)
        ]
        upstream.wait_for(1)
        release.set()
        bodies = {each.result().body for each in asking}

    assert bodies == {RPM}
    assert len(upstream.requests) == 1


def test_a_small_file_is_verified_shared_and_kept_right_after(
    server: ContentServer,
    upstream: FaultyUpstream,
    small_on_demand: str,
    second_server: ContentServer,
    store: FolderBlobStore,
) -> None:
    release = threading.Event()
    upstream.fail("/r/wren.rpm", Fault(held_by=release))

    with ThreadPoolExecutor(9) as clients:
        part = clients.submit(server.get, small_on_demand, {"Range": "bytes=100-199"})
        head = clients.submit(server.get, small_on_demand, method="HEAD")
        asking = [clients.submit(server.get, small_on_demand) for _ in range(4)]
        upstream.wait_for(1)
        asking += [clients.submit(second_server.get, small_on_demand) for _ in range(3)]
        release.set()
        bodies = {each.result().body for each in asking}

    assert bodies == {WREN}
    assert (part.result().status, part.result().body) == (206, WREN[100:200])
    assert head.result().headers["content-length"] == str(len(WREN))
    assert len(upstream.requests) == 1
    # The second server waited for the lock, so the first has kept the file by now.
    assert store.size(Digest(sha256(WREN).digest())) == len(WREN)


def test_of_a_small_file_too_no_wrong_byte_is_served(
    server: ContentServer, upstream: FaultyUpstream, small_on_demand: str, store: FolderBlobStore
) -> None:
    upstream.always["/r/wren.rpm"] = Fault(body=WREN[:-1] + b"x")
    before = sorted(store.digests())

    answer = server.get(small_on_demand)

    assert (answer.status, b"upstream gave wrong bytes" in answer.body) == (502, True)
    assert sorted(store.digests()) == before


def test_a_small_file_that_cannot_be_kept_is_served_and_fetched_again(  # noqa: PLR0917 - fixtures
    server: ContentServer,
    upstream: FaultyUpstream,
    small_on_demand: str,
    second_server: ContentServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    spool = tmp_path / "store" / "spool"
    spool.rmdir()
    spool.symlink_to("/dev/full")

    unkept = server.get(small_on_demand)
    again = second_server.get(small_on_demand)  # waits for the first's lock
    asked = len(upstream.requests)
    spool.unlink()
    spool.mkdir()

    assert (unkept.status, unkept.body) == (200, WREN)
    assert (again.status, again.body) == (200, WREN)
    assert server.get(small_on_demand).body == WREN
    assert asked == 2
    assert "wren.rpm was fetched and served but" in caplog.text


def test_a_file_that_cannot_be_kept_does_not_hold_up_those_kept_with_it(
    database: Database, store: FolderBlobStore, shelf: Shelf
) -> None:
    repository = shelf.repository(shelf.organization("Quick"), "r")
    shelf.put(repository, absent={"a": SMALL, "b": WREN})
    with database.read() as tx:
        ids = {row.path: row.id for row in tx.execute(select(file_units.c.path, file_units.c.id))}

    def arrival(content_type: str, path: str) -> Arrival:
        found = Located(None, "x", None, None, "file", UnitId(ids[path]))
        return Arrival(content_type, path, found)

    async def keep_both() -> list[Any]:
        keeper = Keeper(database, store, {"file": FileType()}, utc_now)
        wrong, right = arrival("nonsense", "a"), arrival("file", "b")
        keeping = (keeper.keep(wrong, SMALL), keeper.keep(right, WREN))
        return list(await asyncio.gather(*keeping, return_exceptions=True))

    failed, kept = asyncio.run(keep_both())

    assert isinstance(failed, KeyError)
    assert kept.digest == Digest(sha256(WREN).digest())
    collect(database, store, clock=utc_now)
    assert [digest for digest, _ in store.digests()] == [kept.digest]


@pytest.mark.parametrize(
    "fault",
    [Fault(body=RPM[:-1] + b"x"), Fault(body=RPM[:-1]), Fault(body=RPM + b"x"), Fault(body=b"no")],
)
def test_wrong_bytes_are_never_served(
    server: ContentServer,
    upstream: FaultyUpstream,
    on_demand: str,
    fault: Fault,
    store: FolderBlobStore,
) -> None:
    upstream.always["/r/a.rpm"] = fault
    before = sorted(store.digests())

    answer = server.get(on_demand)

    assert answer.status == 502
    assert b"upstream gave wrong bytes" in answer.body
    assert len(answer.body) < 500
    assert sorted(store.digests()) == before


def test_a_cut_transfer_is_repaired_before_the_first_byte_leaves(
    server: ContentServer, upstream: FaultyUpstream, on_demand: str
) -> None:
    upstream.fail("/r/a.rpm", Fault(cut_after=400_000))

    assert server.get(on_demand).body == RPM


def test_a_failing_source_is_told_without_its_address_and_spared_for_a_while(
    server: ContentServer, upstream: FaultyUpstream, on_demand: str
) -> None:
    upstream.always["/r/a.rpm"] = Fault(503)

    first, again = server.get(on_demand), server.get(on_demand)
    other = server.get(on_demand.replace("a.rpm", "b.rpm"))

    assert (first.status, again.status, other.status) == (502, 502, 502)
    assert b"it is busy or broken" in first.body
    assert b"localhost" not in first.body
    assert first.headers["retry-after"] == "3"
    assert len(upstream.requests) == 2  # the attempts of the first; the second found it failing


def test_a_silent_source_is_a_timeout(
    server: ContentServer, upstream: FaultyUpstream, on_demand: str
) -> None:
    upstream.always["/r/a.rpm"] = Fault(stall_after=10)

    assert server.get(on_demand).status == 504


def test_a_client_that_leaves_does_not_end_the_fetch(
    server: ContentServer, upstream: FaultyUpstream, on_demand: str
) -> None:

    release = threading.Event()
    upstream.fail("/r/a.rpm", Fault(held_by=release))
    with socket.create_connection(("127.0.0.1", server.port)) as leaver:
        leaver.sendall(f"GET /pulp/content/{on_demand} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        upstream.wait_for(1)
    release.set()

    assert server.get(on_demand).body == RPM
    assert len(upstream.requests) == 1


def test_what_came_on_demand_survives_collection(
    server: ContentServer, on_demand: str, database: Database, store: FolderBlobStore
) -> None:
    assert server.get(on_demand).status == 200

    freed = collect(database, store, clock=utc_now)

    assert freed == Space()
    assert reconcile(database, store, clock=utc_now).missing == ()
    assert server.get(on_demand).body == RPM


def test_a_full_disk_is_an_answer_and_the_server_stays_up(
    server: ContentServer, on_demand: str, tmp_path: Path
) -> None:
    spool = tmp_path / "store" / "spool"
    spool.rmdir()
    spool.symlink_to("/dev/full")  # opening a spool fails, as nothing can be made there

    failed = server.get(on_demand)
    spool.unlink()
    spool.mkdir()

    assert failed.status >= 500
    assert server.get(f"{REPO}small.rpm").status == 200
    assert server.get(on_demand).body == RPM


def test_nginx_is_told_which_file_to_send(
    database: Database, store: FolderBlobStore, shelf: Shelf, tmp_path: Path
) -> None:
    """Only a request that came through the proxy's socket gets the internal location."""

    files = {"a.rpm": SMALL, "repomd.xml": SMALL}
    shelf.put(shelf.repository(shelf.organization("ACME"), "birds"), files)
    rules = ContentRules(accel_prefix="/.blobs/", accel_root=tmp_path / "store" / "blobs")

    async def ask(extra: dict[str, Any], name: str = "a.rpm") -> list[Any]:
        app = ContentApp(database, store, {"file": FileType()}, guard=guard, rules=rules)
        messages: list[Any] = []
        raw = f"/pulp/content/{REPO}{name}".encode()
        scope: dict[str, Any] = {"method": "GET", "raw_path": raw, "headers": [], **extra}

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            messages.append(message)

        await app(scope, receive, send)
        await app.close()
        return messages

    proxied, direct = asyncio.run(ask({BEHIND_PROXY: True})), asyncio.run(ask({}))
    index = asyncio.run(ask({BEHIND_PROXY: True}, "repomd.xml"))

    headers = dict(proxied[0]["headers"])
    [(digest, _)] = store.digests()
    expected = f"/.blobs/{digest.hex[:2]}/{digest.hex[2:4]}/{digest.hex}"
    assert headers[b"x-accel-redirect"].decode() == expected
    assert proxied[1]["body"] == b""
    assert b"x-accel-redirect" not in dict(direct[0]["headers"])
    assert direct[1]["body"] == SMALL
    # nginx could take a newer index for the one that a client has.
    assert index[1]["body"] == SMALL
