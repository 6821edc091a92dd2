"""Why a version of a content view holds a tag or a manifest, or does not.

What is there is known from the version's content set; the reasons are found by applying the
version's filters again. Where these and the content disagree, it was changed by other means (a
composite view takes a tag from the component made last), and that is said.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import select

from headgate.content.container.digests import is_digest
from headgate.content.container.filters import (
    HeldManifest,
    Hit,
    Kept,
    Tag,
    TagFilters,
    read_source,
)
from headgate.content.container.tables import container_manifests, container_tags
from headgate.content.container.units import LISTING, MANIFEST, TAG
from headgate.domain.content import Content
from headgate.plugin import Explained, Explanation, Filter, Ground, HeldPart, NamedUnit
from headgate.stores.db import Transaction

# Of tags whose names are like the one asked for.
_MOST_NEAR: Final = 50
_MOST_NAMED: Final = 3
_LONGEST: Final = 135

_tag, _manifest = container_tags.c, container_manifests.c


def named(tx: Transaction, text: str) -> Sequence[NamedUnit]:
    """Return the tags of this name, or the manifest with this digest, of every repository."""
    if is_digest(text):
        query = select(_manifest.id, _manifest.listing).where(_manifest.name == text)
        rows = tx.execute(query)
        return [NamedUnit((_type_of(listing=row.listing),), row.id, text) for row in rows]
    tags = tx.scalars(select(_tag.id).where(_tag.name == text[:_LONGEST]))
    return [NamedUnit((TAG,), tag_id, text) for tag_id in tags]


def explained(tx: Transaction, text: str, part: HeldPart) -> Explained:
    """Return why the tag or the manifest is in the part's content, or is not."""
    telling = _Telling(tx, part)
    if is_digest(text):
        found = telling.source.by_digest.get(text)
        return Explained([] if found is None else [telling.manifest(found)])
    tags = [each for each in telling.source.tags if each.name == text]
    near = [each.name for each in telling.source.tags if text.lower() in each.name.lower()]
    return Explained([telling.tag(each) for each in tags], sorted(near)[:_MOST_NEAR])


