"""What the listeners of `server/` add to the ASGI scope of each request."""

from collections.abc import Mapping
from typing import Any

# The client's certificate as DER bytes, or absent. It is only *presented*: nobody has checked who
# signed it, its dates or its serial (`pki.clients` does). The client holds its private key.
CLIENT_CERTIFICATE = "headgate.client_certificate"

# True when the request came over the socket of the local reverse proxy, which can be told to
# serve a file itself (`X-Accel-Redirect`). Never set for anybody else.
BEHIND_PROXY = "headgate.behind_proxy"


def presented_certificate(scope: Mapping[str, Any]) -> bytes | None:
    """Return the DER certificate that the client presented, if any."""
    return scope.get(CLIENT_CERTIFICATE)


def is_behind_proxy(scope: Mapping[str, Any]) -> bool:
    """Tell whether the local reverse proxy passed this request on."""
    return bool(scope.get(BEHIND_PROXY))
