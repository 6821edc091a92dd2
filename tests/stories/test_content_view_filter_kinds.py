"""Filters of packages' groups, errata and module streams over the API (katello.md 1.5)."""

from pathlib import Path
from typing import Any

import pytest

from headgate.upstream import DownloadRules
from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])

DAY = {"start_date": "2026-01-01", "end_date": "2026-02-01"}


def rules_path(house: House, **fields: Any) -> str:
    filter_id = house.world.filter(house.world.view("Tools"), "some", **fields)
    return f"content_view_filters/{filter_id}/rules"


def test_rules_of_units_show_what_they_name(house: House, aviary: Path) -> None:
    world = house.start_worker(DownloadRules(file_roots=(aviary.parent,)))
    world.mirror("birds", aviary.as_uri())
    streams = [each["id"] for each in world.list("module_streams", order="stream asc")]
    (group,) = world.list("package_groups", name="Wetland birds")

    by_group = house.post(rules_path(house, type="package_group"), uuid=group["uuid"])
    view = world.view("More")
    modules = world.filter(view, "streams", type="modulemd")
    by_stream = house.post(f"content_view_filters/{modules}/rules", module_stream_ids=streams)

    assert by_group.status_code == by_stream.status_code == 201
    assert by_group.json()["uuid"] == group["uuid"]
    assert by_group.json()["name"] == "Wetland birds"
    found = [each["module_stream"] for each in by_stream.json()["results"]]
    expected = {"name": "owl", "version": "20260101", "arch": "noarch"}
    assert found == [
        {**expected, "stream": "1", "context": "c0ffee01"},
        {**expected, "stream": "2", "context": "c0ffee02"},
    ]
    assert [each["module_stream_id"] for each in by_stream.json()["results"]] == streams


def test_errata_come_one_by_one_or_many_at_once(house: House) -> None:
    path = rules_path(house, type="erratum_id")
    errata = [f"RHSA-2026:{number:04}" for number in range(300)]

    one = house.post(path, errata_id="RHBA-2026:0001").json()
    many = house.post(path, errata_ids=errata).json()["results"]
    by_group = house.put(
        path.replace("rules", "add_filter_rules"), rules_params=[{"errata_ids": ["A", "B"]}]
    )

    assert one["errata_id"] == "RHBA-2026:0001"
    assert "types" not in one
    assert [each["errata_id"] for each in many] == errata
    assert len(by_group.json()["rules"]) == 303
    listed = house.get(path, errata_id="RHSA-2026:0299").json()["results"]
    assert listed == [many[-1]]
    errors = refused(house.post(path, errata_ids=["RHSA-2026:9999", errata[0]]), 422)
    assert "equal rule" in errors["base"][0]
    assert house.get(path).json()["total"] == 303


def test_a_rule_by_date_changes_in_part(house: House) -> None:
    path = rules_path(house, type="erratum_date")
    rule = house.post(path, **DAY, types=["security"]).json()

    changed = house.put(
        f"{path}/{rule['id']}", end_date="", types=["bugfix", "other"], date_type="issued"
    ).json()

    assert (rule["date_type"], rule["end_date"]) == ("updated", "2026-02-01")
    assert (changed["start_date"], changed["date_type"]) == ("2026-01-01", "issued")
    assert changed["types"] == ["bugfix", "other"]
    assert "end_date" not in changed
    refused(house.put(f"{path}/{rule['id']}", start_date="", types=[]), 422)


@on_sqlite
@pytest.mark.parametrize(
    ("type_", "fields", "field", "words"),
    [
        ("erratum", {}, "base", "must be given"),
        ("erratum", {"errata_id": "A", "start_date": "2026-01-01"}, "base", "together"),
        ("erratum", {"errata_id": "A", "types": ["bugfix"]}, "base", "together"),
        ("erratum", {"errata_id": "A\n"}, "errata_id", "printable"),
        ("erratum", {"start_date": "yesterday"}, "start_date", "a date such as"),
        ("erratum", {"end_date": "2026-02-30"}, "end_date", "a date such as"),
        ("erratum", {**DAY, "end_date": "2025-12-31"}, "base", "must not be after"),
        ("erratum", {**DAY, "types": ["bugfix", "odd"]}, "types", "must be any of"),
        ("erratum", {**DAY, "date_type": "created"}, "date_type", "must be one of"),
        ("erratum", {"name": "reed"}, "name", "is for filters of type rpm"),
        ("package_group", {}, "uuid", "can't be blank"),
        ("package_group", {"name": "a\tb"}, "name", "printable"),
        ("package_group", {"name": "x", "version": "1"}, "version", "is for filters of type rpm"),
        ("modulemd", {}, "module_stream_ids", "can't be blank"),
        ("rpm", {"name": "x", "errata_id": "A"}, "errata_id", "is for filters of type erratum"),
    ],
)
def test_bad_rules_are_refused_by_field(
    house: House, type_: str, fields: dict[str, Any], field: str, words: str
) -> None:
    errors = refused(house.post(rules_path(house, type=type_), **fields), 422)

    assert words in errors[field][0]


@on_sqlite
def test_ids_and_dates_do_not_mix_in_a_filter(house: House) -> None:
    path = rules_path(house, type="erratum")
    house.post(path, errata_id="A")
    other = house.world.filter(house.world.view("Other"), "some", DAY, type="erratum")

    later = refused(house.post(path, **DAY), 422)
    sooner = refused(house.post(f"content_view_filters/{other}/rules", errata_id="A"), 422)

    assert "only one of its filter" in later["base"][0]
    assert "one by date or type" in sooner["base"][0]


@on_sqlite
def test_units_that_nobody_holds_are_not_found(house: House) -> None:
    refused(house.post(rules_path(house, type="modulemd"), module_stream_ids=[4711]), 404)
    other = house.world.filter(house.world.view("Other"), "some", type="package_group")
    for uuid in ("00" * 32, "not hexadecimal"):
        refused(house.post(f"content_view_filters/{other}/rules", uuid=uuid), 404)


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": "erratum", "original_packages": True}, "original_packages"),
        ({"type": "rpm", "original_module_streams": True}, "original_module_streams"),
    ],
)
def test_flags_are_for_one_type_of_filter(house: House, fields: dict[str, Any], field: str) -> None:
    view = house.world.view("Tools")
    path = f"content_views/{view}/filters"

    assert "is for filters of type" in refused(house.post(path, name="x", **fields), 422)[field][0]
    made = house.post(path, name="x", type=fields["type"]).json()
    assert refused(house.put(f"content_view_filters/{made['id']}", **{field: True}), 422)


@on_sqlite
def test_a_filter_that_changes_nothing_needs_no_publish(house: House) -> None:
    """Names are told, not applied; a rule more is."""
    world = house.start_worker()
    view = world.view("Tools", world.repository("reed"))
    filter_id = world.filter(view, "some", {"errata_ids": ["A", "B"]}, type="erratum")
    world.publish(view)
    house.put(f"content_view_filters/{filter_id}", name="other")
    same = house.get(f"content_views/{view}").json()["needs_publish"]

    house.post(f"content_view_filters/{filter_id}/rules", errata_id="C")

    assert same is False
    assert house.get(f"content_views/{view}").json()["needs_publish"] is True


@on_sqlite
@pytest.mark.parametrize("kind", ["composite", "rolling", "import_only"])
def test_views_that_choose_no_content_take_no_filters(house: House, kind: str) -> None:
    view = house.world.view("Tools", **{kind: True})

    errors = refused(house.post(f"content_views/{view}/filters", name="x", type="rpm"), 422)

    assert "cannot contain filters" in errors["base"][0]
