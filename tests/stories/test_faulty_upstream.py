"""Upstreams that fail, lie or attack: a clear error or a repaired result, and nothing lost.

Whatever happens to a synchronization, the version before it is served in full, nothing of the
failed one is served or left behind, and the next good synchronization succeeds.
"""

import bz2
import gzip
import lzma
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
import zstandard
from sqlalchemy import func, select

from headgate.server.content_types import content_types
from headgate.stores.db.tables import blobs, unit_pins
from headgate.upstream import AddressRules, DownloadLimits, DownloadRules
from headgate.workflows.collect import collect
from support.aviary import AVIARY, HERON_1, HERON_2, REED_1, REED_2, ROOK
from support.content_server import content_server
from support.faulty_upstream import Fault, FaultyUpstream
from support.house import House
from support.metadata import fetch, kinds, packages, write_files
from support.repositories import Advisory, YumRepository
from support.rpms import RpmStore
from support.yum_xml import documents, package

DOWNLOADS = DownloadRules(
    limits=DownloadLimits(
        attempts=3, first_pause=0.001, read_timeout=0.4, slowest=20_000, slow_window=0.2
    ),
    addresses=AddressRules.allowing(["127.0.0.0/8", "::1/128"]),
)
BEFORE = YumRepository(
    rpms=[REED_1, HERON_1], advisories=[Advisory("OLD-1", [HERON_1])], treeinfo=True
)
AFTER = AVIARY.having(rpms=[REED_2, HERON_2, ROOK], modules=[])
REED = "/Packages/r/reed-1.1-2.noarch.rpm"
BOMB = 65 << 20  # bytes of nothing: more than small files may expand to

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


_POLL = 0.01  # seconds between two looks at what ends soon


class Mirror:
    """A repository that has been synchronized once, from an upstream that is up to something."""

    def __init__(self, house: House, upstream: FaultyUpstream, content: str, folder: Path) -> None:
        self.house = house
        self.world = house.start_worker(DOWNLOADS)
        self.upstream = upstream
        self._content = httpx2.Client(base_url=content, trust_env=False)
        self._folder = folder
        self._fetched = 0
        self.offered: Path = folder

    def offer(self, folder: Path) -> None:
        """Let upstream serve this and nothing else."""
        self.offered = folder
        self.upstream.files.clear()
        for path in folder.rglob("*"):
            if path.is_file():
                etag = f'"{path.stat().st_mtime_ns}"'
                self.upstream.serve(f"/{path.relative_to(folder)}", path.read_bytes(), etag=etag)

    def path(self, kind: str) -> str:
        """Where upstream has the metadata file of a type."""
        return f"/{kinds(self.offered)[kind]}"

    def make(self, **fields: Any) -> None:
        """Make the repository, which takes all or nothing unless told otherwise, and sync it."""
        chosen = {"missing_files_policy": "strict", **fields}
        self.repository = self.world.mirror("birds", self.upstream.url, **chosen)

    def sync(self) -> Any:
        """Synchronize; return the task, which may have failed."""
        asked = self.world.post(f"repositories/{self.repository}/sync")
        return self.world.ended(asked, seconds=60)

    def served(self) -> Mapping[str, Any]:
        """Everything that clients can get: metadata, and the digests of packages by location."""
        self._fetched += 1
        base = self.world.content_path("birds")
        folder = fetch(self._content, base, self._folder / f"fetched-{self._fetched}")
        found = packages(folder)
        for each in found.values():
            answer = self._content.get(base + each["location_href"])
            assert answer.status_code == 200, answer.text
            assert len(answer.content) == each["size_package"]
        self._wait_until_kept()
        return found

    def _wait_until_kept(self) -> None:
        """What came on demand leaves before it is kept, right after."""
        give_up = time.monotonic() + 30
        while not all(
            each["downloaded"]
            for kind in ("packages", "srpms")
            for each in self.world.list(kind, repository_id=self.repository)
        ):
            assert time.monotonic() < give_up, "what came on demand is not kept"
            time.sleep(_POLL)

    def get(self, path: str) -> httpx2.Response:
        """Ask the data plane for a file of the repository."""
        return self._content.get(self.world.content_path("birds") + path)

    def blobs(self) -> set[str]:
        """The blobs that are left when the collector has been here."""
        workshop = self.house.workshop()
        collect(workshop)
        with self.house.control.database.read() as tx:
            rows = {bytes(raw).hex() for raw in tx.scalars(select(blobs.c.digest))}
            assert tx.scalar(select(func.count()).select_from(unit_pins)) == 0
        files = {digest.hex for digest, _ in self.house.control.blobs.digests()}
        assert files == rows
        return files

    def close(self) -> None:
        self._content.close()


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, rpm_store: RpmStore) -> Path:
    """What upstream had when it was first synchronized."""
    return BEFORE.write(tmp_path_factory.mktemp("before") / "it", rpm_store)


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory, rpm_store: RpmStore) -> Path:
    """What upstream has next."""
    return AFTER.write(tmp_path_factory.mktemp("after") / "it", rpm_store)


