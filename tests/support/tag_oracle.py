"""What tag filters keep, from nothing but the words of the documentation, one after the other.

docs/how-to/containers.md has the words. Everything here is slow and plain on purpose.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from headgate.content.container.filters import HeldManifest, Source, Tag
from headgate.plugin import Filter, FilterRule


def matches(rule: FilterRule, name: str) -> bool:
    pattern = "".join(".*" if letter == "*" else re.escape(letter) for letter in rule.name or "")
    return re.fullmatch(pattern, name) is not None


@dataclass
class TagOracle:
    source: Source
    filters: Sequence[Filter]
    tags: set[str] = field(default_factory=set[str])
    manifests: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        """Say again and again what stays, until nothing more does."""
        before = (-1, -1)
        while before != (len(self.tags), len(self.manifests)):
            before = (len(self.tags), len(self.manifests))
            self.tags |= {tag.name for tag in self.source.tags if self.keeps_tag(tag)}
            self.manifests |= {
                each.digest for each in self.source.manifests if self.keeps_manifest(each)
            }

    def keeps_tag(self, tag: Tag) -> bool:
        if self.is_excluded(tag):
            return False
        including = [one for one in self.filters if one.inclusion]
        rules = [rule for one in including for rule in one.rules if matches(rule, tag.name)]
        owners = self.owners_of(tag)
        if owners:
            by_name = any((rule.name or "").startswith(("sha256-", "sha512-")) for rule in rules)
            return by_name or any(owner in self.manifests for owner in owners)
        return bool(rules) or not including

    def keeps_manifest(self, manifest: HeldManifest) -> bool:
        pointing = [tag for tag in self.source.tags if tag.manifest == manifest.digest]
        if any(tag.name in self.tags for tag in pointing):
            return True
        for other in self.source.manifests:
            if other.digest in self.manifests and manifest.digest in other.children:
                return True
        refused = any(self.is_excluded(tag) for tag in pointing)
        return manifest.subject in self.manifests and not refused

    def is_excluded(self, tag: Tag) -> bool:
        excluding = [one for one in self.filters if not one.inclusion]
        return any(matches(rule, tag.name) for one in excluding for rule in one.rules)

    def owners_of(self, tag: Tag) -> list[str]:
        found: list[str] = []
        for each in self.source.manifests:
            algorithm, digits = each.digest.split(":")
            names = {f"{algorithm}-{digits}", f"{algorithm}-{digits[:64]}"}
            if any(re.fullmatch(name + r"(\.[a-z0-9]{1,16})?", tag.name) for name in names):
                found.append(each.digest)
        return found
