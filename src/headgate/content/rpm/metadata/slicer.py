"""Cutting XML into raw elements without parsing it: a search for the closing tags.

This is what makes 60,000 packages take seconds. It is right only for the plain XML that
createrepo_c and its kin write, so everything else is refused with `OddXmlError` and left to the
real parser (`reserializer`): document types, comments, CDATA, processing instructions, other
prefixes, other quotes in the elements' start tags, text between the elements. In a well-formed
file nothing that passes these checks can hide an element's end or start: `<` stands for itself
nowhere in text or attributes, and every `</package` is looked at.
"""

import codecs
import re
from collections.abc import Iterator

from headgate.content.rpm.metadata.shapes import MAX_FRAGMENT_BYTES, MAX_HEADER_BYTES, Shape
from headgate.domain.errors import InvalidContentError

_ATTRIBUTE = re.compile(rb"([\w:.-]+)\s*=\s*\"([^\"]*)\"")
_NAME_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-:")
_LESS_THAN, _GREATER_THAN = b"<>"


class OddXmlError(Exception):
    """The file is not of the plain form that can be sliced; it may be good XML nevertheless."""


def slice_elements(chunks: Iterator[bytes], shape: Shape) -> Iterator[bytes]:
    """Yield each element of `shape` as the bytes between the `<` and `>` that enclose it.

    Memory stays at two chunks plus twice the largest element. Bytes that are not UTF-8 are
    replaced (by the Latin-1 character they most likely were), so a fragment always decodes.
    OddXmlError may come at any point: what was yielded before is right.
    """
    data, position, declared = _read_header(chunks, shape)
    closing = b"</" + shape.item.encode()
    count = 0
    while True:
        _refuse_odd(data, position)
        end = position
        while (end := data.find(closing, end)) >= 0:
            after = end + len(closing)
            if after == len(data):
                break
            if data[after] != _GREATER_THAN:
                if data[after] not in _NAME_BYTES:
                    raise OddXmlError("a closing tag is not of the plain form")
                end = after  # </packager> or the like
                continue
            start = shape.start.match(data, position)
            if start is None:
                raise OddXmlError("a start tag is not of the plain form")
            fragment = data[start.start(1) : after + 1]
            yield fragment if fragment.isascii() else repaired(fragment)
            count += 1
            end = position = after + 1
        rest = data[position:]
        more = _gather(chunks, at_least=len(rest))
        if not more:
            break
        if len(rest) > MAX_FRAGMENT_BYTES:
            raise InvalidContentError(
                f"An element of {shape.name} is larger than {MAX_FRAGMENT_BYTES} bytes"
            )
        data, position = rest + more, 0
    _check_end(rest, shape)
    check_count(shape, count, declared)


def repaired(fragment: bytes) -> bytes:
    """Return `fragment` as valid UTF-8."""
    try:
        fragment.decode()
    except UnicodeDecodeError:
        return fragment.decode("utf-8", "headgate.latin1").encode()
    return fragment


def check_count(shape: Shape, count: int, declared: bytes | str | None) -> None:
    """Refuse a file that holds another number of elements than its root declares."""
    if not shape.counted or declared is None:
        return
    if not declared.isdigit() or int(declared) != count:
        shown = declared.decode("ascii", "replace") if isinstance(declared, bytes) else declared
        raise InvalidContentError(f"{shape.name} declares {shown} packages but holds {count}")


def _read_header(chunks: Iterator[bytes], shape: Shape) -> tuple[bytes, int, bytes | None]:
    data = b""
    opening = b"<" + shape.item.encode()
    while opening not in data and len(data) <= MAX_HEADER_BYTES:
        more = next(chunks, b"")
        if not more:
            break
        data += more
    header = shape.header.match(data)
    if header is None:
        raise OddXmlError("the root is not of the plain form")
    attributes = dict(_ATTRIBUTE.findall(header[1]))
    declared = attributes.pop(b"packages", None) if shape.counted else None
    for name, value in attributes.items():
        if name.startswith(b"xmlns") and shape.namespaces.get(name) != value:
            raise OddXmlError("the root declares other namespaces")
    if any(name not in attributes for name in shape.namespaces):
        raise OddXmlError("the root lacks a namespace")
    return data, header.end(), declared


def _refuse_odd(data: bytes, position: int) -> None:
    """Refuse `<!` and `<?`: single bytes are searched many times faster than pairs."""
    for mark in (b"!", b"?"):
        at = data.find(mark, position + 1)
        while at > 0:
            if data[at - 1] == _LESS_THAN:
                raise OddXmlError("there are comments, CDATA or instructions")
            at = data.find(mark, at + 1)


def _gather(chunks: Iterator[bytes], at_least: int) -> bytes:
    """Read enough for the work to stay linear when an element spans many chunks."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size >= at_least:
            break
    return b"".join(parts)


def _check_end(rest: bytes, shape: Shape) -> None:
    if not re.fullmatch(rb"\s*</" + shape.root.encode() + rb"\s*>\s*", rest):
        raise OddXmlError("the end is not of the plain form")


def _latin1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("headgate.latin1", _latin1)
