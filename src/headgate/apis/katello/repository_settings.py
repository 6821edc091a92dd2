"""What can be set of a repository when it is made and later (katello.md 1.3)."""

from typing import Any

from headgate.apis.actions import doc
from headgate.apis.katello.container_settings import ContainerSettings
from headgate.apis.katello.repository_sources import SourceSettings
from headgate.domain.ids import CredentialId, SigningKeyId
from headgate.domain.repositories import (
    CHECKSUM_TYPES,
    COMPRESSIONS,
    DOWNLOAD_POLICIES,
    MIRRORING_POLICIES,
    MISSING_FILES_POLICIES,
)
from headgate.services.organizations.trust import COLUMNS as TRUST_COLUMNS
from headgate.services.organizations.trust import POLICIES
from headgate.services.repositories.products import CREDENTIAL_KINDS


class Settings(SourceSettings, ContainerSettings):
    """What can be set and changed."""

    description: str | None = doc("Description of the repository", default=None)
    url: str | None = doc("Repository source URL", default=None)
    arch: str | None = doc("Architecture of content in the repository", default=None)
    unprotected: bool | None = doc("Serve without client certificates", default=None)
    download_policy: str | None = doc(
        "When content is downloaded", default=None, enum=DOWNLOAD_POLICIES
    )
    mirroring_policy: str | None = doc(
        "What happens to content that upstream drops", default=None, enum=MIRRORING_POLICIES["yum"]
    )
    missing_files_policy: str | None = doc(
        "Whether a file that upstream does not give ends the sync (strict) or is left out, and the"
        " version marked as incomplete (keep_good)",
        default=None,
        enum=MISSING_FILES_POLICIES,
    )
    snapshot_days: int | None = doc(
        "For how many days Library and rolling views also serve what the repository held earlier,"
        " at paths such as @2026-11-01",
        default=None,
        minimum=0,
        maximum=3650,
    )
    checksum_type: str | None = doc(
        "Checksum of published metadata", default=None, enum=("", "sha1", *CHECKSUM_TYPES)
    )
    metadata_compression: str | None = doc(
        "Compression of published metadata", default=None, enum=COMPRESSIONS
    )
    verify_ssl_on_sync: bool | None = doc("Verify upstream's TLS certificate", default=None)
    upstream_username: str | None = doc("Username for the upstream", default=None, max_length=255)
    upstream_password: str | None = doc("Password for the upstream", default=None, max_length=255)
    http_proxy_url: str | None = doc(
        "HTTP proxy for synchronization; it is not shown again", default=None, max_length=2048
    )
    gpg_key_id: CredentialId | None = doc("ID of the gpg key", default=None)
    package_signature_policy: str | None = doc(
        "What happens with packages that the gpg key has not signed", default=None, enum=POLICIES
    )
    metadata_signature_policy: str | None = doc(
        "What happens with upstream metadata that the gpg key has not signed",
        default=None,
        enum=POLICIES,
    )
    replay_policy: str | None = doc(
        "What happens with upstream metadata older than what was synchronized before",
        default=None,
        enum=POLICIES,
    )
    unchanged_warning_days: int | None = doc(
        "Warn when upstream's metadata is older than this many days", default=None
    )
    signing_key_id: SigningKeyId | None = doc(
        "ID of the key with which published metadata is signed", default=None
    )
    ssl_ca_cert_id: CredentialId | None = doc("ID of the SSL CA certificate", default=None)
    ssl_client_cert_id: CredentialId | None = doc("ID of the SSL client certificate", default=None)
    ssl_client_key_id: CredentialId | None = doc("ID of the SSL client key", default=None)

    def values(self) -> dict[str, Any]:
        """Return what was given, empty text as None: the way in which clients clear a value."""
        given = self.changes(*_COLUMNS)
        for name in _CLEARABLE & given.keys():
            given[name] = given[name] or None
        if given.get("checksum_type") == "sha1":  # as in Katello: what nobody should ask for
            given["checksum_type"] = None
        return {name: each for name, each in given.items() if each is not None or name in _NULLABLE}

    def trust(self) -> dict[str, Any]:
        """Return what was given of policies and keys."""
        given = self.changes(*TRUST_COLUMNS)
        clearable = ("signing_key_id", "unchanged_warning_days")
        return {name: each for name, each in given.items() if each is not None or name in clearable}


_CLEARABLE = {"url", "description", "upstream_username", "upstream_password", "checksum_type"} | {
    "http_proxy_url"
}
_NULLABLE = _CLEARABLE | set(CREDENTIAL_KINDS)
_COLUMNS = (
    *("arch", "unprotected", "download_policy", "mirroring_policy", "metadata_compression"),
    *("verify_ssl_on_sync", "missing_files_policy", "snapshot_days"),
    *sorted(_NULLABLE),
)
