"""Repositories: which settings go together (katello.md 1.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from headgate.domain.errors import ValidationError

CONTENT_TYPES = ("yum", "file", "docker")
DOWNLOAD_POLICIES = ("immediate", "on_demand")
MIRRORING_POLICIES: Mapping[str, tuple[str, ...]] = {
    "yum": ("additive", "mirror_complete", "mirror_content_only"),
    "file": ("additive", "mirror_content_only"),
    "docker": ("additive", "mirror_content_only"),
}
# What becomes of a sync when upstream does not give a file as announced.
MISSING_FILES_POLICIES = ("keep_good", "strict")
CHECKSUM_TYPES = ("sha256", "sha384", "sha512")
COMPRESSIONS = ("gz", "zstd")
URL_SCHEMES = ("http", "https", "file")
GLOBAL_PROXY = "global_default_http_proxy"
NO_PROXY = "none"
SELECTED_PROXY = "use_selected_http_proxy"
HTTP_PROXY_POLICIES = (GLOBAL_PROXY, NO_PROXY, SELECTED_PROXY)
IGNORABLE_CONTENT = ("srpm", "treeinfo")
OS_VERSIONS = ("rhel-6", "rhel-7", "rhel-8", "rhel-9", "rhel-10")
METADATA_EXPIRE = range(1, 604_801)  # seconds

_YUM_ONLY = "is only for yum repositories"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySettings:
    """What decides how a repository is mirrored and published."""

    content_type: str
    url: str | None
    upstream_username: str | None
    upstream_password_given: bool
    download_policy: str
    mirroring_policy: str
    checksum_type: str | None
    metadata_compression: str | None
    missing_files_policy: str = "keep_good"

    def check(self) -> None:
        """Raise ValidationError, naming every field that breaks a rule."""
        errors: dict[str, list[str]] = {}
        _require(errors, "content_type", self.content_type, CONTENT_TYPES)
        _require(errors, "download_policy", self.download_policy, DOWNLOAD_POLICIES)
        allowed = MIRRORING_POLICIES.get(self.content_type, ())
        _require(errors, "mirroring_policy", self.mirroring_policy, allowed)
        _require(errors, "missing_files_policy", self.missing_files_policy, MISSING_FILES_POLICIES)
        if self.metadata_compression is not None:
            _require(errors, "metadata_compression", self.metadata_compression, COMPRESSIONS)
            if self.content_type != "yum":
                errors["metadata_compression"] = [_YUM_ONLY]
        if self.checksum_type is not None:
            _require(errors, "checksum_type", self.checksum_type, CHECKSUM_TYPES)
            if self.download_policy == "on_demand":
                errors.setdefault("checksum_type", []).append(
                    "cannot be set when the download policy is on_demand"
                )
            if self.content_type != "yum":
                errors.setdefault("checksum_type", []).append(_YUM_ONLY)
        if self.url is not None:
            self._check_url(errors, self.url)
        if self.upstream_password_given and not self.upstream_username:
            errors["upstream_username"] = ["must be given with a password"]
        if errors:
            raise ValidationError(errors)

    def _check_url(self, errors: dict[str, list[str]], url: str) -> None:
        fault = fault_of_url(url)
        if fault is None and urlsplit(url).scheme == "file" and self.download_policy == "on_demand":
            fault = "must be http or https when the download policy is on_demand"
        if fault is not None:
            errors["url"] = [fault]


def fault_of_url(url: str, schemes: Sequence[str] = URL_SCHEMES) -> str | None:
    """Say why the URL is none that can be fetched from; None if it is."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "is not a valid URL"
    fault = None
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):
        fault = "must not contain spaces or control characters"
    elif parts.scheme not in schemes:
        fault = f"must begin with one of: {', '.join(schemes)}"
    elif parts.scheme == "file":
        if host or not parts.path.startswith("/"):
            fault = "must be file:/// followed by an absolute path"
    elif not host:
        fault = "must name a host"
    elif parts.username is not None or parts.password is not None:
        fault = "must not contain credentials: use username and password"
    return fault


def _require(
    errors: dict[str, list[str]], field: str, value: str, allowed: tuple[str, ...]
) -> None:
    if value not in allowed:
        errors[field] = [f"must be one of the following: {', '.join(allowed)}"]
