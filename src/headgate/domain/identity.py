"""How others than Headgate vouch for its users: an OpenID Connect provider, a trusted consumer."""

from dataclasses import dataclass
from typing import Final

from headgate.domain.secret import Secret

# What providers may sign with: keys that only they have. A shared secret would do for anybody.
ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRules:
    """An OpenID Connect provider and what its tokens are good for.

    Without `jwks_url` its keys are found by discovery, below the issuer. `authority` (PEM) is the
    one its certificate is signed by, if that is not one of the system's. `leeway` is in seconds.
    """

    issuer: str
    audiences: tuple[str, ...]
    jwks_url: str = ""
    authority: str | None = None
    algorithms: tuple[str, ...] = ("RS256",)
    leeway: int = 30
    login_claim: str = "preferred_username"
    groups_claim: str = "groups"
    creates_users: bool = False


@dataclass(frozen=True, slots=True)
class ConsumerRules:
    """Who may say by a signature (OAuth 1) which user asks, without that user's password."""

    key: str
    secret: Secret
