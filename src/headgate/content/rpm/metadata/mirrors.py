"""Lists of mirrors: one URL on each line (mirrorlist), or a metalink, which tells hashes as well.

A metalink is read in both forms: 3.0 with the alternates of Fedora's MirrorManager, and RFC 5854.
Lines and elements that are no http or https address are passed over: what is listed is input from
outside, and `file:` or `rsync:` in it are not for us.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from headgate.content.rpm.metadata.markup import parse_document
from headgate.domain.errors import InvalidContentError

REPOMD: Final = "repodata/repomd.xml"

# Fedora's metalink of all its mirrors has 100 kB.
MAX_BYTES: Final = 1 << 20
MAX_URL: Final = 1024
# Kept of a list, best first: more are never asked.
MAX_MIRRORS: Final = 40
_MAX_STATES: Final = 20

# Strong ones by their names in both forms, strongest first; weak ones decide nothing.
_HASHES: Final[Mapping[str, str]] = {
    "sha512": "sha512",
    "sha-512": "sha512",
    "sha384": "sha384",
    "sha-384": "sha384",
    "sha256": "sha256",
    "sha-256": "sha256",
}


@dataclass(frozen=True, slots=True)
class RepomdState:
    """A repomd.xml that the list vouches for: the kind and the hex digits of its hash."""

    algorithm: str
    digits: str


@dataclass(frozen=True, slots=True)
class MirrorList:
    """Base URLs of mirrors, best first; `states` of repomd.xml from the newest on, if told."""

    urls: tuple[str, ...]
    states: tuple[RepomdState, ...] = ()


def parse_mirrors(data: bytes) -> MirrorList | None:
    """Read a list of mirrors; None if it is none.

    InvalidContentError when it is a metalink that cannot be used: broken, hostile, or of other
    files.
    """
    if len(data) > MAX_BYTES:
        raise InvalidContentError(f"the list of mirrors is larger than {MAX_BYTES} bytes")
    start = data.lstrip()[:4096]
    if b"<metalink" in start:
        return _read_metalink(parse_document(data, "the metalink"))
    if start.startswith(b"<"):
        return None
    text = data.decode("utf-8", "replace")
    found = _usable(line.strip() for line in text.split("\n"))
    return MirrorList(found) if found else None


def _read_metalink(root: ET.Element) -> MirrorList:
    files = [each for each in root.iter() if _local(each) == "file"]
    file = next((each for each in files if each.get("name") == "repomd.xml"), None)
    if file is None:
        raise InvalidContentError("the metalink lists no repomd.xml: it is not of a repository")
    found = _usable(
        text.removesuffix(REPOMD) for text in _by_preference(file) if text.endswith(REPOMD)
    )
    if not found:
        raise InvalidContentError("the metalink lists no http or https mirror")
    return MirrorList(found, tuple(_states(file))[:_MAX_STATES])


def _by_preference(file: ET.Element) -> list[str]:
    """Return URLs, best first: 3.0 counts `preference` up to 100, RFC 5854 `priority` from 1."""
    listed: list[tuple[int, str]] = []
    for url in file.iter():
        if _local(url) == "url" and url.text:
            rank = _number(url.get("priority"), 0) or 100 - _number(url.get("preference"), 0)
            listed.append((rank, url.text.strip()))
    return [text for _, text in sorted(listed, key=lambda each: each[0])]


def _states(file: ET.Element) -> Iterator[RepomdState]:
    """Yield the present state, then the alternates, which some mirrors still have."""
    alternates = [each for each in file.iter() if _local(each) == "alternate"]
    within = {id(hash_) for each in alternates for hash_ in each.iter()}
    own = [each for each in file.iter() if _local(each) == "hash" and id(each) not in within]
    yield from _strongest(own)
    dated = sorted(alternates, key=lambda each: -_number(_text_of(each, "timestamp"), 0))
    for alternate in dated:
        yield from _strongest(each for each in alternate.iter() if _local(each) == "hash")


def _strongest(hashes: Iterable[ET.Element]) -> Iterator[RepomdState]:
    told = {_HASHES.get(each.get("type", "").lower()): each.text or "" for each in hashes}
    for algorithm in dict.fromkeys(_HASHES.values()):
        if algorithm in told:
            yield RepomdState(algorithm, told[algorithm].strip().lower())
            return


def _usable(texts: Iterable[str]) -> tuple[str, ...]:
    """Return what may be asked, in order, each once and ending with a slash."""
    found: dict[str, None] = {}
    for text in texts:
        if len(found) < MAX_MIRRORS and _is_address(text):
            found[text if text.endswith("/") else f"{text}/"] = None
    return tuple(found)


def _is_address(text: str) -> bool:
    if not text.startswith(("http://", "https://")) or len(text) > MAX_URL:
        return False
    if not text.isprintable() or any(letter in text for letter in " $?#<>\\"):
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False


def _text_of(element: ET.Element, tag: str) -> str | None:
    return next((each.text for each in element.iter() if _local(each) == tag), None)


def _number(text: str | None, default: int) -> int:
    text = (text or "").strip()
    return int(text[:12]) if text.isascii() and text.isdecimal() else default


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
