"""Commands that are not one action: what they take and which function runs them."""

from collections.abc import Mapping
from typing import Any, Final

from headgate.cli.sheets.nouns import NOUNS

Json = dict[str, Any]


def _param(name: str, kind: str, description: str, **more: Any) -> Json:
    plain: Json = {
        "name": name,
        "type": kind,
        "description": description,
        "required": False,
        "enum": [],
        "hidden": False,
        "wrapped": False,
    }
    return plain | more


def _id(kind: str, name: str = "id", description: str = "") -> Json:
    return _param(name, "integer", description or "ID", id_type=kind, required=True)


def _list(name: str, description: str, kind: str = "integer", **more: Any) -> Json:
    return _param(name, "list", description, item={"type": kind, **more})


_CONTENT_TYPES: Final = ("rpm", "srpm", "file")
_VIEW: Final = _id("ContentViewId", description="Content view ID")
_FILTER: Final = _id("FilterId", description="Content view filter ID")
_REPOSITORY: Final = _id("RepositoryId", "repository_id", "Repository ID")

_SHEET: Final = (
    _param("export", "boolean", "Write them"),
    _param("import", "boolean", "Make and change them as the file says"),
    _param("file", "string", "File to write or read; standard output or input unless given"),
    _param("dry_run", "boolean", "With --import: say what would be done, and do nothing"),
)
_SHEET_WITHIN: Final = (
    *_SHEET,
    _param("organization_id", "integer", "Organization ID", id_type="OrganizationId"),
)