@pytest.fixture
def mirror(house: House, tmp_path: Path, before: Path) -> Iterator[Mirror]:
    with ExitStack() as stack:
        upstream = stack.enter_context(FaultyUpstream())
        content = stack.enter_context(
            content_server(
                house.control.database,
                house.control.blobs,
                guard=lambda _scope, _path, _stamp: None,
                locks=tmp_path / "locks",
                content_types=content_types(),
            )
        )
        made = Mirror(house, upstream, f"http://127.0.0.1:{content.port}", tmp_path)
        stack.callback(made.close)
        made.offer(before)
        yield made


def survive(mirror: Mirror, trouble: Callable[[], None], after: Path, *words: str) -> str:
    """Synchronize into trouble; check what must hold whatever the trouble; return the error."""
    before, kept = mirror.served(), mirror.blobs()
    trouble()
    task = mirror.sync()
    assert task["result"] == "error", task
    (message,) = task["humanized"]["errors"]
    for each in (mirror.upstream.url, *words):
        assert each in message
    assert mirror.served() == before
    assert mirror.blobs() == kept
    # Trouble passes: the next synchronization makes up for it.
    mirror.upstream.faults.clear()
    mirror.upstream.always.clear()
    mirror.offer(after)
    assert mirror.sync()["result"] == "success"
    assert mirror.served() == packages(after)
    return str(message)


LASTING: Mapping[str, tuple[Fault, str]] = {
    "silent": (Fault(stall_after=10), "does not answer in time"),
    "cut": (Fault(cut_after=100), "broke off"),
    "busy": (Fault(503, {"Retry-After": "0"}), "try again later"),
    "gone": (Fault(404), "has no such file"),
    "wrong bytes": (Fault(200, body=b"<html>Welcome to our hotel</html>"), "wrong bytes"),
    "too long": (Fault(200, body=b"x" * 100_000), "wrong bytes"),
    "nothing": (Fault(200, body=b""), "wrong bytes"),
    "redirects to itself": (Fault(302, {"Location": ""}), "redirect"),
    "forbidden": (Fault(403), "check the upstream credentials"),
    "encoded": (Fault(headers={"Content-Encoding": "gzip"}), "encoding"),
}


METADATA = ("silent", "cut", "gone", "wrong bytes")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        *((name, "package") for name in LASTING),
        *((name, "primary") for name in METADATA),
        ("cut", "updateinfo"),
    ],
)
@on_sqlite
def test_a_lasting_fault_ends_the_synchronization_and_harms_nothing(
    mirror: Mirror, after: Path, name: str, what: str
) -> None:
    mirror.make()
    fault, words = LASTING[name]

    def trouble() -> None:
        mirror.offer(after)
        path = REED if what == "package" else mirror.path(what)
        location = {"Location": path} if fault.status == 302 else fault.headers
        mirror.upstream.always[path] = Fault(
            fault.status,
            location,
            fault.body,
            cut_after=fault.cut_after,
            stall_after=fault.stall_after,
        )

    message = survive(mirror, trouble, after, words)

    assert (REED if what == "package" else what) in message


def test_a_package_that_is_gone_upstream_is_named(mirror: Mirror, after: Path) -> None:
    """On each database: what one package's absence must not spoil."""
    mirror.make()

    def trouble() -> None:
        mirror.offer(after)
        del mirror.upstream.files[REED]

    survive(mirror, trouble, after, REED, "404", "check")


PASSING: Mapping[str, list[Fault]] = {
    "busy": [Fault(503, {"Retry-After": "0"}), Fault(500)],
    "cut": [Fault(cut_after=300), Fault(cut_after=500)],
    "silent": [Fault(stall_after=200)],
    "wrong bytes": [Fault(200, body=b"<html>Welcome to our hotel</html>")],
}


@pytest.mark.parametrize("name", PASSING)
@on_sqlite
def test_a_passing_fault_is_made_up_for(mirror: Mirror, after: Path, name: str) -> None:
    mirror.make()
    mirror.offer(after)
    for path in (mirror.path("primary"), mirror.path("updateinfo"), REED, "/repodata/repomd.xml"):
        if (path, name) != ("/repodata/repomd.xml", "wrong bytes"):  # nothing tells what is right
            mirror.upstream.fail(path, *PASSING[name])

    assert mirror.sync()["result"] == "success"

    assert mirror.served() == packages(after)


