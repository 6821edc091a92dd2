"""What people type becomes the tree that they meant."""

import pytest

from headgate.search import SearchError
from headgate.search.language import parse
from headgate.search.tree import And, Comparison, Membership, Node, Not, Or, Presence, Text, Words


def text_of(node: Node) -> object:  # noqa: PLR0911 - one per kind of node
    """Write a tree without positions."""
    match node:
        case And(terms):
            return ("and", *map(text_of, terms))
        case Or(terms):
            return ("or", *map(text_of, terms))
        case Not(term):
            return ("not", text_of(term))
        case Comparison(field, operator, value):
            return (field.text if field else "any", operator, value.text)
        case Membership(field, values, negated):
            name = field.text if field else "any"
            return (name, "out of" if negated else "in", *(value.text for value in values))
        case Presence(field, negated):
            return ("lacks" if negated else "has", field.text)
        case Words(words):
            return words.text


@pytest.mark.parametrize(
    ("search", "meaning"),
    [
        ('name="Zoo"', ("name", "=", "Zoo")),
        ("name='a zoo'", ("name", "=", "a zoo")),
        ("label = foo", ("label", "=", "foo")),
        ('a="x",b="y"', ("and", ("a", "=", "x"), ("b", "=", "y"))),
        ('a = "x" and b = "y"', ("and", ("a", "=", "x"), ("b", "=", "y"))),
        ("a = 1 && b = 2", ("and", ("a", "=", "1"), ("b", "=", "2"))),
        ("a = 1 b = 2", ("and", ("a", "=", "1"), ("b", "=", "2"))),
        ("a = 1 or b = 2", ("or", ("a", "=", "1"), ("b", "=", "2"))),
        ("a = 1 | b = 2", ("or", ("a", "=", "1"), ("b", "=", "2"))),
        ("x y or z", ("and", "x", ("or", "y", "z"))),
        ("x and y or z", ("and", "x", ("or", "y", "z"))),
        ("x or y and z", ("or", "x", ("and", "y", "z"))),
        ("x or y z", ("and", ("or", "x", "y"), "z")),
        ("x or y, z or w", ("and", ("or", "x", "y"), ("or", "z", "w"))),
        ("not x or y", ("or", ("not", "x"), "y")),
        ("not not x", "x"),
        ("not (x, y)", ("not", ("and", "x", "y"))),
        ("x (y or z)", ("and", "x", ("or", "y", "z"))),
        ("not x", ("not", "x")),
        ("!x y", ("and", ("not", "x"), "y")),
        ("x -y", ("and", "x", ("not", "y"))),
        ("not a = 1", ("not", ("a", "=", "1"))),
        (
            "content_view_id=24,version=1.0",
            ("and", ("content_view_id", "=", "24"), ("version", "=", "1.0")),
        ),
        ("login_text", "login_text"),
        ('"two words"', "two words"),
        ("foo-bar", "foo-bar"),
        ("x86_64", "x86_64"),
        ("don't", "don't"),
        ('title~"kernel"', ("title", "~", "kernel")),
        ("a != 1", ("a", "!=", "1")),
        ("a <> 1", ("a", "!=", "1")),
        ("a !~ x", ("a", "!~", "x")),
        ("a >= 1", ("a", ">=", "1")),
        ("id = -1", ("id", "=", "-1")),
        ("url = https://zoo.test/a?b=c", ("url", "=", "https://zoo.test/a?b=c")),
        ("started_at > '3 days ago'", ("started_at", ">", "3 days ago")),
        ("a ^ (1, 2)", ("a", "in", "1", "2")),
        ("a in (1,2)", ("a", "in", "1", "2")),
        ('a in ("x, y", z)', ("a", "in", "x, y", "z")),
        ("a ^ 1", ("a", "in", "1")),
        ("a ^ 1, 2 and b", ("and", ("a", "in", "1", "2"), "b")),
        ("a ^ 1,b = 2", ("and", ("a", "in", "1"), ("b", "=", "2"))),
        ("a ^ (1 2)", ("a", "in", "1", "2")),
        ("a == 1", ("a", "=", "1")),
        ("a before today", ("a", "<", "today")),
        ("a after today b", ("and", ("a", ">", "today"), "b")),
        ("a at 'Jan 23, 2004'", ("a", "=", "Jan 23, 2004")),
        ('"a b" = 1', ("a b", "=", "1")),
        ('has "a b"', ("has", "a b")),
        ("facts.kernel::name = x", ("facts.kernel::name", "=", "x")),
        ("= 1", ("any", "=", "1")),
        ("x !~ 1 y", ("and", ("x", "!~", "1"), "y")),
        ("x, !~ 1", ("and", "x", ("any", "!~", "1"))),
        ("!^ (1)", ("any", "out of", "1")),
        ("> 3", ("any", ">", "3")),
        ("a !^ (1)", ("a", "out of", "1")),
        ("a not in (1, 2)", ("a", "out of", "1", "2")),
        ("a NOT IN (1)", ("a", "out of", "1")),
        ("has name", ("has", "name")),
        ("set? name", ("has", "name")),
        ("null? name", ("lacks", "name")),
        ("name = and", ("name", "=", "and")),
        ("android or oracle", ("or", "android", "oracle")),
        ("notice inner", ("and", "notice", "inner")),
        (r'name = "say \"hi\" C:\\dir \d"', ("name", "=", r'say "hi" C:\dir \d')),
        ("name = ''", ("name", "=", "")),
    ],
)
def test_a_search_means(search: str, meaning: object) -> None:
    assert text_of(parse(search)) == meaning


@pytest.mark.parametrize(
    ("search", "position"),
    [
        ("", 0),
        (" ", 1),
        ("name =", 6),
        ("a = 1 or", 8),
        ("(a = 1", 6),
        ("a = 1)", 5),
        ('name = "open', 7),
        ("a =, b", 3),
        ("a and", 5),
        ("a,", 2),
        ("a ^ (1,)", 7),
        ("has =", 4),
        ("()", 1),
        ("a\ud800", 1),
        ("a = (1)", 4),
        ("a\0b", 1),
    ],
)
def test_an_unreadable_search_says_where(search: str, position: int) -> None:
    with pytest.raises(SearchError) as caught:
        parse(search)

    assert caught.value.position == position


@pytest.mark.parametrize(
    "search",
    [
        "(" * 60 + "a" + ")" * 60,
        "-" * 19_000 + "a",
        " ".join(["a and b or"] * 40) + " c",
        " or ".join(["a"] * 300),
        "a ^ (" + ",".join(["1"] * 6_000) + ")",
        "a" * 20_001,
    ],
    ids=["nested", "negated", "alternating", "many terms", "many values", "long"],
)
def test_a_search_beyond_the_limits_is_refused(search: str) -> None:
    with pytest.raises(SearchError):
        parse(search)


def test_positions_count_characters_from_the_start() -> None:
    tree = parse('  name = "x"')

    assert tree == Comparison(Text("name", 2), "=", Text("x", 9))
