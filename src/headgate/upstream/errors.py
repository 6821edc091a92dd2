"""What can be wrong with an upstream, told apart where somebody acts on the difference."""

from collections.abc import Sequence

from headgate.domain.errors import UpstreamError
from headgate.upstream.challenges import Challenge


class UpstreamAbsentError(UpstreamError):
    """Upstream answers that it has no such file."""


class UpstreamUnreachableError(UpstreamError):
    """No answer, or one that says "not now": others of the same server will fail as well."""


class UpstreamTimeoutError(UpstreamUnreachableError):
    """Upstream is too slow, or silent."""


class WrongBytesError(UpstreamError):
    """Upstream gave other bytes than it announced."""


class FailedAttempt(Exception):  # noqa: N818 - never leaves this package
    """One attempt failed; `again` says whether another may help, `wait` after how many seconds.

    `everywhere`: the server means all requests, not only this one.
    """

    def __init__(
        self,
        error: UpstreamError,
        *,
        again: bool,
        wait: float | None = None,
        everywhere: bool = False,
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.again = again
        self.wait = wait
        self.everywhere = everywhere


class ChallengedAttempt(Exception):  # noqa: N818 - never leaves this package
    """The server wants to be shown who asks."""

    def __init__(self, challenges: Sequence[Challenge]) -> None:
        super().__init__("upstream asks for an authentication")
        self.challenges = challenges
