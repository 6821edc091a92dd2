#!/usr/bin/python
"""The module alternate_content_source."""

DOCUMENTATION = r"""
---
module: alternate_content_source
short_description: Keep alternate content sources
description:
  - Keep alternate content sources.
author: The Headgate engineers
extends_documentation_fragment: headgate.content.headgate
options:
  name:
    description: Name of the source.
    type: str
    required: true
  description:
    description: Description of the source.
    type: str
  alternate_content_source_type:
    description: Where the addresses come from. Cannot be changed.
    type: str
    choices: [custom, simplified, rhui]
    default: custom
  content_type:
    description: What the source has. Cannot be changed.
    type: str
    choices: [file, yum, deb]
    default: yum
  base_url:
    description: Address that the paths are below.
    type: str
  subpaths:
    description: Paths of the repositories, each ending with a slash.
    type: list
    elements: str
  verify_ssl:
    description: Whether to verify the certificate of the source.
    type: bool
  use_http_proxies:
    description: Whether to go through the proxies of the smart proxies.
    type: bool
  upstream_username:
    description: User name at the source.
    type: str
  upstream_password:
    description: Password at the source. It is sent when something else changes or the source is made.
    type: str
  state:
    description: Whether it shall be there.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- headgate.content.alternate_content_source:
    organization: Acme
    name: nearby
    base_url: https://mirror.example.com/
    subpaths: [linux/9/BaseOS/]
"""

RETURN = r"""
entity:
  description: What the server shows of it.
  type: dict
  returned: success
"""

from ansible_collections.headgate.content.plugins.module_utils.headgate import Headgate

_CHANGEABLE = (
    *("description", "base_url", "subpaths", "verify_ssl", "use_http_proxies"),
    "upstream_username",
)
_OPTIONS = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str"},
    "alternate_content_source_type": {
        "type": "str",
        "choices": ["custom", "simplified", "rhui"],
        "default": "custom",
    },
    "content_type": {"type": "str", "choices": ["file", "yum", "deb"], "default": "yum"},
    "base_url": {"type": "str"},
    "subpaths": {"type": "list", "elements": "str"},
    "verify_ssl": {"type": "bool"},
    "use_http_proxies": {"type": "bool"},
    "upstream_username": {"type": "str"},
    "upstream_password": {"type": "str", "no_log": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    """Make, change or remove the source."""
    headgate = Headgate(_OPTIONS)
    found = headgate.found("alternate_content_sources", name=headgate.given["name"])
    wanted = headgate.given["state"] == "present"
    if found is not None and wanted:
        path = f"alternate_content_sources/{found['id']}"
        headgate.settle(path, headgate.chosen(*_CHANGEABLE), headgate.get(path))
    changed = wanted or found is not None
    if changed and not headgate.check:
        if found is not None:
            headgate.delete(f"alternate_content_sources/{found['id']}")
        else:
            kinds = ("name", "alternate_content_source_type", "content_type", "upstream_password")
            given = headgate.chosen(*kinds, *_CHANGEABLE)
            found = headgate.post("alternate_content_sources", **given)
    headgate.exit(changed=changed, entity=found)


if __name__ == "__main__":
    main()
