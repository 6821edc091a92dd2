"""Reading `WWW-Authenticate` (RFC 9110, section 11.6.1): how a server wants to be shown who asks.

One field may hold several challenges, and a server may send several fields. Schemes and
parameters are told apart only by what follows them, so the text is read token by token.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

# More than that is no challenge that anybody means.
_MOST_CHARACTERS = 16_384
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a pattern of RFC 9110's tokens
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:({_TOKEN})(?=\s*(?:,|$))|"((?:[^"\\]|\\.)*)")')
_SCHEME = re.compile(rf"\s*({_TOKEN})(?=\s|,|$)")
_TOKEN68 = re.compile(r"\s+[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))")
_COMMA = re.compile(r"\s*,[\s,]*")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way that is offered; scheme and names of parameters are in lower case."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])


def challenges_of(fields: Iterable[str]) -> list[Challenge]:
    """Return the challenges of the header's fields, in their order.

    What follows something unreadable in a field is left out: others may still be answered.
    """
    return [challenge for text in fields for challenge in _read(text[:_MOST_CHARACTERS])]


def _read(text: str) -> Iterator[Challenge]:
    place = _after_comma(text, 0)
    while place < len(text):
        scheme = _SCHEME.match(text, place)
        if scheme is None:
            return
        parameters, place = _parameters(text, scheme.end())
        yield Challenge(scheme[1].lower(), parameters)
        place = _after_comma(text, place)


def _parameters(text: str, place: int) -> tuple[dict[str, str], int]:
    found: dict[str, str] = {}
    while (parameter := _PARAMETER.match(text, place)) is not None:
        name, bare, quoted = parameter.groups()
        found.setdefault(name.lower(), bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        place = parameter.end()
        comma = _COMMA.match(text, place)
        if comma is None or _PARAMETER.match(text, comma.end()) is None:
            return found, place
        place = comma.end()
    other = _TOKEN68.match(text, place)
    return found, place if other is None else other.end()


def _after_comma(text: str, place: int) -> int:
    comma = _COMMA.match(text, place)
    return place if comma is None else comma.end()
