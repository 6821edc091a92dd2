"""Every workflow and schedule, for the worker that runs them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from headgate.engine.port import Run, Schedule, Workflow
from headgate.workflows.collect import collect, sweep
from headgate.workflows.contents import import_uploads, remove_content
from headgate.workflows.dependencies import check_dependencies, preview_dependencies
from headgate.workflows.discover import discover
from headgate.workflows.flatpaks import mirror_flatpak, scan_flatpak_remote
from headgate.workflows.hosts import change_many, delete_many
from headgate.workflows.incremental_update import incremental_update
from headgate.workflows.promote import promote
from headgate.workflows.publish import auto_publish, publish
from headgate.workflows.remove import (
    remove_activation_key,
    remove_organization,
    remove_product,
    remove_versions,
)
from headgate.workflows.repair import reclaim_space, repair_many, verify_checksum
from headgate.workflows.republish import republish, sign_anew, sign_many
from headgate.workflows.retain import retain, retain_versions
from headgate.workflows.rights import OWN_CHECK, require_still
from headgate.workflows.sync import sync, sync_many
from headgate.workflows.sync_plans import run_sync_plan
from headgate.workflows.waking import wake
from headgate.workflows.workshop import Workshop

# "Within a minute" is the promise; a look costs four queries of tables that are empty then.
COLLECT_SECONDS: Final = 20.0
SWEEP_SECONDS: Final = 3_600.0
RETAIN_SECONDS: Final = 3_600.0

Function: TypeAlias = Callable[[Workshop, Run], Mapping[str, Any]]

_FUNCTIONS: Final[Mapping[str, Function]] = {
    "sync": sync,
    "sync_many": sync_many,
    "sync_plan": run_sync_plan,
    "publish": publish,
    "auto_publish": auto_publish,
    "retain_versions": retain_versions,
    "discover": discover,
    "scan_flatpak_remote": scan_flatpak_remote,
    "mirror_flatpak": mirror_flatpak,
    "check_dependencies": check_dependencies,
    "preview_dependencies": preview_dependencies,
    "incremental_update": incremental_update,
    "promote": promote,
    "remove_versions": remove_versions,
    "remove_product": remove_product,
    "change_hosts": change_many,
    "delete_hosts": delete_many,
    "remove_activation_key": remove_activation_key,
    "remove_organization": remove_organization,
    "import_uploads": import_uploads,
    "remove_content": remove_content,
    "verify_checksum": verify_checksum,
    "reclaim_space": reclaim_space,
    "republish": republish,
    "sign_anew": sign_anew,
    "sign_many": sign_many,
    "repair_many": repair_many,
    "wake": wake,
}


def workflows(workshop: Workshop) -> list[Workflow]:
    """Return the definitions by which tasks are run."""
    return [
        Workflow(name, partial(_run, name, function, workshop))
        for name, function in _FUNCTIONS.items()
    ]


def schedules(workshop: Workshop) -> list[Schedule]:
    """Return the work that comes round."""
    return [
        Schedule("collect", work=partial(collect, workshop), every_seconds=COLLECT_SECONDS),
        Schedule("sweep", work=partial(sweep, workshop), every_seconds=SWEEP_SECONDS),
        Schedule("retain", work=partial(retain, workshop), every_seconds=RETAIN_SECONDS),
    ]


def _run(name: str, function: Function, workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Run a workflow, if it may still be, in a workshop whose database knows whose task it is."""
    if name not in OWN_CHECK:
        require_still(workshop, run, name)
    return function(workshop.by(run.author), run)
