"""TLS contexts made from PEM texts."""

import os
import ssl

from headgate.domain.errors import UpstreamError
from headgate.upstream.remote import Remote


def make_context(remote: Remote, *, with_client: bool) -> ssl.SSLContext:
    """Return the context for a remote; its client certificate only if `with_client`."""
    try:
        context = ssl.create_default_context(cadata=remote.ca)
        if not remote.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if with_client and remote.client_certificate:
            _load_client(context, remote.client_certificate, remote.client_key or "")
    except (ssl.SSLError, ValueError) as error:
        raise UpstreamError(
            "the content credentials of this repository cannot be used: check that the CA, the"
            f" client certificate and the key are PEM and belong together ({error})",
            url=remote.url,
        ) from error
    return context


def _load_client(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """OpenSSL wants a file: this one lives in memory and has no name."""
    fd = os.memfd_create("client", os.MFD_CLOEXEC)
    with os.fdopen(fd, "wb") as file:
        file.write(f"{certificate}\n{key}\n".encode())
        file.flush()
        # An encrypted key is refused, rather than asking for its password on the terminal.
        context.load_cert_chain(f"/proc/self/fd/{fd}", password="")
