"""Names of the registry: what patterns and labels make of them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.errors import ValidationError
from headgate.domain.registry_names import (
    VARIABLES,
    NamePattern,
    clean_name,
    default_name,
    fault_of_name,
)

VALUES = dict.fromkeys(VARIABLES, "x")
labels = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
texts = st.text(max_size=40)


def refusal(pattern: str) -> str:
    with pytest.raises(ValidationError) as caught:
        NamePattern.read(pattern)
    (words,) = caught.value.errors["registry_name_pattern"]
    return words


@given(texts)
def test_cleaning_leaves_only_what_names_are_made_of(text: str) -> None:
    cleaned = clean_name(text)

    assert re.fullmatch(r"[-/a-z0-9_]*", cleaned)
    assert "___" not in clean_name(text.replace("-", ""))


@given(st.from_regex(r"[a-z0-9]+([_-][a-z0-9]+){0,3}(/[a-z0-9]+){0,3}", fullmatch=True))
def test_cleaning_leaves_names_without_dots_as_they_are(name: str) -> None:
    assert clean_name(name) == name
    assert fault_of_name(name) is None


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("ACME/Web Shop/Nginx", "acme/web_shop/nginx"),
        ("acme/1.0/x", "acme/1_0/x"),
        ("a____b", "a_b"),
        ("a__b", "a__b"),
        ("a-_b", "ab"),
        ("__a/b__", "a/b"),
        ("\u00dcber/x", "ber/x"),
        ("a/\u00dcber", "a/_ber"),
        ("a!!!b", "a_b"),
    ],
)
def test_cleaning_follows_katello(text: str, cleaned: str) -> None:
    assert clean_name(text) == cleaned


@pytest.mark.parametrize(
    "name", ["a", "a/b", "a.b", "a_b", "a__b", "a---b", "0/1/2", "acme/prod-1/web__shop.x"]
)
def test_names_that_the_specification_allows_are_valid(name: str) -> None:
    assert fault_of_name(name) is None


@pytest.mark.parametrize(
    "name",
    ["", "/a", "a/", "a//b", "A", "a___b", "-a", "a-", "a._b", "a..b", "a/_b", "a\n", "\u00e4"],
)
def test_other_names_are_not(name: str) -> None:
    assert "no valid name" in str(fault_of_name(name))


def test_a_name_may_be_255_characters_long() -> None:
    assert fault_of_name("a" * 255) is None
    assert "longer than 255" in str(fault_of_name("a" * 256))


@given(labels, labels, labels)
def test_the_default_name_in_library_is_made_of_three_labels(
    organization: str, product: str, repository: str
) -> None:
    name = default_name(organization, product, repository)

    assert name == clean_name(f"{organization}/{product}/{repository}")


def test_default_names_say_where_a_repository_is_served() -> None:
    assert default_name("ACME", "Prod", "Web") == "acme/prod/web"
    assert default_name("ACME", "P", "R", view="CV", environment="Dev") == "acme/dev/cv/p/r"
    assert default_name("ACME", "P", "R", view="CV", version="12.1") == "acme/cv/12_1/p/r"


def test_a_pattern_is_text_and_variables() -> None:
    pattern = NamePattern.read(
        "<%= organization.label %>/<%=lifecycle_environment.name%>-<%=  repository.name  %>.v1"
    )
    values = VALUES | {
        "organization.label": "ACME",
        "lifecycle_environment.name": "Pre Prod",
        "repository.name": "Web",
    }

    assert pattern.render(values) == "acme/pre_prod-web_v1"
    assert pattern.variables == {
        "organization.label",
        "lifecycle_environment.name",
        "repository.name",
    }


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_variable_can_stand_alone(variable: str) -> None:
    assert NamePattern.read(f"<%= {variable} %>").render(VALUES | {variable: "A b"}) == "a_b"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("<%= organization.destroy %>", "does not know 'organization.destroy'"),
        ("<%= system('id') %>", "cannot contain '<%= system('id') %>'"),
        ("<% repository.name %>", "cannot contain '<% repository.name %>'"),
        ("<%= repository.name", "cannot contain '<%'"),
        ("x %> y", "cannot contain '%>'"),
        ("<%= repository.name.upcase %>", "cannot contain"),
        ("<%= repository\n.name %>", "cannot contain"),
        ("<%= <%= repository.name %> %>", "cannot contain"),
        ("//", "gives names such as '//'"),
        ("_/<%= repository.name %>", "gives names such as"),
        ("<%= repository.name %>/", "gives names such as"),
        ("x" * 256, "is too long"),
    ],
)
def test_anything_else_in_a_pattern_is_refused(pattern: str, words: str) -> None:
    assert words in refusal(pattern)


def test_a_refusal_lists_what_is_allowed() -> None:
    words = refusal("<%= host.name %>")

    assert all(f"<%= {variable} %>" in words for variable in VARIABLES)


@given(
    st.lists(st.sampled_from([*VARIABLES, "a", "/", "-", "<%", "%>", "<%=", " ", "("]), max_size=8)
)
def test_whatever_is_read_renders_and_evaluates_nothing(pieces: list[str]) -> None:
    text = "".join(f"<%= {piece} %>" if "." in piece else piece for piece in pieces)
    try:
        pattern = NamePattern.read(text)
    except ValidationError:
        return

    literal = VALUES | {"repository.name": "<%= organization.name %>"}
    assert "<" not in pattern.render(literal)
    assert "some" not in pattern.render(literal)
