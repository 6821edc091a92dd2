"""Settings: one frozen object per concern, with the sentence that documents each setting."""

import json
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated

from headgate.domain.secret import Secret

ENVIRONMENT = "HEADGATE_"


@dataclass(frozen=True, slots=True)
class Listening:
    """Where requests come in."""

    address: Annotated[str, "The address to listen on; :: is every address, IPv4 too."] = "::"
    port: Annotated[int, "The HTTPS port; 0 takes a free one."] = 8443
    http_port: Annotated[
        int | None, "A port for plain HTTP, which gets unprotected content only; none by default."
    ] = None
    hosts: Annotated[
        tuple[str, ...],
        "Names and addresses of this server, in its certificate besides its own and localhost's.",
    ] = ()
    url: Annotated[
        str,
        "Where clients reach this server, as https://NAME or https://NAME:PORT; by default its "
        "first name, at port 443 if there is a proxy_socket, else at port.",
    ] = ""
    next_free_port: Annotated[
        bool, "Take the next free port when one is taken, instead of ending with an error."
    ] = False
    proxy_socket: Annotated[
        Path | None,
        "A unix socket for the local nginx; only there are certificate headers believed.",
    ] = None
    accel_prefix: Annotated[
        str, "The internal location of nginx that maps to the blob folder (X-Accel-Redirect)."
    ] = "/.headgate-blobs/"


@dataclass(frozen=True, slots=True)
class Storage:
    """Where state is kept."""

    database: Annotated[
        Secret | None,
        "The database's URL, as postgresql+psycopg://user:password@host/name; by "
        "default SQLite in the home folder.",
    ] = None
    pool: Annotated[int, "Database connections that each process keeps."] = 10


@dataclass(frozen=True, slots=True)
class Processes:
    """How many processes do what."""

    web: Annotated[int, "Processes that answer requests."] = 1
    worker: Annotated[int, "Processes that run tasks."] = 1
    grace: Annotated[int, "Seconds that requests and steps get to end when the server stops."] = 20
    worker_niceness: Annotated[
        int, "How far workers step back where processors are scarce: 0 (not at all) to 19."
    ] = 15


@dataclass(frozen=True, slots=True)
class Admin:
    """The first user."""

    password: Annotated[
        Secret | None, "The first password of admin; without it one is made and printed once."
    ] = None


@dataclass(frozen=True, slots=True)
class Access:
    """How long logins last."""

    session_hours: Annotated[int, "Hours after which a session ends, however much it is used."] = 8
    idle_minutes: Annotated[int, "Minutes without a request after which a session ends."] = 60


@dataclass(frozen=True, slots=True)
class Oidc:
    """Users who log in by an OpenID Connect provider; off without an issuer."""

    issuer: Annotated[str, "The provider's issuer, as its tokens name it; https only."] = ""
    audience: Annotated[
        tuple[str, ...], "Whom tokens must be made for: the client's name at the provider."
    ] = ()
    jwks_url: Annotated[
        str, "Where the provider's keys are; by default it is asked, below the issuer."
    ] = ""
    ca_file: Annotated[
        Path | None, "The authority (PEM) of the provider's certificate; the system's by default."
    ] = None
    algorithms: Annotated[
        tuple[str, ...], "What tokens may be signed with, of RS, PS, ES with 256 to 512, and EdDSA."
    ] = ("RS256",)
    leeway: Annotated[int, "Seconds by which clocks may differ, 0 to 300."] = 30
    login_claim: Annotated[str, "The claim that names the user's login."] = "preferred_username"
    groups_claim: Annotated[str, "The claim that lists the user's groups."] = "groups"
    create_users: Annotated[
        bool, "Make a user, without any rights, of whoever logs in and is none yet."
    ] = False


@dataclass(frozen=True, slots=True)
class Oauth:
    """A trusted program that signs requests (OAuth 1) in the name of users; off without a key."""

    consumer_key: Annotated[str, "The program's key."] = ""
    consumer_secret: Annotated[Secret | None, "The program's secret, 32 characters or more."] = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """What may be mirrored from where."""

    file_roots: Annotated[
        tuple[Path, ...], "Folders below which file:// sources are allowed; none by default."
    ] = ()
    allow_networks: Annotated[
        tuple[str, ...],
        "Networks that may be fetched from although they are denied, or are this machine, the "
        "local link or a cloud's metadata service, which are never fetched from otherwise.",
    ] = ()
    deny_networks: Annotated[
        tuple[str, ...], "More networks that are never fetched from, such as 10.0.0.0/8."
    ] = ()
    connections_per_host: Annotated[int, "Connections to one upstream host at once."] = 10
    rate_limit: Annotated[
        int,
        "Kilobytes (1,000 bytes) a second that all downloads of this machine take together; "
        "0 is no limit.",
    ] = 0
    timeout: Annotated[int, "Seconds without a byte after which an upstream has failed."] = 60


