"""`auto_complete_search`: beside every list, what the search that is being typed may go on with."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from headgate.apis.actions.call import Call
from headgate.apis.actions.lists import ListParams
from headgate.apis.actions.resources import Action, Resource
from headgate.search import SearchError
from headgate.services.completion import Suggestion

NAME: Final = "auto_complete_search"


def add_completion(resources: Iterable[Resource]) -> None:
    """Declare it for each list of these resources that is backed, at the list's own addresses.

    It takes the list's parameters and runs the list itself, so permissions and everything that
    narrows the list hold for the values that it offers, too.
    """
    for resource in resources:
        for action in list(resource.actions):
            backed = action.name == "index" and action.lacks is None
            if backed and issubclass(action.params, ListParams):
                _add(resource, action)


def _add(resource: Resource, listed: Action) -> None:
    first, *also = (f"{path}/{NAME}" for path in listed.paths)
    declared = resource.action(
        NAME,
        "GET",
        first,
        also=also,
        summary=f"Complete a search: {listed.summary.lower()}",
        permission=listed.permission,
        public=listed.public,
        hidden=True,
        params=listed.params,
    )
    declared(_completing(listed.handler))


def _completing(handler: Callable[[Call, Any], Any]) -> Callable[[Call, ListParams], Any]:
    def complete(call: Call, params: ListParams) -> list[dict[str, str]]:
        try:
            found = handler(call, params.completing(call.actor))
        except SearchError as error:
            return [{"error": error.message}]
        return [_shown(each) for each in found.listed.suggestions]

    return complete


def _shown(suggestion: Suggestion) -> dict[str, str]:
    return {
        "completed": suggestion.completed,
        "part": suggestion.part,
        "label": suggestion.completed + suggestion.part,
        "category": suggestion.category,
    }
