"""Failed logins, counted by all processes together: whoever guesses waits longer and longer.

Three things are counted: a login from an address, the address whatever the login, and the login
from wherever. The last lets somebody who guesses from many addresses make the user wait, so it
takes most failures and its waits are short; tokens, sessions and remembered passwords never wait.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from sqlalchemy import delete, select

from headgate.stores.db import Transaction
from headgate.stores.db.statements import upsert
from headgate.stores.db.tables import login_failures

_FIRST_WAIT: Final = 5.0  # seconds, doubled by every further failure
_FORGOTTEN_AFTER: Final = timedelta(minutes=15)
# Rows kept, the newest: strangers fill the table.
_AT_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Rule:
    """How many failures are free, and the longest wait after one more, in seconds."""

    free: int
    longest: float


_PAIR: Final = _Rule(free=10, longest=300.0)
_ADDRESS: Final = _Rule(free=50, longest=300.0)
_LOGIN: Final = _Rule(free=100, longest=20.0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody at an address who says to be somebody."""

    address: str
    login: str
    secret: bytes  # keys the hashes, at most 64 bytes

    @property
    def pair(self) -> str:
        """Under which failures of the login from the address are counted."""
        return self._key("pair", self.address, self.login)

    @property
    def rules(self) -> dict[str, _Rule]:
        """Return every key that the attempt counts under, with its rule."""
        return {
            self.pair: _PAIR,
            self._key("address", self.address): _ADDRESS,
            self._key("login", self.login): _LOGIN,
        }

    def _key(self, *parts: str) -> str:
        text = "\0".join(parts).encode(errors="surrogatepass")
        return blake2b(text, key=self.secret, digest_size=32).hexdigest()


@dataclass(frozen=True, slots=True)
class Past:
    """What has failed before an attempt: seconds still to wait, and whether its login failed."""

    wait: float = 0.0
    has_failed: bool = False


def past_of(tx: Transaction, attempt: Attempt, *, now: datetime) -> Past:
    """Return what counts against an attempt now."""
    rules = attempt.rules
    rows = tx.execute(select(login_failures).where(login_failures.c.key.in_(rules))).all()
    waits = [_wait(rules[key], count, now - last_at) for key, count, last_at in rows]
    return Past(max(waits, default=0.0), any(key == attempt.pair for key, _, _ in rows))


def note_failure(tx: Transaction, attempt: Attempt, *, now: datetime) -> None:
    """Count a failure, and forget what is old or too much."""
    table = login_failures
    stale = now - _FORGOTTEN_AFTER
    tx.execute(delete(table).where(table.c.last_at < stale))
    rows = [{"key": key, "count": 1, "last_at": now} for key in sorted(attempt.rules)]
    again = upsert(tx, table)
    tx.execute(
        again.on_conflict_do_update(
            index_elements=["key"],
            set_={"count": table.c.count + 1, "last_at": now},
        ),
        rows,
    )
    surplus = select(table.c.key).order_by(table.c.last_at.desc(), table.c.key).offset(_AT_MOST)
    tx.execute(delete(table).where(table.c.key.in_(surplus)))


def forget_failures(tx: Transaction, attempt: Attempt) -> None:
    """Start over for a login that succeeded; the address's other failures stay."""
    tx.execute(delete(login_failures).where(login_failures.c.key == attempt.pair))


def _wait(rule: _Rule, count: int, passed: timedelta) -> float:
    if count < rule.free or passed > _FORGOTTEN_AFTER:
        return 0.0
    wait = min(_FIRST_WAIT * 2 ** min(count - rule.free, 16), rule.longest)
    return max(wait - passed.total_seconds(), 0.0)
