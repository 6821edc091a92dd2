"""The index of a flatpak remote of others: foreign text, of which the good entries are taken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn
from urllib.parse import urljoin, urlsplit, urlunsplit

import msgspec

from headgate.content.container.digests import is_digest, is_tag
from headgate.content.container.flatpaks.queries import REF_LABEL
from headgate.domain.errors import InvalidContentError
from headgate.domain.flatpaks import OfferedFlatpak, OfferedRepository, is_ref, runtime_of
from headgate.domain.registry_names import fault_of_name
from headgate.domain.repositories import fault_of_url

MOST_BYTES: Final = 64 << 20
MOST_REPOSITORIES: Final = 20_000
MOST_FLATPAKS: Final = 100_000

_METADATA_LABEL: Final = "org.flatpak.metadata"
_MOST_FAULTS: Final = 20
_MOST_TAGS: Final = 100  # of one image
_LONGEST: Final = 64


class _Image(msgspec.Struct, rename="pascal"):
    digest: str
    labels: dict[str, str | None] | None = None
    tags: list[str] | None = None
    architecture: str | None = None
    os: str | None = msgspec.field(default=None, name="OS")


class _List(msgspec.Struct, rename="pascal"):
    images: list[msgspec.Raw] | None = None


class _Result(msgspec.Struct, rename="pascal"):
    name: str
    images: list[msgspec.Raw] | None = None
    lists: list[_List] | None = None


class _Index(msgspec.Struct, rename="pascal"):
    results: list[msgspec.Raw] | None
    registry: str = ""


_DECODE_INDEX: Final = msgspec.json.Decoder(_Index).decode
_DECODE_RESULT: Final = msgspec.json.Decoder(_Result).decode
_DECODE_IMAGE: Final = msgspec.json.Decoder(_Image).decode


@dataclass(slots=True)
class RemoteIndex:
    """What an index offers; `faults` are the first of the entries that cannot be used."""

    registry_url: str
    repositories: Sequence[OfferedRepository] = ()
    left_out: int = 0
    faults: list[str] = field(default_factory=list[str])

    def leave_out(self, fault: str) -> None:
        """Count an entry that cannot be used."""
        self.left_out += 1
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(fault)


def read_index(content: bytes, url: str) -> RemoteIndex:
    """Read the index that came from `url`; InvalidContentError if it is none.

    Names, digests, tags and refs that are no such things leave out the entry that has them.
    """
    try:
        body = _DECODE_INDEX(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidContentError(f"this is no index of flatpaks: {str(error)[:200]}") from error
    results = body.results or []
    if len(results) > MOST_REPOSITORIES:
        _refuse(f"it has more than {MOST_REPOSITORIES} repositories")
    index = RemoteIndex(_registry_url(body.registry, url))
    found: dict[str, dict[str, OfferedFlatpak]] = {}
    count = 0
    for number, raw in enumerate(results):
        name, images = _result(raw, number, index)
        for image in images:
            offered = _flatpak(image, name, index)
            if offered is not None:
                count += 1
                found.setdefault(name, {})[offered.digest] = offered
            if count > MOST_FLATPAKS:
                _refuse(f"it has more than {MOST_FLATPAKS} flatpaks")
    index.repositories = [
        OfferedRepository(name, list(flatpaks.values())) for name, flatpaks in found.items()
    ]
    return index


def _result(raw: msgspec.Raw, number: int, index: RemoteIndex) -> tuple[str, Iterator[msgspec.Raw]]:
    try:
        result = _DECODE_RESULT(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        index.leave_out(f"result {number} is none: {str(error)[:200]}")
        return "", iter(())
    fault = fault_of_name(result.name)
    if fault is not None:
        index.leave_out(f"the repository {result.name[:100]!r} {fault}")
        return "", iter(())
    return result.name, _images(result)


def _images(result: _Result) -> Iterator[msgspec.Raw]:
    yield from result.images or ()
    for each in result.lists or ():
        yield from each.images or ()


def _flatpak(raw: msgspec.Raw, name: str, index: RemoteIndex) -> OfferedFlatpak | None:
    try:
        image = _DECODE_IMAGE(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        index.leave_out(f"an image of {name} is none: {str(error)[:200]}")
        return None
    labels, tags = image.labels or {}, image.tags or []
    ref = labels.get(REF_LABEL)
    if ref is None:
        return None  # an image that is no flatpak is no fault
    if not is_digest(image.digest):
        index.leave_out(f"an image of {name} has no digest: {image.digest[:100]!r}")
    elif not is_ref(ref):
        index.leave_out(f"an image of {name} has no ref of a flatpak: {ref[:100]!r}")
    elif len(tags) > _MOST_TAGS or not all(map(is_tag, tags)):
        index.leave_out(f"an image of {name} has tags that are none, or too many")
    else:
        runtime = runtime_of(ref, labels.get(_METADATA_LABEL) or "")
        os, architecture = _short(image.os), _short(image.architecture)
        return OfferedFlatpak(image.digest, ref, tags, runtime, os, architecture)
    return None


def _short(text: str | None) -> str | None:
    plain = text and len(text) <= _LONGEST and text.isascii() and text.isprintable()
    return text if plain else None


def _registry_url(said: str, url: str) -> str:
    """Return where the images are, as the index says, relative to itself or whole."""
    try:
        parts = urlsplit(urljoin(url, said or "/"))
        joined = urlunsplit(parts._replace(query="", fragment=""))
    except ValueError:
        joined = ""
    fault = fault_of_url(joined, schemes=("http", "https"))
    if fault is not None or len(joined) > 2048:
        _refuse(f"its Registry {said[:200]!r} {fault or 'is too long'}")
    return joined


def _refuse(reason: str) -> NoReturn:
    raise InvalidContentError(f"this is no index that can be used: {reason}")
