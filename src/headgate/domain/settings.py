"""Settings that are changed while the server runs, by the names that clients of Katello know.

They are other than those of the server's own settings file (`server/settings.py`), which hold for
one process and from its start. Three are in both: where the file names one, it is fixed.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from headgate.domain.errors import ValidationError
from headgate.domain.repositories import DOWNLOAD_POLICIES, MIRRORING_POLICIES

Kind = Literal["boolean", "integer", "string"]

_TRUE: Final = frozenset({"true", "t", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "f", "no", "off", "0"})
_LONGEST: Final = 255  # characters
_HIGHEST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: its type, its default, and what it may be.

    `file_key` is its name in the server's settings file. `lacks` says what there is no work for
    yet: such a setting is read, not changed.
    """

    id: int
    name: str
    title: str
    kind: Kind
    default: bool | int | str
    description: str
    category: str = "content"
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = _HIGHEST
    file_key: str | None = None
    lacks: str | None = None

    def read(self, value: Any) -> bool | int | str:
        """Return a value that a client sent, as text or not; ValidationError if it may not be."""
        found = self._converted(value)
        if found is None:
            raise ValidationError({"value": [f"must be {self._expected}"]})
        return found

    def _converted(self, value: Any) -> bool | int | str | None:
        text = "" if value is None else str(value).strip()
        if isinstance(value, dict | list | float) or len(text) > _LONGEST or "\0" in text:
            return None
        if self.kind == "boolean":
            lowered = text.lower()
            return lowered in _TRUE if lowered in _TRUE | _FALSE else None
        if self.kind == "integer":
            digits = text.isascii() and text.isdigit() and not isinstance(value, bool)
            return int(text) if digits and self.least <= int(text) <= self.most else None
        return text if not self.choices or text in self.choices else None

    @property
    def _expected(self) -> str:
        if self.kind == "boolean":
            return "true or false"
        if self.kind == "integer":
            return f"a whole number from {self.least} to {self.most}"
        if self.choices:
            return f"one of the following: {', '.join(self.choices)}"
        return f"a text of at most {_LONGEST} characters"


_POLICIES: Final = DOWNLOAD_POLICIES
_PROXY_POLICIES: Final = ("inherit", "immediate", "on_demand", "streamed")
_REDHAT: Final = "Enabling repositories of Red Hat"
_EXPORTS: Final = "Exporting content"
_MIRRORING: Final = "Mirroring content to smart proxies"
_APPLICABILITY: Final = "Computing in batches what applies to hosts"