class _Telling:
    """A part with its filters applied again."""

    def __init__(self, tx: Transaction, part: HeldPart) -> None:
        self.part = part
        self.source = read_source(tx, part.source | part.content)
        self.filters = TagFilters(read_source(tx, part.source), part.filters)
        self.kept = self.filters.kept() if part.filters else None

    def tag(self, tag: Tag) -> Explanation:
        """Return what is to be said of a tag."""
        held = tag.id in self.part.content[TAG]
        kept = self.kept is None or tag.name in self.kept.tags
        kept = kept and tag.id in self.part.source[TAG]
        reasons = [
            *self._other_means(tag.name, held=held, kept=kept),
            *self._filter_reasons(tag),
            *self._missing(tag.manifest),
        ]
        return Explanation(TAG, tag.id, f"{tag.name} ({tag.manifest})", held, reasons)

    def manifest(self, manifest: HeldManifest) -> Explanation:
        """Return what is to be said of a manifest."""
        unit_type = _type_of(listing=manifest.listing)
        held = manifest.id in self.part.content[unit_type]
        kept = self.kept is None or manifest.digest in self.kept.manifests
        kept = kept and manifest.id in self.part.source[unit_type]
        reasons = [
            *self._other_means(manifest.digest, held=held, kept=kept),
            *self._ways(manifest, held=held),
            *self._missing(manifest.digest),
        ]
        return Explanation(unit_type, manifest.id, manifest.digest, held, reasons)

    def _other_means(self, name: str, *, held: bool, kept: bool) -> list[Ground]:
        if held == kept:
            return []
        if held:
            words = f"{name} was added to this version by other means than its filters."
            return [Ground("added", words)]
        return [Ground("removed", f"The filters keep {name}, but this version does not hold it.")]

    def _filter_reasons(self, tag: Tag) -> list[Ground]:
        if self.kept is None:
            return [Ground("not_filtered", "No filter of tags applies to this repository.")]
        excluding = self.filters.excluded.get(tag.name)
        if excluding is not None:
            return [_by_rule("excluded", tag.name, excluding)]
        including = self.filters.included.get(tag.name)
        if including is not None:
            return [_by_rule("included", tag.name, including)]
        owners = self.filters.source.owners.get(tag.name)
        if owners:
            return [self._followed(tag.name, owners, self.kept)]
        if self.filters.including:
            return [_not_included(each) for each in self.filters.including]
        words = f"No filter excludes {tag.name}, and none includes others only."
        return [Ground("not_excluded", words)]

    def _followed(self, name: str, owners: Sequence[str], kept: Kept) -> Ground:
        staying = [each for each in owners if each in kept.manifests]
        code = "kept_with_manifest" if staying else "left_out_with_manifest"
        verb = "stays" if staying else "is left out"
        digest = (staying or owners)[0]
        words = f"{name} is named after {digest}, which {verb}."
        return Ground(code, words, {"digest": digest})

    def _ways(self, manifest: HeldManifest, *, held: bool) -> list[Ground]:
        """Tell what leads to a manifest: in the version, or, if it is not there, to it before."""
        content = self.part.content if held else self.part.source
        tags = [
            each.name
            for each in self.source.tags
            if each.manifest == manifest.digest and each.id in content[TAG]
        ]
        lists = [
            each.digest
            for each in self.source.manifests
            if manifest.digest in each.children and each.id in content[LISTING]
        ]
        found: list[Ground] = []
        if tags:
            verb = "point" if held else "pointed"
            details: dict[str, Any] = {"tags": sorted(tags)}
            words = f"Tags {verb} to it: {_listed(sorted(tags))}."
            found.append(Ground("tagged" if held else "tags_left_out", words, details))
        if lists:
            words = f"It is listed by {_listed(sorted(lists))}."
            found.append(Ground("listed" if held else "lists_left_out", words, {"digests": lists}))
        if manifest.subject is not None:
            verb = "stays" if self._is_held(content, manifest.subject) and held else "is not there"
            words = f"It refers to {manifest.subject}, which {verb}."
            found.append(Ground("refers", words, {"digest": manifest.subject}))
        if not found:
            words = "No tag leads to it" + (
                ": with filters, only what tags lead to stays." if self.part.filters else "."
            )
            found.append(Ground("untagged", words))
        return found

    def _is_held(self, content: Content, digest: str) -> bool:
        found = self.source.by_digest.get(digest)
        return found is not None and found.id in content[_type_of(listing=found.listing)]

    def _missing(self, digest: str) -> list[Ground]:
        found = self.source.by_digest.get(digest)
        if found is None:
            return []
        missing = self.part.missing.get((_type_of(listing=found.listing), found.id))
        if missing is None:
            return []
        words = f"A blob of {digest} is missing: {missing.reason}"
        return [Ground("missing_file", words, {"cause": missing.code, "url": missing.url})]


def _type_of(*, listing: bool) -> str:
    return LISTING if listing else MANIFEST


def _by_rule(code: str, name: str, hit: Hit) -> Ground:
    words = f"{name} is {code} by {_called(hit.filter)}: rule `{hit.rule.name}`."
    return Ground(code, words, {**_named(hit.filter), "rule_id": hit.rule.id})


def _not_included(each: Filter) -> Ground:
    called = _called(each)
    words = f"{called[0].upper()}{called[1:]} includes others only."
    return Ground("not_included", words, _named(each))


def _called(each: Filter) -> str:
    return f"tag filter '{each.name}'"


def _named(each: Filter) -> dict[str, Any]:
    return {"filter": {"id": each.id, "name": each.name, "type": each.type}}


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    shown = ", ".join(found[:_MOST_NAMED])
    more = len(found) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
