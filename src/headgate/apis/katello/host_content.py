"""What is installed on hosts: packages, debs, module streams, traces, and errata for them."""

from typing import Any, Final, Literal

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, list_page
from headgate.apis.katello.host_shapes import trace_object
from headgate.apis.katello.hosts import ID, hosts
from headgate.domain.errors import NotImplementedYetError
from headgate.domain.ids import (
    ContentViewId,
    ContentViewVersionId,
    EnvironmentId,
    HostId,
    RepositoryId,
)
from headgate.services.access import AnyRow, load
from headgate.services.hosts.profile_records import (
    MODULE_STREAMS,
    PACKAGE_NAMES,
    PACKAGES,
    TRACES,
    installed_names,
    load_package,
    module_streams_of,
    packages_of,
    traces_of,
)
from headgate.services.hosts.profiles import ModuleStream, Package, Trace, upload_profile
from headgate.stores.db.tables import hosts as table

host_packages = Resource("host_packages", "Host Packages")
host_debs = Resource("host_debs", "Host Debs")
host_module_streams = Resource("host_module_streams", "Host Module Streams")
host_tracer = Resource("host_tracer", "Host Tracer")
host_errata = Resource("host_errata", "Host Errata")

_HOST: Final = "/api/hosts/{host_id}"
_VIEW: Final = "view_hosts"
_EDIT: Final = "edit_hosts"
_APPLICABILITY: Final = "Finding out which errata apply to hosts"
_MOST: Final = 50_000


class PackageAttributes(Params):
    """An installed package."""

    type: Literal["rpm", "deb"] = doc("Kind of package", default="rpm")
    name: str = doc("Name", max_length=255)
    epoch: int = doc("Epoch of an rpm", default=0, minimum=0, maximum=2**31 - 1)
    version: str = doc("Version; of a deb all of it", max_length=255)
    release: str = doc("Release of an rpm", default="", max_length=255)
    arch: str = doc("Architecture", max_length=64)
    vendor: str | None = doc("Vendor", default=None, max_length=255)


class StreamAttributes(Params):
    """A module stream that a host knows."""

    name: str = doc("Name", max_length=255)
    stream: str = doc("Stream", max_length=255)
    version: str = doc("Version", default="", max_length=64)
    context: str = doc("Context", default="", max_length=64)
    arch: str = doc("Architecture", default="", max_length=64)
    status: Literal["enabled", "disabled", "unknown"] = doc("Status", default="unknown")
    installed_profiles: list[str] = doc("Installed profiles", default=[], max_length=100)


class TraceAttributes(Params):
    """Something that runs from files that were replaced."""

    application: str = doc("Name of the application", max_length=255)
    helper: str | None = doc("What starts it anew", default=None, max_length=255)
    type: str = doc("Kind of application: daemon, session, static", max_length=32)


class UploadProfile(Params):
    """Tell what is installed on a host, for hosts that do not tell it themselves."""

    id: HostId = doc(ID, by_name=True)
    packages: list[PackageAttributes] | None = doc(
        "All packages that are installed", default=None, max_length=_MOST
    )
    module_streams: list[StreamAttributes] | None = doc(
        "All module streams that it knows", default=None, max_length=_MOST
    )
    traces: list[TraceAttributes] | None = doc(
        "All that runs from files that were replaced", default=None, max_length=_MOST
    )


@hosts.action("upload_profile", "PUT", "/api/hosts/{id}/profile", permission=_EDIT)
def upload(call: Call, params: UploadProfile) -> dict[str, Any]:
    """Take what is given in the place of what was told before; the rest stays."""
    packages, streams, traces = params.packages, params.module_streams, params.traces
    upload_profile(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        host_id=params.id,
        packages=None if packages is None else [_package(each) for each in packages],
        module_streams=None if streams is None else [_stream(each) for each in streams],
        traces=None
        if traces is None
        else [Trace(each.application, each.helper, each.type) for each in traces],
    )
    return {"id": params.id, "message": "Profile uploaded"}