@dataclass(frozen=True, slots=True)
class Solving:
    """What the process may use that finds out what packages require."""

    memory: Annotated[int, "Mebibytes of memory that solving dependencies may take."] = 2048
    seconds: Annotated[int, "Seconds of processor time that solving dependencies may take."] = 600


@dataclass(frozen=True, slots=True)
class Versions:
    """Which versions of content views keep their metadata written though nothing serves them."""

    awake: Annotated[
        int,
        "So many of the newest versions of each content view keep their metadata; older ones that "
        "nothing serves have it written again when it is needed.",
    ] = 3
    awake_hours: Annotated[
        int, "Hours for which an older version keeps its metadata after somebody needed it."
    ] = 24


@dataclass(frozen=True, slots=True)
class Content:
    """How content is looked after, by Katello's names where it has them."""

    delete_repo_across_cv: Annotated[
        bool,
        "Take a repository that is deleted out of published content view versions, too; false: "
        "only when the request says so.",
    ] = True
    restrict_composite_view: Annotated[
        bool,
        "Promote a version of a composite content view only to lifecycle environments that all of "
        "its components' versions are in.",
    ] = False


@dataclass(frozen=True, slots=True)
class Registry:
    """How container clients are served."""

    token_minutes: Annotated[
        int,
        "Minutes that a token of the registry lives, 1 to 15; what it allows is looked up again "
        "whenever something has changed.",
    ] = 5


@dataclass(frozen=True, slots=True)
class Logging:
    """What is told about the running server, on standard error."""

    level: Annotated[str, "The least severe events to show: debug, info, warning, error."] = "info"
    format: Annotated[str, "json, console, or auto: console when standard error is a terminal."] = (
        "auto"
    )
    requests: Annotated[bool, "Log every request that the API answers."] = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set; the sections of the settings file."""

    home: Path
    listen: Listening = field(default_factory=Listening)
    storage: Storage = field(default_factory=Storage)
    processes: Processes = field(default_factory=Processes)
    admin: Admin = field(default_factory=Admin)
    access: Access = field(default_factory=Access)
    oidc: Oidc = field(default_factory=Oidc)
    oauth: Oauth = field(default_factory=Oauth)
    upstream: Upstream = field(default_factory=Upstream)
    solving: Solving = field(default_factory=Solving)
    versions: Versions = field(default_factory=Versions)
    content: Content = field(default_factory=Content)
    registry: Registry = field(default_factory=Registry)
    logging: Logging = field(default_factory=Logging)
    # `section.key` of what the file, the environment or the command line names.
    given: frozenset[str] = frozenset()

    @property
    def embedded_database(self) -> bool:
        """Whether the database is the file in the home folder."""
        return self.storage.database is None

    @property
    def database_url(self) -> str:
        """The database's URL, the default filled in."""
        if self.storage.database is None:
            return f"sqlite:///{self.home / 'headgate.db'}"
        return self.storage.database.reveal()


SECTIONS: Mapping[str, type] = {
    "listen": Listening,
    "storage": Storage,
    "processes": Processes,
    "admin": Admin,
    "access": Access,
    "oidc": Oidc,
    "oauth": Oauth,
    "upstream": Upstream,
    "solving": Solving,
    "versions": Versions,
    "content": Content,
    "registry": Registry,
    "logging": Logging,
}


@dataclass(frozen=True, slots=True)
class Documented:
    """One setting as `headgate settings` shows it; secrets are not shown."""

    key: str  # section.key
    variable: str
    value: object
    default: object
    sentence: str


def documented(settings: Settings) -> Iterator[Documented]:
    """Yield every setting with its value, its default and its sentence."""
    for name, of in SECTIONS.items():
        hints = typing.get_type_hints(of, include_extras=True)
        for item in fields(of):
            yield Documented(
                key=f"{name}.{item.name}",
                variable=variable_of(name, item.name),
                value=getattr(getattr(settings, name), item.name),
                default=item.default,
                sentence=hints[item.name].__metadata__[0],
            )


def rendered(settings: Settings) -> str:
    """Return every setting as the settings file would say it, each below its sentence."""
    lines = [f"# home = {settings.home}"]
    section = ""
    for item in documented(settings):
        name, _, key = item.key.partition(".")
        if name != section:
            section = name
            lines += ["", f"[{name}]", ""]
        mark = "" if item.value != item.default else "# "
        lines += [f"# {item.sentence} ({item.variable})", f"{mark}{key} = {_toml(item.value)}"]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in typing.cast("tuple[object]", value)) + "]"
    return json.dumps("" if value is None else str(value))


def variable_of(section: str, key: str) -> str:
    """Return the name of the environment variable that sets this."""
    return f"{ENVIRONMENT}{section}_{key}".upper()
