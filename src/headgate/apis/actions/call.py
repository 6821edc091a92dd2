"""One request as an action sees it."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from headgate.apis.authentication import Authenticator, Caller
from headgate.apis.ports import Services
from headgate.domain.authors import Author
from headgate.services.access import Actor
from headgate.services.platform.setting_values import in_force
from headgate.stores.db import Database, Transaction


@dataclass(slots=True)
class Call:
    """Who asks, over which transaction, with what at hand.

    The transaction opens at its first use - to write unless the action only reads - and is
    committed before the answer is sent; an exception undoes it.
    """

    services: Services
    actor: Actor
    request_id: str
    writes: bool
    dialect: Literal["katello", "foreman"]
    base_url: str
    caller: Caller
    authenticator: Authenticator
    _stack: ExitStack = field(default_factory=ExitStack)
    _transaction: Transaction | None = None

    @property
    def database(self) -> Database:
        """The database, with the caller as the author of what is changed."""
        return self.services.database.by(self.author)

    @property
    def author(self) -> Author:
        """Who the audit log names for what this request changes."""
        return self.caller.author(self.actor, self.request_id)

    @property
    def tx(self) -> Transaction:
        """The transaction of this request."""
        if self._transaction is None:
            database = self.database
            opened = database.begin() if self.writes else database.read()
            self._transaction = self._stack.enter_context(opened)
        return self._transaction

    def setting(self, name: str) -> Any:
        """Return the value of a setting (`domain/settings.py`) as it is now."""
        return in_force(self.tx, name, fixed=self.services.fixed_settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.__exit__(*exc)  # type: ignore[arg-type] - what `with` hands on
