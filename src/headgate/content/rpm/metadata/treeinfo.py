""".treeinfo: what makes a repository installable: its release, and the boot images' checksums.

Both the old form (anaconda's) and productmd's are INI files with the same sections where it
matters here: [general] or [release] and [tree], [checksums], [images-ARCH], [stage2].
"""

import configparser
from dataclasses import dataclass
from typing import Final

from headgate.content.rpm.metadata.packages import read_checksum
from headgate.domain.errors import InvalidContentError
from headgate.domain.paths import safe_relpath

# Known ones are below 10 kB and list some 20 files.
MAX_BYTES: Final = 1 << 20
MAX_FILES: Final = 2_000
_MAX_FAMILY: Final = 255  # the widths of the columns
_MAX_VERSION: Final = 64
_MAX_ARCH: Final = 32


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of the tree: `path` is safe; the checksum may be missing."""

    path: str
    checksum_type: str | None = None
    checksum: bytes | None = None


@dataclass(frozen=True, slots=True)
class Treeinfo:
    """A distribution tree; `files` without the repository's own metadata, sorted by path."""

    family: str
    version: str
    arch: str
    variant: str
    files: tuple[TreeFile, ...]


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
    )


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


def _first(parser: configparser.ConfigParser, *names: str) -> str:
    for name in names:
        section, _, option = name.partition(".")
        if value := parser.get(section, option, fallback="").strip():
            return value
    return ""
