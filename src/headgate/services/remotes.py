"""What a repository's upstream needs: its URL with the credentials that are kept sealed."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Row, select

from headgate.domain.errors import BadRequestError
from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_credentials, products
from headgate.upstream import Remote

Unseal = Callable[[bytes], bytes]


def remote_of(tx: Transaction, repository: Row[Any], unseal: Unseal) -> Remote:
    """Return the repository's upstream; what it does not name itself is taken from its product.

    BadRequestError when it has no URL.
    """
    if not repository.url:
        raise BadRequestError(
            f"Repository '{repository.name}' has no upstream URL; set one to synchronize it."
        )
    product = tx.execute(select(products).where(products.c.id == repository.product_id)).one()

    def credential(column: str) -> str | None:
        credential_id = getattr(repository, column) or getattr(product, column)
        if credential_id is None:
            return None
        content = tx.scalar(
            select(content_credentials.c.content).where(content_credentials.c.id == credential_id)
        )
        return None if content is None else unseal(content).decode()

    def secret(sealed: bytes | None) -> str | None:
        return None if sealed is None else unseal(sealed).decode()

    return Remote(
        url=repository.url,
        username=repository.upstream_username,
        password=secret(repository.upstream_password),
        client_certificate=credential("ssl_client_cert_id"),
        client_key=credential("ssl_client_key_id"),
        ca=credential("ssl_ca_cert_id"),
        verify=repository.verify_ssl_on_sync,
        proxy=secret(repository.http_proxy_url),
    )