class Packages(ListParams):
    """List the packages that are installed on a host."""

    host_id: HostId = doc(ID, by_name=True)
    include_latest_upgradable: bool = doc(
        "Show what could be installed in their place, once that is found out", default=False
    )
    status: Literal["up-to-date", "upgradable"] | None = doc(
        "Only those that could be upgraded, or could not", default=None
    )


@host_packages.action("index", "GET", f"{_HOST}/packages", permission=_VIEW)
def list_packages(call: Call, params: Packages) -> Listing:
    """List those that it told of."""
    return _listed(call, params, "rpm")


class Debs(Packages):
    """List the deb packages that are installed on a host."""


@host_debs.action("index", "GET", f"{_HOST}/debs", permission=_VIEW)
def list_debs(call: Call, params: Debs) -> Listing:
    """List those that it told of."""
    return _listed(call, params, "deb")


class ShowPackage(Params):
    """Show a package that is installed on a host."""

    id: int = doc("ID of the installed package")
    repository_id: RepositoryId | None = doc("Repository, which changes nothing", default=None)


@host_packages.action(
    "show",
    "GET",
    "/api/host_packages/{id}",
    also=["/api/repositories/{repository_id}/host_packages/{id}"],
    permission=_VIEW,
)
def show_package(call: Call, params: ShowPackage) -> dict[str, Any]:
    """Show one that a host of the caller's has."""
    return _shown(load_package(call.tx, call.actor, params.id))


class InstalledPackages(ListParams):
    """List the names of the packages that are installed on hosts."""


@host_packages.action(
    "installed_packages", "GET", "/api/host_packages/installed_packages", permission=_VIEW
)
def installed_packages(call: Call, params: InstalledPackages) -> Listing:
    """List each once, whatever the number of hosts."""
    return list_page(
        call,
        params,
        installed_names(call.actor),
        catalog=PACKAGE_NAMES,
        show=lambda row: {"name": row.name},
    )


class ComparePackages(Params):
    """Compare installed packages with those of content view versions."""

    content_view_version_ids: list[ContentViewVersionId] = doc(
        "Content view versions", default=[], max_length=100
    )
    repository_id: RepositoryId | None = doc("Repository", default=None)
    restrict_comparison: Literal["same", "different", "all"] | None = doc(
        "Which of them are listed", default=None
    )


host_packages.unbacked(
    "compare",
    "GET",
    "/api/host_packages/compare",
    ComparePackages,
    lacks="Comparing installed packages with versions",
    permission=_VIEW,
)


class Streams(ListParams):
    """List the module streams that a host knows."""

    host_id: HostId = doc(ID, by_name=True)
    status: Literal["enabled", "disabled", "unknown", "installed", "upgradable"] | None = doc(
        "Status", default=None
    )
    install_status: Literal["installed", "not_installed", "upgradable", "up-to-date"] | None = doc(
        "Whether a profile of it is installed", default=None
    )


@host_module_streams.action("index", "GET", f"{_HOST}/module_streams", permission=_VIEW)
def list_module_streams(call: Call, params: Streams) -> Listing:
    """List those that it told of."""
    host = load(call.tx, call.actor, table, params.host_id)
    asked = {params.status, params.install_status}
    if asked & {"upgradable", "up-to-date"}:
        raise NotImplementedYetError(f"{_APPLICABILITY} is not implemented yet")
    installed = "installed" in asked if asked & {"installed", "not_installed"} else None
    status = None if params.status == "installed" else params.status
    return list_page(
        call,
        params,
        module_streams_of(host, status=status, installed=installed),
        catalog=MODULE_STREAMS,
        show=_stream_shown,
    )


class Traces(ListParams):
    """List what on a host runs from files that were replaced."""

    host_id: HostId = doc(ID, by_name=True)


