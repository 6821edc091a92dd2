#!/usr/bin/python
"""The module organization_quota."""

DOCUMENTATION = r"""
---
module: organization_quota
short_description: Set how many bytes an organization may have
description:
  - Set how many bytes an organization may have.
author: The Headgate engineers
extends_documentation_fragment: headgate.content.headgate
options:
  soft_bytes:
    description: From so many bytes on the server warns; 0 for no such limit.
    type: int
  hard_bytes:
    description: Beyond so many bytes nothing more is taken; 0 for no such limit.
    type: int
"""

EXAMPLES = r"""
- headgate.content.organization_quota:
    organization: Acme
    soft_bytes: 900000000000
    hard_bytes: 1000000000000
"""

RETURN = r"""
entity:
  description: What the server shows of it.
  type: dict
  returned: success
"""

from ansible_collections.headgate.content.plugins.module_utils.headgate import Headgate


def main() -> None:
    """Set the limits that are given."""
    headgate = Headgate({"soft_bytes": {"type": "int"}, "hard_bytes": {"type": "int"}})
    path = f"organizations/{headgate.organization['id']}"
    quota = headgate.get(f"{path}/space")["quota"]
    present = {name: quota[name] or 0 for name in ("soft_bytes", "hard_bytes")}
    headgate.settle(f"{path}/quota", headgate.chosen("soft_bytes", "hard_bytes"), present)


if __name__ == "__main__":
    main()
