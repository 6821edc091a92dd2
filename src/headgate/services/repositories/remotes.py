"""What a repository's upstream needs: its URL with the credentials that are kept sealed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Row, and_, bindparam, or_, select, true, update

from headgate.domain.container_repositories import CONTAINER
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import RepositoryId
from headgate.domain.repositories import GLOBAL_PROXY, NO_PROXY, SELECTED_PROXY
from headgate.services.containers.upstreams import registry_remote
from headgate.services.platform.setting_values import stored, value_of
from headgate.services.repositories.own_settings import own_settings
from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_credentials, http_proxies, products, repositories
from headgate.upstream import Remote, with_credentials

Unseal = Callable[[bytes], bytes]

# Put together once: who fetches on demand waits for it.
_PRODUCT = (
    select(
        products,
        http_proxies.c.url.label("proxy_url"),
        http_proxies.c.username.label("proxy_username"),
        http_proxies.c.password.label("proxy_password"),
        stored("sync_total_timeout").label("total_timeout"),
    )
    .outerjoin(
        http_proxies,
        or_(
            http_proxies.c.id == bindparam("proxy_id"),
            and_(
                http_proxies.c.content_default == true(),
                bindparam("by_default", type_=Boolean),
            ),
        ),
    )
    .where(products.c.id == bindparam("product_id"))
)


def remote_of(tx: Transaction, repository: Row[Any], unseal: Unseal) -> Remote:
    """Return the repository's upstream; what it does not name itself is taken from its product.

    BadRequestError when it has no URL.
    """
    if not repository.url:
        raise BadRequestError(
            f"Repository '{repository.name}' has no upstream URL; set one to synchronize it."
        )
    policy = repository.http_proxy_policy
    product = tx.execute(
        _PRODUCT,
        {
            "product_id": repository.product_id,
            "proxy_id": repository.http_proxy_id if policy == SELECTED_PROXY else None,
            "by_default": policy == GLOBAL_PROXY,
        },
    ).one()

    upstream = _Upstream(tx, repository, product, unseal)
    remote = Remote(
        url=repository.url,
        username=repository.upstream_username,
        password=upstream.secret(repository.upstream_password),
        client_certificate=upstream.credential("ssl_client_cert_id"),
        client_key=upstream.credential("ssl_client_key_id"),
        ca=upstream.credential("ssl_ca_cert_id"),
        verify=repository.verify_ssl_on_sync,
        proxy=upstream.proxy,
        mirrors=tuple(repository.mirrors or ()),
        concurrency=repository.download_concurrency,
        total_timeout=value_of("sync_total_timeout", product.total_timeout),
        rate=repository.download_rate,
    )
    if repository.content_type != CONTAINER:
        return remote
    return registry_remote(remote, own_settings(tx, repository))


@dataclass(frozen=True, slots=True)
class _Upstream:
    """What a repository says of its upstream, else its product (a row of `_PRODUCT`)."""

    tx: Transaction
    repository: Row[Any]
    product: Row[Any]
    unseal: Unseal

    def credential(self, column: str) -> str | None:
        credential_id = getattr(self.repository, column) or getattr(self.product, column)
        if credential_id is None:
            return None
        content = self.tx.scalar(
            select(content_credentials.c.content).where(content_credentials.c.id == credential_id)
        )
        return self.secret(content)

    def secret(self, sealed: bytes | None) -> str | None:
        return None if sealed is None else self.unseal(sealed).decode()

    @property
    def proxy(self) -> str | None:
        """The one of the policy; the repository's own URL goes before the server's default."""
        policy = self.repository.http_proxy_policy
        own = self.secret(self.repository.http_proxy_url)
        if own and policy == GLOBAL_PROXY:
            return own
        if policy == NO_PROXY or self.product.proxy_url is None:
            return None
        password = self.secret(self.product.proxy_password)
        return with_credentials(self.product.proxy_url, self.product.proxy_username, password)


def default_proxy(tx: Transaction, unseal: Unseal) -> str | None:
    """Return the proxy of those who do not choose one, with its credentials."""
    row = tx.execute(select(http_proxies).where(http_proxies.c.content_default)).one_or_none()
    if row is None:
        return None
    password = None if row.password is None else unseal(row.password).decode()
    return with_credentials(row.url, row.username, password)


def save_mirrors(tx: Transaction, repository_id: RepositoryId, mirrors: Sequence[str]) -> None:
    """Remember the mirrors that a list names now: files that are fetched on demand come from them.

    None of them is believed: what comes is verified against metadata that was.
    """
    tx.execute(
        update(repositories)
        .where(repositories.c.id == repository_id)
        .values(mirrors=list(mirrors) or None)
    )
