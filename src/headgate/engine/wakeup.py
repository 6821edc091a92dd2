"""Waking another thread or process without a socket: an inherited Linux eventfd."""

import os
import select
from contextlib import suppress


class Wakeup:
    """A bell that many may ring and one sleeper hears; ringing it early is never lost.

    Made before a fork, or from the number of an inherited descriptor; give each sleeper its own.
    """

    def __init__(self, fd: int | None = None) -> None:
        flags = os.EFD_NONBLOCK | os.EFD_CLOEXEC
        self.fd = os.eventfd(0, flags) if fd is None else fd
        os.set_blocking(self.fd, False)
        self._poll = select.poll()
        self._poll.register(self.fd, select.POLLIN)

    def signal(self) -> None:
        """Wake the sleeper, or let its next sleep end at once."""
        with suppress(BlockingIOError):  # the counter is full, so it is set already
            os.eventfd_write(self.fd, 1)

    def wait(self, seconds: float) -> bool:
        """Sleep until signalled or the time has passed; return whether there was a signal."""
        if not self._poll.poll(max(0, round(seconds * 1000))):
            return False
        try:
            os.eventfd_read(self.fd)
        except BlockingIOError:
            return False  # another sleeper on the same descriptor was faster
        return True

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)
