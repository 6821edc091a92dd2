"""Kickstart trees: an installer finds images, variants and addons where the treeinfo says."""

import configparser
import hashlib
from pathlib import Path

import pytest

from clients.conftest import Host
from clients.test_incomplete_versions import get, path_of
from support.aviary import HERON_1, REED_1
from support.repositories import YumRepository
from support.rpms import Rpm, RpmStore
from support.server import Server
from support.upstream import Upstream
from support.world import World

IMAGES = {
    "images/install.img": b"stage two\n" * 500,
    "images/pxeboot/vmlinuz": b"kernel\n" * 500,
    "images/pxeboot/initrd.img": b"initrd\n" * 500,
}
WREN = Rpm("wren", requires=["reed"])
LARK = Rpm("lark", requires=["wren"])
MARTIN = Rpm("martin")


def treeinfo(*, neighbour: str) -> str:
    """As productmd writes it, with an addon as anaconda's older form has it."""
    sums = "\n".join(
        f"{path} = sha256:{hashlib.sha256(body).hexdigest()}" for path, body in IMAGES.items()
    )
    return f"""[header]
type = productmd.treeinfo
version = 1.2

[release]
name = Aviary
short = AV
version = 9.4

[tree]
arch = x86_64
build_timestamp = 1767225600
platforms = x86_64,xen
variants = Base,Extras,Neighbour

[variant-Base]
id = Base
name = Base
type = variant
uid = Base
packages = Packages
repository = .

[variant-Extras]
id = Extras
name = Extras
type = variant
uid = Extras
packages = Extras/Packages
repository = Extras

[variant-Neighbour]
id = Neighbour
name = Neighbour
type = variant
uid = Neighbour
packages = {neighbour}/Packages
repository = {neighbour}

[variant-Absent]
id = Absent
packages = Absent/Packages
repository = Absent

[addon-HighAvailability]
id = HighAvailability
name = High Availability
repository = addons/HighAvailability/repodata

[images-x86_64]
kernel = images/pxeboot/vmlinuz
initrd = images/pxeboot/initrd.img

[stage2]
mainimage = images/install.img

[checksums]
{sums}
"""


@pytest.fixture(scope="session")
def tree(web: Upstream, rpm_store: RpmStore) -> Path:
    """A tree with two repositories below it and one beside it."""
    folder = web.root / "tree" / "Base" / "os"
    YumRepository(rpms=[REED_1, HERON_1]).write(folder, rpm_store)
    YumRepository(rpms=[WREN]).write(folder / "Extras", rpm_store)
    YumRepository(rpms=[MARTIN]).write(folder / "addons" / "HighAvailability", rpm_store)
    YumRepository(rpms=[LARK]).write(web.root / "tree" / "Neighbour" / "os", rpm_store)
    for path, body in IMAGES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body)
    (folder / ".treeinfo").write_text(treeinfo(neighbour="../../Neighbour/os"))
    return folder


@pytest.mark.parametrize("policy", ["immediate", "on_demand"])
def test_an_installer_finds_everything_that_the_treeinfo_names(
    *, world: World, server: Server, host: Host, web: Upstream, tree: Path, policy: str
) -> None:
    mirror = world.mirror("tree", f"{web.url}tree/Base/os/", download_policy=policy)
    view = world.view("Kickstart", mirror)
    world.filter(view, "no herons", {"name": "heron"})
    world.publish(view)
    base = world.content_path("tree", view="Kickstart")

    read = configparser.ConfigParser()
    read.read_string(get(server, f"{base}.treeinfo").text)

    for path, body in IMAGES.items():
        assert get(server, base + path).content == body
    assert read["stage2"]["mainimage"] in IMAGES
    assert read["variant-Neighbour"]["repository"] == "Neighbour"
    assert read["variant-Neighbour"]["packages"] == "Neighbour/Packages"
    dnf = host(world, "tree", view="Kickstart")
    places = [read[f"variant-{name}"]["repository"] for name in ("Extras", "Neighbour")]
    places.append(read["addon-HighAvailability"]["repository"].removesuffix("/repodata"))
    for number, place in enumerate(places):
        dnf.add_repository(f"part{number}", f"{server.url}{base}{place}/", ca=server.ca)
    dnf.install("lark", "martin")
    assert set(dnf.installed()) == {rpm.nevra for rpm in (REED_1, WREN, LARK, MARTIN)}
    upstream = (tree / "Extras" / "repodata" / "repomd.xml").read_bytes()
    assert get(server, f"{base}Extras/repodata/repomd.xml").content == upstream
    assert get(server, f"{base}Absent/repodata/repomd.xml").status_code == 404
    counts = world.show("repositories", mirror)["content_counts"]
    assert counts["rpm"] == 2


def test_a_mirror_of_a_mirrored_tree_is_the_same_tree(
    world: World, server: Server, web: Upstream, tree: Path
) -> None:
    assert tree.is_dir()
    world.mirror("tree", f"{web.url}tree/Base/os/")
    base = world.content_path("tree")
    other = world.another()
    other.mirror(
        "again",
        f"{server.url}{base}",
        ssl_ca_cert_id=other.credential("ca", server.ca.read_text()),
    )
    again = other.content_path("again")

    for path in (
        ".treeinfo",
        *IMAGES,
        *(f"{place}/repodata/repomd.xml" for place in ("Extras", "Neighbour")),
        f"Extras/{path_of(WREN)}",
        f"Neighbour/{path_of(LARK)}",
        f"addons/HighAvailability/{path_of(MARTIN)}",
    ):
        one, two = get(server, base + path), get(server, again + path)
        assert (one.status_code, two.status_code) == (200, 200), path
        assert one.content == two.content
