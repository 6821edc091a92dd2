"""Roles, filters and groups as an administrator makes them over HTTP."""

from dataclasses import dataclass, field
from typing import Any

import httpx2
from starlette.testclient import TestClient

Json = dict[str, Any]


@dataclass(slots=True)
class Rights:
    """The roles of a control plane, in the words of its API; `client` is who makes them."""

    client: TestClient | httpx2.Client
    _permissions: dict[str, Json] = field(default_factory=dict[str, Json])

    def permission_ids(self, *names: str) -> list[int]:
        """Return the ids of permissions."""
        if not self._permissions:
            answer = self.client.get("/api/permissions", params={"full_result": "1"})
            self._permissions = {each["name"]: each for each in answer.json()["results"]}
        return [self._permissions[name]["id"] for name in names]

    def role(self, name: str, *permissions: str, **fields: Any) -> int:
        """Make a role that gives these permissions, one filter for each resource type."""
        made = self.client.post("/api/roles", json={"role": {"name": name, **fields}})
        assert made.status_code == 201, made.text
        role_id = int(made.json()["id"])
        self.permission_ids()
        by_type: dict[str, list[str]] = {}
        for permission in permissions:
            resource_type = self._permissions[permission]["resource_type"]
            by_type.setdefault(resource_type, []).append(permission)
        for names in by_type.values():
            self.filter(role_id, *names)
        return role_id

    def filter(self, role_id: int, *permissions: str, **fields: Any) -> int:
        """Add a filter to a role."""
        body = {"role_id": role_id, "permission_ids": self.permission_ids(*permissions), **fields}
        made = self.client.post("/api/filters", json={"filter": body})
        assert made.status_code == 201, made.text
        return int(made.json()["id"])

    def group(self, name: str, **fields: Any) -> int:
        """Make a user group."""
        made = self.client.post("/api/usergroups", json={"usergroup": {"name": name, **fields}})
        assert made.status_code == 201, made.text
        return int(made.json()["id"])

    def give(self, user_id: int, *role_ids: int) -> None:
        """Give a user these roles and no others."""
        body = {"user": {"role_ids": list(role_ids)}}
        answer = self.client.put(f"/api/users/{user_id}", json=body)
        assert answer.status_code == 200, answer.text
