"""What the scopes of a token request mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.errors import BadRequestError
from headgate.domain.registry_scopes import PLACEHOLDER, Scopes, scope_of


def read(*texts: str) -> Scopes:
    scopes = Scopes.read(texts)
    assert scopes is not None
    return scopes


def test_a_scope_allows_its_actions_on_its_repository_alone() -> None:
    scopes = read("repository:acme/web/nginx:pull,push")

    assert scopes.allow("acme/web/nginx", "pull")
    assert scopes.allow("acme/web/nginx", "push")
    assert not scopes.allow("acme/web/nginx", "delete")
    assert not scopes.allow("acme/web/nginx2", "pull")


def test_several_scopes_come_in_one_text_or_in_many() -> None:
    scopes = read("repository:a:pull repository:b:pull", "repository:a:push", "registry:catalog:*")

    assert scopes.allow("a", "pull")
    assert scopes.allow("a", "push")
    assert scopes.allow("b", "pull")
    assert scopes.catalog
    assert sorted(scopes.names) == ["a", "b"]


def test_a_name_may_carry_a_host_and_a_port() -> None:
    assert read("repository:localhost:5000/a/b:pull").allow("localhost:5000/a/b", "pull")


def test_a_star_is_every_action() -> None:
    scopes = read("repository:a:*")

    assert {action for action in ("pull", "push", "delete") if scopes.allow("a", action)} == {
        "pull",
        "push",
        "delete",
    }


@pytest.mark.parametrize(
    "texts", [[], [""], ["  "], [PLACEHOLDER], ["repository:a:pull", PLACEHOLDER]]
)
def test_without_scopes_or_with_the_placeholder_there_are_no_bounds(texts: list[str]) -> None:
    assert Scopes.read(texts) is None


def test_the_placeholders_name_with_other_actions_is_a_repository() -> None:
    assert read("repository:registry:pull").allow("registry", "pull")


@pytest.mark.parametrize("text", ["plugin:a:pull", "repository:a:fly", "repository:a:"])
def test_what_is_not_known_allows_nothing(text: str) -> None:
    scopes = read(text)

    assert not any(scopes.allow("a", action) for action in ("pull", "push", "delete", "fly"))


@pytest.mark.parametrize(
    "text", ["repository", "repository:a", ":a:pull", 'repository:a"b:pull', "repository:\0:pull"]
)
def test_what_is_no_scope_is_refused_and_not_left_out(text: str) -> None:
    with pytest.raises(BadRequestError, match="is no scope"):
        Scopes.read([text])


def test_scopes_that_would_not_fit_a_header_are_refused() -> None:
    with pytest.raises(BadRequestError, match="ask for fewer"):
        Scopes.read([f"repository:name{number}:pull" for number in range(400)])


@given(st.lists(st.text(max_size=40), max_size=5))
def test_whatever_comes_is_scopes_or_a_plain_refusal(texts: list[str]) -> None:
    try:
        scopes = Scopes.read(texts)
    except BadRequestError:
        return
    assert scopes is None or all(name for name in scopes.actions)


@given(
    st.from_regex(r"[a-z0-9]+(/[a-z0-9]+){0,3}", fullmatch=True),
    st.sets(st.sampled_from(["pull", "push", "delete"]), min_size=1),
)
def test_what_a_challenge_asks_for_is_read_as_it_was_meant(name: str, actions: set[str]) -> None:
    text = scope_of(name, *sorted(actions))
    scopes = Scopes.read([text])

    if scopes is None:
        assert text == PLACEHOLDER
    else:
        assert scopes.actions == {name: frozenset(actions)}
