"""What a table says of itself to the audit log; a table that says nothing is audited.

- `Table(..., info=audited(...))`: audited under a name of its own choice.
- `Table(..., info=folded(...))`: its rows are shown as a list at the thing they belong to. Tables
  of pairs need not say so.
- `Table(..., info=unaudited(reason))`: changes are not noted, and why.
- `Column(..., info=SECRET)`: that it changed is noted, never its value. Raw bytes are secret.
- `Column(..., info=UNAUDITED)`: kept by the server itself, of no interest.
"""

from dataclasses import dataclass
from typing import Any, Final

KEY: Final = "headgate_audit"

SECRET: Final[dict[Any, Any]] = {KEY: "secret"}
UNAUDITED: Final[dict[Any, Any]] = {KEY: "unaudited"}


@dataclass(frozen=True, slots=True)
class Audited:
    """The type's name, and the columns whose values joined by dots name one thing."""

    noun: str | None
    name: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """The column that names the owner, the one that is listed, and what the list is called."""

    owner: str
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Unaudited:
    """Why changes are not noted."""

    reason: str


def audited(*name: str, noun: str | None = None) -> dict[Any, Any]:
    """Declare which columns name a thing, and what its type is called."""
    return {KEY: Audited(noun, name)}


def folded(owner: str, value: str, label: str) -> dict[Any, Any]:
    """Declare rows to be a list at their owner."""
    return {KEY: Folded(owner, value, label)}


def unaudited(reason: str) -> dict[Any, Any]:
    """Declare changes to be of no interest, with the reason."""
    return {KEY: Unaudited(reason)}
