"""The resources of Katello's, Foreman's and foreman-tasks' APIs; one module each."""

from typing import Final

from headgate.apis.actions import Resource
from headgate.apis.katello.content_credentials import content_credentials
from headgate.apis.katello.environments import environments
from headgate.apis.katello.home import home, ping
from headgate.apis.katello.organizations import organizations
from headgate.apis.katello.personal_access_tokens import personal_access_tokens
from headgate.apis.katello.products import products
from headgate.apis.katello.repositories import repositories
from headgate.apis.katello.sessions import sessions
from headgate.apis.katello.tasks import tasks
from headgate.apis.katello.users import users

# A new resource is added here and nowhere else.
RESOURCES: Final[tuple[Resource, ...]] = (
    home,
    ping,
    organizations,
    environments,
    content_credentials,
    products,
    repositories,
    tasks,
    users,
    personal_access_tokens,
    sessions,
)
