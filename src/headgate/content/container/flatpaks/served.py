"""Which flatpaks the registry serves under which names, and the index of some of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from headgate.content.container.flatpaks.images import FlatpakImage, flatpaks_in, labels_of
from headgate.content.container.flatpaks.queries import IndexQuery
from headgate.domain.registry_errors import QueryInvalidError
from headgate.services.containers.names import Named, filled_names
from headgate.stores.db import Transaction

MOST_BYTES: Final = 64 << 20  # of an index; clients read it into memory


@dataclass(frozen=True, slots=True)
class ServedFlatpaks:
    """The flatpaks under one name."""

    named: Named
    place: str  # the content view environment: ORG/Library, ORG/ENV/CV
    digest: bytes  # of the content set
    announced: bool  # everybody may see them, whoever may pull them
    images: Sequence[FlatpakImage]


class FlatpakShelf:
    """Everything there is for every caller; one for each process.

    What a content set holds is looked up once, for it never changes; the labels are not kept.
    """

    def __init__(self) -> None:
        self._known: Mapping[bytes, Sequence[FlatpakImage]] = {}

    def read(self, tx: Transaction) -> Sequence[ServedFlatpaks]:
        """Return what is served now, in the order of the names; safe to call from any thread."""
        filled, known = list(filled_names(tx)), self._known
        fresh = {each.content_set_id: each.digest for each in filled if each.digest not in known}
        found = {fresh[key]: images for key, images in flatpaks_in(tx, fresh).items()}
        now = {
            each.digest: found[each.digest] if each.digest in found else known[each.digest]
            for each in filled
        }
        self._known = now
        return [
            ServedFlatpaks(each.named, each.place, each.digest, each.announced, images)
            for each in filled
            if (images := now[each.digest])
        ]


def render_index(
    tx: Transaction, base_url: str, served: Iterable[ServedFlatpaks], query: IndexQuery
) -> bytes:
    """Return the index of what is served and asked for; QueryInvalidError if it is too large."""
    chosen = [
        (each.named.name, images)
        for each in served
        if query.wants_name(each.named.name)
        and (images := [image for image in each.images if query.wants(image)])
    ]
    labels = _labels(tx, chosen, query)
    results: list[dict[str, Any]] = []
    for name, images in chosen:
        shown = [_shown(each, labels[each.digest]) for each in images if each.digest in labels]
        if shown:
            results.append({"Name": name, "Images": shown})
    return msgspec.json.encode({"Registry": base_url, "Results": results})


def _labels(
    tx: Transaction, chosen: Sequence[tuple[str, Sequence[FlatpakImage]]], query: IndexQuery
) -> Mapping[str, msgspec.Raw]:
    """Return the labels of the images whose labels are asked for, encoded."""
    times: dict[str, int] = {}
    for _, images in chosen:
        for image in images:
            times[image.digest] = times.get(image.digest, 0) + 1
    found: dict[str, msgspec.Raw] = {}
    size = 0
    for digest, labels in labels_of(tx, times):
        if not query.wants_labels(labels):
            continue
        encoded = msgspec.json.encode(labels)
        size += len(encoded) * times[digest]
        if size > MOST_BYTES:
            raise QueryInvalidError(
                f"The index would have more than {MOST_BYTES >> 20} MiB: ask for the one of a"
                " content view environment, or for one repository, architecture or tag"
            )
        found[digest] = msgspec.Raw(encoded)
    return found


def _shown(image: FlatpakImage, labels: msgspec.Raw) -> dict[str, Any]:
    return {
        "Tags": image.tags,
        "Digest": image.digest,
        "MediaType": image.media_type,
        "OS": image.os or "",
        "Architecture": image.architecture or "",
        "Labels": labels,
    }
