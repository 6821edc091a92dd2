"""The framework of the control plane: one declaration per action.

A resource module reads:

    organizations = Resource("organizations", "Organizations")


    class Show(Params):
        \"\"\"Show an organization.\"\"\"

        id: OrganizationId = doc("organization ID")


    @organizations.action("show", "GET", "/katello/api/organizations/{id}")
    def show(call: Call, params: Show) -> dict[str, Any]:
        ...

An action returns plain values (dicts, lists, times), a `Listing`, a `Raw`, a `Reply` or, with
`async_task`, the id of the task. Every id in the parameters has been checked against the caller's
organizations before the function runs.
"""

from headgate.apis.actions.body import FORM, JSON, MULTIPART, BodyRules
from headgate.apis.actions.call import Call
from headgate.apis.actions.describe import describe
from headgate.apis.actions.lists import Listing, ListParams, list_page
from headgate.apis.actions.params import Params, UploadedFile, doc, wrapped
from headgate.apis.actions.rendering import Raw, Reply, timestamp
from headgate.apis.actions.resources import Action, Resource

__all__ = [
    "FORM",
    "JSON",
    "MULTIPART",
    "Action",
    "BodyRules",
    "Call",
    "ListParams",
    "Listing",
    "Params",
    "Raw",
    "Reply",
    "Resource",
    "UploadedFile",
    "describe",
    "doc",
    "list_page",
    "timestamp",
    "wrapped",
]
