"""What content view filters keep of a container repository.

Rules name tags. Includes add up and excludes take away from that, whatever their order; an
including filter without a match includes nothing. What else stays follows from the tags that do:

- the manifests to which they point, and whatever these list;
- what belongs to a manifest that stays: manifests that refer to it (`subject`), and tags named
  after its digest, as cosign and clients of old registries write them - unless a rule excludes
  such a tag, and then also the referring manifests to which it points; its simple signatures;
- nothing else: with filters, what no tag leads to is left out. Without filters everything stays.

A tag named after the digest of a manifest that the repository holds follows that manifest, unless
an including rule begins with the algorithm (`sha256-`) and so asks for such tags by name. Case
counts, as it does in tags. Here are values without a database, so that an oracle can check every
combination; `filtered` reads them.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from pyroaring import BitMap

from headgate.content.container.sync.tag_rules import is_companion, stem_of, stems_of
from headgate.content.container.tables import (
    container_children,
    container_manifests,
    container_signatures,
    container_tags,
)
from headgate.content.container.units import LISTING, MANIFEST, SIGNATURE, TAG
from headgate.domain.content import Content
from headgate.plugin import Filter, FilterRule
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of

_ALGORITHMS: Final = ("sha256-", "sha512-")


class Tag(NamedTuple):
    """A tag, and the digest of the manifest to which it points."""

    id: int
    name: str
    manifest: str


class HeldManifest(NamedTuple):
    """A manifest or a list of manifests, as far as filters look at it."""

    id: int
    digest: str
    listing: bool
    subject: str | None
    children: Sequence[str] = ()


@dataclass(frozen=True)
class Source:
    """What a repository holds before filters."""

    tags: Sequence[Tag] = ()
    manifests: Sequence[HeldManifest] = ()

    @cached_property
    def by_digest(self) -> dict[str, HeldManifest]:
        """The manifests by their digests."""
        return {each.digest: each for each in self.manifests}

    @cached_property
    def referring(self) -> dict[str, list[str]]:
        """The digests of manifests by the digest to which they refer."""
        found: dict[str, list[str]] = defaultdict(list)
        for each in self.manifests:
            if each.subject is not None:
                found[each.subject].append(each.digest)
        return found

    @cached_property
    def owners(self) -> dict[str, list[str]]:
        """The digests of manifests held here by the tags that are named after them."""
        names: dict[str, list[str]] = defaultdict(list)
        for tag in self.tags:
            if is_companion(tag.name):
                names[stem_of(tag.name)].append(tag.name)
        found: dict[str, list[str]] = defaultdict(list)
        for digest in self.by_digest if names else ():
            for stem in stems_of(digest):
                for name in names.get(stem, ()):
                    found[name].append(digest)
        return dict(found)

    @cached_property
    def companions(self) -> dict[str, list[Tag]]:
        """The tags that are named after a manifest, by its digest."""
        found: dict[str, list[Tag]] = defaultdict(list)
        for tag in self.tags:
            for digest in self.owners.get(tag.name, ()):
                found[digest].append(tag)
        return dict(found)


@dataclass(frozen=True, slots=True)
class Kept:
    """What all filters together keep: names of tags, digests of manifests."""

    tags: set[str] = field(default_factory=set[str])
    manifests: set[str] = field(default_factory=set[str])


@dataclass(frozen=True, slots=True)
class Hit:
    """The rule of a filter that names a tag."""

    filter: Filter
    rule: FilterRule


class TagFilters:
    """The filters of one repository, over its content."""

    def __init__(self, source: Source, filters: Sequence[Filter]) -> None:
        self.source = source
        self.including = [each for each in filters if each.inclusion]
        self.excluding = [each for each in filters if not each.inclusion]

    def kept(self) -> Kept:
        """Return what stays."""
        kept = Kept()
        waiting: list[str] = []
        for tag in self.source.tags:
            if self._stays_by_itself(tag.name):
                kept.tags.add(tag.name)
                waiting.append(tag.manifest)
        while waiting:
            found = self.source.by_digest.get(waiting.pop())
            if found is None or found.digest in kept.manifests:
                continue
            kept.manifests.add(found.digest)
            waiting += found.children
            waiting += self._referring(found.digest)
            for tag in self.source.companions.get(found.digest, ()):
                if tag.name not in self.excluded:
                    kept.tags.add(tag.name)
                    waiting.append(tag.manifest)
        return kept

    @cached_property
    def excluded(self) -> Mapping[str, Hit]:
        """The tags that a rule excludes."""
        return self._hits(self.excluding)

    @cached_property
    def included(self) -> Mapping[str, Hit]:
        """The tags that a rule includes; those that follow a manifest if it asks by name."""
        hits = self._hits(self.including)
        owners = self.source.owners
        return {
            name: hit
            for name, hit in hits.items()
            if name not in owners or (hit.rule.name or "").startswith(_ALGORITHMS)
        }

    def _stays_by_itself(self, name: str) -> bool:
        if name in self.excluded:
            return False
        by_default = not self.including and name not in self.source.owners
        return by_default or name in self.included

    def _referring(self, digest: str) -> list[str]:
        """Return what refers to a manifest and may stay for that."""
        return [each for each in self.source.referring.get(digest, ()) if each not in self._refused]

    @cached_property
    def _refused(self) -> set[str]:
        return {tag.manifest for tag in self.source.tags if tag.name in self.excluded}

    def _hits(self, filters: Sequence[Filter]) -> dict[str, Hit]:
        hits = [Hit(each, rule) for each in filters for rule in each.rules]
        exact = {hit.rule.name: hit for hit in reversed(hits) if "*" not in (hit.rule.name or "")}
        # Of several the one that says most: it may ask by name for what would follow a manifest.
        globs = sorted(
            (hit for hit in hits if "*" in (hit.rule.name or "")),
            key=lambda hit: not (hit.rule.name or "").startswith(_ALGORITHMS),
        )
        found: dict[str, Hit] = {}
        for tag in self.source.tags:
            hit = exact.get(tag.name) or next(
                (each for each in globs if rule_matches(each.rule, tag.name)), None
            )
            if hit is not None:
                found[tag.name] = hit
        return found


def filtered(tx: Transaction, content: Content, filters: Sequence[Filter]) -> Content:
    """Return what the filters keep of the content, a part of it; no filters keep everything."""
    if not filters:
        return content
    source = read_source(tx, content)
    kept = TagFilters(source, filters).kept()
    manifests = [each for each in source.manifests if each.digest in kept.manifests]
    signed = container_signatures.c
    signatures = rows_of(tx, [signed.manifest], signed.id, content[SIGNATURE])
    return content.replaced(
        **{
            TAG: [each.id for each in source.tags if each.name in kept.tags],
            MANIFEST: [each.id for each in manifests if not each.listing],
            LISTING: [each.id for each in manifests if each.listing],
            SIGNATURE: [row.key_ for row in signatures if row.manifest in kept.manifests],
        }
    )


def read_source(tx: Transaction, content: Content) -> Source:
    """Read what filters look at."""
    tag, manifest, child = container_tags.c, container_manifests.c, container_children.c
    children: dict[int, list[str]] = defaultdict(list)
    for row in rows_of(tx, [child.child], child.manifest_id, content[LISTING]):
        children[row.key_].append(row.child)
    held: BitMap = content[MANIFEST] | content[LISTING]
    return Source(
        tags=[
            Tag(row.key_, row.name, row.manifest)
            for row in rows_of(tx, [tag.name, tag.manifest], tag.id, content[TAG])
        ],
        manifests=[
            HeldManifest(
                row.key_, row.name, bool(row.listing), row.subject, children.get(row.key_, ())
            )
            for row in rows_of(
                tx, [manifest.name, manifest.listing, manifest.subject], manifest.id, held
            )
        ],
    )


def tags_named(rules: Sequence[FilterRule]) -> Callable[[Any], bool]:
    """Return what tells of a row with the `name` of a tag whether one of the rules names it."""

    def named(row: Any) -> bool:
        return any(rule_matches(rule, row.name) for rule in rules)

    return named


def rule_matches(rule: FilterRule, name: str) -> bool:
    """Say whether a rule names the tag: `*` stands for anything, nothing else is a wildcard."""
    first, *middle = (rule.name or "").split("*")
    if not middle:
        return name == first
    last = middle.pop()
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    position, end = len(first), len(name) - len(last)
    for part in middle:  # the earliest place of each leaves the most for the others
        found = name.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True
