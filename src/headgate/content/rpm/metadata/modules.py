"""modules.yaml: module streams, defaults and obsoletes, one YAML document each.

Documents are split by their markers, so what is published again is the text as it came. They are
read from libyaml's events by a composer of our own: every scalar is text (a stream called 1.10 is
not a number), aliases are refused (they are how small YAML becomes huge), depth and size are
bounded, nothing recurses, and tags make no objects.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeAlias

from headgate.content.rpm.metadata.compression import DOCUMENT, Limits, Readable, expand_whole
from headgate.domain.errors import InvalidContentError

# Known documents nest 7 deep and have some thousand nodes; streams with most packages 10,000.
MAX_DEPTH: Final = 32
MAX_NODES: Final = 1_000_000
MAX_DOCUMENTS: Final = 100_000
_MAX_NAME: Final = 255  # the widths of the columns
_MAX_WORD: Final = 64
_MAX_ARCH: Final = 32

Node: TypeAlias = "str | list[Node] | dict[str, Node]"

_MARKER: Final = re.compile(r"^(---|\.\.\.)(?=\s|$)", re.MULTILINE)
_KINDS: Final = {"modulemd": "stream", "modulemd-stream": "stream"}


@dataclass(frozen=True, slots=True)
class ModuleDocument:
    """One document; `kind` is stream, defaults, obsoletes, packager, translations ...

    `stream` is for defaults the default stream, empty when there is none. `profiles` maps names
    to packages, for defaults streams to names of profiles.
    """

    fragment: bytes
    kind: str
    name: str
    stream: str
    version: str
    context: str
    arch: str
    summary: str
    description: str
    artifacts: tuple[str, ...] = ()
    profiles: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    # For each alternative: module -> streams. Only what it takes to run, not to build.
    dependencies: tuple[Mapping[str, tuple[str, ...]], ...] = ()


def read_modules(source: Readable, name: str, *, limits: Limits = DOCUMENT) -> list[ModuleDocument]:
    """Return the documents of a modules.yaml in their order.

    Documents that name no module are left out. InvalidContentError when the file is broken or
    hostile.
    """
    try:
        text = expand_whole(source, name, limits).decode()
    except UnicodeDecodeError as error:
        raise InvalidContentError(f"{name} is not UTF-8: {error}") from error
    found = (parse_module_document(document) for document in split_documents(text))
    return [document for document in found if document is not None]


def split_documents(text: str) -> Iterator[bytes]:
    """Yield each document from its `---` to its `...`, the latter added where it is missing."""
    bounds = [*((found.start(), found[1]) for found in _MARKER.finditer(text)), (len(text), "")]
    if len(bounds) > 2 * MAX_DOCUMENTS:
        raise InvalidContentError(f"The modules have more than {MAX_DOCUMENTS} documents")
    pieces = [("---", "---\n" + text[: bounds[0][0]])]  # the first marker may be missing
    pieces += [(marker, text[start:end]) for (start, marker), (end, _) in pairwise(bounds)]
    for marker, piece in pieces:
        lines = (line.strip() for line in piece.removeprefix("---").splitlines())
        if marker == "---" and any(line and line[0] not in "#%" for line in lines):
            yield (piece.rstrip() + "\n...\n").encode()


def parse_module_document(fragment: bytes) -> ModuleDocument | None:
    """Read one document; None when it names no module."""
    document = compose(fragment)
    data = _map(_map(document).get("data"))
    label = _text(_map(document).get("document"))
    kind = _KINDS.get(label) or label.removeprefix("modulemd-")
    name = _text(data.get("name")) or _text(data.get("module"))
    if not 0 < len(name) <= _MAX_NAME or not name.isprintable() or not kind:
        return None
    profiles = _map(data.get("profiles"))
    return ModuleDocument(
        fragment=fragment,
        kind=kind[:16],
        name=name,
        stream=_text(data.get("stream"))[:_MAX_NAME],
        version=_text(data.get("version"))[:_MAX_WORD],
        context=_text(data.get("context"))[:_MAX_WORD],
        arch=_text(data.get("arch"))[:_MAX_ARCH],
        summary=_text(data.get("summary")),
        description=_text(data.get("description")),
        artifacts=_texts(_map(data.get("artifacts")).get("rpms")),
        profiles={
            key: _texts(value if isinstance(value, list) else _map(value).get("rpms"))
            for key, value in profiles.items()
        },
        dependencies=tuple(
            {
                module: _texts(streams)
                for module, streams in _map(_map(each).get("requires")).items()
            }
            for each in _list(data.get("dependencies"))
        ),
    )


def render_modules(fragments: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a modules.yaml of these fragments in pieces."""
    yield from fragments


def compose(fragment: bytes) -> Node:
    """Return a document as text, lists and maps; of equal keys the last counts."""
    stack: list[list[Node]] = [[]]  # what is open, and below it the document itself
    maps: list[bool] = [False]
    count = 0
    # A fortieth of a second of every start, for the few repositories that have modules.
    import yaml  # noqa: PLC0415

    try:
        for event in yaml.parse(fragment, Loader=yaml.CSafeLoader):
            count += 1
            if count > MAX_NODES or len(stack) > MAX_DEPTH:
                raise InvalidContentError("A module document is nested too deep or too large")
            match event:
                case yaml.AliasEvent():
                    raise InvalidContentError("A module document uses aliases, which are refused")
                case yaml.ScalarEvent():
                    stack[-1].append(event.value.replace("\0", ""))
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    stack.append([])
                    maps.append(isinstance(event, yaml.MappingStartEvent))
                case yaml.CollectionEndEvent():
                    items = stack.pop()
                    stack[-1].append(_paired(items) if maps.pop() else items)
                case _:
                    pass
    except yaml.YAMLError as error:
        raise InvalidContentError(f"A module document is not valid YAML: {error}") from error
    return stack[0][0] if stack[0] else ""


def _paired(items: list[Node]) -> dict[str, Node]:
    pairs = zip(items[::2], items[1::2], strict=True)
    return {key: value for key, value in pairs if isinstance(key, str)}


def _map(node: "Node | None") -> Mapping[str, Node]:
    return node if isinstance(node, dict) else {}


def _list(node: "Node | None") -> Sequence[Node]:
    return node if isinstance(node, list) else ()


def _text(node: "Node | None") -> str:
    return node.strip() if isinstance(node, str) else ""


def _texts(node: "Node | None") -> tuple[str, ...]:
    return tuple(item for item in _list(node) if isinstance(item, str))
