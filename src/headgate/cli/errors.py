"""How a command ends when it cannot do what it was asked: one message, one exit code.

The codes are those of sysexits.h, as hammer's are; scripts may tell causes apart by them.
"""

from typing import Final

OK: Final = 0
FAILED: Final = 1  # the task that was asked for ended in an error or was cancelled
USAGE: Final = 64  # the command line is wrong
REFUSED: Final = 65  # the server refused: a value is invalid, or a state stands against it
NO_INPUT: Final = 66  # a file on this machine cannot be read
NOT_FOUND: Final = 67  # nothing is called so, or has that id
UNAVAILABLE: Final = 69  # the server cannot be reached, or its certificate is not trusted
SERVER_FAILED: Final = 70  # the server failed (5xx)
CANNOT_CREATE: Final = 73  # a file on this machine cannot be written
PROTOCOL: Final = 76  # what answered is no Headgate
FORBIDDEN: Final = 77  # a permission is missing
NOT_LOGGED_IN: Final = 78  # no credentials, or wrong ones
INTERRUPTED: Final = 130  # by Ctrl-C

EXIT_CODES: Final = {
    OK: "done",
    FAILED: "the task failed or was cancelled",
    USAGE: "the command line is wrong",
    REFUSED: "the server refused what was asked",
    NO_INPUT: "a file cannot be read here",
    NOT_FOUND: "no such thing",
    UNAVAILABLE: "the server cannot be reached, or is not trusted",
    SERVER_FAILED: "the server failed",
    CANNOT_CREATE: "a file cannot be written here",
    PROTOCOL: "what answered is no Headgate",
    FORBIDDEN: "a permission is missing",
    NOT_LOGGED_IN: "not logged in, or credentials are wrong",
    INTERRUPTED: "interrupted",
}


class CliError(Exception):
    """Ends the command with a message for its user."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class CellError(CliError):
    """A cell of a sheet says what cannot be; `title` is that of its column."""

    def __init__(self, title: str, message: str, code: int) -> None:
        super().__init__(message, code)
        self.title = title


class UsageError(CliError):
    """The command line is wrong."""

    def __init__(self, message: str) -> None:
        super().__init__(message, USAGE)
