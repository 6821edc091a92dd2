"""Working ahead: an iterator drained by a thread, so that its C code runs beside the reader."""

import queue
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

T = TypeVar("T")

_POLL_SECONDS: Final = 0.1


class Ahead(Generic[T]):
    """Iterates over `source` with up to `depth` items prepared in a thread.

    A context manager: leaving it stops the thread and waits for it, so the source may then be
    used again. Exceptions of the source come out where its next item would have.
    """

    def __init__(self, source: Iterator[T], *, depth: int = 2) -> None:
        self._source = source
        self._queue: queue.Queue[T | _End] = queue.Queue(depth)
        self._stopping = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._drain, daemon=True, name="read-ahead")
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._ended:
            raise StopIteration
        item = self._queue.get()
        if not isinstance(item, _End):
            return item
        self._ended = True
        if item.error is not None:
            raise item.error
        raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _drain(self) -> None:
        end = _End()
        try:
            for item in self._source:
                if not self._put(item):
                    return
        except Exception as error:  # noqa: BLE001  # handed over to the reader
            end = _End(error)
        self._put(end)

    def _put(self, item: "T | _End") -> bool:
        while not self._stopping.is_set():
            try:
                self._queue.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False


class _End:
    """The last item: the source has ended, or failed."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
