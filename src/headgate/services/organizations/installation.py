"""What a new installation has before anybody makes anything."""

from headgate.domain.clock import Clock
from headgate.services.accounts.installed_roles import install_roles
from headgate.services.organizations.locations import make_default_location
from headgate.services.organizations.smart_proxies import make_internal_proxy
from headgate.stores.db import Transaction


def install_defaults(
    tx: Transaction, *, clock: Clock, name: str, url: str, named: bool = False
) -> None:
    """Make the default location, the roles, and the smart proxy that is this server.

    The proxy has the name and the URL.

    May run twice, and runs at every start: what is there stays as it is, but for the URL if the
    server's settings name it (`named`).
    """
    make_default_location(tx, clock=clock)
    install_roles(tx, clock=clock)
    make_internal_proxy(tx, clock=clock, name=name, url=url, named=named)
