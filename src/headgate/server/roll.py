"""The roll of workers: which names this family has given, and which of them are dead for sure."""

import socket
from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex


class Roll:
    """Names workers, and remembers the names over restarts of the whole family.

    Whoever holds the home's lock knows that no earlier family lives. So the tasks of its workers,
    and of one that has just ended, can be taken over without waiting for their silence.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._dead = path.read_text().split() if path.exists() else []
        self._living: dict[int, str] = {}
        path.write_text("")

    @property
    def dead(self) -> Sequence[str]:
        """The names whose processes have ended."""
        return tuple(self._dead)

    def enter(self, place: int) -> str:
        """Give the process that is about to start at `place` a name; its predecessor is dead."""
        if place in self._living:
            self._dead.append(self._living.pop(place))
            del self._dead[:-1000]  # whom this family has long buried
        name = f"{socket.gethostname()[:32]}-worker{place}-{token_hex(4)}"
        self._living[place] = name
        with self._path.open("a") as file:
            file.write(f"{name}\n")
        return name

    def name(self, place: int) -> str:
        """Return the name of the process at `place`."""
        return self._living[place]
