#!/usr/bin/python
"""The module signing_key."""

DOCUMENTATION = r"""
---
module: signing_key
short_description: Keep keys that sign published metadata
description:
  - Keep keys that sign published metadata.
author: The Headgate engineers
extends_documentation_fragment: headgate.content.headgate
options:
  name:
    description: Name of the key; the user id of a key that the server makes.
    type: str
    required: true
  secret:
    description: Armored PGP private key block. Without it the server makes a key. A key that is there stays as it is.
    type: str
  passphrase:
    description: Passphrase of the private key block.
    type: str
  state:
    description: Whether it shall be there.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- headgate.content.signing_key:
    organization: Acme
    name: Acme packages
"""

RETURN = r"""
entity:
  description: What the server shows of it.
  type: dict
  returned: success
"""

from ansible_collections.headgate.content.plugins.module_utils.headgate import Headgate


def main() -> None:
    """Make the key, or remove it."""
    headgate = Headgate(
        {
            "name": {"type": "str", "required": True},
            "secret": {"type": "str", "no_log": True},
            "passphrase": {"type": "str", "no_log": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        }
    )
    found = headgate.found("signing_keys", name=headgate.given["name"])
    wanted = headgate.given["state"] == "present"
    changed = wanted != (found is not None)
    if changed and not headgate.check:
        if found is not None:
            headgate.delete(f"signing_keys/{found['id']}")
            found = None
        else:
            given = headgate.chosen("name", "secret", "passphrase")
            organization_id = headgate.organization["id"]
            found = headgate.post("signing_keys", organization_id=organization_id, **given)
    headgate.exit(changed=changed, entity=found)


if __name__ == "__main__":
    main()
