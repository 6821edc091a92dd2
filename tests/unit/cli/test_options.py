"""Reading command lines."""

from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.cli import options
from headgate.cli.errors import UsageError
from headgate.cli.options import Given, parse, parse_globals, require, split
from headgate.cli.tree import Option, find, load_tree

OPTIONS = (
    Option(("--id",), "id", "integer", required=True),
    Option(("--name",), "id", "string", by="name"),
    Option(("--organization",), "organization_id", "string", by="name"),
    Option(("--repository-ids",), "repository_ids", "list"),
    Option(("--repositories",), "repository_ids", "list", by="name"),
    Option(("--force",), "force", "boolean"),
    Option(("--type",), "type", "string", enum=("rpm", "file")),
    Option(("--rules",), "rules", "json"),
    Option(("--path",), "path", "paths"),
    Option(("--password",), "password", "string"),
)


def read(*words: str) -> Given:
    return parse(words, OPTIONS, {})


def test_values_and_names_are_told_apart() -> None:
    line = read("--id", "3", "--organization=Acme", "--repositories", "a,b")

    assert line.values == {"id": 3}
    assert line.names == {
        "organization_id": ("name", "Acme"),
        "repository_ids": ("name", ["a", "b"]),
    }


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--force"], True),
        (["--force", "--id", "1"], True),
        (["--force", "yes"], True),
        (["--force", "false"], False),
        (["--force=no"], False),
    ],
)
def test_a_flag_stands_alone_or_says_yes_or_no(words: Sequence[str], meant: bool) -> None:
    assert read(*words).values["force"] is meant


def test_lists_may_be_given_in_parts() -> None:
    assert read("--repository-ids", "1,2", "--repository-ids", "3").values == {
        "repository_ids": ["1", "2", "3"]
    }


def test_what_the_shell_makes_of_a_pattern_are_files() -> None:
    line = read("--path", "a.rpm", "b.rpm", "--id", "1", "--path", "c.rpm")

    assert line.values["path"] == ["a.rpm", "b.rpm", "c.rpm"]


def test_global_options_stand_anywhere_and_give_way_to_those_of_the_command() -> None:
    before, rest = parse_globals(["-o", "json", "--password", "mine", "user", "create"])
    line = parse(["--password", "theirs", "--csv"], OPTIONS, before)

    assert rest == ["user", "create"]
    assert line.globals == {"output": "json", "password": "mine", "csv": True}
    assert line.values == {"password": "theirs"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--id", "three"], "--id takes a number, not `three`"),
        (["--id"], "--id needs a value"),
        (["--typ", "rpm"], "there is no option --typ; did you mean --type?"),
        (["--type", "deb"], "--type takes one of rpm, file, not `deb`"),
        (["--force=maybe"], "--force takes yes or no, not `maybe`"),
        (["3"], "`3` is no option of this command"),
    ],
)
def test_a_wrong_line_is_told_in_words(words: Sequence[str], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(*words)

    assert refused.value.message == said


def test_what_is_needed_may_be_an_id_or_a_name() -> None:
    require(OPTIONS, read("--name", "x"))
    with pytest.raises(UsageError, match="--id or --name is needed"):
        require(OPTIONS, read("--force"))


def test_a_command_that_does_not_exist_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean `organization list`"):
        find(load_tree(), ["organization", "lits"])


@given(st.lists(st.text(min_size=1)))
def test_escaped_lists_read_back(values: list[str]) -> None:
    joined = ",".join(value.replace("\\", "\\\\").replace(",", "\\,") for value in values)

    assert split(joined) == values


@given(st.lists(st.text(), max_size=6))
def test_whatever_is_typed_is_read_or_refused_in_words(words: list[str]) -> None:
    with suppress(UsageError):
        line = parse(words, (*OPTIONS, *options.GLOBALS), {})
        assert line.values.keys() <= {option.to for option in OPTIONS}
