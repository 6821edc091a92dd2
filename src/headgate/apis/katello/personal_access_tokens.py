"""`/api/users/:user_id/personal_access_tokens`."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import (
    Call,
    Listing,
    ListParams,
    Params,
    Resource,
    doc,
    list_page,
    wrapped,
)
from headgate.domain.ids import PersonalAccessTokenId, UserId
from headgate.services.accounts.access_tokens import (
    create_token,
    load_token,
    require_self_or_admin,
    revoke_token,
)
from headgate.services.accounts.user_records import TOKENS, tokens_of

personal_access_tokens = Resource(
    "personal_access_tokens", "Personal access tokens", dialect="foreman"
)

_PATH = "/api/users/{user_id}/personal_access_tokens"
_ONE = f"{_PATH}/{{id}}"


class Index(ListParams):
    """List all personal access tokens for a user."""

    user_id: UserId = doc("ID of the user")


@personal_access_tokens.action("index", "GET", _PATH)
def index(call: Call, params: Index) -> Listing:
    """List a user's tokens, those revoked too."""
    require_self_or_admin(call.tx, call.actor, params.user_id)

    def show_token(row: Row[Any]) -> dict[str, Any]:
        return _shown(call, row)

    return list_page(call, params, tokens_of(params.user_id), catalog=TOKENS, show=show_token)


class Show(Params):
    """Show a personal access token for a user."""

    user_id: UserId = doc("ID of the user")
    id: PersonalAccessTokenId = doc("ID of the token")


@personal_access_tokens.action("show", "GET", _ONE)
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show all of a token but the token."""
    row = load_token(call.tx, call.actor, user_id=params.user_id, token_id=params.id)
    return _shown(call, row)


class CreateFields(Params):
    """What a token is made of."""

    name: str = doc("Name")
    expires_at: datetime | None = doc("Expiry date", default=None)


class Create(Params):
    """Create a personal access token for a user."""

    user_id: UserId = doc("ID of the user")
    personal_access_token: CreateFields = wrapped("Token")


@personal_access_tokens.action("create", "POST", _PATH)
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make a token; this answer alone shows it."""
    token_id, token = create_token(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        user_id=params.user_id,
        name=params.personal_access_token.name,
        expires_at=params.personal_access_token.expires_at,
    )
    row = load_token(call.tx, call.actor, user_id=params.user_id, token_id=token_id)
    return _shown(call, row) | {"token_value": token}


class Destroy(Params):
    """Revoke a personal access token for a user."""

    user_id: UserId = doc("ID of the user")
    id: PersonalAccessTokenId = doc("ID of the token")


@personal_access_tokens.action("destroy", "DELETE", _ONE)
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Revoke a token."""
    row = revoke_token(call.tx, actor=call.actor, user_id=params.user_id, token_id=params.id)
    return _shown(call, row)


def _shown(call: Call, row: Row[Any]) -> dict[str, Any]:
    expired = row.expires_at is not None and row.expires_at <= call.services.clock()
    return {
        "id": row.id,
        "name": row.name,
        "user_id": row.user_id,
        "expires_at": row.expires_at,
        "last_used_at": row.last_used_at,
        "created_at": row.created_at,
        "revoked?": row.revoked,
        "expired?": expired,
        "active?": not (row.revoked or expired),
    }
