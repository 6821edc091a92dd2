"""`/api/register` and `/api/registration_commands`: how a host would be registered.

Declared and checked for the clients that ask for them; what a registered host then talks to
(`/rhsm`) is not there yet, so no command that would fail on a host is handed out.
"""

from typing import Any, Final

from headgate.apis.actions import Params, Resource, doc, wrapped
from headgate.domain.ids import LocationId, OrganizationId, SmartProxyId

registration = Resource("registration", "Registration", dialect="foreman")
registration_commands = Resource(
    "registration_commands", "Registration commands", dialect="foreman"
)

_LACKS: Final = "Registering hosts"
_PERMISSION: Final = "register_hosts"
_TOOLS: Final = ("curl", "wget")


class RepositoryData(Params):
    """A repository that the host gets before it is registered."""

    repo: str = doc("URL of the repository", max_length=2048)
    repo_gpg_key_url: str | None = doc("URL of its GPG key", default=None, max_length=2048)


class _Ways(Params):
    setup_insights: bool | None = doc("Set up insights-client", default=None)
    setup_remote_execution: bool | None = doc("Set up remote execution", default=None)
    setup_remote_execution_pull: bool | None = doc("Set up remote execution by pull", default=None)
    remote_execution_interface: str | None = doc(
        "Network interface of remote execution", default=None, max_length=255
    )


class _Script(_Ways):
    packages: str | None = doc("Packages to install on the host", default=None, max_length=4096)
    update_packages: bool | None = doc("Update all packages of the host", default=None)
    repo: str | None = doc("URL of a repository to add before", default=None, max_length=2048)
    repo_gpg_key_url: str | None = doc("URL of its GPG key", default=None, max_length=2048)
    repo_data: list[RepositoryData] = doc("Several such repositories", default=[], max_length=100)
    download_utility: str | None = doc("What downloads", default=None, enum=_TOOLS)


class Global(_Script):
    """Render the script that registers a host."""

    organization_id: OrganizationId | None = doc("ID of the organization", default=None)
    location_id: LocationId | None = doc("ID of the location", default=None)
    organization: str | None = doc("Name of the organization", default=None, max_length=255)
    location: str | None = doc("Name of the location", default=None, max_length=255)
    hostgroup_id: int | None = doc("ID of the host group", default=None)
    hostgroup: str | None = doc("Title of the host group", default=None, max_length=255)
    operatingsystem: str | None = doc("Title of the system", default=None, max_length=255)


class HostFields(Params):
    """What a host is registered with."""

    name: str = doc("Name of the host", max_length=255)
    organization_id: OrganizationId | None = doc("ID of the organization", default=None)
    location_id: LocationId | None = doc("ID of the location", default=None)
    hostgroup_id: int | None = doc("ID of the host group", default=None)
    comment: str | None = doc("Comment", default=None)
    host_parameters_attributes: Any = doc("Parameters of the host", default=None)
    interfaces_attributes: Any = doc("Network interfaces of the host", default=None)
    content_facet_attributes: dict[str, object] | None = doc(
        "Views and environments of the host", default=None
    )
    subscription_facet_attributes: dict[str, object] | None = doc(
        "What the host says of itself as a client of content", default=None
    )


class Host(_Ways):
    """Register a host."""

    host: HostFields = wrapped("Host")


class CommandFields(_Script):
    """What the command is to do."""

    organization_id: OrganizationId | None = doc("ID of the organization", default=None)
    location_id: LocationId | None = doc("ID of the location", default=None)
    smart_proxy_id: SmartProxyId | None = doc("ID of the smart proxy", default=None)
    hostgroup_id: int | None = doc("ID of the host group", default=None)
    operatingsystem_id: int | None = doc("ID of the operating system", default=None)
    jwt_expiration: int | None = doc(
        "Hours for which the command is good, 0 for ever", default=None, minimum=0, maximum=999_999
    )
    insecure: bool | None = doc("Let the first download be without verification", default=None)
    activation_key: str | None = doc("Activation key", default=None, max_length=255)
    activation_keys: list[str] = doc("Activation keys", default=[], max_length=1_000)
    force: bool | None = doc("Let what is left of an earlier registration be removed", default=None)
    ignore_subman_errors: bool | None = doc(
        "Go on after errors of subscription-manager", default=None
    )


class Create(Params):
    """Generate a command that registers hosts."""

    registration_command: CommandFields = wrapped("Registration command")


registration.unbacked(
    "global", "GET", "/api/register", Global, lacks=_LACKS, permission=_PERMISSION
)
registration.unbacked("host", "POST", "/api/register", Host, lacks=_LACKS, permission=_PERMISSION)
registration_commands.unbacked(
    "create", "POST", "/api/registration_commands", Create, lacks=_LACKS, permission=_PERMISSION
)
