""".treeinfo: what makes a repository installable: its release, and the boot images' checksums.

Both the old form (anaconda's) and productmd's are INI files with the same sections where it
matters here: [general] or [release] and [tree], [checksums], [images-ARCH], [stage2], and
[variant-X] and [addon-X] with the repositories that belong to the tree.
"""

import configparser
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import normpath
from typing import Final

from headgate.content.rpm.metadata.packages import read_checksum
from headgate.domain.errors import InvalidContentError
from headgate.domain.paths import safe_relpath

# Known ones are below 10 kB and list some 20 files.
MAX_BYTES: Final = 1 << 20
MAX_FILES: Final = 2_000
MAX_REPOSITORIES: Final = 64
_MAX_FAMILY: Final = 255  # the widths of the columns
_MAX_VERSION: Final = 64
_MAX_ARCH: Final = 32

_SECTION: Final = re.compile(r"\s*\[([^\]]+)\]")
_PLACE: Final = re.compile(r"(\s*(repository|packages)\s*=\s*)(.*)")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of the tree: `path` is safe; the checksum may be missing."""

    path: str
    checksum_type: str | None = None
    checksum: bytes | None = None


@dataclass(frozen=True, slots=True)
class TreeRepository:
    """A repository of a variant or addon, but for that at the tree's root.

    `source` is where upstream has it, relative to the tree, perhaps above it; `path` is where it
    can be published, within the tree and safe.
    """

    section: str
    source: str
    path: str


@dataclass(frozen=True, slots=True)
class Treeinfo:
    """A distribution tree; `files` without the repository's own metadata, sorted by path."""

    family: str
    version: str
    arch: str
    variant: str
    files: tuple[TreeFile, ...]
    repositories: tuple[TreeRepository, ...] = ()


def parse_treeinfo(data: bytes) -> Treeinfo:
    """Read a .treeinfo; InvalidContentError says what is wrong with it."""
    if len(data) > MAX_BYTES:
        raise InvalidContentError(f"The treeinfo is larger than {MAX_BYTES} bytes")
    parser = _Parser(
        delimiters=("=",), comment_prefixes=("#", ";"), strict=False, interpolation=None
    )
    try:
        parser.read_string(data.decode())
    except (configparser.Error, UnicodeDecodeError) as error:
        raise InvalidContentError(f"The treeinfo is not a valid INI file: {error}") from error
    files = _files(parser)
    if len(files) > MAX_FILES:
        raise InvalidContentError(f"The treeinfo lists more than {MAX_FILES} files")
    return Treeinfo(
        family=_first(parser, "release.name", "general.family", "product.name")[:_MAX_FAMILY],
        version=_first(parser, "release.version", "general.version", "product.version")[
            :_MAX_VERSION
        ],
        arch=_first(parser, "tree.arch", "general.arch")[:_MAX_ARCH],
        variant=_first(parser, "general.variant", "tree.variants")[:_MAX_FAMILY],
        files=tuple(files[path] for path in sorted(files)),
        repositories=tuple(_repositories(parser)),
    )


def moved(data: bytes, repositories: Sequence[TreeRepository]) -> bytes:
    """Return a treeinfo that names these repositories at their `path`, else the same bytes.

    Productmd's trees of some distributions name neighbours of theirs (`../../AppStream/os`),
    which a mirror of one tree does not have: they move into it.
    """
    elsewhere = {each.section: each for each in repositories if each.path != each.source}
    if not elsewhere:
        return data
    lines = data.decode().split("\n")
    section = ""
    for number, line in enumerate(lines):
        if found := _SECTION.match(line):
            section = found[1]
        if section in elsewhere and (option := _PLACE.match(line)):
            lines[number] = f"{option[1]}{_moved(option[3].strip(), elsewhere[section])}"
    return "\n".join(lines).encode()


class _Parser(configparser.ConfigParser):
    """Paths are keys, and their case counts."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _files(parser: configparser.ConfigParser) -> dict[str, TreeFile]:
    files: dict[str, TreeFile] = {}
    for section in parser.sections():
        if section == "stage2" or section.startswith("images-"):
            for value in parser[section].values():
                path = safe_relpath(value)
                files[path] = TreeFile(path)
    if parser.has_section("checksums"):
        for key, value in parser["checksums"].items():
            kind, _, digits = value.partition(":")
            path = safe_relpath(key)
            files[path] = TreeFile(path, *read_checksum(kind.strip(), digits.strip(), path))
    # repomd.xml is checked by other means, and what is published here has its own.
    return {path: file for path, file in files.items() if "repodata" not in path.split("/")[:-1]}


def _repositories(parser: configparser.ConfigParser) -> Iterator[TreeRepository]:
    """Old trees name the folder of the metadata, newer ones that above it."""
    paths: set[str] = set()
    for section in parser.sections():
        kind, _, name = section.partition("-")
        value = parser[section].get("repository", "").strip()
        if kind not in ("variant", "addon") or not value or value.startswith("/") or ":" in value:
            continue
        source = normpath(value)
        source = "." if source == "repodata" else source.removesuffix("/repodata")
        if source == ".":
            continue
        outside = source.startswith("..")
        if outside and not _PLAIN_NAME.fullmatch(name):
            raise InvalidContentError(f"The treeinfo has the section {section[:80]!r}")
        path = safe_relpath(name if outside else source)
        if path not in paths:
            paths.add(path)
            yield TreeRepository(section, source, path)
    if len(paths) > MAX_REPOSITORIES:
        raise InvalidContentError(f"The treeinfo lists more than {MAX_REPOSITORIES} repositories")


def _moved(value: str, repository: TreeRepository) -> str:
    rest = normpath(value).removeprefix(repository.source)
    return repository.path + rest if rest.startswith("/") else repository.path


def _first(parser: configparser.ConfigParser, *names: str) -> str:
    for name in names:
        section, _, option = name.partition(".")
        if value := parser.get(section, option, fallback="").strip():
            return value
    return ""
