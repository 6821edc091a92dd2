"""Headgate as what is judged: names of organization and product, a token for each repository."""

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from support.conformance.registry import Registry, expect, header, json_of
from support.server import PASSWORD, Server
from support.world import World


@contextmanager
def judged(server: Server, world: World | None = None) -> Generator[Registry]:
    """Yield the registry of a started server, with a product to push to.

    Its organization is that of the world, or a fresh one.

    It shows who asks as clients of containers do: told by the challenge where to go with a
    password, and then with the token for the repositories that a request concerns.
    """
    with server.client() as admin, server.stranger() as client, server.stranger() as other:
        world = world or World(admin)
        world.product("Birds")
        challenge = header(expect(client.get("/v2/"), 401), "WWW-Authenticate")
        asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))

        def authorize(repositories: Sequence[str]) -> Mapping[str, str]:
            scopes = [f"repository:{name}:pull,push,delete" for name in repositories]
            query = {"service": asked["service"], "scope": [*scopes, "registry:catalog:*"]}
            answer = client.get(asked["realm"], params=query, auth=("admin", PASSWORD))
            return {"Authorization": f"Bearer {json_of(expect(answer, 200))['token']}"}

        namespace = f"{world.organization_label}/Birds".lower()
        yield Registry(client, other, namespace=namespace, authorize=authorize)
