"""Scopes of the registry: what a client asks a token for, as `repository:NAME:pull,push`.

The wording is that of docker's token authentication. Clients send a scope several times, or
several scopes in one text with spaces between them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from headgate.domain.errors import BadRequestError

PULL: Final = "pull"
PUSH: Final = "push"
DELETE: Final = "delete"
ACTIONS: Final = frozenset({PULL, PUSH, DELETE})

# What a challenge names when the request is about no repository; flatpak asks for it as it is.
PLACEHOLDER: Final = "repository:registry:pull,push"
_PLACEHOLDER_NAME: Final = "registry"
_PLACEHOLDER_ACTIONS: Final = frozenset({PULL, PUSH})

# A token travels in a header, of which nginx takes 8 kB.
_LONGEST: Final = 4_000
_SCOPE: Final = re.compile(r"([a-z0-9]+(?:\([a-z0-9]+\))?):([!#-\[\]-~]{1,512}):([a-z_*,]{0,64})")


@dataclass(frozen=True, slots=True)
class Scopes:
    """What scopes name: actions by repository, and whether the catalog is among them.

    Of what this registry does not know nothing is kept: it allows nothing.
    """

    actions: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    catalog: bool = False

    @classmethod
    def read(cls, texts: Iterable[str]) -> Self | None:
        """Return what the scopes of a request name; None if they set no bounds.

        So it is when there are none (`podman login`), or the placeholder is among them.
        BadRequestError for anything that is no scope: ignoring it would widen the token.
        """
        scopes = [scope for text in texts for scope in text.split()]
        if sum(map(len, scopes)) > _LONGEST:
            raise BadRequestError(
                f"The scopes are longer than {_LONGEST} characters: ask for fewer at once"
            )
        actions: dict[str, frozenset[str]] = {}
        catalog = False
        for scope in scopes:
            kind, name, asked = _parts(scope)
            if (name, asked) == (_PLACEHOLDER_NAME, _PLACEHOLDER_ACTIONS):
                return None
            if kind.partition("(")[0] == "repository":
                actions[name] = actions.get(name, frozenset()) | (asked & ACTIONS)
            catalog = catalog or (kind, name) == ("registry", "catalog")
        return cls(actions, catalog) if scopes else None

    def allow(self, name: str, action: str) -> bool:
        """Whether the action on the repository of this name is among them."""
        return action in self.actions.get(name, ())

    @property
    def names(self) -> Sequence[str]:
        """The repositories that may be pulled."""
        return [name for name, actions in self.actions.items() if PULL in actions]


def scope_of(name: str, *actions: str) -> str:
    """Return the scope that a challenge asks a client to bring."""
    return f"repository:{name}:{','.join(actions)}"


def _parts(scope: str) -> tuple[str, str, frozenset[str]]:
    found = _SCOPE.fullmatch(scope)
    if found is None:
        raise BadRequestError(
            f"'{scope[:100]}' is no scope; scopes are as repository:ORG/PRODUCT/NAME:pull,push"
        )
    kind, name, actions = found.groups()
    return kind, name, ACTIONS if "*" in actions else frozenset(actions.split(","))
