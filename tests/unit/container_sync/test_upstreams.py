"""Where a repository of a registry is asked for, and who may see its credentials."""

import pytest
from yarl import URL

from headgate.domain.errors import BadRequestError
from headgate.services.containers.upstreams import registry_remote
from headgate.upstream import Remote


@pytest.mark.parametrize(
    ("url", "name", "address"),
    [
        ("https://quay.io", "fedora/fedora", "https://quay.io/v2/fedora/fedora"),
        ("https://quay.io/", "fedora/fedora", "https://quay.io/v2/fedora/fedora"),
        ("https://quay.io/v2/", "a", "https://quay.io/v2/a"),
        ("http://127.0.0.1:5000", "a/b", "http://127.0.0.1:5000/v2/a/b"),
        ("https://h.example/api/docker", "a", "https://h.example/api/docker/v2/a"),
        ("https://docker.io", "busybox", "https://registry-1.docker.io/v2/library/busybox"),
        ("https://registry-1.docker.io", "a/b", "https://registry-1.docker.io/v2/a/b"),
    ],
)
def test_the_repository_is_below_the_registry(url: str, name: str, address: str) -> None:
    remote = registry_remote(Remote(url), {"docker_upstream_name": name})

    assert remote.url == address
    scope = address.partition("/v2/")[2]
    assert remote.token_scope == f"repository:{scope}:pull"


@pytest.mark.parametrize(
    ("url", "name", "words"),
    [
        ("https://quay.io", None, "no docker_upstream_name"),
        ("https://quay.io", "", "no docker_upstream_name"),
        ("file:///srv/images", "a", "http or https"),
    ],
)
def test_what_is_no_registry_is_refused(url: str, name: str | None, words: str) -> None:
    with pytest.raises(BadRequestError, match=words):
        registry_remote(Remote(url), {"docker_upstream_name": name})


@pytest.mark.parametrize(
    ("realm", "trusted"),
    [
        ("https://quay.io/token", True),
        ("https://quay.io:443/token", True),
        ("https://quay.io:8443/token", False),
        ("http://quay.io/token", False),
        ("https://auth.example/token", True),
        ("https://AUTH.example/token", True),
        ("https://auth.example:444/token", False),
        ("https://ported.example:444/token", True),
        ("https://ported.example/token", False),
        ("https://evil.example/?https://quay.io", False),
        ("https://quay.io.evil.example/", False),
        ("https://quay.io@evil.example/", False),
        ("https://[::1]:5001/", True),
    ],
)
def test_credentials_are_for_the_origin_and_listed_hosts(realm: str, *, trusted: bool) -> None:
    listed = ["auth.example", "Ported.example:444", "[::1]:5001"]
    settings = {"docker_upstream_name": "a", "authentication_hosts": listed}
    remote = registry_remote(Remote("https://quay.io"), settings)

    assert remote.trusts_realm(URL(realm)) is trusted
