"""TLS with optional client certificates that are looked at above the handshake.

A client whose certificate is foreign, expired or revoked gets an HTTP 403 that says so, and still
gets public content: so the handshake takes any certificate for which the client holds the private
key, and `pki.clients` decides. This is what nginx calls `optional_no_ca`. Python's `ssl` cannot
be told so: CERT_OPTIONAL ends the handshake with an alert when the certificate does not verify.
OpenSSL can, so its function is called on the context that Python made. Where OpenSSL's symbols
are out of reach (a Python that links it statically), certificates of other authorities end in an
alert as before; expired ones of our own still reach the application.
"""

import ctypes
import ssl
from pathlib import Path

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME
_VERIFIES = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


@_VERIFIES
def _take_any(_store: int, _argument: int) -> int:
    return 1


def server_context(certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    """Return a context for a server: TLS 1.2 and later, client certificates asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    context.verify_mode = ssl.CERT_OPTIONAL
    if not take_any_client_certificate(context):
        context.load_verify_locations(authority)
        context.verify_flags |= _NO_CHECK_TIME
    return context


def take_any_client_certificate(context: ssl.SSLContext) -> bool:
    """Let the handshake succeed whoever signed the client's certificate; False if impossible.

    The client must still prove that it holds the certificate's key.
    """
    library = _openssl()
    if library is None:
        return False
    # CPython's context object starts with its header and then the pointer to OpenSSL's.
    pointer = ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
    library.SSL_CTX_set_cert_verify_callback(pointer, _take_any, None)
    return True


def _openssl() -> ctypes.CDLL | None:
    """Return the very OpenSSL that Python's `ssl` is linked with."""
    import _ssl  # noqa: PLC0415 - its file, if it has one, leads to the library

    file = getattr(_ssl, "__file__", None)
    if file is None:
        return None
    library = ctypes.CDLL(file)
    try:
        function = library.SSL_CTX_set_cert_verify_callback
    except AttributeError:
        return None
    function.argtypes = [ctypes.c_void_p, _VERIFIES, ctypes.c_void_p]
    function.restype = None
    return library
