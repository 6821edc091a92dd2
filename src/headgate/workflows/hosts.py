"""Changing or deleting many hosts at once: one transaction, whatever their number."""

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.domain.ids import OrganizationId, UserId
from headgate.engine.port import NewTask, Run
from headgate.services.hosts.bulk import Change, change_hosts, delete_hosts
from headgate.services.hosts.overrides import Override
from headgate.workflows.workshop import Workshop

LABEL = "Actions::BulkAction"


def change_hosts_task(
    organization_id: OrganizationId,
    host_ids: Sequence[int],
    change: Change,
    *,
    words: str,
    user_id: UserId | None,
) -> NewTask:
    """Make the change of these hosts; `words` say which one."""
    overrides = [[each.content_label, each.name, each.value] for each in change.overrides]
    return NewTask(
        workflow="change_hosts",
        label=LABEL,
        action=f"Bulk action: {words} of {len(host_ids)} host(s)",
        input={
            "organization_id": organization_id,
            "host_ids": list(host_ids),
            "columns": dict(change.columns),
            "environments": None if change.environments is None else list(change.environments),
            "overrides": overrides,
        },
        user_id=user_id,
        organization_id=organization_id,
    )


def delete_hosts_task(
    organization_id: OrganizationId, host_ids: Sequence[int], *, user_id: UserId | None
) -> NewTask:
    """Delete these hosts."""
    return NewTask(
        workflow="delete_hosts",
        label=LABEL,
        action=f"Bulk action: delete {len(host_ids)} host(s)",
        input={"organization_id": organization_id, "host_ids": list(host_ids)},
        user_id=user_id,
        organization_id=organization_id,
    )


def change_many(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Change the hosts in `host_ids`; those that are gone by now are left out."""
    change = Change(
        columns=run.input["columns"],
        environments=run.input["environments"],
        overrides=[Override(*each) for each in run.input["overrides"]],
    )
    changed = run.transaction(
        "change",
        lambda tx: change_hosts(
            tx,
            clock=workshop.ports.clock,
            organization_id=run.input["organization_id"],
            host_ids=run.input["host_ids"],
            change=change,
        ),
    )
    return {"changed": changed}


def delete_many(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Delete the hosts in `host_ids`."""
    del workshop
    deleted = run.transaction(
        "delete",
        lambda tx: delete_hosts(
            tx, organization_id=run.input["organization_id"], host_ids=run.input["host_ids"]
        ),
    )
    return {"deleted": deleted}
