"""comps.xml: package groups, categories, environments and language packs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args
from xml.etree import ElementTree as ET

from headgate.content.rpm.metadata.compression import DOCUMENT, Limits, Readable, expand
from headgate.content.rpm.metadata.markup import parse_fragment
from headgate.content.rpm.metadata.reserializer import reserialize_elements
from headgate.content.rpm.metadata.shapes import COMPS

GroupKind = Literal["group", "category", "environment", "langpacks"]
_KINDS: Final[tuple[GroupKind, ...]] = get_args(GroupKind)
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_MAX_NAME: Final = 255  # the width of the columns


class GroupPackage(NamedTuple):
    """A member of a group; type is mandatory, default, optional or conditional.

    A conditional package is wanted where the package `requires` is.
    """

    name: str
    type: str
    requires: str | None


@dataclass(frozen=True, slots=True)
class CompsElement:
    """One element of comps.xml.

    `packages` are a group's; `group_ids` those of a category, or of an environment with its
    options behind them. Language packs have no id of their own and are called `langpacks`.
    """

    fragment: bytes
    kind: GroupKind
    group_id: str
    name: str
    description: str
    packages: tuple[GroupPackage, ...]
    group_ids: tuple[str, ...]


def read_comps(source: Readable, name: str, *, limits: Limits = DOCUMENT) -> list[CompsElement]:
    """Return the elements of a comps.xml in their order.

    Kinds that no client reads (blacklist, whiteout) and elements without an id are left out.
    The usual document type, which names a file, is passed over; one that declares anything is
    refused. InvalidContentError when the file is broken or hostile.
    """
    fragments = reserialize_elements(expand(source, name, limits), COMPS)
    return [element for element in map(parse_comps_element, fragments) if element is not None]


def parse_comps_element(fragment: bytes) -> CompsElement | None:
    """Read one element; None when it is of a kind that is left out."""
    element = parse_fragment(fragment, "An element of comps")
    if element.tag not in _KINDS:
        return None
    kind = element.tag
    group_id = "langpacks" if kind == "langpacks" else _text(element, "id")
    if not 0 < len(group_id) <= _MAX_NAME or not group_id.isprintable():
        return None
    return CompsElement(
        fragment=fragment,
        kind=kind,
        group_id=group_id,
        name=_text(element, "name")[:_MAX_NAME],
        description=_text(element, "description"),
        packages=tuple(
            GroupPackage(
                (package.text or "").strip(),
                package.get("type", "mandatory"),
                package.get("requires"),
            )
            for package in element.findall("packagelist/packagereq")
        ),
        group_ids=tuple(
            (group.text or "").strip()
            for path in ("grouplist/groupid", "optionlist/groupid")
            for group in element.findall(path)
        ),
    )


def render_comps(fragments: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a comps.xml of these fragments in pieces."""
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n<comps>\n'
    for fragment in fragments:
        yield fragment + b"\n"
    yield b"</comps>\n"


def _text(element: ET.Element, tag: str) -> str:
    """The text that is for everybody: translations carry a language."""
    for child in element.findall(tag):
        if child.get(_LANGUAGE) is None:
            return (child.text or "").strip()
    return ""
