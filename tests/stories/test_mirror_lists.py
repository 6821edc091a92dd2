"""Repositories behind mirrorlists and metalinks: one bad mirror is not the end."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from headgate.server.content_types import content_types
from headgate.upstream import AddressRules, DownloadLimits, DownloadRules
from support.aviary import CRANE, HERON_1, REED_1, REED_2, ROOK, SWIFT
from support.content_server import content_server
from support.dnf import Dnf
from support.faulty_upstream import Fault
from support.house import House
from support.mirror_ring import REPOMD, Ring, offer, ring
from support.openpgp import Gnupg
from support.ports import free_port
from support.repositories import YumRepository
from support.rpms import RpmStore

DOWNLOADS = DownloadRules(
    limits=DownloadLimits(
        attempts=2, first_pause=0.001, read_timeout=0.4, slowest=20_000, slow_window=0.2
    ),
    addresses=AddressRules.allowing(["127.0.0.0/8", "::1/128"]),
)
BEFORE = YumRepository(rpms=[REED_1, HERON_1])
AFTER = YumRepository(rpms=[REED_2, HERON_1, ROOK, CRANE])
LATER = YumRepository(rpms=[REED_2, SWIFT])

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, rpm_store: RpmStore) -> Path:
    return dated(BEFORE.write(tmp_path_factory.mktemp("before") / "it", rpm_store), 1_700_000_000)


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory, rpm_store: RpmStore) -> Path:
    return dated(AFTER.write(tmp_path_factory.mktemp("after") / "it", rpm_store), 1_700_000_100)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory, rpm_store: RpmStore) -> Path:
    return dated(LATER.write(tmp_path_factory.mktemp("later") / "it", rpm_store), 1_700_000_200)


def dated(folder: Path, moment: int) -> Path:
    """Say in repomd.xml when the metadata was made."""
    repomd = folder / REPOMD
    text = re.sub(r"<timestamp>\d+<", f"<timestamp>{moment}<", repomd.read_text())
    repomd.write_text(text)
    return folder


@pytest.fixture
def mirrors() -> Iterator[Ring]:
    with ring(3) as made:
        yield made


def names(house: House, repository: int) -> set[str]:
    return {each["nvra"] for each in house.world.list("packages", repository_id=repository)}


def in_vain(house: House, url: str, **fields: Any) -> str:
    """Synchronize; return the error that the task ends with."""
    repository = house.world.repository("birds", url=url, **fields)
    task = house.world.ended(house.world.post(f"repositories/{repository}/sync"))
    assert task["result"] == "error", task
    (message,) = task["humanized"]["errors"]
    return str(message)


def test_each_file_comes_from_the_first_mirror_that_has_it(
    house: House, mirrors: Ring, after: Path, later: Path, tmp_path: Path
) -> None:
    """One mirror is dead, one lacks files, one breaks off: dnf installs what the last one gave."""
    mirrors.offer(after)
    heron = next(path for path in mirrors.mirrors[0].files if "heron" in path)
    del mirrors.mirrors[0].files[heron]
    mirrors.mirrors[1].always[heron] = Fault(cut_after=100)
    dead = f"http://localhost:{free_port()}/"
    world = house.start_worker(DOWNLOADS)

    repository = world.mirror("birds", mirrors.list_them(dead, "rsync://localhost/birds/"))

    assert names(house, repository) == {rpm.nvra for rpm in AFTER.rpms}
    assert len(mirrors.mirrors[2].asked(heron)) == 1
    assert mirrors.mirrors[2].asked(f"/{REPOMD}") == []
    with content_server(
        house.control.database,
        house.control.blobs,
        guard=lambda _scope, _path, _stamp: None,
        locks=tmp_path / "locks",
        content_types=content_types(),
    ) as content:
        host = Dnf(tmp_path / "host")
        base = f"http://127.0.0.1:{content.port}{world.content_path('birds')}"
        host.add_repository("birds", base)
        host.install("heron", "rook", "crane")
        assert REED_2.nevra in host.installed()

        # On demand, too, and after the mirrors that gave the metadata have died.
        mirrors.offer(later)
        world.put(f"repositories/{repository}", download_policy="on_demand")
        world.sync(repository)
        for each in mirrors.mirrors[:2]:
            mirrors.stop(each)
        path = next(path for path in mirrors.mirrors[2].files if "swift" in path)
        answer = httpx2.get(base + path[1:], trust_env=False)
        assert answer.status_code == 200
        assert answer.content == mirrors.mirrors[2].files[path].body


@on_sqlite
def test_a_mirror_that_dies_in_the_middle_is_replaced(
    house: House, mirrors: Ring, after: Path
) -> None:
    mirrors.offer(after)
    first = mirrors.mirrors[0]
    for path in first.files:
        if path.endswith(".rpm"):
            first.always[path] = Fault(cut_after=200)
    world = house.start_worker(DOWNLOADS)

    repository = world.mirror("birds", mirrors.list_them())

    assert names(house, repository) == {rpm.nvra for rpm in AFTER.rpms}
    assert mirrors.mirrors[2].requests == []


@on_sqlite
def test_the_error_tells_of_each_mirror_what_was_wrong_with_it(
    house: House, mirrors: Ring, after: Path
) -> None:
    mirrors.offer(after)
    rook = next(path for path in mirrors.mirrors[0].files if "rook" in path)
    del mirrors.mirrors[0].files[rook]
    mirrors.mirrors[1].always[rook] = Fault(503, {"Retry-After": "0"})
    mirrors.mirrors[2].always[rook] = Fault(200, body=b"x")
    house.start_worker(DOWNLOADS)

    said = in_vain(house, mirrors.list_them(), missing_files_policy="strict")

    for mirror, reason in zip(mirrors.urls, ("404", "503", "wrong bytes"), strict=True):
        assert re.search(rf"{mirror}{rook[1:]}: [^;]*{reason}", said), said


@on_sqlite
def test_of_a_metalink_the_newest_state_counts_and_alternates_will_do(
    house: House, mirrors: Ring, before: Path, after: Path
) -> None:
    newest, older = ((folder / REPOMD).read_bytes() for folder in (after, before))
    world = house.start_worker(DOWNLOADS)
    mirrors.offer(before, before, after)

    repository = world.mirror("birds", mirrors.link_them(newest, older))

    assert REED_2.nvra in names(house, repository)

    mirrors.offer(before)
    another = world.mirror("old birds", mirrors.link_them(newest, older))
    assert REED_1.nvra in names(house, another)


@on_sqlite
def test_what_a_metalink_does_not_vouch_for_is_taken_from_no_mirror(
    house: House, mirrors: Ring, before: Path, after: Path
) -> None:
    mirrors.offer(before)
    house.start_worker(DOWNLOADS)

    said = in_vain(house, mirrors.link_them((after / REPOMD).read_bytes()))

    assert said.count("none of those that the metalink tells of") == 3


@on_sqlite
def test_mirrors_that_lag_behind_are_passed_over(
    house: House, mirrors: Ring, before: Path, after: Path
) -> None:
    world = house.start_worker(DOWNLOADS)
    mirrors.offer(after)
    repository = world.mirror("birds", mirrors.list_them())
    mirrors.offer(before, before, after)

    task = world.sync(repository)

    assert task["output"]["changed"] is False
    assert REED_2.nvra in names(house, repository)
    # Also when nothing of the last sync is known but what was newest in it.
    assert world.sync(repository, skip_metadata_check=True)["output"]["changed"] is False


@on_sqlite
def test_a_mirror_that_has_only_begun_its_update_is_passed_over(
    house: House, mirrors: Ring, before: Path, after: Path
) -> None:
    """All of its files are absent from the others, which still have the state before."""
    world = house.start_worker(DOWNLOADS)
    mirrors.offer(before)
    mirrors.mirrors[0].files[f"/{REPOMD}"].body = (after / REPOMD).read_bytes()
    mirrors.mirrors[0].files[f"/{REPOMD}"].etag = None

    repository = world.mirror("birds", mirrors.list_them())

    assert REED_1.nvra in names(house, repository)


@on_sqlite
def test_mirrors_that_send_clients_round_in_circles_are_passed_over(
    house: House, mirrors: Ring, after: Path
) -> None:
    mirrors.offer(after)
    first, second, third = mirrors.mirrors
    for one, other in ((first, second), (second, first)):
        for path in one.files:
            one.always[path] = Fault(302, {"Location": f"{other.url}{path[1:]}"})
    world = house.start_worker(DOWNLOADS)

    repository = world.mirror("birds", mirrors.list_them())

    assert names(house, repository) == {rpm.nvra for rpm in AFTER.rpms}
    assert third.requests


@on_sqlite
def test_a_mirror_whose_signature_is_not_the_one_is_passed_over(
    house: House, mirrors: Ring, before: Path, after: Path
) -> None:
    """The first has none yet, the second still has that of the state before."""
    with closing(Gnupg()) as gnupg:
        key = gnupg.key("Birds <birds@example.org>")
        old, new = (
            gnupg.sign("Birds <birds@example.org>", (folder / REPOMD).read_bytes())
            for folder in (before, after)
        )
    mirrors.offer(after)
    mirrors.mirrors[1].serve(f"/{REPOMD}.asc", old)
    mirrors.mirrors[2].serve(f"/{REPOMD}.asc", new)
    world = house.start_worker(DOWNLOADS)
    trusted = world.credential("key", key, kind="gpg_key")
    enforced: dict[str, Any] = {
        "gpg_key_id": trusted,
        "metadata_signature_policy": "enforce",
        "package_signature_policy": "off",
    }

    repository = world.mirror("birds", mirrors.list_them(), **enforced)

    assert names(house, repository) == {rpm.nvra for rpm in AFTER.rpms}
    mirrors.stop(mirrors.mirrors[2])
    task = world.ended(world.post(f"repositories/{repository}/sync", skip_metadata_check=True))
    assert task["result"] == "error"


ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
<metalink xmlns="http://www.metalinker.org/">&b;</metalink>"""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"http://localhost/\n" * 100_000, "larger than"),
        (ENTITIES, "refused"),
        (b"<metalink" + b"<a>" * 100_000, "metalink"),
        (b"<metalink><file name='x'/></metalink>", "lists no repomd.xml"),
        (b"file:///etc/passwd\nftp://localhost/\n", "has no such file"),
        (b"http://169.254.169.254/latest/\n", "address"),
        (b"", "has no such file"),
    ],
    ids=["endless", "entities", "deep", "other files", "other schemes", "metadata", "empty"],
)
@on_sqlite
def test_a_hostile_list_leads_nowhere(house: House, mirrors: Ring, body: bytes, words: str) -> None:
    mirrors.lists.serve("/mirrorlist", body)
    house.start_worker(DOWNLOADS)

    assert words in in_vain(house, f"{mirrors.lists.url}mirrorlist")


@on_sqlite
def test_a_list_is_known_by_what_it_holds(house: House, mirrors: Ring, after: Path) -> None:
    """Its URL says nothing; and it is read again by each sync."""
    offer(mirrors.mirrors[2], after)
    mirrors.lists.serve("/birds", mirrors.urls[2].encode())
    world = house.start_worker(DOWNLOADS)
    repository = world.mirror("birds", f"{mirrors.lists.url}birds")
    offer(mirrors.mirrors[1], after)
    mirrors.lists.serve("/birds", mirrors.urls[1].encode())
    asked = len(mirrors.mirrors[2].requests)

    world.sync(repository)

    assert len(mirrors.mirrors[2].requests) == asked
    assert names(house, repository) == {rpm.nvra for rpm in AFTER.rpms}
