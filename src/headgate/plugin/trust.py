"""What a repository asks of signatures, and what a sync says of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class TrustRules:
    """The policies of one repository (each off, warn or enforce) and the keys that it trusts."""

    keys: str | None = None  # armored OpenPGP keys; None: it names none
    packages: str = "off"
    metadata: str = "off"
    replay: str = "off"
    # What the newest metadata ever synced from here said of itself (`Synced.seen`).
    seen: Mapping[str, Any] | None = None
    accept_older: bool = False  # somebody has said that older metadata is right this time
    stamp: int = 0  # moves when any of this does; to be in `Synced.state` as `trust`


NOTHING_ASKED: Final = TrustRules()
