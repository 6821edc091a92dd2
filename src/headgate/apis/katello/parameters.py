"""`/api/.../parameters`: named values of hosts, organizations and locations."""

from typing import Any, Final

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
from headgate.apis.katello.host_objects import parameter_object
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import HostId, LocationId, OrganizationId
from headgate.services.organizations.parameters import (
    HOST,
    LOCATION,
    ORGANIZATION,
    Owner,
    create_parameter,
    delete_parameter,
    load_parameter,
    may_change,
    query,
    update_parameter,
)

parameters = Resource("parameters", "Parameters", dialect="foreman")

_PATH: Final = "/api/hosts/{host_id}/parameters"
_ALSO: Final = (
    "/api/organizations/{organization_id}/parameters",
    "/api/locations/{location_id}/parameters",
)
_ONE: Final = f"{_PATH}/{{id}}"
_ALSO_ONE: Final = tuple(f"{each}/{{id}}" for each in _ALSO)
_SHOW_HIDDEN: Final = "Show hidden values, to who may change them"


_HOST: Final = "ID or name of the host"


class Index(ListParams):
    """List the parameters of a host, an organization or a location."""

    host_id: HostId | None = doc(_HOST, default=None, by_name=True)
    organization_id: OrganizationId | None = doc("ID of the organization", default=None)
    location_id: LocationId | None = doc("ID of the location", default=None)
    show_hidden: bool = doc(_SHOW_HIDDEN, default=False)


@parameters.action("index", "GET", _PATH, also=_ALSO)
def index(call: Call, params: Index) -> Listing:
    """List its own, not what it inherits."""
    owner = _owner(params)
    found = query(call.tx, call.actor, owner)
    reveal = params.show_hidden and may_change(call.tx, call.actor, owner)
    return list_page(
        call,
        params,
        found,
        catalog=owner.kind.catalog,
        show=lambda row: parameter_object(row, owner.kind.name, reveal=reveal),
    )


class _One(Params):
    host_id: HostId | None = doc(_HOST, default=None, by_name=True)
    organization_id: OrganizationId | None = doc("ID of the organization", default=None)
    location_id: LocationId | None = doc("ID of the location", default=None)
    id: str = doc("ID or name of the parameter", max_length=255)


class Show(_One):
    """Show a parameter of a host, an organization or a location."""

    show_hidden: bool = doc(_SHOW_HIDDEN, default=False)


@parameters.action("show", "GET", _ONE, also=_ALSO_ONE)
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    owner = _owner(params)
    row = load_parameter(call.tx, call.actor, owner, params.id)
    reveal = params.show_hidden and may_change(call.tx, call.actor, owner)
    return parameter_object(row, owner.kind.name, reveal=reveal)


class NewParameter(Params):
    """What a parameter is made of."""

    name: str = doc("Name", max_length=255)
    value: Any = doc("Value")
    parameter_type: str = doc("Type of the value", default="string")
    hidden_value: bool = doc("Whether the value is hidden from who only looks", default=False)


class Create(Params):
    """Add a parameter to a host, an organization or a location."""

    host_id: HostId | None = doc(_HOST, default=None, by_name=True)
    organization_id: OrganizationId | None = doc("ID of the organization", default=None)
    location_id: LocationId | None = doc("ID of the location", default=None)
    parameter: NewParameter = wrapped("Parameter")


@parameters.action("create", "POST", _PATH, also=_ALSO)
def create(call: Call, params: Create) -> dict[str, Any]:
    """Add one."""
    owner, fields = _owner(params), params.parameter
    made = create_parameter(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        owner=owner,
        values={
            "name": fields.name,
            "value": fields.value,
            "parameter_type": fields.parameter_type,
            "hidden_value": fields.hidden_value,
        },
    )
    return _changed(call, owner, made)


class ChangedParameter(Params):
    """What can be changed of a parameter."""

    name: str | None = doc("Name", default=None, max_length=255)
    value: Any = doc("Value", default=None)
    parameter_type: str | None = doc("Type of the value", default=None)
    hidden_value: bool | None = doc("Whether the value is hidden from who only looks", default=None)


class Update(_One):
    """Change a parameter of a host, an organization or a location."""

    parameter: ChangedParameter = wrapped("Parameter")


@parameters.action("update", "PUT", _ONE, also=_ALSO_ONE)
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    owner = _owner(params)
    given = params.parameter.changes("name", "value", "parameter_type", "hidden_value")
    made = update_parameter(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        owner=owner,
        key=params.id,
        changes={name: value for name, value in given.items() if value is not None},
    )
    return _changed(call, owner, made)


class Destroy(_One):
    """Delete a parameter of a host, an organization or a location."""


@parameters.action("destroy", "DELETE", _ONE, also=_ALSO_ONE)
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it; return it as it was."""
    owner = _owner(params)
    row = delete_parameter(
        call.tx, actor=call.actor, clock=call.services.clock, owner=owner, key=params.id
    )
    return parameter_object(row, owner.kind.name)


def _changed(call: Call, owner: Owner, parameter_id: int) -> dict[str, Any]:
    row = load_parameter(call.tx, call.actor, owner, str(parameter_id))
    return parameter_object(row, owner.kind.name, reveal=True)


def _owner(params: Index | _One | Create) -> Owner:
    """Return whose parameters are meant: of several that are named the narrowest."""
    if params.host_id is not None:
        return Owner(HOST, params.host_id)
    if params.location_id is not None:
        return Owner(LOCATION, params.location_id)
    if params.organization_id is not None:
        return Owner(ORGANIZATION, params.organization_id)
    raise BadRequestError("Name a host, a location or an organization in the path")
