"""Names of the registry: how they are made, and what a valid one is.

The rules are Katello's (container.md 1.6), so that what hosts pull by name stays what it was. A
pattern such as `<%= organization.label %>/<%= repository.name %>` looks like a template language
and is none: it is cut into texts and variables of a list, and nothing is evaluated.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from headgate.domain.errors import ValidationError

LONGEST_NAME: Final = 255
PATTERN_FIELD: Final = "registry_name_pattern"

# Every variable of a pattern, with the value that a pattern is tried with when it is saved.
_SAMPLES: Final[Mapping[str, str]] = {
    "organization.name": "Some Organization",
    "organization.label": "some_organization",
    "lifecycle_environment.name": "Some Environment",
    "lifecycle_environment.label": "some_environment",
    "content_view.name": "Some View",
    "content_view.label": "some_view",
    "content_view_version.version": "1.0",
    "product.name": "Some Product",
    "product.label": "some_product",
    "repository.name": "Some Repository",
    "repository.label": "some_repository",
    "repository.docker_upstream_name": "library/some",
}
VARIABLES: Final = tuple(_SAMPLES)

_LONGEST_PATTERN: Final = 255
_TAG: Final = re.compile(r"<%=[ \t]*([a-z_]+\.[a-z_]+)[ \t]*%>")
_MARK: Final = re.compile(r"<%.*?%>|<%|%>", re.DOTALL)

# The distribution specification's, of version 1.1 ("Pulling manifests").
_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME: Final = re.compile(rf"{_PART}(?:/{_PART})*")

_ODD: Final = re.compile(r"[^-/\w]", re.ASCII)
_MANY: Final = re.compile(r"_{3,}")
_LOOSE: Final = re.compile(r"-_|^_+|_+$")


@dataclass(frozen=True, slots=True)
class NamePattern:
    """How an environment names what it serves; `parts` are texts and variables in turn."""

    parts: tuple[str, ...]  # text, variable, text, ..., text

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the pattern; ValidationError says what it may consist of."""
        if len(text) > _LONGEST_PATTERN:
            raise _refusal(f"is too long (maximum is {_LONGEST_PATTERN} characters)")
        parts = tuple(_TAG.split(text))
        for loose in parts[::2]:
            mark = _MARK.search(loose)
            if mark is not None:
                raise _refusal(f"cannot contain '{mark[0][:60]}'. {_ALLOWED}")
        for variable in parts[1::2]:
            if variable not in _SAMPLES:
                raise _refusal(f"does not know '{variable[:60]}'. {_ALLOWED}")
        pattern = cls(parts)
        name = pattern.render(_SAMPLES)
        fault = fault_of_name(name)
        if fault is not None:
            raise _refusal(f"gives names such as '{name}', which {fault}")
        return pattern

    @property
    def variables(self) -> frozenset[str]:
        """The variables that it mentions."""
        return frozenset(self.parts[1::2])

    def render(self, values: Mapping[str, str]) -> str:
        """Return the name that these values of all VARIABLES make; it need not be a valid one."""
        return clean_name(
            "".join(values[part] if index % 2 else part for index, part in enumerate(self.parts))
        )


def default_name(
    organization: str,
    product: str,
    repository: str,
    *,
    view: str | None = None,
    environment: str | None = None,
    version: str | None = None,
) -> str:
    """Return the name that labels make where no pattern does.

    `organization/product/repository` in Library, with environment and view in an environment,
    with view and version of what no environment need serve.
    """
    parts = (organization, environment, view, version, product, repository)
    return clean_name("/".join(part for part in parts if part is not None))


def clean_name(text: str) -> str:
    """Return the text with what no name may contain replaced or left out, in lower case."""
    return _LOOSE.sub("", _MANY.sub("_", _ODD.sub("_", text))).lower()


def fault_of_name(name: str) -> str | None:
    """Say why this is no name of an image; None if it is one."""
    if len(name) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} characters"
    if not _NAME.fullmatch(name):
        return (
            "is no valid name of an image: between slashes it takes lower-case letters and"
            " digits, joined by single '.', '_', '__' or dashes"
        )
    return None


_ALLOWED: Final = "Allowed are text and " + ", ".join(f"<%= {each} %>" for each in VARIABLES)


def _refusal(words: str) -> ValidationError:
    return ValidationError({PATTERN_FIELD: [words]})
