"""SHA-256 beside the writing: a thread of its own for each large upload.

Hashing is what takes longest of an upload where processors have no instructions for it. OpenSSL
lets go of the interpreter's lock, so one core hashes while another one receives and writes.
"""

from hashlib import sha256
from queue import Queue
from threading import Thread
from typing import Any, Final

# Pieces that wait to be hashed; each is what `write` was given, some megabytes.
_WAITING: Final = 2
# Bytes from which on a thread is worth its start.
_LARGE: Final = 256 << 10


class BackgroundHash:
    """A SHA-256 whose large updates are worked off by a thread, in their order."""

    def __init__(self, state: Any = None) -> None:
        self._state = sha256() if state is None else state
        self._queue: Queue[bytes | memoryview | None] | None = None
        self._thread: Thread | None = None

    def update(self, data: bytes | memoryview) -> None:
        """Add bytes, which nobody changes afterwards; waits while too many are waiting."""
        if self._queue is None and len(data) < _LARGE:
            self._state.update(data)
            return
        if self._queue is None:
            self._queue = Queue(_WAITING)
            self._thread = Thread(target=self._work, args=(self._queue,), daemon=True)
            self._thread.start()
        self._queue.put(data)

    def settled(self) -> Any:
        """Return the hash of all that was added, as hashlib has it, once the thread is done."""
        if self._queue is not None and self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._queue = self._thread = None
        return self._state

    def digest(self) -> bytes:
        """Return the SHA-256 of all that was added."""
        return self.settled().digest()

    def _work(self, queue: "Queue[bytes | memoryview | None]") -> None:
        while (data := queue.get()) is not None:
            self._state.update(data)
