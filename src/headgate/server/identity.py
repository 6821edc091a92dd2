"""What the settings say of others who vouch for users."""

from headgate.domain.identity import ConsumerRules, ProviderRules
from headgate.server.settings import Oauth, Oidc


def provider_rules(settings: Oidc) -> ProviderRules | None:
    """Return the OpenID Connect provider; None if there is none."""
    if not settings.issuer:
        return None
    return ProviderRules(
        issuer=settings.issuer,
        audiences=settings.audience,
        jwks_url=settings.jwks_url,
        authority=None if settings.ca_file is None else settings.ca_file.read_text(),
        algorithms=settings.algorithms,
        leeway=settings.leeway,
        login_claim=settings.login_claim,
        groups_claim=settings.groups_claim,
        creates_users=settings.create_users,
    )


def consumer_rules(settings: Oauth) -> ConsumerRules | None:
    """Return the program that signs requests; None if there is none."""
    if settings.consumer_secret is None:
        return None
    return ConsumerRules(settings.consumer_key, settings.consumer_secret)
