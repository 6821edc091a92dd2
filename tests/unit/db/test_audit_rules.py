"""Every table says how its changes are noted; one that says nothing is audited.

A new table passes here if the log can name its rows, find their organization and keep its secrets
without being told; else the failure says what to declare (stores/db/auditing/declarations.py).
"""

import re

import pytest
from sqlalchemy import Integer, Table

from headgate.server.schema import import_tables
from headgate.stores.db import metadata
from headgate.stores.db.auditing.declarations import KEY, Unaudited
from headgate.stores.db.auditing.rules import Rule, dependents_of, is_secret, rule_of

import_tables()
TABLES = metadata.sorted_tables
RULES = [rule for table in TABLES if (rule := rule_of(table)) is not None]

# Rows without a name of their own: the log gives their id.
NAMELESS = {"content_view_component", "recurring_logic", "role_filter"}
# Things that are in no one organization: who changed them is for administrators to see.
SHARED = {
    *("user", "usergroup", "role", "http_proxy", "location", "smart_proxy", "setting"),
}
# Columns that only sound like secrets.
PUBLIC: set[str] = set()
# What would go unseen, if these were ever deleted; they are not.
LASTING = {"role_filter_permissions goes with permissions"}
_SOUNDS_SECRET = re.compile(r"password|secret|token|passphrase|private|credential_data|hash$")


def named(rule: Rule) -> str:
    return rule.table.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_audited_or_says_why_not(table: Table) -> None:
    declared = table.info.get(KEY)

    if isinstance(declared, Unaudited):
        assert len(declared.reason) >= 10
        assert rule_of(table) is None
    else:
        assert rule_of(table) is not None, "nothing names a row: declare it folded or unaudited"


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_an_audited_row_can_be_found_and_named(rule: Rule) -> None:
    if rule.into_owner:
        (key,) = rule.owners[0].foreign_keys
        assert rule_of(key.column.table) is not None, "fold it into a table that is audited"
        return

    (key,) = rule.key
    assert isinstance(rule.table.c[key].type, Integer) or rule.name == (key,)
    assert rule.name or rule.noun in NAMELESS, "declare what it is called: info=audited(...)"


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_the_organization_of_a_row_is_known(rule: Rule) -> None:
    table, seen = rule.table, list[str]()
    while table.name != "organizations" and "organization_id" not in table.c:
        seen.append(table.name)
        found = rule_of(table)
        assert found is not None, f"{' of '.join(seen)} is not audited"
        if not found.owners:
            assert found.noun in SHARED, "it belongs to nothing: is it shared by organizations?"
            return
        (key,) = found.owners[0].foreign_keys
        table = key.column.table


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_what_sounds_like_a_secret_is_kept_as_one(rule: Rule) -> None:
    suspicious = {
        column.name
        for column in rule.table.columns
        if _SOUNDS_SECRET.search(column.name)
        and column.name in rule.columns
        and not is_secret(column)
        and f"{rule.table.name}.{column.name}" not in PUBLIC
    }

    assert suspicious == set(), "declare them info=SECRET, or list them as public here"


def test_nothing_audited_goes_unseen_along_with_what_is_not() -> None:
    unseen = [
        f"{dependent.table.name} goes with {table.name}"
        for table in TABLES
        if rule_of(table) is None
        for dependent in dependents_of(table)
        if dependent.goes
    ]

    assert set(unseen) == LASTING
