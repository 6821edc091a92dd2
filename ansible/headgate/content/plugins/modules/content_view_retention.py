#!/usr/bin/python
"""The module content_view_retention."""

DOCUMENTATION = r"""
---
module: content_view_retention
short_description: Set which versions of a content view are kept
description:
  - Set which versions of a content view are kept.
author: The Headgate engineers
extends_documentation_fragment: headgate.content.headgate
options:
  content_view:
    description: Name of the content view.
    type: str
    required: true
  keep_versions:
    description: Keep so many of the newest versions; 0 for no such rule.
    type: int
  keep_days:
    description: Keep versions that are younger than so many days; 0 for no such rule.
    type: int
"""

EXAMPLES = r"""
- headgate.content.content_view_retention:
    organization: Acme
    content_view: base
    keep_versions: 10
"""

RETURN = r"""
entity:
  description: What the server shows of it.
  type: dict
  returned: success
"""

from ansible_collections.headgate.content.plugins.module_utils.headgate import Headgate


def main() -> None:
    """Set the rules that are given."""
    headgate = Headgate(
        {
            "content_view": {"type": "str", "required": True},
            "keep_versions": {"type": "int"},
            "keep_days": {"type": "int"},
        }
    )
    view = headgate.one("content_views", name=headgate.given["content_view"])
    path = f"content_views/{view['id']}/retention"
    shown = headgate.get(path)
    present = {name: shown[name] or 0 for name in ("keep_versions", "keep_days")}
    headgate.settle(path, headgate.chosen("keep_versions", "keep_days"), present)


if __name__ == "__main__":
    main()
