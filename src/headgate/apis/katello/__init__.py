"""The resources of Katello's, Foreman's and foreman-tasks' APIs; one module each."""

from typing import Final

from headgate.apis.actions import Resource
from headgate.apis.katello.organizations import organizations

# A new resource is added here and nowhere else.
RESOURCES: Final[tuple[Resource, ...]] = (organizations,)
