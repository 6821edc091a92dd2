"""One line that shows how far a task is: bar, step, bytes or items, rate, time left."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self, TextIO

from headgate.cli.output import padded, printable, terminal_width

Json = Mapping[str, Any]

_BAR: Final = 24
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_UNITS: Final = ("B", "KB", "MB", "GB", "TB")
_PLAIN_EVERY: Final = 10.0  # seconds between lines where nothing can be overwritten


class ProgressLine:
    """Draws on a terminal; elsewhere it writes a line now and then, so that logs stay short."""

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._width = terminal_width(stream)
        self._quiet = quiet
        self._drawn = False
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        """Leave the cursor on a line of its own."""
        if self._drawn:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()

    def show(self, task: Json) -> None:
        """Show how far the task is now."""
        self.draw(line_of(task.get("progress") or 0.0, words_of(task)))

    def draw(self, text: str) -> None:
        """Show a text in place of the one before."""
        if self._quiet:
            return
        if self._width is None:
            if time.monotonic() - self._last >= _PLAIN_EVERY:
                self._last = time.monotonic()
                self._stream.write(text.strip() + "\n")
                self._stream.flush()
            return
        self._stream.write("\r" + padded(printable(text), self._width - 1))
        self._stream.flush()
        self._drawn = True

    def end(self, task: Json) -> None:
        """Show the last state."""
        if self._drawn:
            self.show(task)


def line_of(fraction: float, words: str) -> str:
    """Return the bar with what is written after it."""
    return f"{bar(fraction)} {round(fraction * 100):>3} %  {words}"


def bar(fraction: float) -> str:
    """Return a bar of fixed width, in eighths of a character."""
    eighths = round(min(max(fraction, 0.0), 1.0) * _BAR * 8)
    full, part = divmod(eighths, 8)
    drawn = "█" * full + (_EIGHTHS[part] if part else "")
    return f"│{drawn:<{_BAR}}│"


def words_of(task: Json) -> str:
    """Return step, amounts, rate and time left, as far as the task tells them."""
    details: Json = task.get("progress_details") or {}
    if task["state"] in ("planned", "scheduled"):
        return "waiting"
    words = [details.get("step") or task["state"], amount(details)]
    rate = details.get("bytes_per_second")
    if rate:
        words.append(f"{size(rate)}/s")
    left = details.get("seconds_left")
    if left is not None:
        words.append(f"{clock(left)} left")
    words.append(details.get("url") or "")
    return "  ".join(word for word in words if word)


def amount(details: Json) -> str:
    """Return `3 of 12  1.2 of 8.0 MB`, what of it is known."""
    parts: list[str] = []
    done, total = details.get("items_done"), details.get("items_total")
    if total:
        parts.append(f"{done} of {total}")
    elif done:
        parts.append(str(done))
    done, total = details.get("bytes_done"), details.get("bytes_total")
    if total:
        parts.append(f"{size(done or 0)} of {size(total)}")
    elif done:
        parts.append(size(done))
    return "  ".join(parts)


def size(count: float) -> str:
    """Return bytes for people: `1.5 MB`."""
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def clock(seconds: float) -> str:
    """Return a time for people: `1:05:00`, `2:30`, `8 s`."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"
