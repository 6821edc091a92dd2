"""What only container repositories have: which of upstream's tags they take, which tags stay."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from headgate.domain.errors import ValidationError
from headgate.domain.registry_names import fault_of_name
from headgate.domain.repositories import fault_of_url

CONTAINER: Final = "docker"
# What Katello leaves out of mirrors unless told otherwise: images of sources.
USUAL_EXCLUDES: Final = ("*-source",)

MOST_RULES: Final = 1_000
MOST_TAGS: Final = 100_000
MOST_DAYS: Final = 36_500

_GLOB: Final = re.compile(r"[A-Za-z0-9_.*?\[\]!-]{1,128}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
# Words of Go: linux/arm64/v8.
_PLATFORM: Final = re.compile(r"[a-z0-9]{1,32}/[a-z0-9_]{1,32}(?:/[a-z0-9.]{1,32})?")
_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([1-9][0-9]{0,4}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSettings:
    """The settings of a container repository, with what of the rest decides over them."""

    url: str | None
    unprotected: bool
    snapshot_days: int
    pushed: bool  # it is filled by pushes
    docker_upstream_name: str | None = None
    include_tags: Sequence[str] = ()
    exclude_tags: Sequence[str] = ()
    container_platforms: Sequence[str] = ()
    tag_limit_count: int | None = None
    tag_limit_days: int | None = None
    upstream_authentication_hosts: Sequence[str] = ()
    sigstore_url: str | None = None
    immutable_tags: Sequence[str] = ()

    def check(self) -> None:
        """Raise ValidationError, naming every field that breaks a rule."""
        found = {
            "url": self._source(),
            "unprotected": self._protection(),
            "snapshot_days": self._days(),
            "docker_upstream_name": self._upstream_name(),
            "include_tags": _fault_of_globs(self.include_tags, digests=True),
            "exclude_tags": _fault_of_globs(self.exclude_tags),
            "container_platforms": self._platforms(),
            "tag_limit_count": _fault_of_limit(self.tag_limit_count, MOST_TAGS),
            "tag_limit_days": _fault_of_limit(self.tag_limit_days, MOST_DAYS),
            "upstream_authentication_hosts": self._hosts(),
            "sigstore_url": self._sigstore(),
            "immutable_tags": _fault_of_globs(self.immutable_tags),
        }
        errors = {field: [fault] for field, fault in found.items() if fault}
        if errors:
            raise ValidationError(errors)

    def _source(self) -> str | None:
        if self.url is None:
            return None
        if self.pushed:
            return "cannot be set: this repository is filled by pushes. Mirror into another one"
        return fault_of_url(self.url, ("http", "https"))

    def _protection(self) -> str | None:
        if not self.unprotected:
            return (
                "must be true for container repositories: who may pull is decided by permissions"
                " and by registry_unauthenticated_pull of the environment"
            )
        return None

    def _days(self) -> str | None:
        if self.snapshot_days:
            return "is not for container repositories: the history of tags tells what was when"
        return None

    def _upstream_name(self) -> str | None:
        name = self.docker_upstream_name
        if not name:
            return "can't be blank with a url" if self.url is not None else None
        if self.pushed:
            return "cannot be set: this repository is filled by pushes"
        if fault_of_name(name) is not None:
            return "must be the name of a repository in a registry, such as library/busybox"
        return None

    def _platforms(self) -> str | None:
        if len(self.container_platforms) > MOST_RULES:
            return f"must not be more than {MOST_RULES}"
        wrong = next((each for each in self.container_platforms if not _is_platform(each)), None)
        if wrong is not None:
            return f"must read os/architecture or os/architecture/variant, not {wrong[:64]!r}"
        return None

    def _hosts(self) -> str | None:
        if len(self.upstream_authentication_hosts) > MOST_RULES:
            return f"must not be more than {MOST_RULES}"
        wrong = next(
            (each for each in self.upstream_authentication_hosts if not _is_host(each)), None
        )
        return (
            None
            if wrong is None
            else f"must be names of hosts, host or host:port, not {wrong[:64]!r}"
        )

    def _sigstore(self) -> str | None:
        return (
            None
            if self.sigstore_url is None
            else fault_of_url(self.sigstore_url, ("http", "https"))
        )


def _is_platform(text: str) -> bool:
    return _PLATFORM.fullmatch(text) is not None


def _is_host(text: str) -> bool:
    found = _HOST.fullmatch(text)
    return found is not None and int(found[1] or 1) <= 65_535


def _fault_of_globs(globs: Sequence[str], *, digests: bool = False) -> str | None:
    if len(globs) > MOST_RULES:
        return f"must not be more than {MOST_RULES}"
    for each in globs:
        if not (_GLOB.fullmatch(each) or (digests and _DIGEST.fullmatch(each))):
            also = ", or digests" if digests else ""
            return (
                f"must be names of tags with *, ? and [...] as wildcards{also}, not {each[:64]!r}"
            )
    return None


def _fault_of_limit(value: int | None, most: int) -> str | None:
    if value is not None and not 1 <= value <= most:
        return f"must be from 1 to {most}"
    return None
