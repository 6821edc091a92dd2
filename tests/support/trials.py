"""Actions that only tests know: each shows one habit of the control plane."""

from typing import Any, Literal

from headgate.apis.actions import (
    FORM,
    MULTIPART,
    BodyRules,
    Call,
    Params,
    Raw,
    Reply,
    Resource,
    UploadedFile,
    doc,
)
from headgate.domain.errors import ConflictError, UpstreamError
from headgate.domain.ids import OrganizationId, TaskId
from headgate.engine import NewTask, enqueue
from headgate.services.organizations.organizations import create_organization

trials = Resource("trials", "Actions that only these tests know")


class Trial(Params):
    """Try something."""

    how: Literal["crash", "conflict", "upstream", "raw", "half"] = doc("how it ends")


@trials.action("index", "GET", "/api/trials/{how}", also=["/api/trials/{how}/again"])
def trial(call: Call, params: Trial) -> Any:
    """End in the given way."""
    match params.how:
        case "crash":
            raise ZeroDivisionError("secret of the inside")
        case "conflict":
            raise ConflictError("Something stands against it")
        case "upstream":
            raise UpstreamError("Upstream says no", url="https://up.test/repomd.xml")
        case "raw":
            return Raw(b"PEM", media_type="application/x-pem-file", filename="a.pem")
        case "half":
            return Reply({"now": call.services.clock()}, status=207, headers={"X-Half": "1"})


class Undone(Params):
    """Make an organization, then fail."""


@trials.action("undone", "POST", "/api/trials/undone")
def undone(call: Call, params: Undone) -> None:
    """Change something and fail."""
    del params
    create_organization(call.tx, actor=call.actor, clock=call.services.clock, name="Never")
    raise ConflictError("Undone")


class Start(Params):
    """Start a task."""

    organization_id: OrganizationId = doc("Organization ID")


@trials.action("start", "POST", "/api/trials/start", async_task=True)
def start(call: Call, params: Start) -> TaskId:
    """Ask for a task."""
    return enqueue(
        call.tx,
        NewTask(
            workflow="trial",
            label="Actions::Katello::Trial",
            action="Try",
            input={"organization": {"id": params.organization_id}},
            user_id=call.actor.user_id,
            organization_id=params.organization_id,
        ),
        now=call.services.clock(),
    )


class Send(Params):
    """Send a file."""

    content: UploadedFile = doc("the file")
    size: int = doc("its size")


@trials.action(
    "send",
    "POST",
    "/api/trials/send",
    body=BodyRules(frozenset({MULTIPART}), limit=100_000, files=frozenset({"content"})),
)
def send(call: Call, params: Send) -> dict[str, Any]:
    """Keep the file."""
    digest = call.services.blobs.keep(params.content.spool)
    return {"digest": str(digest), "name": params.content.filename, "size": params.size}


class Chunk(Params):
    """Send a chunk."""

    content: bytes = doc("the bytes")
    offset: int = doc("where they begin")


@trials.action(
    "chunk",
    "PUT",
    "/api/trials/chunk",
    status=204,
    body=BodyRules(frozenset({FORM, MULTIPART}), limit=100_000),
)
def chunk(call: Call, params: Chunk) -> None:
    """Take the chunk."""
    with call.services.blobs.spool() as spool:
        spool.write(params.content)
        call.services.blobs.keep(spool)
