"""Which addresses a download may connect to.

Upstream URLs, their redirects and proxies are set by tenants: without this rule they would reach
this machine's own services and the cloud's metadata (server-side request forgery). The check is
made on the address of each socket, so neither DNS nor an odd spelling of an address evades it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from socket import AF_INET, AF_INET6, socket
from typing import Any, cast

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
# As `socket.getaddrinfo` gives it: family, kind, protocol, name, (host, port, ...).
_AddrInfo = tuple[int, int, int, str, tuple[str, int]]

# Metadata services that are on no link-local address: AWS over IPv6, Alibaba, Oracle.
_METADATA = tuple(
    ip_network(text) for text in ("fd00:ec2::254/128", "100.100.100.200/32", "192.0.0.192/32")
)
_THIS_NETWORK = ip_network("0.0.0.0/8")
_NAT64 = IPv6Network("64:ff9b::/96")


class AddressRefusedError(OSError):
    """The address is none that downloads may connect to."""

    def __init__(self) -> None:
        # Equal text for each address of a host: aiohappyeyeballs then raises it unchanged.
        super().__init__("the address is not allowed")


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Refuse this machine, the local link, metadata services and what is `denied`.

    What is in an `allowed` network is never refused.
    """

    allowed: tuple[Network, ...] = ()
    denied: tuple[Network, ...] = ()

    @classmethod
    def allowing(cls, networks: Iterable[str], *, denying: Iterable[str] = ()) -> "AddressRules":
        """Read networks such as `127.0.0.0/8`; ValueError names the wrong one."""
        return cls(
            tuple(ip_network(network) for network in networks),
            tuple(ip_network(network) for network in denying),
        )

    def allow(self, text: str) -> bool:
        """Say whether downloads may connect to the address."""
        address = ip_address(text)
        forms = [address, *_embedded(address)]
        if any(form in network for form in forms for network in self.allowed):
            return True
        if any(form in network for form in forms for network in self.denied):
            return False
        if any(form in network for form in forms for network in self.denied):
            return False
        return not any(_is_forbidden(form) for form in forms)

    def open_socket(self, info: tuple[Any, ...]) -> socket:
        """Make the socket for an address about to be connected to, or refuse."""
        family, kind, protocol, _, address = cast("_AddrInfo", info)
        if family not in (AF_INET, AF_INET6) or not self.allow(address[0]):
            raise AddressRefusedError
        return socket(family, kind, protocol)


def _is_forbidden(address: Address) -> bool:
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address in _THIS_NETWORK
        or any(address in network for network in _METADATA)
    )


def _embedded(address: Address) -> list[Address]:
    """IPv4 addresses that an IPv6 one stands for."""
    if isinstance(address, IPv4Address):
        return []
    found: list[Address] = []
    if address.ipv4_mapped:
        found.append(address.ipv4_mapped)
    if address.sixtofour:
        found.append(address.sixtofour)
    if address in _NAT64 or address.packed[:12] == bytes(12):  # also ::a.b.c.d
        found.append(IPv4Address(address.packed[12:]))
    return found
