"""Content views: what a version is and how it moves through lifecycle environments."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Self

from headgate.domain.errors import BadRequestError
from headgate.domain.ids import ContentViewVersionId, EnvironmentId


@dataclass(frozen=True, slots=True)
class LifecycleEnvironment:
    """A step of a path; only Library has no prior."""

    id: EnvironmentId
    name: str
    prior_id: EnvironmentId | None


@dataclass(frozen=True, slots=True)
class ContentViewVersion:
    """An immutable snapshot of a content view's repositories, and where it is served."""

    id: ContentViewVersionId
    number: str
    environment_ids: frozenset[EnvironmentId] = frozenset()

    def promoted_to(self, target: LifecycleEnvironment, *, force: bool = False) -> Self:
        """Return this version as it is once `target` serves it.

        A version reaches an environment only after the prior one. Hosts in `target` follow the
        promotion at once, so skipping a step must be asked for with `force`.
        """
        in_order = target.prior_id is None or target.prior_id in self.environment_ids
        again = target.id in self.environment_ids
        if not (in_order or again or force):
            raise BadRequestError(
                f"Cannot promote version {self.number} to {target.name}: it skips a step, as the"
                f" environment before {target.name} does not hold it. Promote it there first, or"
                " use force."
            )
        return replace(self, environment_ids=self.environment_ids | {target.id})


def inputs_digest(
    repositories: Mapping[int, tuple[bytes, str]],
    filters: Sequence[Mapping[str, Any]],
    component_ids: Sequence[int] = (),
) -> str:
    """Return what names a version's inputs: equal inputs publish equal versions.

    `repositories` maps each id to its content set's digest and its publishing options; of the
    filters their effect counts, not their names. Of a composite view the versions of its
    components count, too: it is told which ones it was made from.
    """
    effects = [
        {key: value for key, value in each.items() if key not in ("id", "name")} for each in filters
    ]
    inputs: dict[str, Any] = {
        "repositories": {
            str(repository): [digest.hex(), options]
            for repository, (digest, options) in sorted(repositories.items())
        },
        "filters": sorted(effects, key=lambda each: json.dumps(each, sort_keys=True)),
    }
    if component_ids:
        inputs["components"] = sorted(component_ids)
    text = json.dumps(inputs, sort_keys=True)
    return sha256(text.encode()).hexdigest()
