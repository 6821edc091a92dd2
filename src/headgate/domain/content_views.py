"""Content views: what a version is and how it moves through lifecycle environments."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Self

from headgate.domain.errors import BadRequestError, ValidationError
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


def view_environment_label(environment: str, view: str, *, default: bool) -> str:
    """Return the label of a content view environment: `ENV` of the default view, else `ENV/CV`."""
    return environment if default else f"{environment}/{view}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Which kind of content view something is, or is to be, and how it publishes."""

    composite: bool = False
    rolling: bool = False
    import_only: bool = False
    generated: bool = False
    auto_publish: bool = False
    solve_dependencies: bool = False

    def check(self) -> None:
        """Raise ValidationError, naming every flag that another one rules out (katello.md 1.5)."""
        errors: dict[str, list[str]] = {}

        def exclude(flag: str, words: str, *, when: bool) -> None:
            if when and getattr(self, flag):
                errors.setdefault(flag, []).append(words)

        composite, rolling = "composite content view", "rolling content view"
        exclude("rolling", f"cannot be set for a {composite}", when=self.composite)
        for flag in ("import_only", "solve_dependencies"):
            exclude(flag, f"cannot be set for a {composite}", when=self.composite)
            exclude(flag, f"cannot be set for a {rolling}", when=self.rolling)
        for flag in ("composite", "solve_dependencies"):
            exclude(flag, "cannot be set for a generated content view", when=self.generated)
        exclude("auto_publish", f"can only be set for a {composite}", when=not self.composite)
        if errors:
            raise ValidationError(errors)


def inputs_digest(
    repositories: Mapping[int, tuple[bytes, str]],
    filters: Sequence[Mapping[str, Any]],
    component_ids: Sequence[int] = (),
    *,
    solve_dependencies: bool = False,
) -> str:
    """Return what names a version's inputs: equal inputs publish equal versions.

    `repositories` maps each id to its content set's digest and its publishing options; of the
    filters their effect counts, not their names. Of a composite view the versions of its
    components count, too: it is told which ones it was made from.
    """
    effects = [_effect(each) for each in filters]
    inputs: dict[str, Any] = {
        "repositories": {
            str(repository): [digest.hex(), options]
            for repository, (digest, options) in sorted(repositories.items())
        },
        "filters": sorted(effects, key=lambda each: json.dumps(each, sort_keys=True)),
    }
    if component_ids:
        inputs["components"] = sorted(component_ids)
    if solve_dependencies:
        inputs["solve_dependencies"] = True
    text = json.dumps(inputs, sort_keys=True)
    return sha256(text.encode()).hexdigest()


# What a version keeps of filters and rules to be told, not because anything follows from it.
_TOLD = ("id", "name")
_TOLD_OF_RULES = ("id", "uuid", "module_stream_id")


def _effect(frozen: Mapping[str, Any]) -> dict[str, Any]:
    rules = [
        {key: value for key, value in rule.items() if key not in _TOLD_OF_RULES}
        for rule in frozen["rules"]
    ]
    effect = {key: value for key, value in frozen.items() if key not in _TOLD}
    return effect | {"rules": sorted(rules, key=lambda rule: json.dumps(rule, sort_keys=True))}
