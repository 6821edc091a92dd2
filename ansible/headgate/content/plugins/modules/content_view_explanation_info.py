#!/usr/bin/python
"""The module content_view_explanation_info."""

DOCUMENTATION = r"""
---
module: content_view_explanation_info
short_description: Say why a package is or is not in a content view version
description:
  - Say why a package is or is not in a content view version.
author: The Headgate engineers
extends_documentation_fragment: headgate.content.headgate
options:
  content_view:
    description: Name of the content view.
    type: str
    required: true
  version:
    description: The version, such as C(2.0).
    type: str
    required: true
  package:
    description: Name, NEVRA or file name of the package.
    type: str
    required: true
"""

EXAMPLES = r"""
- headgate.content.content_view_explanation_info:
    organization: Acme
    content_view: base
    version: "2.0"
    package: bash
"""

RETURN = r"""
explanation:
  description: For each package of that name whether it is there, and the reasons.
  type: dict
  returned: success
"""

from ansible_collections.headgate.content.plugins.module_utils.headgate import Headgate


def main() -> None:
    """Ask for the reasons."""
    required = {"type": "str", "required": True}
    headgate = Headgate({"content_view": required, "version": required, "package": required})
    view = headgate.one("content_views", name=headgate.given["content_view"])
    version = headgate.one(
        "content_view_versions", content_view_id=view["id"], version=headgate.given["version"]
    )
    path = f"content_view_versions/{version['id']}/explain"
    explanation = headgate.get(path, package=headgate.given["package"])
    headgate.exit(changed=False, explanation=explanation)


if __name__ == "__main__":
    main()
