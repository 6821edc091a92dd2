#!/usr/bin/python
"""The module content_view_publish."""

DOCUMENTATION = r"""
---
module: content_view_publish
short_description: Publish a content view if that would change anything
description:
  - The publish is refused if anything changed since the plan was made.
author: The Headgate engineers
extends_documentation_fragment: headgate.content.headgate
options:
  content_view:
    description: Name of the content view.
    type: str
    required: true
  description:
    description: Description of the new version.
    type: str
  force:
    description: Publish although nothing would change.
    type: bool
    default: false
"""

EXAMPLES = r"""
- headgate.content.content_view_publish:
    organization: Acme
    content_view: base
"""

RETURN = r"""
plan:
  description: What the publish adds and removes, as the server's preview shows it.
  type: dict
  returned: success
version:
  description: The version that was published.
  type: dict
  returned: when something was published
"""

from ansible_collections.headgate.content.plugins.module_utils.headgate import Headgate


def main() -> None:
    """Look what a publish would change, and publish exactly that."""
    headgate = Headgate(
        {
            "content_view": {"type": "str", "required": True},
            "description": {"type": "str"},
            "force": {"type": "bool", "default": False},
        }
    )
    view = headgate.one("content_views", name=headgate.given["content_view"])
    path = f"content_views/{view['id']}"
    plan = headgate.get(f"{path}/preview")
    if not (plan["needed"] or headgate.given["force"]):
        headgate.exit(changed=False, plan=plan)
    if headgate.check:
        headgate.exit(changed=True, plan=plan)
    given = headgate.chosen("description")
    task = headgate.post(f"{path}/publish", plan_digest=plan["plan_digest"], **given)
    version_id = headgate.ended(task)["output"]["content_view_version_id"]
    version = headgate.get(f"content_view_versions/{version_id}")
    headgate.exit(changed=True, plan=plan, version=version)


if __name__ == "__main__":
    main()
