"""Small XML documents and single fragments, parsed whole; writing text into XML."""

import re
from typing import Final
from xml.etree import ElementTree as ET
from xml.parsers import expat

from headgate.content.rpm.metadata.shapes import MAX_DEPTH, RPM
from headgate.domain.errors import InvalidContentError

_VALUE: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
    | {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
)
# What XML 1.0 cannot hold even when escaped; old generators let it through from changelogs.
_UNSPEAKABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WRAPPER: Final = f'<wrapper xmlns:rpm="{RPM}">'.encode()


def escape(text: str) -> str:
    """Return `text` as it may stand in an attribute or between tags."""
    return _UNSPEAKABLE.sub("?", text).translate(_VALUE)


def parse_document(data: bytes, what: str) -> ET.Element:
    """Parse a whole document; InvalidContentError for any document type, bad form, or depth.

    The caller limits the size.
    """
    builder = ET.TreeBuilder()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise InvalidContentError(f"{what} nests deeper than {MAX_DEPTH}")
        builder.start(_clark(name), {_clark(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_clark(name))

    def refuse(*_: object) -> None:
        raise InvalidContentError(f"{what} has a document type, which is refused")

    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise InvalidContentError(f"{what} is not well-formed XML: {error}") from error
    return builder.close()


def parse_fragment(fragment: bytes, what: str) -> ET.Element:
    """Parse one fragment as the slicer or the reserializer gave it.

    Control characters that XML does not allow are read as question marks.
    """
    if b"<!" in fragment:  # neither of them yields this; nobody else shall bring it in
        raise InvalidContentError(f"{what} holds declarations, which are refused")
    try:
        return _parsed(fragment)
    except ET.ParseError:
        text = _UNSPEAKABLE.sub("?", fragment.decode("utf-8", "replace"))
    try:
        return _parsed(text.encode())
    except ET.ParseError as error:
        raise InvalidContentError(f"{what} is not well-formed XML: {error}") from error


def _parsed(fragment: bytes) -> ET.Element:
    whole = b"".join((_WRAPPER, fragment, b"</wrapper>"))
    wrapper = ET.fromstring(whole)  # noqa: S314  # it holds no declarations, so no entities
    if len(wrapper) != 1:
        raise ET.ParseError("not exactly one element")
    return wrapper[0]


def _clark(name: str) -> str:
    return "{" + name if "}" in name else name
