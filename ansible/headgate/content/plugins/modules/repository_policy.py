#!/usr/bin/python
"""The module repository_policy."""

DOCUMENTATION = r"""
---
module: repository_policy
short_description: Set what a repository has beyond the options of theforeman.foreman.repository
description:
  - Set what a repository has beyond the options of theforeman.foreman.repository.
author: The Headgate engineers
extends_documentation_fragment: headgate.content.headgate
options:
  product:
    description: Name of the product.
    type: str
    required: true
  repository:
    description: Name of the repository.
    type: str
    required: true
  signing_key:
    description: Name of the key that signs published metadata; empty for none.
    type: str
  package_signature_policy:
    description: What happens with packages that the gpg key has not signed.
    type: str
    choices: ["off", "warn", "enforce"]
  metadata_signature_policy:
    description: What happens with upstream metadata that the gpg key has not signed.
    type: str
    choices: ["off", "warn", "enforce"]
  replay_policy:
    description: What happens with upstream metadata older than what was synchronized before.
    type: str
    choices: ["off", "warn", "enforce"]
  missing_files_policy:
    description: Whether a file that upstream does not give ends a synchronization, or is left out.
    type: str
    choices: ["keep_good", "strict"]
  unchanged_warning_days:
    description: Warn when the metadata of upstream is older than so many days.
    type: int
  snapshot_days:
    description: For how many days earlier states are served at dated paths.
    type: int
  download_rate_limit:
    description: Kilobytes a second that downloads take at most.
    type: int
  metadata_compression:
    description: Compression of published metadata.
    type: str
    choices: ["gz", "zstd"]
  immutable_tags:
    description: Tags that nothing moves or takes away.
    type: list
    elements: str
  container_platforms:
    description: Platforms of images to mirror.
    type: list
    elements: str
  tag_limit_count:
    description: How many of the newest tags are mirrored.
    type: int
  tag_limit_days:
    description: Tags of images that are younger than so many days are mirrored.
    type: int
  upstream_authentication_hosts:
    description: Other hosts that are shown the credentials of upstream, when it asks for tokens there.
    type: list
    elements: str
  sigstore_url:
    description: Where simple signatures of the images are.
    type: str
"""

EXAMPLES = r"""
- headgate.content.repository_policy:
    organization: Acme
    product: Linux
    repository: BaseOS
    package_signature_policy: enforce
    signing_key: Acme packages
"""

RETURN = r"""
entity:
  description: What the server shows of it.
  type: dict
  returned: success
"""

from ansible_collections.headgate.content.plugins.module_utils.headgate import Headgate

_POLICY = {"type": "str", "choices": ["off", "warn", "enforce"]}
_NUMBER = {"type": "int"}
_WORDS = {"type": "list", "elements": "str"}
_POLICIES = {
    "package_signature_policy": _POLICY,
    "metadata_signature_policy": _POLICY,
    "replay_policy": _POLICY,
    "missing_files_policy": {"type": "str", "choices": ["keep_good", "strict"]},
    "unchanged_warning_days": _NUMBER,
    "snapshot_days": _NUMBER,
    "download_rate_limit": _NUMBER,
    "metadata_compression": {"type": "str", "choices": ["gz", "zstd"]},
    "immutable_tags": _WORDS,
    "container_platforms": _WORDS,
    "tag_limit_count": _NUMBER,
    "tag_limit_days": _NUMBER,
    "upstream_authentication_hosts": _WORDS,
    "sigstore_url": {"type": "str"},
}
# What is shown as null where nothing is set.
_NONE = (("tag_limit_count", 0), ("tag_limit_days", 0), ("sigstore_url", ""))


def main() -> None:
    """Set what is given."""
    required = {"type": "str", "required": True}
    headgate = Headgate(
        {"product": required, "repository": required, "signing_key": {"type": "str"}, **_POLICIES}
    )
    repository = headgate.one(
        "repositories", product=headgate.given["product"], name=headgate.given["repository"]
    )
    path = f"repositories/{repository['id']}"
    wanted = headgate.chosen(*_POLICIES)
    key = headgate.given["signing_key"]
    if key is not None:
        wanted["signing_key_id"] = headgate.one("signing_keys", name=key)["id"] if key else None
    shown = headgate.get(path)
    headgate.settle(
        path, wanted, {**shown, **{name: shown.get(name) or none for name, none in _NONE}}
    )


if __name__ == "__main__":
    main()
