"""What a repository takes from upstream and by which way: which settings go together.

Rules and words: katello.md 1.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from headgate.domain.errors import ValidationError
from headgate.domain.repositories import (
    HTTP_PROXY_POLICIES,
    IGNORABLE_CONTENT,
    METADATA_EXPIRE,
    OS_VERSIONS,
    SELECTED_PROXY,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """The settings, with the kind and the policy of the repository that decide over them."""

    content_type: str
    mirroring_policy: str
    http_proxy_policy: str
    http_proxy_id: int | None
    ignorable_content: Sequence[str]
    retain_package_versions_count: int | None
    metadata_expire: int | None
    os_versions: Sequence[str]

    def check(self) -> None:
        """Raise ValidationError, naming every field that breaks a rule."""
        found = {
            "http_proxy_policy": self._proxy_policy(),
            "http_proxy_id": self._proxy(),
            "ignorable_content": self._ignorable(),
            "retain_package_versions_count": self._retained(),
            "metadata_expire": self._expiry(),
            "os_versions": self._releases(),
        }
        errors = {field: [fault] for field, fault in found.items() if fault}
        if errors:
            raise ValidationError(errors)

    def _proxy_policy(self) -> str | None:
        if self.http_proxy_policy not in HTTP_PROXY_POLICIES:
            return f"must be one of the following: {', '.join(HTTP_PROXY_POLICIES)}"
        return None

    def _proxy(self) -> str | None:
        chosen = self.http_proxy_policy == SELECTED_PROXY
        if chosen and self.http_proxy_id is None:
            return "can't be blank with the policy use_selected_http_proxy"
        if not chosen and self.http_proxy_id is not None:
            return "must be blank unless the policy is use_selected_http_proxy"
        return None

    def _ignorable(self) -> str | None:
        if not self.ignorable_content:
            return None
        if self.content_type != "yum":
            return "can be only set for Yum repositories"
        if self.mirroring_policy == "mirror_complete":
            return "cannot be set when the mirroring policy is mirror_complete"
        unknown = set(self.ignorable_content) - set(IGNORABLE_CONTENT)
        if unknown:
            return f"must be any of the following: {', '.join(IGNORABLE_CONTENT)}"
        return None

    def _retained(self) -> str | None:
        count = self.retain_package_versions_count
        if count is None:
            return None
        if not 0 <= count < 2**31:
            return "must be greater than or equal to 0"
        if self.content_type != "yum":
            return "is only allowed for Yum repositories"
        if self.mirroring_policy != "additive":
            return "is only allowed with the mirroring policy additive"
        return None

    def _expiry(self) -> str | None:
        if self.metadata_expire is None:
            return None
        if self.content_type != "yum":
            return "can be only set for custom Yum repositories"
        if self.metadata_expire not in METADATA_EXPIRE:
            return f"must be {METADATA_EXPIRE.start} to {METADATA_EXPIRE.stop - 1} seconds"
        return None

    def _releases(self) -> str | None:
        if not self.os_versions:
            return None
        if self.content_type != "yum":
            return "are only allowed for Yum repositories"
        if len(self.os_versions) > 1:
            return "must not be more than one"
        if self.os_versions[0] not in OS_VERSIONS:
            return f"must be one of the following: {', '.join(OS_VERSIONS)}"
        return None
