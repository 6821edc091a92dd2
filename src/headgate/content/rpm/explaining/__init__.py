"""Why a version of a content view holds an RPM package, or does not.

What is there is known from the version's content set; the reasons are found by applying the
version's filters again, to no more of the repository than decides about the package. Where filters
and content disagree, the package was added or left out by other means, and that is said.

To give reasons of another kind, add a function to `EXPLAINERS`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from headgate.content.rpm.explaining.asking import is_meant, named, packages_named_like, within
from headgate.content.rpm.explaining.reasons import Subject, filter_reasons
from headgate.content.rpm.explaining.signing import Signatures, signatures_of
from headgate.content.rpm.explaining.surroundings import surroundings
from headgate.content.rpm.filters import Filters
from headgate.content.rpm.filters.combining import Kept
from headgate.content.rpm.filters.reading import read_source
from headgate.content.rpm.filters.source import Package
from headgate.domain.errors import UntrustedContentError
from headgate.plugin import Explained, Explanation, Ground, HeldPart
from headgate.stores.db import Transaction

__all__ = ["EXPLAINERS", "Case", "explained", "named"]

# Of a name that fits more packages only the newest are explained.
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Case:
    """One package of one repository, with all that may be looked at to explain it."""

    package: Package
    part: HeldPart
    unit_type: str
    filters: Filters
    kept: Kept
    held: bool  # by the content set
    signatures: Signatures

    @property
    def kept_by_filters(self) -> bool:
        """What the filters say; of source packages they say nothing."""
        return self.unit_type == "srpm" or self.package.id in self.kept.packages


Explainer = Callable[[Case], Sequence[Ground]]


def explained(tx: Transaction, text: str, part: HeldPart) -> Explained:
    """Return why each package that the text may mean is in the part's content, or is not."""
    found = packages_named_like(tx, text)
    binary = within(found, part.source["rpm"] | part.content["rpm"])
    sources = within(found, part.source["srpm"] | part.content["srpm"])
    meant = [each for each in binary if is_meant(each, text)][:MOST]
    meant_sources = [each for each in sources if is_meant(each, text)][: MOST - len(meant)]
    filters, kept = _decided(tx, part, meant)
    signatures = Signatures()
    if meant or meant_sources:
        signatures = signatures_of(tx, part, [*meant, *meant_sources])
    cases = [
        Case(each, part, unit_type, filters, kept, each.id in part.content[unit_type], signatures)
        for unit_type, packages in (("rpm", meant), ("srpm", meant_sources))
        for each in packages
    ]
    near = [each.nevra for each in (*binary, *sources) if not is_meant(each, text)]
    return Explained([_explanation(case) for case in cases], near[:MOST])


def missing_file(case: Case) -> Sequence[Ground]:
    """The version names it, but upstream did not give it as announced, or signed as asked."""
    missing = case.part.missing.get((case.unit_type, case.package.id))
    if missing is None or not case.held:
        return ()
    if missing.code == UntrustedContentError.code:
        words = f"The repository refuses {case.package.nevra}: {missing.reason}"
        return [Ground("refused", words, {"cause": missing.code})]
    message = f"The file of {case.package.nevra} is missing: {missing.reason}"
    return [Ground("missing_file", message, {"cause": missing.code, "url": missing.url})]


def signatures(case: Case) -> Sequence[Ground]:
    """It is offered, but hosts may not get it, or should not trust it."""
    missing = (case.unit_type, case.package.id) in case.part.missing
    return case.signatures.doubt(case.package) if case.held and not missing else ()


def other_means(case: Case) -> Sequence[Ground]:
    """Filters say one thing, the version another."""
    if case.held == case.kept_by_filters:
        return ()
    if case.package.id not in case.part.source[case.unit_type]:
        words = "It was added to this version; the repository did not hold it."
        return [Ground("added", words)]
    if case.held:
        words = (
            "The filters leave it out; an incremental update or the solving of dependencies"
            " added it to this version."
        )
        return [Ground("added", words)]
    return [Ground("removed", "The filters keep it, but it was left out of this version.")]


def source_packages(case: Case) -> Sequence[Ground]:
    """No filter speaks of source packages."""
    if case.unit_type != "srpm":
        return ()
    return [Ground("source_package", "Source packages stay, whatever the filters.")]


def filters(case: Case) -> Sequence[Ground]:
    """What the filters say of a package of no stream, or of the streams that list it."""
    if case.unit_type != "rpm":
        return ()
    if not case.filters.filters:
        return [Ground("not_filtered", "No filter applies to this repository.")]
    streams = case.filters.source.streams_of.get(case.package.id, ())
    if not streams:
        return filter_reasons(case.filters, Subject.of_package(case.package))
    reasons: list[Ground] = []
    for stream in case.filters.source.streams:
        if stream.id in streams:
            stays = stream.id in case.kept.streams
            words = f"It belongs to module stream {stream.key}, which {_verb(stays=stays)}."
            details = {"module_stream_id": stream.id, "module_stream": stream.key}
            code = "stream_kept" if stays else "stream_left_out"
            told = [
                Ground(code, words, details),
                *filter_reasons(case.filters, Subject.of_stream(stream)),
            ]
            # One stream that stays is enough: it comes first.
            reasons = [*told, *reasons] if stays else [*reasons, *told]
    return reasons


# In the order in which reasons are told.
EXPLAINERS: Sequence[Explainer] = (
    *(missing_file, signatures),
    *(other_means, source_packages, filters),
)


def _explanation(case: Case) -> Explanation:
    missing = (case.unit_type, case.package.id) in case.part.missing
    return Explanation(
        case.unit_type,
        case.package.id,
        case.package.nevra,
        case.held and not missing,
        [reason for explain in EXPLAINERS for reason in explain(case)],
    )


def _decided(tx: Transaction, part: HeldPart, packages: Sequence[Package]) -> tuple[Filters, Kept]:
    """Apply the filters to what decides about the packages; to everything if that is not enough."""
    asked = within(packages, part.source["rpm"])
    near = Filters(surroundings(tx, part.source, asked, part.filters), part.filters)
    kept = near.kept()
    if all((each.id in kept.packages) == (each.id in part.content["rpm"]) for each in asked):
        return near, kept
    whole = Filters(read_source(tx, part.source), part.filters)
    return whole, whole.kept()


def _verb(*, stays: bool) -> str:
    return "stays" if stays else "is left out"
