"""Which signatures a repository asks for, and with which keys."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Row, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import UntrustedContentError, ValidationError
from headgate.domain.ids import RepositoryId
from headgate.plugin import TrustRules
from headgate.services.access import Actor, load
from headgate.services.organizations.credential_records import public_gpg_key
from headgate.services.organizations.trust_stamps import trust_changed
from headgate.stores.db import Transaction
from headgate.stores.db.tables import products, repositories, signing_keys

Unseal = Callable[[bytes], bytes]

POLICIES: Final = ("off", "warn", "enforce")
_MOST_DAYS: Final = 3650
# What of a repository decides what is believed, and with what its metadata is signed.
COLUMNS: Final = (
    "signing_key_id",
    "package_signature_policy",
    "metadata_signature_policy",
    "replay_policy",
    "unchanged_warning_days",
)


def rules_of(
    tx: Transaction, repository: Row[Any], unseal: Unseal, *, accept_older: bool = False
) -> TrustRules:
    """Return what the repository asks of its upstream and its packages."""
    return TrustRules(
        keys=public_gpg_key(tx, RepositoryId(repository.id), unseal),
        packages=repository.package_signature_policy,
        metadata=repository.metadata_signature_policy,
        replay=repository.replay_policy,
        seen=repository.upstream_seen,
        accept_older=accept_older,
        stamp=repository.trust_stamp,
    )


def set_trust(
    tx: Transaction,
    *,
    actor: Actor,
    repository_id: RepositoryId,
    changes: Mapping[str, Any],
    permission: str = "edit_products",
) -> bool:
    """Set policies and the signing key; to be called before other changes of the same request.

    Return whether what the repository serves must be signed otherwise, or no more. ValidationError
    for policies that nothing could meet.
    """
    row = load(tx, actor, repositories, repository_id, permission=permission)
    values = {column: changes[column] for column in COLUMNS if column in changes}
    key_id = changes.get("signing_key_id")
    if key_id is not None:
        key = load(tx, actor, signing_keys, key_id)
        if key.organization_id != row.organization_id:
            raise ValidationError({"signing_key_id": ["must be a key of the same organization"]})
        values["signing_fingerprint"] = key.fingerprint
    elif "signing_key_id" in changes:
        values["signing_fingerprint"] = None
    present = {column.name: getattr(row, column.name) for column in repositories.columns}
    merged = {**present, **changes}
    product_key = tx.scalar(select(products.c.gpg_key_id).where(products.c.id == row.product_id))
    _check(merged, has_key=(merged["gpg_key_id"] or product_key) is not None)
    if merged["url"] != row.url:
        values["upstream_seen"] = None
    if values:
        tx.execute(update(repositories).where(repositories.c.id == row.id).values(**values))
    if values or merged["gpg_key_id"] != row.gpg_key_id:
        trust_changed(tx, repositories.c.id == row.id)
    signed_so = values.get("signing_fingerprint", row.signing_fingerprint)
    return row.latest_version_id is not None and signed_so != row.signing_fingerprint


def state_of(repository: Row[Any]) -> Mapping[str, Any] | None:
    """Return what the last sync saw, if it was under what is trusted now."""
    state: Mapping[str, Any] | None = repository.upstream_state
    if state is None or state.get("trust", 0) != repository.trust_stamp:
        return None
    return state


def stale_warning(
    repository: Row[Any], seen: Mapping[str, Any] | None, clock: Clock
) -> UntrustedContentError | None:
    """Return the warning that upstream has not changed for longer than the repository accepts."""
    days: int | None = repository.unchanged_warning_days
    if days is None or not seen:
        return None
    age = timedelta(seconds=clock().timestamp() - float(seen["at"]))
    if age <= timedelta(days=days):
        return None
    return UntrustedContentError(
        f"The newest metadata of repository '{repository.name}' is {age.days} days old, more than"
        f" the {days} that it may be: upstream has stopped, or somebody keeps updates back. Compare"
        " with another mirror, or set unchanged_warning_days."
    )


def _check(values: Mapping[str, Any], *, has_key: bool) -> None:
    errors: dict[str, list[str]] = {}
    only_yum = "is for yum repositories only"
    for name in ("package_signature_policy", "metadata_signature_policy"):
        if values[name] not in POLICIES:
            errors[name] = [f"must be one of: {', '.join(POLICIES)}"]
        elif values[name] == "enforce" and values["content_type"] != "yum":
            errors[name] = [only_yum]
        elif values[name] == "enforce" and not has_key:
            errors[name] = ["cannot be enforced without a gpg key of the repository or its product"]
    if values["replay_policy"] not in POLICIES:
        errors["replay_policy"] = [f"must be one of: {', '.join(POLICIES)}"]
    days = values["unchanged_warning_days"]
    if days is not None and not 1 <= days <= _MOST_DAYS:
        errors["unchanged_warning_days"] = [f"must be from 1 to {_MOST_DAYS}"]
    if values["signing_key_id"] is not None and values["content_type"] != "yum":
        errors["signing_key_id"] = [only_yum]
    if errors:
        raise ValidationError(errors)
