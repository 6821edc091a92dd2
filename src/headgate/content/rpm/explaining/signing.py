"""What is known of the signatures of packages that a version holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from headgate.content.rpm.filters.source import Package
from headgate.content.rpm.trust import verified
from headgate.content.rpm.trust_metadata import keyring_of
from headgate.domain.errors import UntrustedContentError
from headgate.plugin import Ground, HeldPart
from headgate.stores.db import Transaction


@dataclass(frozen=True, slots=True)
class Signatures:
    """What the repository asks of packages, and which of them are known to meet it."""

    policy: str = "off"  # off: or nothing to go by
    keys: str = ""  # as people read them
    good: BitMap = BitMap()  # noqa: RUF009 - never changed

    def doubt(self, package: Package) -> Sequence[Ground]:
        """Tell of a package that nobody trusted is known to have signed."""
        if self.policy == "off" or package.id in self.good:
            return ()
        words = f"No good signature of {package.nevra} is known. Keys allowed: {self.keys}."
        words += (
            " It is looked at when a host asks for the package, which is refused without."
            if self.policy == "enforce"
            else " The policy of the repository is to warn of that."
        )
        return [Ground("unverified", words, {"policy": self.policy, "keys": self.keys})]


def signatures_of(tx: Transaction, part: HeldPart, packages: Sequence[Package]) -> Signatures:
    """Look up, for these packages, what syncs, uploads and requests have found."""
    rules = part.trust()
    if rules.packages == "off" or (rules.packages == "warn" and rules.keys is None):
        return Signatures()
    try:
        keyring = keyring_of(rules)
    except UntrustedContentError as error:
        return Signatures(rules.packages, error.message)
    good = verified(tx, keyring, BitMap([each.id for each in packages]))
    return Signatures(rules.packages, keyring.shown, good)
