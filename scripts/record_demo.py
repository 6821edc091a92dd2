"""Record a run of `make demo` as a picture: docs/images/demo.svg.

Real output at its real pace, pauses shortened. Where pictures do not move, its end is shown. Only
the checkout's path, the machine's name and the first password are replaced.
"""

import fcntl
import os
import pty
import re
import socket
import struct
import sys
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parent.parent
_PICTURE: Final = _ROOT / "docs" / "images" / "demo.svg"
_COLUMNS: Final = 104
_ROWS: Final = 34
_LINE: Final = 18  # pixels
_GLYPH: Final = 8.0
_LONGEST_PAUSE: Final = 0.8  # seconds
_LAST_PAUSE: Final = 8.0
_ESCAPE: Final = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\([A-Z0-9])")


@dataclass(slots=True)
class State:
    """What a row of the terminal showed from one moment to another."""

    text: str
    start: float  # seconds
    end: float | None = None


@dataclass(slots=True)
class Terminal:
    """Just enough of a terminal: lines that grow downwards, each rewritten from its start."""

    rows: list[list[State]] = field(default_factory=lambda: [[State("", 0.0)]])
    _column: int = 0

    def write(self, text: str, now: float) -> None:
        """Show the text."""
        for part in re.findall(r"\r|\n|[^\r\n]+", _ESCAPE.sub("", text)):
            if part == "\n":
                self._next_row(now)
            elif part == "\r":
                self._column = 0
            else:
                self._put(part, now)

    def _put(self, part: str, now: float) -> None:
        while part:
            room = _COLUMNS - self._column
            self._change(part[:room], now)
            part = part[room:]
            if part:
                self._next_row(now)

    def _change(self, part: str, now: float) -> None:
        states = self.rows[-1]
        old = states[-1].text.ljust(self._column)
        text = (old[: self._column] + part + old[self._column + len(part) :]).rstrip()
        self._column += len(part)
        if states[-1].start == now:
            states[-1].text = text
        elif states[-1].text != text:
            states[-1].end = now
            states.append(State(text, now))

    def _next_row(self, now: float) -> None:
        self.rows.append([State("", now)])
        self._column = 0


def main() -> None:
    """Run the demo and write the picture; end as the demo ends."""
    terminal = Terminal()
    terminal.write("$ make demo\n", 0.0)
    process, descriptor = pty.fork()
    if process == 0:
        os.chdir(_ROOT)
        os.environ |= {"HEADGATE_ADMIN_PASSWORD": "correct-horse-7", "TERM": "xterm"}
        os.execvp("make", ["make", "--no-print-directory", "demo"])  # noqa: S606 - as users do
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    now = 0.0
    for text, now in _output(descriptor):
        sys.stdout.write(text)
        terminal.write(_disguised(text), now)
    _, status = os.waitpid(process, 0)
    if status == 0:
        _PICTURE.parent.mkdir(exist_ok=True)
        _PICTURE.write_text(_picture(terminal, now))
    sys.exit(os.waitstatus_to_exitcode(status))


def _output(descriptor: int) -> Iterator[tuple[str, float]]:
    """Yield what the demo writes, and when, counting at most the longest pause for each."""
    decoder = getincrementaldecoder("utf-8")("replace")
    shown, last = 0.5, time.monotonic()
    while True:
        try:
            data = os.read(descriptor, 65_536)
        except OSError:  # EIO: the other side has closed
            return
        if not data:
            return
        now = time.monotonic()
        shown, last = shown + min(now - last, _LONGEST_PAUSE), now
        yield decoder.decode(data), round(shown, 2)


def _disguised(text: str) -> str:
    named = text.replace(f"{_ROOT}/", "").replace(f"//{socket.gethostname()}:", "//localhost:")
    return named.replace("correct-horse-7", "********")


def _picture(terminal: Terminal, end: float) -> str:
    rows = terminal.rows
    while rows and not rows[-1][-1].text:
        rows.pop()
    total = end + _LAST_PAUSE
    width, height = round(_COLUMNS * _GLYPH) + 32, _ROWS * _LINE + 56
    moves, lines = [f"#s{{animation:s {total:.2f}s step-end infinite}}"], list[str]()
    moves.append("@keyframes s{" + "".join(_scrolling(rows, total)) + "}")
    for number, states in enumerate(rows):
        for state in states:
            if state.text:
                lines.append(_line(state, number, len(lines)))
                moves.append(_showing(state, len(lines) - 1, total))
    scrolled = max(len(rows) - _ROWS, 0) * _LINE
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<title>A run of make demo</title>
<style>
text{{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
fill:#c9d1d9;white-space:pre}}
.c{{fill:#7ee787}}.w{{opacity:0}}
{"".join(moves)}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>
<g fill="#484f58"><circle cx="20" cy="18" r="6"/><circle cx="40" cy="18" r="6"/>\
<circle cx="60" cy="18" r="6"/></g>
<svg x="16" y="36" width="{width - 32}" height="{_ROWS * _LINE + 6}">
<g id="s" transform="translate(0 -{scrolled})">
{chr(10).join(lines)}
</g></svg>
</svg>
"""


def _line(state: State, row: int, number: int) -> str:
    kind = "c" if state.text.startswith("$ ") else "w" if state.end else "o"
    length = round(len(state.text) * _GLYPH)
    return (
        f'<text id="t{number}" class="{kind}" y="{row * _LINE + 14}" textLength="{length}"'
        f' lengthAdjust="spacingAndGlyphs" xml:space="preserve">{escape(state.text)}</text>'
    )


def _showing(state: State, number: int, total: float) -> str:
    """Return the rule by which a line is there from its start to its end."""
    start = 100 * state.start / total
    over = "" if state.end is None else f"{100 * state.end / total:.2f}%{{opacity:0}}"
    return (
        f"#t{number}{{animation:k{number} {total:.2f}s step-end infinite}}"
        f"@keyframes k{number}{{0%{{opacity:0}}{start:.2f}%{{opacity:1}}{over}}}\n"
    )


def _scrolling(rows: list[list[State]], total: float) -> Iterator[str]:
    """Yield a step for each moment at which new rows push the older ones up."""
    yield "0%{transform:none}"
    moments = {states[0].start: number for number, states in enumerate(rows) if number >= _ROWS}
    for start, number in moments.items():
        up = (number - _ROWS + 1) * _LINE
        yield f"{100 * start / total:.2f}%{{transform:translateY(-{up}px)}}"


if __name__ == "__main__":
    main()
