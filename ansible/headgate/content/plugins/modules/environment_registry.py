#!/usr/bin/python
"""The module environment_registry."""

DOCUMENTATION = r"""
---
module: environment_registry
short_description: Set how the registry serves a lifecycle environment
description:
  - Set by which names the registry serves the repositories of a lifecycle environment, and to whom.
author: The Headgate engineers
extends_documentation_fragment: headgate.content.headgate
options:
  environment:
    description: Name of the lifecycle environment.
    type: str
    required: true
  registry_name_pattern:
    description: How names are made from the things' labels; empty for the usual names.
    type: str
  registry_unauthenticated_pull:
    description: Whether everybody may pull from it.
    type: bool
  registry_unauthenticated_index:
    description: Whether everybody sees which flatpaks it has.
    type: bool
"""

EXAMPLES = r"""
- headgate.content.environment_registry:
    organization: Acme
    environment: Production
    registry_name_pattern: "<%= repository.name %>"
    registry_unauthenticated_pull: true
"""

RETURN = r"""
entity:
  description: What the server shows of it.
  type: dict
  returned: success
"""

from ansible_collections.headgate.content.plugins.module_utils.headgate import Headgate

_SETTINGS = {
    "registry_name_pattern": {"type": "str"},
    "registry_unauthenticated_pull": {"type": "bool"},
    "registry_unauthenticated_index": {"type": "bool"},
}


def main() -> None:
    """Set what is given."""
    headgate = Headgate({"environment": {"type": "str", "required": True}, **_SETTINGS})
    environment = headgate.one("environments", name=headgate.given["environment"])
    path = f"environments/{environment['id']}"
    shown = headgate.get(path)
    present = {**shown, "registry_name_pattern": shown["registry_name_pattern"] or ""}
    headgate.settle(path, headgate.chosen(*_SETTINGS), present)


if __name__ == "__main__":
    main()
