"""Who asks the registry, and what that allows.

Pulling takes one of: an environment that lets everybody pull; a client certificate whose path
tree covers where the repository is served; a user who may see it. As in Katello a user sees what
is served in content view environments by any of three permissions, and what Library serves of the
repositories themselves by the one on products.
"""

from dataclasses import dataclass
from typing import Final

from headgate.domain.registry_scopes import DELETE, PULL, PUSH, Scopes
from headgate.pki.clients import ClientCertificate
from headgate.services.access import Actor
from headgate.services.containers.names import Named

VIEW_REPOSITORIES: Final = "view_products"
VIEW_ENVIRONMENTS: Final = (
    VIEW_REPOSITORIES,
    "view_content_views",
    "view_lifecycle_environments",
)
PUSH_CONTENT: Final = "sync_products"
DELETE_CONTENT: Final = "edit_products"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as of one request: nobody, a user, a host with a certificate.

    `bounds` are those of the token that came, which allow less than its user may and never more.
    A certificate allows by itself: whoever has it holds its key in this very connection.
    """

    actor: Actor | None = None
    certificate: ClientCertificate | None = None
    bounds: Scopes | None = None
    admitted: bool = False  # something came that was believed, be it a token of nobody
    fault: str | None = None  # why the certificate that came is not believed

    @property
    def anonymous(self) -> bool:
        """Whether nobody knows who asks."""
        return self.actor is None and self.certificate is None

    def may_pull(self, named: Named) -> bool:
        """Whether what the name serves may be read."""
        if self.certificate is not None and self.certificate.opens(named.path):
            return True
        if not self.within_bounds(named.name, PULL):
            return False
        return named.anonymous or (
            self.actor is not None
            and may_view(self.actor, named.organization_id, of_view=named.of_view)
        )

    def is_shown(self, named: Named, *, announced: bool) -> bool:
        """Whether lists have it; `announced`: they have it for everybody.

        A host's lists have what is for the host, not all that it may pull.
        """
        if self.actor is None and self.certificate is not None:
            return self.certificate.opens(named.path)
        return announced or self.may_pull(named)

    def may_push(self, organization_id: int, name: str) -> bool:
        """Whether content may be pushed to the name, in a product of this organization."""
        return self._may(PUSH_CONTENT, organization_id) and self.within_bounds(name, PUSH)

    def may_delete(self, organization_id: int, name: str) -> bool:
        """Whether content may be deleted under the name."""
        return self._may(DELETE_CONTENT, organization_id) and self.within_bounds(name, DELETE)

    def within_bounds(self, name: str, action: str) -> bool:
        """Whether the token, if one came, is for this; if not, another token may be had for it."""
        return self.bounds is None or self.bounds.allow(name, action)

    def _may(self, permission: str, organization_id: int) -> bool:
        return self.actor is not None and self.actor.may(
            permission, organization_id=organization_id
        )


NOBODY: Final = Caller()


def may_view(actor: Actor, organization_id: int, *, of_view: bool) -> bool:
    """Whether a user may read what an organization serves, as a content view's or as its own."""
    wanted = VIEW_ENVIRONMENTS if of_view else (VIEW_REPOSITORIES,)
    return any(actor.may(permission, organization_id=organization_id) for permission in wanted)
