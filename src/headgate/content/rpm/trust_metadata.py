"""Whether a repomd.xml is to be believed: who signed it, and whether it is an old one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from headgate.content.rpm.metadata.repomd import Repomd
from headgate.content.rpm.mirrors import generation
from headgate.domain.errors import InvalidContentError, UntrustedContentError
from headgate.pki.openpgp import Finding, Keyring, Verdict, read_keyring, read_signature
from headgate.pki.openpgp_packets import split_signatures
from headgate.plugin import TrustRules

REPOMD: Final = "repodata/repomd.xml"
SIGNATURE: Final = "repodata/repomd.xml.asc"

# A revision is any text; createrepo_c's is the time at which it ran. Years 2001 to 2106.
_TIMES: Final = range(1_000_000_000, 1 << 32)
_CLOCK_SKEW: Final = 24 * 3600  # seconds; what claims to be younger than that says nothing


def keyring_of(rules: TrustRules) -> Keyring:
    """Return the repository's keys; UntrustedContentError when they cannot be read."""
    if rules.keys is None:
        return Keyring()
    try:
        return read_keyring(rules.keys)
    except InvalidContentError as error:
        raise UntrustedContentError(
            f"The repository's gpg key cannot be used: {error.message}. Upload a PGP public key"
            " block to the content credential."
        ) from error


@dataclass(frozen=True, slots=True)
class Belief:
    """What came of looking at metadata that may be taken."""

    doubts: Sequence[str]  # what is to be warned of
    seen: Mapping[str, Any]  # what is to be remembered of it


def believe(
    rules: TrustRules, data: bytes, repomd: Repomd, signature: bytes | None, now: datetime
) -> Belief:
    """Check repomd.xml; UntrustedContentError when it may not be taken.

    `seen` has the times that it tells of itself; `at` is when it was made, or, where it does not
    say, now.
    """
    doubts = [check_age(rules, repomd, now), check_signature(rules, data, signature)]
    age = age_of(repomd, now)
    made = age["revision"] or age["timestamp"] or int(now.timestamp())
    seen = {**age, "at": made, "signed": signature is not None}
    return Belief([each for each in doubts if each is not None], seen)


def check_signature(rules: TrustRules, repomd: bytes, signature: bytes | None) -> str | None:
    """Check repomd.xml against `repomd.xml.asc`; return what is to be warned of, None if nothing.

    UntrustedContentError with the policy enforce. With the policy warn an upstream that has never
    signed its metadata is no news: most sign their packages only.
    """
    if rules.metadata == "off" or (rules.metadata == "warn" and rules.keys is None):
        return None
    try:
        keyring = keyring_of(rules)
    except UntrustedContentError as error:
        if rules.metadata == "enforce":
            raise
        return error.message
    finding = _checked(keyring, repomd, signature)
    if finding.good:
        return None
    was_signed = bool((rules.seen or {}).get("signed"))
    if rules.metadata == "warn" and finding.verdict is Verdict.UNSIGNED and not was_signed:
        return None
    words = f"{REPOMD} is {finding}. Keys allowed: {keyring.shown}"
    if rules.metadata == "warn":
        return words
    raise UntrustedContentError(
        f"{words}. Nothing was changed. If the key is right, add it to the repository's gpg key;"
        " if this upstream does not sign its metadata, set the repository's"
        " metadata_signature_policy to warn or off."
    )


def check_age(rules: TrustRules, repomd: Repomd, now: datetime) -> str | None:
    """Compare with the newest metadata seen so far; return what is to be warned of.

    UntrustedContentError with the policy enforce: somebody may replay what was right once, with
    its right signature, to keep hosts from an update.
    """
    if rules.replay == "off" or not rules.seen:
        return None
    if not _is_older(age_of(repomd, now), rules.seen):
        return None
    words = (
        f"{REPOMD} is older ({_shown(age_of(repomd, now))}) than what was synchronized before"
        f" ({_shown(rules.seen)})"
    )
    if rules.accept_older or rules.replay == "warn":
        return words
    raise UntrustedContentError(
        f"{words}: a mirror that lags behind, or an attempt to keep hosts from updates. Nothing"
        " was changed. If upstream really went back, synchronize once with"
        " accept_older_metadata, or set the repository's replay_policy."
    )


def age_of(repomd: Repomd, now: datetime) -> dict[str, int | None]:
    """Return the times that the metadata tells of itself, None where it tells none to go by."""
    revision = repomd.revision
    number = (
        int(revision) if revision.isascii() and revision.isdecimal() and len(revision) < 12 else 0
    )
    return {"revision": _time(number, now), "timestamp": _time(generation(repomd), now)}


def _time(number: int, now: datetime) -> int | None:
    """A time to come would make everything after it look old: it says nothing."""
    return number if number in _TIMES and number <= now.timestamp() + _CLOCK_SKEW else None


def _is_older(age: Mapping[str, int | None], seen: Mapping[str, Any]) -> bool:
    for kind in ("revision", "timestamp"):
        mine, known = age[kind], seen.get(kind)
        if mine is not None and known is not None and mine != known:
            return mine < known
    return False


def _shown(age: Mapping[str, Any]) -> str:
    return f"revision {age.get('revision') or '-'}, files of {age.get('timestamp') or '-'}"


def _checked(keyring: Keyring, data: bytes, signature: bytes | None) -> Finding:
    if signature is None:
        return Finding(Verdict.UNSIGNED)
    try:
        packets = split_signatures(signature)
        findings = [keyring.check(read_signature(packet), data) for packet in packets]
    except InvalidContentError as error:
        return Finding(Verdict.BROKEN, detail=f"{SIGNATURE}: {error.message}")
    return next((each for each in findings if each.good), findings[0])
