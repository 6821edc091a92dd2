"""Discovering repositories: what lies below a URL."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from headgate.content.rpm.discovery import Crawl, CrawlLimits, crawl
from headgate.domain.errors import IncompleteSearchError
from headgate.domain.ids import OrganizationId, UserId
from headgate.engine.port import NewTask, Progress, Run
from headgate.services.repositories.discoveries import DISCOVER_LABEL
from headgate.services.repositories.remotes import default_proxy
from headgate.upstream import Remote, run_downloads
from headgate.workflows.workshop import Workshop


def discover_task(
    organization: Row[Any],
    *,
    url: str,
    username: str | None,
    password: str | None,
    seal: Callable[[bytes], bytes],
    user_id: UserId | None,
) -> NewTask:
    """Look for yum repositories below the URL; inputs that begin with `sealed_` are not shown."""
    sealed = None if password is None else b64encode(seal(password.encode())).decode()
    return NewTask(
        workflow="discover",
        label=DISCOVER_LABEL,
        action=f"Discover repositories at {url}",
        input={
            "organization": {"id": organization.id, "name": organization.name},
            "url": url,
            "content_type": "yum",
            "upstream_username": username,
            "sealed_password": sealed,
        },
        user_id=user_id,
        organization_id=OrganizationId(organization.id),
    )


def discover(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Crawl; output as in Katello: `repo_urls`, `crawled`, `to_follow`."""
    with workshop.ports.database.read() as tx:
        proxy = default_proxy(tx, workshop.unseal)
    sealed: str | None = run.input["sealed_password"]
    remote = Remote(
        run.input["url"],
        username=run.input["upstream_username"],
        password=None if sealed is None else workshop.unseal(b64decode(sealed)).decode(),
        proxy=proxy,
    )

    def report(so_far: Crawl, page: str) -> None:
        run.report(Progress(items_done=len(so_far.crawled), url=page))

    def search() -> dict[str, Any]:
        found = run_downloads(
            workshop.ports.downloads,
            lambda downloader: crawl(downloader, remote, CrawlLimits(), report),
            check=run.check,
        )
        return asdict(found)

    found: dict[str, Any] = run.step("crawl", search)
    if found["stopped"]:
        run.warn(
            IncompleteSearchError(
                f"The search was given up: {found['stopped']}. Search further down, at a URL with"
                " fewer folders."
            )
        )
    return {
        "repo_urls": found["found"],
        "crawled": found["crawled"],
        "to_follow": found["left"],
        "failed": found["failed"],
    }
