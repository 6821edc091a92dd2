"""How many tasks a worker runs at once."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Condition


class Slots:
    """Counts running tasks; one that waits for its children lends its slot to them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._returning = 0
        self._changed = Condition()

    def free(self) -> int:
        """Return how many tasks may be started; none while a lender wants its slot back."""
        with self._changed:
            return 0 if self._returning else max(self._most - self._taken, 0)

    def take(self) -> None:
        """Fill a slot that `free` has shown."""
        with self._changed:
            self._taken += 1

    def give(self) -> None:
        """Empty a slot."""
        with self._changed:
            self._taken -= 1
            self._changed.notify_all()

    @contextmanager
    def lent(self) -> Generator[None]:
        """Empty the caller's slot within the block; leaving it waits for one, ahead of starts."""
        self.give()
        try:
            yield
        finally:
            with self._changed:
                self._returning += 1
                self._changed.wait_for(lambda: self._taken < self._most)
                self._returning -= 1
                self._taken += 1
