"""Hosts are found by their facts and parameters, each by its own name."""

from typing import Any

from support.house import House


def test_hosts_are_found_by_facts_and_by_parameters_that_are_no_secret(house: House) -> None:
    machines = {"one": "x86_64", "two": "aarch64", "three": None}
    for name, machine in machines.items():
        hidden = {"name": "token", "value": f"secret-{name}", "hidden_value": True}
        parameters = [{"name": "rack", "value": f"r-{name}"}, hidden]
        host = {
            "name": name,
            "organization_id": house.organization,
            "host_parameters_attributes": parameters,
        }
        made = house.admin.post("/api/hosts", json={"host": host})
        assert made.status_code == 201, made.text
        if machine:
            facts = {
                "uname.machine": machine,
                "net": {"mtu": "1500" if name == "one" else "9000.5"},
                "load": {"one": "-2", "two": "much"}[name],
            }
            body = {"name": name, "facts": facts, "organization_id": house.organization}
            assert house.admin.post("/api/hosts/facts", json=body).status_code == 201

    def found(search: str) -> set[str]:
        answer = house.admin.get("/api/hosts", params={"search": search})
        assert answer.status_code == 200, answer.text
        results: list[Any] = answer.json()["results"]
        return {each["name"] for each in results}

    assert found("facts.uname::machine = x86_64") | found("facts.uname.machine = x86_64") == {"one"}
    assert found("facts.net::mtu ^ (1500, 9000.5)") == {"one", "two"}
    assert found("facts.net::mtu !^ (1500, 2)") == {"two", "three"}
    assert found("null? facts.net::mtu") == {"three"}
    assert found("has facts.net::mtu") == {"one", "two"}
    assert found("facts.net::mtu != 1500") == {"two", "three"}
    assert found("facts.net::mtu ~ 9*5") == {"two"}
    assert found("facts.net::mtu !~ 15") == {"two", "three"}
    assert found("facts.net::mtu > 900") == {"one", "two"}
    assert found("facts.net::mtu >= 9000.5 or facts.net::mtu < 1500") == {"two"}
    assert found("facts.net::mtu <= 1500") == {"one"}
    assert found("facts.load < 0") == {"one"}
    assert found("not facts.load >= -2") == {"two", "three"}
    assert found("facts > 9000") == {"two"}
    refused = house.admin.get("/api/hosts", params={"search": "facts.load > much"})
    assert refused.status_code == 400
    assert "'much' is not a number" in refused.text
    assert found("params.rack = r-two or params.rack ~ three") == {"two", "three"}
    assert found("facts = aarch64") == {"two"}
    assert found("params.token ~ secret") == set()
    assert found("has params.token") == set()
