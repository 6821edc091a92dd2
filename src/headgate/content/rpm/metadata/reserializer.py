"""Elements of any well-formed XML file, written again in the plain form of createrepo_c.

The fall-back of `slicer`, several times slower, also used where speed does not matter. Streaming:
no tree is built. Document types with an internal subset are refused, so there are no entities but
the five of XML itself; external ones are never fetched.
"""

from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from headgate.content.rpm.metadata.shapes import (
    COMMON,
    FILELISTS,
    MAX_DEPTH,
    MAX_FRAGMENT_BYTES,
    OTHER,
    RPM,
    Shape,
)
from headgate.content.rpm.metadata.slicer import check_count
from headgate.domain.errors import InvalidContentError

_PREFIXES: Final = {
    "": "",
    COMMON: "",
    FILELISTS: "",
    OTHER: "",
    RPM: "rpm:",
    "http://www.w3.org/XML/1998/namespace": "xml:",
}
_TEXT: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_VALUE: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
    | {"\n": "&#10;", "\t": "&#9;"}
)


def reserialize_elements(chunks: Iterator[bytes], shape: Shape) -> Iterator[bytes]:
    """Yield each element of `shape` below the root, as a fragment that stands under a plain root.

    Comments and instructions are dropped, CDATA becomes text, prefixes become the usual ones,
    other encodings become UTF-8. InvalidContentError when the file is not well-formed, has
    another root, or is beyond a limit.
    """
    reader = _Reader(shape)
    try:
        for chunk in chunks:
            reader.parser.Parse(chunk, False)
            yield from reader.taken()
        reader.parser.Parse(b"", True)
        yield from reader.taken()
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise InvalidContentError(f"{shape.name} is not well-formed XML: {error}") from error
    check_count(shape, reader.count, reader.declared)


class _Reader:
    """Expat's events, turned into fragments."""

    def __init__(self, shape: Shape) -> None:
        self.declared: str | None = None
        self.count = 0
        self._shape = shape
        self._depth = 0
        self._taking = False
        self._parts: list[str] = []
        self._size = 0
        self._open = ""  # a start tag that may yet close itself
        self._names: list[str] = []
        self._ready: list[bytes] = []
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def taken(self) -> list[bytes]:
        ready, self._ready = self._ready, []
        return ready

    def _refuse_doctype(
        self, _name: str, _system: str | None, _public: str | None, internal: bool
    ) -> None:
        if internal:
            raise InvalidContentError(
                f"{self._shape.name} declares entities or a document type, which is refused"
            )

    def _start(self, name: str, attributes: list[str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InvalidContentError(f"{self._shape.name} nests deeper than {MAX_DEPTH}")
        local = name.rpartition(" ")[2]
        if self._depth == 1:
            if local != self._shape.root:
                raise InvalidContentError(f"{self._shape.name} has the root <{local}>")
            pairs = dict(zip(attributes[::2], attributes[1::2], strict=True))
            self.declared = pairs.get("packages")
        elif self._depth == 2:
            self._taking = self._shape.item in {local, "*"}
        if self._taking:
            self._add(self._open and self._open + ">")
            tag, namespace = _tag(name)
            self._names.append(tag)
            self._open = f"<{tag}{namespace}{_attributes(attributes)}"

    def _text(self, text: str) -> None:
        if self._taking:
            self._add((self._open and self._open + ">") + text.translate(_TEXT))
            self._open = ""

    def _end(self, _name: str) -> None:
        self._depth -= 1
        if not self._taking:
            return
        tag = self._names.pop()
        # A package always has a closing tag of its own: fragments are cut and checked by it.
        closes_itself = self._open and self._depth > 1
        self._add(
            self._open + "/>" if closes_itself else f"{self._open and self._open + '>'}</{tag}>"
        )
        self._open = ""
        if self._depth == 1:
            self._ready.append("".join(self._parts).encode("utf-8", "replace"))
            self._parts, self._size, self._taking = [], 0, False
            self.count += 1

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._size += len(text)
        if self._size > MAX_FRAGMENT_BYTES:
            raise InvalidContentError(
                f"An element of {self._shape.name} is larger than {MAX_FRAGMENT_BYTES} bytes"
            )


def _tag(name: str) -> tuple[str, str]:
    """Return the tag to write and the namespace declaration that it needs."""
    uri, _, local = name.rpartition(" ")
    prefix = _PREFIXES.get(uri)
    if prefix is not None:
        return prefix + local, ""
    return f"x:{local}", f' xmlns:x="{uri.translate(_VALUE)}"'


def _attributes(pairs: list[str]) -> str:
    """Write the attributes; those of foreign namespaces mean nothing to any client and go."""
    written: list[str] = []
    for name, value in zip(pairs[::2], pairs[1::2], strict=True):
        uri, _, local = name.rpartition(" ")
        prefix = _PREFIXES.get(uri)
        if prefix is not None:
            written.append(f' {prefix}{local}="{value.translate(_VALUE)}"')
    return "".join(written)
