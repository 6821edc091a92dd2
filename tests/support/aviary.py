"""The packages that most tests use: birds, where they live, and what changed about them."""

from support.repositories import Advisory, Group, Module, YumRepository
from support.rpms import Rpm

REED_1 = Rpm("reed", "1.0")
REED_2 = Rpm("reed", "1.1", release="2")
HERON_1 = Rpm("heron", "1.0", requires=["reed >= 1.0"], provides=["bird(heron) = 1.0"])
HERON_2 = Rpm("heron", "2.0", requires=["reed >= 1.1"], provides=["bird(heron) = 2.0"])
CRANE = Rpm("crane", "0.5", epoch=1, requires=["reed"], conflicts=["heron < 1.0"])
ROOK = Rpm("rook", "3.2~rc1", release="4.el9", recommends=["bird(heron)"])
SWIFT = Rpm("swift", "1.0", arch="x86_64")
OWL_1 = Rpm("owl", "1.0", release="1.module", module="owl:1:20260101:c0ffee01")
OWL_2 = Rpm("owl", "2.0", release="1.module", module="owl:2:20260101:c0ffee02")

WETLAND = Group("wetland", "Wetland birds", mandatory=["heron", "reed"], optional=["crane"])
FOREST = Group("forest", "Forest birds", mandatory=["rook"])
OWL_STREAM_1 = Module("owl", "1", [OWL_1], context="c0ffee01", default=True)
OWL_STREAM_2 = Module("owl", "2", [OWL_2], context="c0ffee02")
HERON_ADVISORY = Advisory(
    "BIRD-2026:0001", [HERON_2], title="Heron sees too much", cves=["CVE-2026-0001"]
)
REED_ADVISORY = Advisory("BIRD-2026:0002", [REED_2], type="bugfix", severity="None")
OWL_ADVISORY = Advisory(
    "BIRD-2026:0003",
    [OWL_2],
    type="enhancement",
    severity="Low",
    module="owl:2:20260101:c0ffee02:noarch",
)

AVIARY = YumRepository(
    rpms=[REED_1, REED_2, HERON_1, HERON_2, CRANE, ROOK, ROOK.sources, SWIFT, OWL_1, OWL_2],
    advisories=[HERON_ADVISORY, REED_ADVISORY, OWL_ADVISORY],
    groups=[WETLAND, FOREST],
    modules=[OWL_STREAM_1, OWL_STREAM_2],
    treeinfo=True,
    others={"productid": b"-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n"},
)
