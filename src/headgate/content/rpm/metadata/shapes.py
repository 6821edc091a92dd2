"""The forms of the XML files that are cut into elements, and the limits that hold for all."""

import re
from dataclasses import dataclass, field
from typing import Final

COMMON: Final = "http://linux.duke.edu/metadata/common"
FILELISTS: Final = "http://linux.duke.edu/metadata/filelists"
OTHER: Final = "http://linux.duke.edu/metadata/other"
RPM: Final = "http://linux.duke.edu/metadata/rpm"

# One element. The largest seen are file lists of documentation packages of some 20 MB.
MAX_FRAGMENT_BYTES: Final = 64 << 20
# What precedes the first element: the XML declaration and the root's start tag.
MAX_HEADER_BYTES: Final = 64 << 10
# Known formats nest 5 deep.
MAX_DEPTH: Final = 64

_ATTRIBUTES = rb"(?:\s+[\w:.-]+\s*=\s*\"[^\"<]*\")*"


@dataclass(frozen=True, slots=True)
class Shape:
    """A file that is one root element around many elements of one kind (`*`: of any).

    `start` matches an element's start tag (group 1 begins at its first byte) in the only forms
    that the slicer takes; `namespaces` are the declarations of the root under which a fragment
    can stand as it is.
    """

    name: str
    root: str
    item: str
    start: re.Pattern[bytes]
    namespaces: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    counted: bool = True  # the root says packages="N"

    @property
    def header(self) -> re.Pattern[bytes]:
        """Match the start of a file up to the end of the root's start tag (group 1: attributes)."""
        return re.compile(
            rb"\s*(?:<\?xml\s+version=[\"']1\.0[\"'](?:\s+encoding=[\"'](?i:utf-8)[\"'])?"
            rb"(?:\s+standalone=[\"'](?:yes|no)[\"'])?\s*\?>)?\s*<"
            + self.root.encode()
            + rb"("
            + _ATTRIBUTES
            + rb")\s*>"
        )


_PACKAGE: Final = re.compile(rb"\s*(<package" + _ATTRIBUTES + rb"\s*>)")

PRIMARY: Final = Shape(
    "primary",
    "metadata",
    "package",
    re.compile(rb'\s*(<package type="rpm"\s*>)'),
    {b"xmlns": COMMON.encode(), b"xmlns:rpm": RPM.encode()},
)
FILELISTS_SHAPE: Final = Shape(
    "filelists", "filelists", "package", _PACKAGE, {b"xmlns": FILELISTS.encode()}
)
OTHER_SHAPE: Final = Shape("other", "otherdata", "package", _PACKAGE, {b"xmlns": OTHER.encode()})
UPDATEINFO: Final = Shape(
    "updateinfo",
    "updates",
    "update",
    re.compile(rb"\s*(<update" + _ATTRIBUTES + rb"\s*>)"),
    counted=False,
)
# Only ever read by the reserializer: document types and comments are usual there.
COMPS: Final = Shape("comps", "comps", "*", re.compile(rb"(?!)"), counted=False)
