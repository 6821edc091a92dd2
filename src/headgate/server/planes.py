"""What answers content and registry requests in a web process, put together from its parts."""

from collections.abc import Callable

from headgate.apis.certificates import CertificateCheck
from headgate.apis.content import CertificateGuard, ContentApp, ContentRules, OnDemand, Vouching
from headgate.apis.registry.admission import Door
from headgate.apis.registry.app import RegistryApp
from headgate.apis.registry.callers import Callers
from headgate.apis.registry.catalog import Catalogs
from headgate.apis.registry.pulling import Pulls
from headgate.apis.registry.pushing import Pushes
from headgate.apis.registry.tokens import TokenEndpoint
from headgate.pki.clients import ClientCertificates
from headgate.server.live_settings import registry_token_life
from headgate.server.parts import Parts
from headgate.services.accounts.authentication import SignIn
from headgate.services.containers.tokens import RegistryTokens
from headgate.services.organizations import certificates
from headgate.services.organizations.quotas import require_room
from headgate.stores.db.changes import watch_changes


def content_app(parts: Parts, on_demand: OnDemand) -> ContentApp:
    """Return what serves `/pulp/content/`."""
    return ContentApp(
        parts.database,
        parts.blobs,
        parts.content_types,
        guard=CertificateGuard(
            ClientCertificates(parts.keys.authority.certificate),
            is_revoked=_is_revoked(parts),
            clock=parts.clock,
        ),
        on_demand=on_demand,
        vouching=Vouching(parts.ports, parts.content_types),
        rules=ContentRules(
            accel_prefix=parts.settings.listen.accel_prefix, accel_root=parts.home.blobs
        ),
    )


def registry_app(parts: Parts, on_demand: OnDemand, sign_in: SignIn) -> RegistryApp:
    """Return what serves `/v2/`; who guesses passwords there waits everywhere."""
    tokens = RegistryTokens(
        parts.sealer.derived_key("tokens of the registry"),
        life=registry_token_life(parts),
    )
    callers = Callers(
        parts.database,
        sign_in=sign_in,
        tokens=tokens,
        certificates=CertificateCheck(
            ClientCertificates(parts.keys.authority.certificate),
            is_revoked=_is_revoked(parts),
            clock=parts.clock,
        ),
        clock=parts.clock,
        secret=parts.sealer.derived_key("callers in memory"),
    )
    door = Door(
        parts.database,
        parts.blobs,
        callers=callers,
        changes=watch_changes(parts.database),
        on_demand=on_demand,
        clock=parts.clock,
        require_room=_room(parts),
    )
    pulls = Pulls(
        door, accel_prefix=parts.settings.listen.accel_prefix, accel_root=parts.home.blobs
    )
    endpoint = TokenEndpoint(parts.database, callers=callers, tokens=tokens, clock=parts.clock)
    return RegistryApp(
        door, pulls=pulls, pushes=Pushes(door), catalogs=Catalogs(door), tokens=endpoint
    )


def on_demand_of(parts: Parts) -> OnDemand:
    """Return what fetches content that is asked for and not here yet."""
    return OnDemand(
        parts.database,
        parts.blobs,
        parts.content_types,
        downloads=parts.downloads,
        unseal=parts.sealer.unseal,
        clock=parts.clock,
        locks=parts.home.locks,
    )


def _is_revoked(parts: Parts) -> Callable[[str], bool]:
    def is_revoked(serial: str) -> bool:
        with parts.database.read() as tx:
            return certificates.is_revoked(tx, serial)

    return is_revoked


def _room(parts: Parts) -> Callable[[int, int], None]:
    types = list(parts.content_types.values())

    def room(organization_id: int, more: int) -> None:
        require_room(parts.database, types, organization_id, more=more)

    return room