# Ids are numbers that clients may keep: a new setting takes the next one.
SETTINGS: Final = (
    Setting(
        id=1,
        name="entries_per_page",
        title="Entries per page",
        kind="integer",
        default=20,
        least=1,
        most=10_000,
        category="general",
        description="How many entries a page of a list has unless the request says it",
    ),
    Setting(
        id=2,
        name="default_download_policy",
        title="Default custom repository download policy",
        kind="string",
        default="immediate",
        choices=_POLICIES,
        description="When a new repository downloads its files, unless it is made with a policy",
    ),
    Setting(
        id=3,
        name="default_redhat_download_policy",
        title="Default Red Hat repository download policy",
        kind="string",
        default="on_demand",
        choices=_POLICIES,
        description="When a newly enabled repository of Red Hat downloads its files",
        lacks=_REDHAT,
    ),
    Setting(
        id=4,
        name="default_proxy_download_policy",
        title="Default smart proxy download policy",
        kind="string",
        default="on_demand",
        choices=_PROXY_POLICIES,
        description="The download policy of a new smart proxy, unless it is made with one",
    ),
    Setting(
        id=5,
        name="default_yum_mirroring_policy",
        title="Default yum mirroring policy",
        kind="string",
        default="mirror_content_only",
        choices=MIRRORING_POLICIES["yum"],
        description="How a new yum repository follows its upstream, unless it is made with a"
        " policy",
    ),
    Setting(
        id=6,
        name="default_non_yum_mirroring_policy",
        title="Default non-yum mirroring policy",
        kind="string",
        default="mirror_content_only",
        choices=MIRRORING_POLICIES["file"],
        description="How a new repository of another type follows its upstream, unless it is"
        " made with a policy",
    ),
    Setting(
        id=7,
        name="pulpcore_export_destination",
        title="Export destination",
        kind="string",
        default="/var/lib/pulp/exports",
        description="The folder of the server that exports are written to",
        lacks=_EXPORTS,
    ),
    Setting(
        id=8,
        name="default_export_format",
        title="Default export format",
        kind="string",
        default="importable",
        choices=("importable", "syncable"),
        description="The format of an export that does not ask for one",
        lacks=_EXPORTS,
    ),
    Setting(
        id=9,
        name="restrict_composite_view",
        title="Restrict composite content view promotion",
        kind="boolean",
        default=False,
        file_key="content.restrict_composite_view",
        description="Whether a version of a composite content view is promoted only to lifecycle"
        " environments that all of its components' versions are in",
    ),
    Setting(
        id=10,
        name="delete_repo_across_cv",
        title="Allow deleting repositories in published content views",
        kind="boolean",
        default=True,
        file_key="content.delete_repo_across_cv",
        description="Whether a repository that is deleted leaves published content view versions,"
        " too, without the request saying so",
    ),
    Setting(
        id=11,
        name="distribute_archived_cvv",
        title="Distribute archived content view versions",
        kind="boolean",
        default=False,
        description="Whether each published version is served at an address of its own, beside"
        " those of the lifecycle environments that it is in",
    ),
    Setting(
        id=12,
        name="foreman_proxy_content_auto_sync",
        title="Sync smart proxies after content view promotion",
        kind="boolean",
        default=True,
        description="Whether smart proxies are synchronized after a publish, promotion or sync",
        lacks=_MIRRORING,
    ),
    Setting(
        id=13,
        name="foreman_proxy_content_batch_size",
        title="Batch size to sync repositories in",
        kind="integer",
        default=100,
        least=1,
        description="How many repositories are synchronized to a smart proxy at once",
        lacks=_MIRRORING,
    ),
    Setting(
        id=14,
        name="allow_multiple_content_views",
        title="Allow multiple content views",
        kind="boolean",
        default=True,
        description="Whether hosts and activation keys may be given several content view"
        " environments; those that have several keep them",
    ),
    Setting(
        id=15,
        name="registry_token_expiration_minutes",
        title="Registry token life",
        kind="integer",
        default=5,
        least=1,
        most=15,
        file_key="registry.token_minutes",
        description="Minutes that a token of the container registry lives",
    ),
    Setting(
        id=16,
        name="sync_total_timeout",
        title="Sync total timeout",
        kind="integer",
        default=3600,
        least=1,
        description="Seconds after which one request to an upstream is given up and tried again,"
        " going on where it was if upstream can",
    ),
    Setting(
        id=17,
        name="orphan_protection_time",
        title="Orphaned content protection time",
        kind="integer",
        default=1440,
        description="Minutes for which content that nothing refers to is kept",
        lacks="Keeping content that nothing refers to",
    ),
    Setting(
        id=18,
        name="content_default_http_proxy",
        title="Default HTTP proxy",
        kind="string",
        default="",
        description="The name of the HTTP proxy of repositories that do not choose one",
    ),
    Setting(
        id=19,
        name="applicability_batch_size",
        title="Applicability batch size",
        kind="integer",
        default=50,
        least=1,
        description="How many hosts are looked at at once when it is computed what applies",
        lacks=_APPLICABILITY,
    ),
    Setting(
        id=20,
        name="expire_soon_days",
        title="Expire soon days",
        kind="integer",
        default=120,
        description="Days before its end from which a subscription counts as expiring soon",
        lacks="Warning of subscriptions that end",
    ),
)