@pytest.mark.parametrize("unique", [True, False], ids=["unique names", "simple names"])
@on_sqlite
def test_an_upstream_that_moves_meanwhile_is_read_again(
    mirror: Mirror, tmp_path: Path, rpm_store: RpmStore, *, unique: bool
) -> None:
    middle = YumRepository(rpms=[REED_1, ROOK], unique_names=unique)
    after = AFTER.having(unique_names=unique).write(tmp_path / "after", rpm_store)
    old = middle.write(tmp_path / "middle", rpm_store) / "repodata" / "repomd.xml"
    mirror.make()
    mirror.offer(after)
    mirror.upstream.fail("/repodata/repomd.xml", Fault(200, body=old.read_bytes()))

    assert mirror.sync()["result"] == "success"

    assert mirror.served() == packages(after)


@on_sqlite
def test_on_demand_gives_no_byte_that_is_not_verified(mirror: Mirror, after: Path) -> None:
    mirror.offer(after)
    mirror.make(download_policy="on_demand")
    good = mirror.upstream.files[REED].body
    mirror.upstream.always[REED] = Fault(200, body=good[:-1] + b"!")

    refused = mirror.get(REED[1:])

    assert refused.status_code == 502
    assert good[:100] not in refused.content
    assert mirror.upstream.url not in refused.text
    assert mirror.get(REED[1:]).status_code == 502


@on_sqlite
def test_a_package_cannot_take_the_place_of_metadata(mirror: Mirror, tmp_path: Path) -> None:
    files = located(b"repodata/repomd.xml")
    mirror.offer(write_files(tmp_path / "it", files))
    mirror.make(download_policy="on_demand", mirroring_policy="additive")

    assert b"<repomd" in mirror.get("repodata/repomd.xml").content


@on_sqlite
def test_a_mirror_of_an_unchanged_upstream_changes_nothing(mirror: Mirror) -> None:
    mirror.make()
    before, kept = mirror.served(), mirror.blobs()

    task = mirror.sync()

    assert task["output"]["changed"] is False
    assert mirror.served() == before
    assert mirror.blobs() == kept


FLOCK = documents([package(f"bird{number}") for number in range(3)])
OTHERS = documents([package(f"other{number}") for number in range(3)])
PLAIN = {f"{kind}.xml": body for kind, body in FLOCK.items()}
ENTITIES = b"""<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY f SYSTEM "file:///etc/passwd">]>
"""


def blown_up(kind: str, text: bytes = b" ") -> bytes:
    """A document with millions of blanks after its first element."""
    body = FLOCK[kind]  # type: ignore[index]
    at = body.index(b">", body.index(b"<metadata" if kind == "primary" else b"<")) + 1
    return body[:at] + text * BOMB + body[at:]


def with_entities(body: bytes) -> bytes:
    return ENTITIES + body.partition(b"?>\n")[2].replace(b"A package", b"&c;&f;")


def located(path: bytes) -> Mapping[str, bytes]:
    body = PLAIN["primary.xml"].replace(b"Packages/b/bird1-1.0-1.noarch.rpm", path)
    return PLAIN | {"primary.xml": body}


TREE = (
    b"[general]\nfamily=x\nversion=1\narch=x86_64\n[checksums]\n%s = sha256:" + b"ab" * 32 + b"\n"
)
COMPS = b"<comps><group><id>a</id><name>&c;</name></group></comps>"
ERRATA = b"<updates><update><id>&c;</id></update></updates>"


