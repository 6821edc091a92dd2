"""`/openapi.json` against the server: what it says is taken is taken, what it says comes comes."""

import base64
import os
from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks as its_checks
from sqlalchemy import delete

from headgate.apis.katello import RESOURCES
from headgate.stores.db import Database
from headgate.stores.db.tables import content_set_members
from support.control import HASH, PASSWORD, Control, control
from support.tenants import tenant

# A longer walk by hand: OPENAPI_EXAMPLES=100 make test ARGS=tests/stories/test_openapi.py
_EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "2"))
_ADMIN = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
_WALK = settings(
    max_examples=_EXAMPLES,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def served(database: Database) -> Control:
    """A control plane with one thing of each kind, so that the smallest ids are some."""
    served = control(database)
    with served.database.begin() as tx:
        tenant(tx, "ours", password_hash=HASH)
        # A tenant's set names units of every type, of which the file alone is there.
        tx.execute(delete(content_set_members).where(content_set_members.c.content_type != "file"))
    return served


def test_every_path_of_every_action_is_described(served: Control) -> None:
    document = served.anonymous().get("/openapi.json").json()

    declared = {
        (path, action.method.lower())
        for resource in RESOURCES
        for action in resource.actions
        if not action.hidden
        for path in action.paths
    }
    assert {(path, verb) for path, verbs in document["paths"].items() for verb in verbs} == declared


def test_nothing_that_fits_the_description_fails_the_server(served: Control) -> None:
    its_checks.load_all_checks()
    known: Any = its_checks.CHECKS  # type: ignore[reportUnknownMemberType] - typed in part
    checks = known.get_by_names(
        ["status_code_conformance", "content_type_conformance", "response_schema_conformance"]
    )
    schema: Any = schemathesis.openapi.from_asgi("/openapi.json", served.app)
    failures: dict[str, str] = {}
    seen = Counter[int]()

    for found in schema.get_all_operations():
        operation: Any = found.ok()

        @_WALK
        @given(operation.as_strategy())
        def walk(case: Any) -> None:
            answer = case.call(headers={"Authorization": _ADMIN})
            seen[answer.status_code] += 1
            assert answer.status_code < 500 or answer.status_code == 501, answer.text
            case.validate_response(answer, checks=checks)

        try:
            walk()
        except BaseException as error:  # noqa: BLE001 - all of them are told, at the end
            failures[operation.label] = str(error)[:600]

    assert failures == {}
    assert seen[200] > seen.total() / 20, seen