# Words -> help, function, the resource that it is about, parameters as a declaration has them.
EXTRAS: Final[Mapping[str, tuple[str, str, str, tuple[Json, ...]]]] = {
    "content-view add-repository": (
        "Add a repository to a content view",
        "headgate.cli.composed:add_view_repository",
        "content_views",
        (_VIEW, _REPOSITORY),
    ),
    "content-view remove-repository": (
        "Remove a repository from a content view",
        "headgate.cli.composed:remove_view_repository",
        "content_views",
        (_VIEW, _REPOSITORY),
    ),
    "content-view preview": (
        "Show what publishing a content view would change against its latest version",
        "headgate.cli.previews:preview",
        "content_views",
        (
            _VIEW,
            _param("limit", "integer", "How many differences of each type to list (100)"),
            _param(
                "dependencies",
                "boolean",
                "Tell what the packages require, too: takes longer",
            ),
        ),
    ),
    "content-view purge": (
        "Delete the oldest versions that are in no environment",
        "headgate.cli.composed:purge_versions",
        "content_views",
        (_VIEW, _param("count", "integer", "How many such versions to keep (3)")),
    ),
    "content-view version incremental-update": (
        "Bring chosen advisories and packages to what environments serve of a version",
        "headgate.cli.composed:update_incrementally",
        "content_view_versions",
        (
            _param(
                "content_view_version_id",
                "integer",
                "Content view version ID to update",
                id_type="ContentViewVersionId",
                required=True,
            ),
            _list(
                "environment_ids",
                "Environments that serve the version and are to serve its update",
                id_type="EnvironmentId",
            ),
            _list(
                "errata_ids",
                "Advisories to add with their packages, such as RHSA-2026:0042",
                "string",
            ),
            _list("package_ids", "IDs of packages to add"),
            _param("description", "string", "Description of the new version"),
            _param(
                "resolve_dependencies",
                "boolean",
                "Add what the added packages require from the view's repositories",
            ),
            _param(
                "propagate_all_composites",
                "boolean",
                "Update the composite views' versions in use that hold the version, too",
            ),
        ),
    ),
    "content-view component add": (
        "Add a component to a composite content view: a version, or always the latest one",
        "headgate.cli.composed:add_component",
        "content_view_components",
        (
            _id("ContentViewId", "composite_content_view_id", "Composite content view ID"),
            _param(
                "component_content_view_id",
                "integer",
                "Content view ID of the component",
                id_type="ContentViewId",
            ),
            _param("component_content_view_version", "string", "Number of its version, as 1.0"),
            _param("component_content_view_version_id", "integer", "ID of its version"),
            _param("latest", "boolean", "Take always its latest version"),
        ),
    ),
    "explain": (
        "Explain why a content view version holds a package or a container tag, or does not",
        "headgate.cli.explaining:explain",
        "content_view_versions",
        (
            _id("ContentViewVersionId", description="Content view version ID"),
            _param(
                "package",
                "string",
                "Package: its name, with version, release, architecture; of images a tag or digest",
            )
            | {"required": True, "word": True},
            _param(
                "repository_id",
                "integer",
                "Repository ID to ask, and no other",
                id_type="RepositoryId",
            ),
        ),
    ),
    "content-view filter add-repository": (
        "Let a filter apply to a repository; one without any applies to all",
        "headgate.cli.composed:add_filter_repository",
        "content_view_filters",
        (_FILTER, _REPOSITORY),
    ),
    "content-view filter remove-repository": (
        "Let a filter apply to a repository no more",
        "headgate.cli.composed:remove_filter_repository",
        "content_view_filters",
        (_FILTER, _REPOSITORY),
    ),
    "repository upload-content": (
        "Upload files into a repository",
        "headgate.cli.uploads:upload_content",
        "repositories",
        (
            _id("RepositoryId", description="Repository ID"),
            _param("path", "paths", "Files to upload; folders stand for what is in them"),
            _param("docker_tag", "string", "Name of a tag of a container repository to set"),
            _param("docker_digest", "string", "Digest of the manifest to which it is to point"),
            _param(
                "content_type",
                "string",
                "What they are, if their names do not say",
                enum=_CONTENT_TYPES,
            ),
        ),
    ),
    "task progress": (
        "Watch a task until it ends",
        "headgate.cli.composed:watch_task",
        "foreman_tasks",
        (_param("id", "string", "UUID of the task", required=True),),
    ),
    **{
        f"csv {word}": (
            f"{noun.title} as CSV: export or import",
            "headgate.cli.sheets.commands:run",
            "",
            _SHEET_WITHIN if noun.within else _SHEET,
        )
        for word, noun in NOUNS.items()
    },
    "login": (
        "Log in: keep a token, so that no password is needed",
        "headgate.cli.login:login",
        "",
        (
            _param("token_name", "string", "What the token is called on the server"),
            _param("expires_at", "string", "When the token ends, as 2026-12-31"),
            _param("fingerprint", "string", "SHA-256 of the authority to trust, without asking"),
        ),
    ),
    "logout": ("Log out: revoke the token", "headgate.cli.login:logout", "", ()),
    "defaults list": ("Show default values", "headgate.cli.defaults:show", "", ()),
    "defaults add": (
        "Set a default, such as `--param-name organization --param-value Acme`",
        "headgate.cli.defaults:add",
        "",
        (
            _param("param_name", "string", "Option without its dashes", required=True),
            _param("param_value", "string", "Its value", required=True),
        ),
    ),
    "defaults delete": (
        "Remove a default",
        "headgate.cli.defaults:delete",
        "",
        (_param("param_name", "string", "Option without its dashes", required=True),),
    ),
    "completion bash": ("Print completion for bash", "headgate.cli.completion:bash", "", ()),
    "completion zsh": ("Print completion for zsh", "headgate.cli.completion:zsh", "", ()),
    "completion fish": ("Print completion for fish", "headgate.cli.completion:fish", "", ()),
    "full-help": ("Print the help of every command", "headgate.cli.help:print_all", "", ()),
}

# Words -> help and click command: what runs on the server's machine, and imports the server.
SERVER: Final[Mapping[str, tuple[str, str]]] = {
    "serve": ("Run the server", "headgate.cli.serve:serve"),
    "migrate": ("Bring the database to this version", "headgate.cli.serve:migrate"),
    "settings": ("Print every setting", "headgate.cli.serve:settings"),
    "doctor": ("Look for what is wrong, and say what to do", "headgate.cli.serve:doctor"),
}