HOSTILE: Mapping[str, Callable[[], tuple[Mapping[str, bytes], str]]] = {
    "gzip bomb": lambda: (
        {**_without("primary.xml"), "primary.xml.gz":
            gzip.compress(blown_up("primary"))}, "times its size"),
    "xz bomb": lambda: (
        {**_without("primary.xml"), "primary.xml.xz": lzma.compress(blown_up("primary"), preset=0)},
        "times its size"),
    "bz2 bomb": lambda: (
        {**_without("primary.xml"), "primary.xml.bz2": bz2.compress(blown_up("primary"))},
        "times its size"),
    "zstd bomb": lambda: (
        {**_without("primary.xml"), "primary.xml.zst":
            zstandard.ZstdCompressor(1).compress(blown_up("primary"))}, "times its size"),
    "comps bomb": lambda: (
        {**PLAIN, "group.xml.gz": gzip.compress(b"<comps>" + b" " * BOMB)}, "expands"),
    "modules bomb": lambda: (
        {**PLAIN, "modules.yaml.gz": gzip.compress(b"#" * BOMB)}, "expands"),
    "entities in primary": lambda: (
        PLAIN | {"primary.xml": with_entities(PLAIN["primary.xml"])}, "refused"),
    "entities in comps": lambda: ({**PLAIN, "group.xml": ENTITIES + COMPS}, "refused"),
    "entities in updateinfo": lambda: ({**PLAIN, "updateinfo.xml": ENTITIES + ERRATA}, "refused"),
    "aliases in modules": lambda: (
        {**PLAIN, "modules.yaml": b"---\na: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n..."}, ""),
    "location above": lambda: (located(b"../../../etc/passwd"), "etc/passwd"),
    "location absolute": lambda: (located(b"/etc/passwd"), "etc/passwd"),
    "location with NUL": lambda: (located(b"Packages/&#0;x.rpm"), ""),
    "too many announced": lambda: (
        PLAIN | {"primary.xml": PLAIN["primary.xml"].replace(b'packages="3"', b'packages="4"')},
        "declares 4 packages but holds 3"),
    "too few announced": lambda: (
        PLAIN | {"primary.xml": PLAIN["primary.xml"].replace(b'packages="3"', b'packages="2"')},
        "declares 2 packages but holds"),
    "file lists of others": lambda: (
        PLAIN | {"filelists.xml": OTHERS["filelists"]}, ""),
    "no XML": lambda: (PLAIN | {"primary.xml": b"GIF89a"}, "primary is not well-formed"),
    "cut XML": lambda: (
        PLAIN | {"primary.xml": PLAIN["primary.xml"][:-90]}, "primary is not well-formed"),
    "cut gzip": lambda: (
        {**_without("primary.xml"), "primary.xml.gz": gzip.compress(PLAIN["primary.xml"])[:-20]},
        "cut short"),
    "no primary": lambda: (_without("primary.xml"), "no primary"),
}  # fmt: skip


def _without(name: str) -> dict[str, bytes]:
    return {each: body for each, body in PLAIN.items() if each != name}


@pytest.mark.parametrize("name", HOSTILE)
@on_sqlite
def test_hostile_metadata_is_refused_as_a_whole(
    mirror: Mirror, after: Path, tmp_path: Path, name: str
) -> None:
    mirror.make(download_policy="on_demand")
    files, words = HOSTILE[name]()

    survive(mirror, lambda: mirror.offer(write_files(tmp_path / "it", files)), after, words)


@pytest.mark.parametrize("path", [b"../../etc/passwd", b"/etc/passwd", b"images/../../../x"])
@on_sqlite
def test_a_tree_cannot_name_files_outside_of_itself(
    mirror: Mirror, after: Path, tmp_path: Path, path: bytes
) -> None:
    mirror.make(download_policy="on_demand")

    def trouble() -> None:
        folder = write_files(tmp_path / "it", PLAIN)
        (folder / ".treeinfo").write_bytes(TREE % path)
        mirror.offer(folder)

    survive(mirror, trouble, after, path.decode())


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "repodata/../../x"])
@on_sqlite
def test_repomd_cannot_name_files_outside_of_the_repository(
    mirror: Mirror, after: Path, tmp_path: Path, path: str
) -> None:
    mirror.make(download_policy="on_demand")

    def trouble() -> None:
        folder = write_files(tmp_path / "it", PLAIN)
        repomd = folder / "repodata" / "repomd.xml"
        repomd.write_text(repomd.read_text().replace("repodata/other.xml", path))
        mirror.offer(folder)

    survive(mirror, trouble, after, path)


@on_sqlite
def test_an_advisory_may_say_what_it_likes_about_file_names(mirror: Mirror, tmp_path: Path) -> None:
    """They are shown and passed on, and no file is ever looked up by them."""
    mirror.make(download_policy="on_demand")
    advisory = b"""<updates><update from="x" status="final" type="security" version="1"><id>A-1</id>
<title>x</title><issued date="2026-01-02"/><pkglist><collection><package name="bird1" version="1.0"
release="1" epoch="0" arch="noarch"><filename>../../../etc/passwd</filename></package></collection>
</pkglist></update></updates>"""
    mirror.offer(write_files(tmp_path / "it", {**PLAIN, "updateinfo.xml": advisory}))

    assert mirror.sync()["result"] == "success"

    assert mirror.get("../../../etc/passwd").status_code == 404
    assert mirror.get("%2e%2e/%2e%2e/etc/passwd").status_code == 404
