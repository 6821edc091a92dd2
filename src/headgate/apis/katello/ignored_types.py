"""`ignore_types` of organizations and locations: what Foreman would let all of them share."""

from headgate.apis.actions import Params, doc
from headgate.domain.errors import NotImplementedYetError


class IgnoredTypes(Params):
    """The parameter that organizations and locations have."""

    ignore_types: list[str] = doc(
        "Kinds of things that all may share; none can be", default=[], max_length=100
    )


def refuse_ignored_types(fields: IgnoredTypes) -> None:
    """Raise if any is given: what is shared here says so itself."""
    if fields.ignore_types:
        raise NotImplementedYetError(
            "ignore_types is not there: a location, a proxy or a user is linked with the"
            " organizations that share it"
        )
