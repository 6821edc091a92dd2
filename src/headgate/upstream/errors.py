"""What can be wrong with an upstream, told apart where somebody acts on the difference."""

from headgate.domain.errors import UpstreamError


class UpstreamAbsentError(UpstreamError):
    """Upstream answers that it has no such file."""


class UpstreamUnreachableError(UpstreamError):
    """No answer, or one that says "not now": others of the same server will fail as well."""


class UpstreamTimeoutError(UpstreamUnreachableError):
    """Upstream is too slow, or silent."""


class WrongBytesError(UpstreamError):
    """Upstream gave other bytes than it announced."""


class FailedAttempt(Exception):  # noqa: N818 - never leaves this package
    """One attempt failed; `again` says whether another may help, `wait` after how many seconds."""

    def __init__(self, error: UpstreamError, *, again: bool, wait: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.again = again
        self.wait = wait
