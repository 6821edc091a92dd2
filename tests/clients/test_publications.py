"""Whatever Headgate publishes, others read: createrepo_c, old and new, and dnf.

The repositories are long enough for several segments (about 100 packages each), so that what is
published is made of untouched ones, of whole ones that are written again and of cut ones.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from clients.conftest import Host
from headgate.content.rpm.metadata.packages import Fragments
from support.aviary import AVIARY
from support.certificates import Pair
from support.metadata import fetch, kinds, packages, read_by_debian, write_repository
from support.repositories import Environment
from support.rpms import Rpm, RpmStore
from support.server import Server
from support.upstream import Upstream
from support.world import Json, World
from support.yum_xml import package

COUNT = 350
ODD = Rpm("gull", "2.0~rc1^git20260101+dirty")
BIRDS = Environment("birds", "All birds", groups=["wetland", "forest"])


def flock(first: int = 0, count: int = COUNT) -> Sequence[Fragments]:
    return [
        package(
            f"bird{number:03}",
            summary=f"Bird <{number}> & its nest — ü",
            files=[f"/usr/share/bird{number:03}/{part}" for part in ("a&b", "ünd", "c d")],
            log=f"- egg {number} <laid>",
        )
        for number in range(first, first + count)
    ]


def names(keep: Callable[[int], bool]) -> set[str]:
    return {f"bird{number:03}-0:1.0-1.noarch" for number in range(COUNT) if keep(number)}


FILTERS: Mapping[str, tuple[Sequence[Json], Callable[[int], bool]]] = {
    "whole": ([], lambda _: True),
    "scattered": ([{"name": "bird*7"}], lambda number: number % 10 != 7),
    "one stretch": ([{"name": "bird1*"}], lambda number: not 100 <= number < 200),
    "all but one": ([{"name": "bird0*"}, {"name": "bird1*"}, {"name": "bird2*"}]
        + [{"name": f"bird3{tens}*"} for tens in range(4)]
        + [{"name": f"bird34{ones}"} for ones in range(9)], lambda number: number == 349),
    "nothing": ([{"name": "*"}], lambda _: False),
}  # fmt: skip


@pytest.mark.parametrize("written", ["gz", "zstd"])
@pytest.mark.parametrize("upstream_has", ["gz", "zstd"])
def test_createrepo_c_and_dnf_read_every_publication(
    *,
    world: World,
    server: Server,
    host: Host,
    web: Upstream,
    tmp_path: Path,
    upstream_has: str,
    written: str,
) -> None:
    name = f"flock-{upstream_has}-{written}"
    source = write_repository(web.root / name, flock(), compression=upstream_has)
    upstream = packages(source)
    repository = world.mirror(
        name, f"{web.url}{name}/", download_policy="on_demand", metadata_compression=written
    )
    for view_name, (rules, keep) in FILTERS.items():
        label = view_name.replace(" ", "_")
        view = world.view(view_name, repository)
        if rules:
            world.filter(view, "out", *rules)
        world.publish(view)
        with server.client() as client:
            base = world.content_path(name, view=label)
            published = fetch(client, base, tmp_path / label)

        read = packages(published)

        assert set(read) == names(keep), view_name
        assert read == {nevra: upstream[nevra] for nevra in read}
        assert set(kinds(published)) == {"primary", "filelists", "other"}
        suffix = {"gz": ".gz", "zstd": ".zst"}[written]
        assert {Path(path).suffix for path in kinds(published).values()} == {suffix}
        if written == "gz":  # Debian's knows no zstd
            counted = read_by_debian(published)
            assert set(counted.values()) == {len(read)}, view_name
    dnf = host(world, name, view="scattered")
    assert set(dnf.repoquery()) == names(FILTERS["scattered"][1])
    assert dnf.run("repoquery", "-l", "bird123").lines[-1] == "/usr/share/bird123/ünd"
    assert "- egg 349 <laid>" in dnf.run("repoquery", "--changelogs", "bird349").output


@pytest.mark.parametrize("checksum", ["sha256", "sha384", "sha512"])
def test_metadata_is_named_and_checked_by_the_chosen_checksum(
    world: World, server: Server, web: Upstream, tmp_path: Path, checksum: str
) -> None:
    repository = world.mirror("aviary", f"{web.url}aviary/", checksum_type=checksum)
    view = world.view("some", repository)
    world.filter(view, "no rooks", {"name": "rook"})
    world.publish(view)

    with server.client() as client:
        published = fetch(client, world.content_path("aviary", view="some"), tmp_path / "it")

    text = (published / "repodata" / "repomd.xml").read_text()
    assert f'checksum type="{checksum}"' in text
    assert text.count("checksum type=") == text.count(f'checksum type="{checksum}"')


def test_what_several_syncs_brought_is_published_as_one(
    world: World, server: Server, host: Host, web: Upstream, tmp_path: Path
) -> None:
    folder = web.root / "growing"
    expected: dict[str, Any] = {}
    write_repository(folder, flock(0, 150), compression="gz")
    repository = world.repository(
        "growing",
        url=f"{web.url}growing/",
        download_policy="on_demand",
        mirroring_policy="additive",
    )
    for first in (0, 100, 250):
        write_repository(folder, flock(first, 150), compression="gz")
        expected |= packages(folder)
        world.sync(repository)
    with server.client() as client:
        published = fetch(client, world.content_path("growing"), tmp_path / "it")

    assert len(expected) == 400
    assert packages(published) == expected
    assert read_by_debian(published) == dict.fromkeys(("primary", "filelists", "other"), 400)
    assert set(host(world, "growing").repoquery()) == set(expected)


def held(world: World, **scope: int) -> Mapping[str, Any]:
    """What a repository or a version holds."""

    def shown(resource: str, *fields: str) -> list[tuple[Any, ...]]:
        found = world.list(resource, **scope)
        return sorted(tuple(each[field] for field in fields) for each in found)

    return {
        # Equal content is the same unit, so that even the ids are equal.
        "packages": shown("packages", "nvrea", "checksum", "relativepath", "size", "id"),
        "srpms": shown("srpms", "nvra", "checksum", "id"),
        "errata": shown("errata", "errata_id", "title", "type", "severity", "issued", "id"),
        "groups": shown("package_groups", "name", "uuid", "id"),
        "modules": shown("module_streams", "name", "stream", "version", "context", "arch", "id"),
    }


@pytest.mark.parametrize("compression", ["gz", "zstd"])
@pytest.mark.parametrize("filtered", [False, True], ids=["whole", "filtered"])
def test_a_mirror_of_what_is_published_holds_the_same(
    *,
    world: World,
    server: Server,
    web: Upstream,
    rpm_store: RpmStore,
    tmp_path: Path,
    compression: str,
    filtered: bool,
) -> None:
    """Over HTTPS, with our own authority and the debug certificate as content credentials."""
    name = f"source-{compression}-{filtered}"
    AVIARY.having(rpms=[*AVIARY.rpms, ODD], environments=[BIRDS]).write(web.root / name, rpm_store)
    source = world.mirror(
        "source",
        f"{web.url}{name}/",
        unprotected=False,
        metadata_compression=compression,
    )
    rules = [{"name": "heron", "min_version": "1.5"}, {"name": "rook"}] if filtered else []
    view = world.view("released", source)
    if rules:
        world.filter(view, "out", *rules)
    version = world.publish(view)
    pair = debug_certificate(world, tmp_path)

    other = world.another()
    mirror = other.mirror(
        "mirror",
        server.url + world.content_path("source", view="released"),
        ssl_ca_cert_id=other.credential("ca", server.ca.read_text()),
        ssl_client_cert_id=other.credential("cert", pair.certificate.read_text()),
        ssl_client_key_id=other.credential("key", pair.key.read_text()),
        metadata_compression=compression,
    )

    published = held(world, content_view_version_id=version)
    assert len(published["packages"]) == len(AVIARY.rpms) - (2 if filtered else 0)
    assert held(other, repository_id=mirror) == published

    # What filters have left out once, they find nothing more to leave out of.
    again = other.view("again", mirror)
    if rules:
        other.filter(again, "out", *rules)
    assert held(other, content_view_version_id=other.publish(again)) == published
    with server.client() as client:
        one = fetch(client, other.content_path("mirror"), tmp_path / "one")
        two = fetch(client, other.content_path("mirror", view="again"), tmp_path / "two")
    assert packages(one) == packages(two)
    assert set(kinds(one)) == set(kinds(two))


def debug_certificate(world: World, folder: Path) -> Pair:
    answer = world.client.get(
        f"/katello/api/organizations/{world.organization_label}/download_debug_certificate"
    )
    text = answer.raise_for_status().text
    start = text.index("-----BEGIN CERTIFICATE")
    pair = Pair(folder / "debug.pem", folder / "debug.key")
    pair.key.write_text(text[:start])
    pair.certificate.write_text(text[start:])
    return pair