@host_tracer.action("index", "GET", f"{_HOST}/traces", permission=_VIEW)
def list_traces(call: Call, params: Traces) -> Listing:
    """List what it told of."""
    load(call.tx, call.actor, table, params.host_id)
    found = traces_of(call.tx, [params.host_id])
    return list_page(call, params, found, catalog=TRACES, show=trace_object)


class ResolveTraces(Params):
    """Start anew what traces of a host name."""

    host_id: HostId = doc(ID, by_name=True)
    trace_ids: list[int] = doc("Traces", max_length=_MOST)


host_tracer.unbacked(
    "resolve",
    "PUT",
    f"{_HOST}/traces/resolve",
    ResolveTraces,
    lacks="Running commands on hosts",
    permission=_EDIT,
)


class _OfHost(Params):
    host_id: HostId = doc(ID, by_name=True)


class Errata(ListParams):
    """List the errata that a host could install."""

    host_id: HostId = doc(ID, by_name=True)
    content_view_id: ContentViewId | None = doc("With this content view", default=None)
    environment_id: EnvironmentId | None = doc("With this environment", default=None)
    include_applicable: bool = doc("Also those that apply, wherever they are", default=False)
    type: str | None = doc("Type of the errata", default=None)
    severity: str | None = doc("Severity of the errata", default=None)


class ShowErratum(_OfHost):
    """Show an erratum for a host."""

    id: str = doc("Errata ID", max_length=255)


class Applicability(_OfHost):
    """Find out anew which errata apply to a host."""


host_errata.unbacked(
    "index", "GET", f"{_HOST}/errata", Errata, lacks=_APPLICABILITY, permission=_VIEW
)
host_errata.unbacked(
    "show", "GET", f"{_HOST}/errata/{{id}}", ShowErratum, lacks=_APPLICABILITY, permission=_VIEW
)
host_errata.unbacked(
    "applicability",
    "PUT",
    f"{_HOST}/errata/applicability",
    Applicability,
    lacks=_APPLICABILITY,
    permission=_EDIT,
)


def _listed(call: Call, params: Packages, kind: str) -> Listing:
    host = load(call.tx, call.actor, table, params.host_id)
    if params.status is not None:
        raise NotImplementedYetError("Finding out what could be upgraded is not implemented yet")
    return list_page(call, params, packages_of(host, kind), catalog=PACKAGES, show=_shown)


def _package(given: PackageAttributes) -> Package:
    return Package(
        kind=given.type,
        name=given.name,
        epoch=given.epoch,
        version=given.version,
        release=given.release,
        arch=given.arch,
        vendor=given.vendor,
    )


def _stream(given: StreamAttributes) -> ModuleStream:
    return ModuleStream(
        name=given.name,
        stream=given.stream,
        version=given.version,
        context=given.context,
        arch=given.arch,
        status=given.status,
        installed_profiles=tuple(given.installed_profiles),
    )


def _shown(row: AnyRow) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "version": row.version,
        "arch": row.arch,
        "architecture": row.arch,
        "vendor": row.vendor,
        # Null: nothing has found it out yet.
        "upgradable_versions": None,
    }
    if row.kind == "deb":
        return {**shown, "nav": f"{row.name}={row.version}"}
    epoch = f"{row.epoch}:" if row.epoch else ""
    evr = f"{epoch}{row.version}-{row.release}"
    return {
        **shown,
        "epoch": str(row.epoch),
        "release": row.release,
        "evr": evr,
        "nvra": row.nvra,
        "nvrea": f"{row.name}-{evr}.{row.arch}",
    }


def _stream_shown(row: AnyRow) -> dict[str, Any]:
    installed = bool(row.installed_profiles)
    return {
        "id": row.id,
        "name": row.name,
        "stream": row.stream,
        "version": row.version,
        "context": row.context,
        "arch": row.arch,
        "module_spec": f"{row.name}:{row.stream}",
        "status": row.status,
        "install_status": "Installed" if installed else "Not installed",
        "installed_profiles": row.installed_profiles,
        "upgradable": None,
    }
